// Writes random cases with what reports/inference makes of them, for check_with_scipy.py.
#include <cmath>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "reports/file.h"
#include "reports/inference.h"

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;
using Values = std::vector<double>;
using Random = std::mt19937_64;

constexpr double alphas[] = {0.001, 0.01, 0.05, 0.2};

double uniform(Random& random) { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; }

// Heavy tails, and now and then a tie; every tenth sample is all ties.
Values sample(Random& random, std::size_t most) {
  Values values(random() % (most + 1));
  const bool equal = random() % 10 == 0;
  const double shift = uniform(random) - 0.5;
  for (double& value : values) {
    const double u = uniform(random);
    value =
        equal || random() % 8 == 0 ? 0 : shift + std::log(u / (1 - u)) / (1.2 - uniform(random));
  }
  return values;
}

Json interval(const std::optional<Interval>& found) {
  return found ? Json{found->low, found->high} : Json(nullptr);
}

Json mean_test(const std::optional<MeanTest>& test) {
  if (!test) return nullptr;
  return {{"difference", test->difference},
          {"error", test->error},
          {"df", test->df},  // null: infinite
          {"p", test->p},
          {"interval", interval(test->interval)}};
}

Json tests(Random& random) {
  Json all = Json::array();
  for (int i = 0; i < 400; ++i) {
    const Values a = sample(random, i % 40 == 0 ? 2000 : 60);
    const Values b = sample(random, 30);
    const double alpha = alphas[i % 4];
    all.push_back({{"alpha", alpha},
                   {"a", a},
                   {"b", b},
                   {"sign", sign_test(a).p},
                   {"median_interval", interval(median_interval(a, alpha))},
                   {"welch", mean_test(welch_test(a, b, alpha))},
                   {"student", mean_test(student_test(b, alpha))}});
  }
  return all;
}

Json corrections(Random& random) {
  Json all = Json::array();
  for (std::size_t n = 0; n < 40; ++n) {
    Values p(n);
    for (double& value : p) value = std::pow(uniform(random), 4);
    all.push_back({{"p", p}, {"holm", holm(p)}});
  }
  return all;
}

Json distributions(Random& random) {
  Json all = Json::array();
  for (int i = 0; i < 200; ++i) {
    const std::size_t n = 1 + random() % 300;
    const std::size_t k = random() % (n + 2);
    const double q = uniform(random);
    const double df = 1 + static_cast<double>(random() % 400) / 4;
    const double nc = 12 * uniform(random);
    const double x = 8 * uniform(random) - 1;
    all.push_back({{"n", n},
                   {"k", k},
                   {"q", q},
                   {"df", df},
                   {"nc", nc},
                   {"x", x},
                   {"at_least", at_least(n, k, q)},
                   {"student_quantile", student_quantile(q, df)},
                   {"noncentral_t_above", noncentral_t_above(x, df, nc)},
                   {"normal_below", normal_below(x)}});
  }
  return all;
}

Json proportions(Random& random) {
  Json all = Json::array();
  for (int i = 0; i < 200; ++i) {
    const std::size_t trials = 1 + random() % 400;
    const std::size_t hits = i % 4 == 0 ? 0 : i % 4 == 1 ? trials : random() % (trials + 1);
    const double alpha = alphas[random() % std::size(alphas)];
    all.push_back({{"hits", hits},
                   {"trials", trials},
                   {"alpha", alpha},
                   {"interval", interval(proportion_interval(hits, trials, alpha))}});
  }
  return all;
}

Json means(Random& random) {
  Json all = Json::array();
  for (int i = 1; i < 40; ++i) {
    Values values(static_cast<std::size_t>(i));
    for (double& value : values) value = std::exp(3 * uniform(random) - 1);
    all.push_back(
        {{"values", values}, {"geometric", geometric_mean(values)}, {"median", median(values)}});
  }
  return all;
}

}  // namespace
}  // namespace nsbench

int main(int argc, char** argv) {
  using namespace nsbench;
  if (argc != 2) {
    std::fputs("usage: write_inference FILE.json\n", stderr);
    return 2;
  }
  Random random(20260115);
  const Json all = {{"tests", tests(random)},
                    {"corrections", corrections(random)},
                    {"distributions", distributions(random)},
                    {"proportions", proportions(random)},
                    {"means", means(random)}};
  const Status written = write_file(argv[1], all.dump());
  if (written) return 0;
  std::fprintf(stderr, "write_inference: %s\n", written.error().str().c_str());
  return 1;
}
