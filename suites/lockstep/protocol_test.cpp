#include "suites/lockstep/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace nsbench::lockstep {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Got = LineReader::Got;

BatchResult a_result() {
  BatchResult result;
  result.batch = 17;
  result.case_id = "create/net:clone3:root";
  result.n = 64;
  result.calls_per_timing = 4;
  result.min = 280354.93845665077;
  result.p25 = 287477.98089350486;
  result.p50 = 292828.5;
  result.p90 = 371820.25;
  result.p99 = 1835753;
  result.max = 4214878.217425873;
  result.mean = 378937.875;
  result.cpu = 215687.5;
  result.seconds = 0.0625;
  result.drain = 0.03125;
  result.drained = false;
  result.samples = {280354.5, 290000, 4214878};
  return result;
}

Result<Message> sent_and_read(const Message& message) {
  std::string line = encode(message);
  EXPECT_THAT(line, EndsWith("\n"));
  EXPECT_LE(line.size(), max_line);
  line.pop_back();
  EXPECT_EQ(line.find('\n'), std::string::npos);
  return decode(line);
}

std::string refusal(std::string_view line) {
  const Result<Message> message = decode(line);
  EXPECT_FALSE(message) << line;
  return message ? "" : message.error().str();
}

TEST(LockstepProtocol, EveryMessageArrivesAsItWasSent) {
  BatchResult failed{.batch = 1, .case_id = "create/net:clone3:root"};
  failed.outcome = BatchResult::Outcome::Failed;
  failed.error = "unshare(CLONE_NEWNET): ENOSPC";
  BatchResult skipped = failed;
  skipped.outcome = BatchResult::Outcome::Skipped;
  skipped.skip = "no-privilege";
  const std::array<Message, 9> messages{
      Hello{
          .nsbench = "0.1.0", .workload = 3, .build = "release", .kernel = "6.18", .clock = "wall"},
      About{"cpu_model", "AMD EPYC = 100 % \xc3\xa9\n"},
      About{"lsm", ""},
      RunBatch{.batch = 7, .case_id = "create/uts:unshare:root", .seconds = 0.1, .warmup = true},
      a_result(),
      failed,
      skipped,
      Note{"one-cpu", "they share it"},
      Bye{"the line \"x\" is none"}};
  for (const Message& message : messages) {
    const Result<Message> read = sent_and_read(message);
    ASSERT_TRUE(read) << encode(message) << read.error().str();
    EXPECT_EQ(*read, message) << encode(message);
  }
}

