// What a stage tells its harness: encoded, decoded, and refused when it is not whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "probes/check.h"

namespace nsbench {
namespace {

Played sample() {
  Observation seen;
  seen.text("nodename", std::string("a\0\n\xff", 4));
  seen.result("sethostname", EPERM);
  Played played;
  played.transcript.add({"inside", "inside renames", seen});
  return played;
}

Played decoded(const Played& played) {
  Result<Played> read = Played::decode(played.encode());
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().str());
  return read.ok() ? *read : Played{};
}

TEST(Played, KeepsTheTranscript) {
  const Played read = decoded(sample());
  ASSERT_EQ(read.transcript.entries().size(), 1U);
  EXPECT_EQ(read.transcript.entries()[0].side, "inside");
  EXPECT_EQ(read.transcript.at("inside renames").facts(),
            sample().transcript.at("inside renames").facts());
  EXPECT_FALSE(read.skip);
  EXPECT_FALSE(read.refused);
  EXPECT_EQ(read.broken, "");
}

TEST(Played, KeepsASkip) {
  for (const SkipReasonName& reason : skip_reasons) {
    Played played = sample();
    played.skip = Skip{reason.reason, "two words"};
    const Played read = decoded(played);
    ASSERT_TRUE(read.skip);
    EXPECT_EQ(read.skip->reason, reason.reason);
    EXPECT_EQ(read.skip->text, "two words");
    EXPECT_EQ(read.transcript.entries().size(), 1U);
  }
}

TEST(Played, KeepsWhatBroke) {
  Played played = sample();
  played.broken = "act \"x\" inside:\nits process exited with 1";
  EXPECT_EQ(decoded(played).broken, "act \"x\" inside: its process exited with 1");
}

TEST(Played, KeepsARefusal) {
  Played played = sample();
  played.refused = Error{"unshare(CLONE_NEWNET)", EPERM};
  const Played read = decoded(played);
  ASSERT_TRUE(read.refused);
  EXPECT_EQ(read.refused->str(), "unshare(CLONE_NEWNET): EPERM");
}

TEST(Played, RefusesWhatNoStageWrites) {
  const std::string transcript = Transcript{}.encode();
  for (const char* head :
       {"", "w", "WW", "W ", "S", "Spolicy", "Sno-such-reason text", "B", "R1", "Rone text",
        "R text", "R-1 text", "R99999999999 text", "X- text", " "}) {
    EXPECT_FALSE(Played::decode(head + ("\n" + transcript)).ok()) << head;
  }
  EXPECT_FALSE(Played::decode("").ok());
  EXPECT_FALSE(Played::decode("W").ok());
  EXPECT_FALSE(Played::decode("W\n").ok());
}

TEST(Played, RefusesEveryCutAndSurvivesEveryFlippedByte) {
  Played played = sample();
  played.refused = Error{"clone(CLONE_NEWNET)", ENOSPC};
  const std::string whole = played.encode();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(Played::decode(whole.substr(0, length)).ok()) << length;
  }
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(~flipped[i]);
    static_cast<void>(Played::decode(flipped).ok());  // either way, but no crash
  }
}

}  // namespace
}  // namespace nsbench
