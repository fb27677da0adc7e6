#include "bench/protocol.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <random>

#include "probes/sandbox/channel.h"

namespace nsbench::bench {
namespace {

std::vector<WorkerMessage> one_of_each() {
  return {
      BatchBegins{.case_index = 3, .batches_left = 77},
      BatchTimes{{0, 1.5, 1e12}},
      BatchTimes{},
      BatchEnds{},
      BatchEnds{.outcome = BatchEnds::Outcome::CallFailed,
                .drained = false,
                .calls_per_timing = 16,
                .cpu_ns = 12.25,
                .seconds = 0.125,
                .drain = 0.0625,
                .step = "unshare(CLONE_NEWNET)",
                .err = 28},
      Note{"one-cpu", "there is one CPU"},
      Finished{},
  };
}

TEST(WorkerMessages, ArriveAsTheyWereSent) {
  for (const WorkerMessage& message : one_of_each()) {
    const Result<WorkerMessage> decoded = decode(encode(message));
    ASSERT_TRUE(decoded) << decoded.error().str();
    EXPECT_EQ(*decoded, message);
  }
}

TEST(WorkerMessages, FitIntoTheChannel) {
  const BatchTimes most{std::vector<double>(BatchTimes::max_times, 1.0)};
  EXPECT_LT(encode(most).size(), Channel::max_message);
  const BatchTimes more{std::vector<double>(BatchTimes::max_times + 1, 1.0)};
  EXPECT_LT(encode(more).size(), Channel::max_message);
  const Note endless{std::string(100'000, 'c'), std::string(100'000, 't')};
  EXPECT_LT(encode(endless).size(), Channel::max_message);
  EXPECT_TRUE(decode(encode(endless)));
}

TEST(WorkerMessages, AreRefusedWhenCutShortOrContinued) {
  for (const WorkerMessage& message : one_of_each()) {
    const std::string whole = encode(message);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_FALSE(decode(whole.substr(0, length))) << length << " bytes of " << whole.front();
    }
    EXPECT_FALSE(decode(whole + '\0'));
  }
}

TEST(WorkerMessages, HoldNoTimeThatIsNone) {
  for (const double ns :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(decode(encode(BatchTimes{{1.0, ns}}))) << ns;
    for (double BatchEnds::*const field :
         {&BatchEnds::cpu_ns, &BatchEnds::seconds, &BatchEnds::drain}) {
      BatchEnds end;
      end.*field = ns;
      EXPECT_FALSE(decode(encode(end))) << ns;
    }
  }
}

TEST(WorkerMessages, HaveAtLeastOneCallPerTiming) {
  EXPECT_FALSE(decode(encode(BatchEnds{.calls_per_timing = 0})));
}

TEST(WorkerMessages, WithAnUnknownTagOrOutcomeAreRefused) {
  EXPECT_FALSE(decode("X"));
  EXPECT_FALSE(decode(""));
  std::string end = encode(BatchEnds{});
  end[1] = 3;  // one past the last outcome
  EXPECT_FALSE(decode(end));
}

TEST(WorkerMessages, OfNoiseDoNoHarm) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string noise(1 + random() % 64, '\0');
    for (char& c : noise) c = static_cast<char>(random());
    noise.front() = "BTENF"[random() % 5];
    const Result<WorkerMessage> decoded = decode(noise);
    if (!decoded) continue;
    const auto* times = std::get_if<BatchTimes>(&*decoded);
    if (times == nullptr) continue;
    for (const double ns : times->ns) EXPECT_TRUE(std::isfinite(ns) && ns >= 0);
  }
}

}  // namespace
}  // namespace nsbench::bench
