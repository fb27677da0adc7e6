#include "reports/detectable.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "reports/inference.h"

namespace nsbench {
namespace {

constexpr double threshold = 0.00995;  // log 1.01

// Simulated measurements, by a fixed seed. The noise's quantile function says what kind it is.
class Machine {
 public:
  using Noise = double (*)(double uniform);
  Machine(Noise noise, double start_scatter) : noise_(noise), start_scatter_(start_scatter) {}

  struct Measurement {
    std::vector<double> pairs, starts;
  };
  Measurement measure(double change, std::size_t starts, std::size_t pairs_of_each) {
    Measurement m;
    for (std::size_t i = 0; i < starts; ++i) {
      const double level = change + start_scatter_ * normal(uniform());
      std::vector<double> own;
      for (std::size_t k = 0; k < pairs_of_each; ++k) own.push_back(level + noise_(uniform()));
      m.pairs.insert(m.pairs.end(), own.begin(), own.end());
      m.starts.push_back(median(own));
    }
    return m;
  }

  static double normal(double u) {
    return student_quantile(u, std::numeric_limits<double>::infinity());
  }

 private:
  double uniform() { return (static_cast<double>(random_() >> 11U) + 0.5) * 0x1p-53; }
  std::mt19937_64 random_{42};
  Noise noise_;
  double start_scatter_;
};

bool found(const Machine::Measurement& m, const PairRule& rule) {
  return sign_test(m.pairs).p <= rule.alpha && median(m.pairs) > rule.gate &&
         bear_out(m.starts, 1, rule.outer_alpha);
}

// How often the change that measurements say they would have found is found.
double power_at_detectable(Machine machine, std::size_t starts, std::size_t pairs,
                           const PairRule& rule) {
  std::vector<double> claims;
  for (int i = 0; i < 100; ++i) {
    const Machine::Measurement m = machine.measure(0, starts, pairs);
    claims.push_back(detectable_change(m.pairs, m.starts, rule));
  }
  const double claimed = median(claims);
  int hits = 0;
  constexpr int trials = 1000;
  for (int i = 0; i < trials; ++i) {
    hits += found(machine.measure(claimed, starts, pairs), rule) ? 1 : 0;
  }
  return static_cast<double>(hits) / trials;
}

TEST(Detectable, IsFoundAsOftenAsItIsSaidToBe) {
  const Machine::Noise normal = [](double u) { return 0.03 * Machine::normal(u); };
  const Machine::Noise heavy = [](double u) { return 0.01 * student_quantile(u, 2); };
  const PairRule rule{0.01 / 6, 0.01, threshold};
  struct Row {
    Machine::Noise noise;
    double start_scatter;
    std::size_t starts, pairs;
  };
  for (const Row& row : {Row{normal, 0, 1, 100}, Row{normal, 0, 5, 20}, Row{normal, 0.005, 5, 20},
                         Row{heavy, 0, 5, 20}, Row{heavy, 0.003, 10, 10}, Row{normal, 0.005, 20, 5},
                         Row{heavy, 0.01, 20, 5}}) {
    const double power =
        power_at_detectable({row.noise, row.start_scatter}, row.starts, row.pairs, rule);
    EXPECT_GE(power, 0.90) << row.start_scatter << " " << row.starts;
    EXPECT_LE(power, 0.995) << row.start_scatter << " " << row.starts;
  }
}

TEST(BearOut, OneStrayStartOfManyDoesNotOverruleTheRest) {
  std::vector<double> starts(20, 0.05);
  starts[7] = -0.35;
  EXPECT_TRUE(bear_out(starts, 1, 0.01));
  EXPECT_FALSE(bear_out(starts, -1, 0.01));
  const std::vector<double> fewer(starts.begin(), starts.begin() + 14);
  EXPECT_FALSE(bear_out(fewer, 1, 0.01));  // by Student's t
}

TEST(BearOut, AsOftenFalseAsItMayBe) {
  const Machine::Noise heavy = [](double u) { return 0.01 * student_quantile(u, 2); };
  for (const std::size_t starts : {5U, 14U, 15U, 20U}) {
    Machine machine(heavy, 0.02);
    int hits = 0;
    for (int i = 0; i < 2000; ++i) hits += bear_out(machine.measure(0, starts, 5).starts, 1, 0.01);
    EXPECT_LE(hits, 35) << starts;  // 20 are expected
  }
}

TEST(BearOut, TwoStartsHaveToAgree) {
  EXPECT_TRUE(bear_out(std::vector{0.02, 0.01}, 1, 0.01));
  EXPECT_FALSE(bear_out(std::vector{0.02, -0.01}, 1, 0.01));
  EXPECT_TRUE(bear_out(std::vector<double>{}, 1, 0.01));
}

TEST(Detectable, OfRunsIsFoundAsOftenAsItIsSaidToBe) {
  std::mt19937_64 random(7);
  const auto normal = [&] {
    return 0.02 * Machine::normal((static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53);
  };
  const auto run = [&](double change) {
    std::vector<double> a;
    std::vector<double> b;
    for (int i = 0; i < 8; ++i) {
      a.push_back(normal());
      b.push_back(change + normal());
    }
    return *welch_test(a, b, 0.01);
  };
  const MeanRule rule{0.01, threshold};
  std::vector<double> claims;
  for (int i = 0; i < 200; ++i) {
    const MeanTest test = run(0);
    claims.push_back(detectable_change(test.error, test.df, rule));
  }
  const double claimed = median(claims);
  int hits = 0;
  for (int i = 0; i < 1000; ++i) {
    const MeanTest test = run(claimed);
    hits += test.p < rule.alpha && test.difference > rule.gate ? 1 : 0;
  }
  EXPECT_GE(hits, 920);
  EXPECT_LE(hits, 990);
}

TEST(Detectable, MorePairsFindLess) {
  Machine machine([](double u) { return 0.03 * Machine::normal(u); }, 0);
  const PairRule rule{0.01, 0.01, threshold};
  double before = 1;
  for (const std::size_t pairs : {10U, 30U, 100U, 1000U}) {
    const double now = detectable_change(machine.measure(0, 1, pairs).pairs, {}, rule);
    EXPECT_LT(now, before) << pairs;
    EXPECT_GT(now, threshold);
    before = now;
  }
}

TEST(Detectable, FewPairsFindNothing) {
  const std::vector<double> few{0.01, -0.01, 0.02};
  EXPECT_TRUE(std::isinf(detectable_change(few, {}, PairRule{0.01, 0.01, threshold})));
  EXPECT_TRUE(std::isinf(detectable_change({}, {}, PairRule{0.01, 0.01, threshold})));
}

TEST(Detectable, WithoutScatterTheGateIsAll) {
  const std::vector<double> equal(100, 0.2);
  EXPECT_NEAR(detectable_change(equal, {}, PairRule{0.01, 0.01, threshold}), threshold, 1e-5);
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_NEAR(detectable_change(0, infinity, MeanRule{0.01, threshold}), threshold, 1e-5);
}

Series series_of(const std::vector<double>& p25) {
  Series series;
  series.calls = 1;
  for (const double value : p25) series.batches.push_back({.p25 = value, .calls = 1});
  return series;
}

TEST(DetectableIn, ASteadySeriesFindsWhatPassesTheGate) {
  EXPECT_NEAR(*detectable_in(series_of(std::vector<double>(20, 5.0))), 0.01, 1e-4);
}

TEST(DetectableIn, MoreScatterFindsLess) {
  std::vector<double> quiet;
  std::vector<double> noisy;
  std::mt19937_64 random{1};
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int i = 0; i < 100; ++i) {
    const double noise = uniform(random);
    quiet.push_back(100 + noise);
    noisy.push_back(100 + 10 * noise);
  }
  const double least = *detectable_in(series_of(quiet));
  EXPECT_LT(least, 0.02);
  EXPECT_GT(*detectable_in(series_of(noisy)), 2 * least);
}

TEST(DetectableIn, TooFewBatchesAndWhatIsNoResultFindNothing) {
  EXPECT_FALSE(detectable_in(series_of({1, 1, 1, 1, 1})));
  EXPECT_FALSE(detectable_in(series_of({})));
  Series failed = series_of(std::vector<double>(20, 5.0));
  failed.failures = 1;
  EXPECT_FALSE(detectable_in(failed));
}

}  // namespace
}  // namespace nsbench
