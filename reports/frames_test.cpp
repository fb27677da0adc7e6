#include "reports/frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reports/percent.h"

namespace nsbench {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string long_text() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += std::to_string(i) + (i % 7 == 0 ? "\n" : " %\xc3\xbc");
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}

TEST(Percent, AnyBytesComeBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(percent_decoded(percent_encoded(all)), all);
  EXPECT_EQ(percent_decoded(percent_encoded(all, Spaces::Kept), Spaces::Kept), all);
  EXPECT_EQ(percent_encoded("a b%\n"), "a%20b%25%0A");
  EXPECT_EQ(percent_encoded("a b", Spaces::Kept), "a b");
}

TEST(Percent, WhatIsNeverWrittenIsRefused) {
  for (const char* text : {"a b", "%", "%4", "%G0", "\n", "\x7f", "\xff"}) {
    EXPECT_FALSE(percent_decoded(text)) << text;
  }
}

TEST(Frames, MessagesComeBackHoweverTheBytesAreCut) {
  const std::vector<FramedMessage> sent{{"report", long_text()}, {"end", ""}, {"report", "x"}};
  FrameWriter writer;
  std::string bytes;
  for (const FramedMessage& message : sent) bytes += writer.lines_of(message);
  for (const std::size_t step : {1UL, 7UL, 1000UL, bytes.size()}) {
    FrameReader reader;
    std::vector<FramedMessage> got;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      for (FramedMessage& one : reader.feed(std::string_view(bytes).substr(at, step))) {
        got.push_back(std::move(one));
      }
    }
    EXPECT_EQ(got, sent);
    EXPECT_THAT(reader.problems(), IsEmpty());
  }
}

TEST(Frames, LinesAreShortAndPrintable) {
  FrameWriter writer;
  for (const std::string& line : lines_of(writer.lines_of({"report", long_text()}))) {
    EXPECT_LE(line.size(), FrameReader::max_line);
    for (const char c : line.substr(0, line.size() - 1)) EXPECT_TRUE(c >= ' ' && c <= '~');
  }
}