TEST(LockstepProtocol, ALineIsBoundedWhateverIsInIt) {
  const std::string evil(100'000, '\xff');
  BatchResult failed{.case_id = evil};
  failed.outcome = BatchResult::Outcome::Skipped;
  failed.skip = evil;
  failed.error = evil;
  BatchResult full = a_result();
  full.samples.assign(10'000, 1.23456789e-300);
  const std::array<Message, 6> messages{
      Hello{.nsbench = evil, .build = evil, .kernel = evil, .clock = evil},
      About{evil, evil},
      Note{evil, evil},
      Bye{evil},
      failed,
      full};
  for (const Message& message : messages) EXPECT_LE(encode(message).size(), max_line);
  EXPECT_TRUE(sent_and_read(full));
}

TEST(LockstepProtocol, OrderAndUnknownKeysDoNotMatter) {
  const Result<Message> run = decode("run seconds=0.5 colour=red case=a/b:clone:root batch=3\r");
  ASSERT_TRUE(run) << run.error().str();
  EXPECT_EQ(*run, Message(RunBatch{.batch = 3, .case_id = "a/b:clone:root", .seconds = 0.5}));
  EXPECT_TRUE(decode("bye"));
}

TEST(LockstepProtocol, WhatASmallProgramPrintsIsEnough) {
  EXPECT_TRUE(decode("hello protocol=1 workload=1 kernel=6.18 clock=wall"));
  const Result<Message> result = decode(
      "result batch=1 case=a/b:clone:root outcome=measured n=8 p25=2 min=1 max=9 mean=3.5 "
      "seconds=0.1");
  ASSERT_TRUE(result) << result.error().str();
  EXPECT_TRUE(std::get<BatchResult>(*result).drained);
  EXPECT_EQ(std::get<BatchResult>(*result).unit, "ns");
}

TEST(LockstepProtocol, AnotherVersionCanBeReadAsFarAsItsNumber) {
  const Result<Message> hello = decode("hello protocol=2 nsbench=9.9 greeting=hi");
  ASSERT_TRUE(hello) << hello.error().str();
  EXPECT_EQ(std::get<Hello>(*hello).protocol, 2);
}

TEST(LockstepProtocol, WhatIsNoLineOfItIsRefused) {
  for (const std::string_view line : {"",
                                      " ",
                                      "\r",
                                      "[    0.000000] Linux version 6.18",
                                      "hello",
                                      "HELLO protocol=1",
                                      "runbatch=1",
                                      "result",
                                      "\x1b[2J",
                                      "run batch=1 case=a/b:clone:root",
                                      "hello protocol=one",
                                      "run batch=-1 case=a seconds=1",
                                      "run batch=1 case=a seconds=nan",
                                      "run batch=1 case=a seconds=inf",
                                      "run batch=1 case=a seconds=-0.1",
                                      "run batch=1 case=a seconds=1e9",
                                      "run batch=1 case=a seconds=0.1 warmup=2",
                                      "run batch=1  case=a seconds=0.1",
                                      "run batch=1 batch=2 case=a seconds=0.1",
                                      "run batch=1 case=a seconds=0.1x",
                                      "run batch=99999999999999999999 case=a seconds=0.1",
                                      "run batch=1 case=a%2 seconds=0.1",
                                      "run batch=1 case=a%zz seconds=0.1",
                                      "run batch=1 case=\x80 seconds=0.1",
                                      "run batch=1 =a seconds=0.1",
                                      "bye reason",
                                      "result batch=1 case=a outcome=perfect",
                                      "result batch=1 case=a outcome=skipped error=x",
                                      "result batch=1 case=a outcome=skipped skip= error=x",
                                      "result batch=1 case=a outcome=failed"}) {
    refusal(line);
  }
  EXPECT_FALSE(decode(std::string(max_line, 'a')));
  EXPECT_FALSE(decode(std::string("bye\0", 4)));
}

TEST(LockstepProtocol, ResultsThatCanNotBeAreRefused) {
  const std::string good =
      "result batch=1 case=a outcome=measured n=8 p25=2 min=1 max=9 mean=3 seconds=1";
  ASSERT_TRUE(decode(good));
  EXPECT_THAT(refusal(good + " unit=furlongs"), HasSubstr("unit"));
  EXPECT_THAT(refusal(good + " k=0"), HasSubstr("k"));
  EXPECT_THAT(refusal(good + " samples=1,2,x"), HasSubstr("samples"));
  EXPECT_THAT(refusal(good + " samples=1,-2"), HasSubstr("samples"));
  std::string many = good + " samples=1";
  for (int i = 0; i < 64; ++i) many += ",1";
  EXPECT_THAT(refusal(many), HasSubstr("too many"));
  EXPECT_THAT(
      refusal("result batch=1 case=a outcome=measured n=0 p25=2 min=1 max=9 mean=3 seconds=1"),
      HasSubstr("n: 0"));
  EXPECT_THAT(
      refusal("result batch=1 case=a outcome=measured n=8 p25=20 min=1 max=9 mean=3 seconds=1"),
      HasSubstr("p25"));
  EXPECT_THAT(
      refusal("result batch=1 case=a outcome=measured n=8 p25=2 min=1 max=inf mean=3 seconds=1"),
      HasSubstr("max"));
}

TEST(LockstepProtocol, ARefusalCannotDriveTheTerminal) {
  const std::string text = refusal("\x1b]0;evil\x07 batch=1");
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(refusal("run batch=\x1b[2J case=a seconds=1").find('\x1b'), std::string::npos);
}

// Every cut and every changed byte of a line is either read or refused; nothing else happens.
TEST(LockstepProtocol, DamagedLinesDoNoHarm) {
  const std::string line = encode(a_result());
  for (std::size_t i = 0; i < line.size(); ++i) {
    static_cast<void>(decode(line.substr(0, i)).ok());
    for (const char c : {'\0', ' ', '=', '%', ',', '-', '9', 'e', '\xff'}) {
      std::string changed = line;
      changed[i] = c;
      static_cast<void>(decode(changed).ok());
    }
  }
}

std::vector<std::string> lines_of(LineReader& reader) {
  std::vector<std::string> lines;
  std::string line;
  for (Got got = reader.next(line); got != Got::Nothing; got = reader.next(line)) {
    lines.push_back(got == Got::TooLong ? "too long" : line);
  }
  return lines;
}

TEST(LineReader, LinesComeOutWholeHoweverTheBytesCame) {
  const std::string bytes = "one\n\ntwo words\nthree\r\nrest";
  for (const std::size_t step : {1U, 2U, 3U, 7U, 100U}) {
    LineReader reader;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      reader.feed(std::string_view(bytes).substr(at, step));
      for (const std::string& line : lines_of(reader)) lines.push_back(line);
    }
    EXPECT_THAT(lines, ElementsAre("one", "", "two words", "three\r")) << step;
    EXPECT_EQ(reader.size(), 4U);
  }
}

TEST(LineReader, AnEndlessLineIsDroppedOnceAndHeldNever) {
  LineReader reader;
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) {
    reader.feed(std::string(1000, 'x'));
    for (const std::string& line : lines_of(reader)) lines.push_back(line);
    EXPECT_LT(reader.size(), 2 * max_line);
  }
  EXPECT_THAT(lines, ElementsAre("too long"));
  reader.feed("the end of it\nnext\n");
  EXPECT_THAT(lines_of(reader), ElementsAre("next"));
}

TEST(LineReader, TheLongestLineIsALine) {
  LineReader reader;
  reader.feed(std::string(max_line - 1, 'x') + "\n" + std::string(max_line, 'y') + "\nz\n");
  const std::vector<std::string> lines = lines_of(reader);
  ASSERT_THAT(lines, SizeIs(3));
  EXPECT_EQ(lines[0].size(), max_line - 1);
  EXPECT_EQ(lines[1], "too long");
  EXPECT_EQ(lines[2], "z");
}

}  // namespace
}  // namespace nsbench::lockstep
