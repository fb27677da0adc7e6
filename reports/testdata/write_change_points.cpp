// Writes series with what change_points.h says of them, for check_change_points.py.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "reports/change_points.h"
#include "reports/file.h"

namespace {

using Json = nlohmann::ordered_json;

// Uniform noise; steps of 5 % after `every` values, in turn up and down, or a trend; ties where
// `digits` is small.
std::vector<double> series(std::size_t n, std::size_t every, double scatter, double digits,
                           std::mt19937_64& random) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) {
    const double uniform = static_cast<double>(random() >> 11U) * 0x1p-53 - 0.5;
    const double level = every > 0 && i / every % 2 == 1 ? 1.05 : 1;
    values.push_back(std::round(1000 * level * std::exp(scatter * uniform) * digits) / digits);
  }
  return values;
}

Json steps_of(const std::vector<double>& values) {
  Json steps = Json::array();
  for (const nsbench::Step& step : nsbench::find_change_points(values).steps) {
    steps.push_back(
        {{"at", step.first_after}, {"before", step.before}, {"after", step.after}, {"p", step.p}});
  }
  return steps;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_change_points FILE.json\n", stderr);
    return 2;
  }
  std::mt19937_64 random(1);
  Json all = Json::array();
  for (const std::size_t n : {6, 11, 20, 50, 120, 400}) {
    for (const std::size_t every : {std::size_t{0}, n / 2, n / 3}) {
      for (const double digits : {0.1, 1e6}) {
        const std::vector<double> values = series(n, every, 0.03, digits, random);
        const nsbench::EnergySplit split = nsbench::best_split(values, 3);
        all.push_back({{"values", values},
                       {"every", every},
                       {"split", {{"at", split.at}, {"q", split.q}}},
                       {"steps", steps_of(values)}});
      }
    }
  }
  const nsbench::Status written = nsbench::write_file(argv[1], all.dump());
  if (written) return 0;
  std::fprintf(stderr, "write_change_points: %s\n", written.error().str().c_str());
  return 1;
}