TEST(Frames, OtherLinesAndCarriageReturnsArePassedOver) {
  FrameWriter writer;
  const std::string line = writer.lines_of({"end", "all of it"});
  FrameReader reader;
  const std::string bytes = "ok 1 - x\r\n[ 1.0] half a message " + line.substr(0, line.size() - 1) +
                            "\r\n" + std::string(9000, 'x');
  EXPECT_THAT(reader.feed(bytes), ElementsAre(FramedMessage{"end", "all of it"}));
  EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(Frames, TheMarkerMayStandInATextAndBeforeALine) {
  const FramedMessage sent{"report", "nsbench-frame 1 1/1 end 0 x\nnsbench-frame "};
  FrameWriter writer;
  FrameReader reader;
  EXPECT_THAT(reader.feed("nsbench-frame 7 half a li" + writer.lines_of(sent)), ElementsAre(sent));
  EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(Frames, ALostLineIsNamedAndTheOthersAreKept) {
  FrameWriter writer;
  std::vector<std::string> lines = lines_of(writer.lines_of({"report", long_text()}));
  ASSERT_GT(lines.size(), 3U);
  lines.erase(lines.begin() + 1);
  std::string bytes;
  for (const std::string& line : lines) bytes += line;
  bytes += writer.lines_of({"end", ""});
  FrameReader reader;
  EXPECT_THAT(reader.feed(bytes), ElementsAre(FramedMessage{"end", ""}));
  EXPECT_THAT(reader.problems(), ElementsAre(HasSubstr("message 1 (report): part 2 of")));
}

TEST(Frames, AChangedByteIsNoticed) {
  FrameWriter writer;
  const std::string line = writer.lines_of({"end", "0123456789"});
  for (std::size_t i = std::string("nsbench-frame ").size(); i + 1 < line.size(); ++i) {
    std::string damaged = line;
    damaged[i] = damaged[i] == '7' ? '8' : '7';
    FrameReader reader;
    EXPECT_THAT(reader.feed(damaged), IsEmpty()) << damaged;
    EXPECT_THAT(reader.problems(), testing::SizeIs(1)) << damaged;
  }
}

TEST(Frames, AWholeMessageThatWasLostIsCounted) {
  FrameWriter writer;
  static_cast<void>(writer.lines_of({"report", "lost"}));
  FrameReader reader;
  EXPECT_THAT(reader.feed(writer.lines_of({"end", ""})), testing::SizeIs(1));
  EXPECT_THAT(reader.problems(), ElementsAre("message 1 was lost"));
}

TEST(Frames, LostMessagesAreNamed) {
  FrameWriter writer;
  std::string bytes;
  for (int i = 1; i <= 20; ++i) {
    const std::string lines = writer.lines_of({"report", std::to_string(i)});
    if (i == 3 || i == 7) bytes += lines;
  }
  FrameReader reader;
  EXPECT_THAT(reader.feed(bytes), testing::SizeIs(2));
  EXPECT_THAT(reader.problems(), ElementsAre("5 messages were lost: 1, 2, 4, 5, 6"));
  EXPECT_THAT(reader.feed(writer.lines_of({"end", ""})), testing::SizeIs(1));
  EXPECT_THAT(reader.problems(),
              ElementsAre("18 messages were lost: 1, 2, 4, 5, 6, 8, 9, 10, ..."));
}

TEST(Frames, ALineThatComesTwiceIsOne) {
  FrameWriter writer;
  std::string bytes;
  for (const std::string& line :
       lines_of(writer.lines_of({"report", long_text()}) + writer.lines_of({"end", "0"}))) {
    bytes += line + line;
  }
  FrameReader reader;
  EXPECT_THAT(reader.feed(bytes + bytes),
              ElementsAre(FramedMessage{"report", long_text()}, FramedMessage{"end", "0"}));
  EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(Frames, TwoRunsInOneLogAreNotMixed) {
  FrameReader reader;
  EXPECT_THAT(reader.feed(FrameWriter().lines_of({"report", "the first"})), testing::SizeIs(1));
  EXPECT_THAT(reader.feed(FrameWriter().lines_of({"report", "the second"})), IsEmpty());
  EXPECT_THAT(reader.problems(), ElementsAre(HasSubstr("message 1 came again")));
}

// What the kernel printed in the middle of lines of ours, at every place of a line.
TEST(Frames, ALineThatTheKernelSplitIsPutTogetherAgain) {
  const FramedMessage sent{"report", "the text [   12.345678] of a log, % and all"};
  const std::string line = FrameWriter().lines_of(sent);
  for (const std::string printed :
       {"[   12.345678] eth0: link is up\r\n",
        "[   12.345678] eth0: link is up\n[   12.345679][  T12] eth0: really\n"}) {
    for (std::size_t at = 0; at < line.size(); ++at) {
      FrameReader reader;
      EXPECT_THAT(reader.feed("ok 1 x\n" + line.substr(0, at) + printed + line.substr(at)),
                  ElementsAre(sent))
          << at;
      EXPECT_THAT(reader.problems(), IsEmpty()) << at;
      EXPECT_EQ(reader.mended(), at == 0 ? 0U : 1U) << at;
    }
  }
}

TEST(Frames, ALineThatTheKernelSplitTwiceIsPutTogetherAgain) {
  const FramedMessage sent{"report", "0123456789"};
  const std::string line = FrameWriter().lines_of(sent);
  const std::string printed = "[    1.000001] a\r\n[    1.000002] b\r\n";
  for (std::size_t at = 1; at + 3 < line.size(); ++at) {
    FrameReader reader;
    EXPECT_THAT(reader.feed(line.substr(0, at) + printed + line.substr(at, 2) + printed +
                            line.substr(at + 2)),
                ElementsAre(sent))
        << at;
    EXPECT_THAT(reader.problems(), IsEmpty()) << at;
  }
}

TEST(Frames, ASplitLineWhoseRestIsMissingIsNamed) {
  const std::string line = FrameWriter().lines_of({"report", "0123456789"});
  const std::string head = line.substr(0, line.size() - 4) + "[    1.000001] a\n";
  for (const char* behind :
       {"", "ok 1 x\n", "nsbench-frame 2 1/1 end 0 x\n", "[    1.000002] b\n"}) {
    FrameReader reader;
    EXPECT_THAT(reader.feed(head + behind), IsEmpty()) << behind;
    ASSERT_THAT(reader.problems(), testing::Not(IsEmpty())) << behind;
    EXPECT_THAT(reader.problems().front(), HasSubstr("a line was split: nsbench-frame 1 1/1"));
  }
  // The kernel's text may end in what could begin one of ours.
  FrameReader reader;
  EXPECT_THAT(reader.feed("an n[    1.000001] a\nok 1 x\n"), IsEmpty());
  EXPECT_THAT(reader.problems(), IsEmpty());
}

TEST(Frames, HostileNumbersAreRefused) {
  FrameReader reader;
  for (const char* line :
       {"nsbench-frame 0 1/1 end 0 x\n", "nsbench-frame 1 2/1 end 0 x\n",
        "nsbench-frame 99999999999999999999 1/1 end 0 x\n", "nsbench-frame 1 1/1 END 0 x\n",
        "nsbench-frame \n", "nsbench-frame 1\n", "nsbench-frame 1 1/1 end zz x\n"}) {
    EXPECT_THAT(reader.feed(line), IsEmpty()) << line;
  }
  EXPECT_THAT(reader.problems(), testing::SizeIs(7));
}

}  // namespace
}  // namespace nsbench
