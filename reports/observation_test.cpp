#include "reports/observation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <limits>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

Transcript sample() {
  Observation outside;
  outside.text("hostname", "arena");
  Observation inside;
  inside.text("hostname", std::string("a\0b\xff\n", 5));
  inside.number("pid", 1);
  inside.number("smallest", std::numeric_limits<std::int64_t>::min());
  inside.result("sethostname", 0);
  inside.result("shmget", ENOENT);
  Transcript transcript;
  transcript.add({"outside", "before", outside});
  transcript.add({"inside", "look", inside});
  transcript.add({"outside", "after", {}});
  return transcript;
}

// The bytes as encode() builds them, for those that it would not.
std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string text(const std::string& value) { return number(value.size(), 4) + value; }
std::string one_act(const std::string& facts, std::uint64_t count) {
  return "nsT1" + number(1, 4) + text("inside") + text("look") + number(count, 4) + facts;
}

TEST(Observation, AFactThatWasNotSeenEqualsNoRealOne) {
  const Observation nothing;
  EXPECT_EQ(nothing.text_of("hostname"), "(not seen)");
  EXPECT_EQ(nothing.number_of("pid"), -1);
  EXPECT_EQ(nothing.errno_of("shmget"), -1);
  EXPECT_EQ(nothing.find("pid"), nullptr);
}

TEST(Observation, AFactOfAnotherKindIsNotSeen) {
  Observation seen;
  seen.number("pid", 0);
  EXPECT_EQ(seen.errno_of("pid"), -1);
  EXPECT_EQ(seen.text_of("pid"), "(not seen)");
}

TEST(Observation, TheSecondFactOfANameReplacesTheFirst) {
  Observation seen;
  seen.text("pid", "one");
  seen.number("pid", 2);
  ASSERT_EQ(seen.facts().size(), 1U);
  EXPECT_EQ(seen.number_of("pid"), 2);
  EXPECT_EQ(seen.find("pid")->text, "");
}

TEST(Observation, CallKeepsErrnoOfAFailureOnly) {
  Observation seen;
  errno = EPERM;
  EXPECT_EQ(seen.call("mount", -1), -1);
  EXPECT_EQ(seen.call("umount", 0), 0);
  EXPECT_EQ(seen.call("open", 5), 5);
  EXPECT_EQ(seen.errno_of("mount"), EPERM);
  EXPECT_EQ(seen.errno_of("umount"), 0);
  EXPECT_EQ(seen.errno_of("open"), 0);
}

TEST(Observation, WhatIsNoErrnoNeverReadsAsSuccess) {
  Observation seen;
  seen.result("odd", -EPERM);
  EXPECT_GT(seen.errno_of("odd"), 0);
}

TEST(Fact, ReadsAsPeopleWriteIt) {
  Observation seen;
  seen.text("a", "arena");
  seen.number("b", -3);
  seen.result("c", 0);
  seen.result("d", ENOENT);
  EXPECT_EQ(seen.find("a")->str(), "arena");
  EXPECT_EQ(seen.find("b")->str(), "-3");
  EXPECT_EQ(seen.find("c")->str(), "ok");
  EXPECT_EQ(seen.find("d")->str(), "ENOENT");
}

TEST(Transcript, ReadsBackWhatWasWritten) {
  const Transcript before = sample();
  const Result<Transcript> after = Transcript::decode(before.encode());
  ASSERT_TRUE(after.ok()) << after.error().str();
  ASSERT_EQ(after->entries().size(), before.entries().size());
  for (std::size_t i = 0; i < before.entries().size(); ++i) {
    EXPECT_EQ(after->entries()[i].side, before.entries()[i].side);
    EXPECT_EQ(after->entries()[i].act, before.entries()[i].act);
    EXPECT_EQ(after->entries()[i].seen.facts(), before.entries()[i].seen.facts());
  }
  EXPECT_EQ(after->encode(), before.encode());
  EXPECT_TRUE(Transcript::decode(Transcript().encode()).ok());
}

TEST(Transcript, AnActThatWasNotPlayedSawNothing) {
  EXPECT_EQ(sample().at("look").number_of("pid"), 1);
  EXPECT_TRUE(sample().at("never").facts().empty());
}

TEST(Transcript, EveryTruncationIsRefused) {
  const std::string whole = sample().encode();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Transcript::decode(std::string_view(whole).substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(Transcript::decode(whole + "x").ok());
}

TEST(Transcript, ChangedBytesNeverCrashAndNeverReadBackAsSomethingElse) {
  const std::string whole = sample().encode();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char change : {'\x01', '\x7f', '\xff'}) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      const Result<Transcript> decoded = Transcript::decode(bytes);
      if (!decoded.ok()) continue;
      EXPECT_EQ(decoded->encode(), bytes) << "byte " << at;
    }
  }
}

TEST(Transcript, HostileBytesAreRefusedWithThePlace) {
  const std::string fact = number(1, 1) + text("pid") + number(7, 8);
  ASSERT_TRUE(Transcript::decode(one_act(fact, 1)).ok());
  const auto refusal = [](const std::string& bytes) {
    const Result<Transcript> decoded = Transcript::decode(bytes);
    return decoded.ok() ? "accepted" : decoded.error().str();
  };
  EXPECT_THAT(refusal(""), HasSubstr("mark"));
  EXPECT_THAT(refusal(one_act(fact + fact, 2)), HasSubstr("twice"));
  EXPECT_THAT(refusal(one_act(fact, 0xffffffff)), HasSubstr("kind of a fact needs 1 bytes"));
  EXPECT_THAT(refusal(one_act(number(9, 1) + text("x") + number(0, 8), 1)),
              HasSubstr("9 is not a kind"));
  EXPECT_THAT(refusal(one_act(number(2, 1) + text("x") + number(5000, 8), 1)),
              HasSubstr("5000 is not an errno"));
  EXPECT_THAT(refusal(one_act(number(2, 1) + text("x") + number(~0ULL, 8), 1)),
              HasSubstr("-1 is not an errno"));
  EXPECT_THAT(refusal("nsT1" + number(0xffffffff, 4)), HasSubstr("byte 4 of 4"));
  EXPECT_THAT(refusal("nsT1" + number(1, 4) + number(0xfffffff0, 4)), HasSubstr("0 are left"));
}

}  // namespace
}  // namespace nsbench
