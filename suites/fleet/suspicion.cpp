#include "suites/fleet/suspicion.h"

#include <algorithm>
#include <cmath>

#include "reports/inference.h"

namespace nsbench::fleet {

bool Shares::is_found(const SeriesComparison& series) const {
  if (series.change != Change::Slower) return false;
  return single() || (series.p && *series.p <= of(comparisons_));
}

void Pool::add(const std::string& kernel, const SeriesComparison& series) {
  if (!series.ratio || !series.p || !(*series.ratio > 0)) return;
  const auto [place, is_new] = places_.emplace(series.id.str(), places_.size());
  std::vector<Sums>& all = kernels_[kernel];
  if (all.size() <= place->second) all.resize(place->second + 1);
  // Welford (1962): a mean and its squares as values come.
  Sums& sums = all[place->second];
  ++sums.types;
  const double value = std::log(*series.ratio);
  const double before = value - sums.mean;
  sums.mean += before / sums.types;
  sums.squares += before * (value - sums.mean);
  sums.threshold = std::max(sums.threshold, series.threshold);
}

std::vector<Together> Pool::slower(const Shares& shares) const {
  std::size_t tests = 0;
  for (const auto& [kernel, all] : kernels_) {
    tests += static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [](const Sums& sums) { return sums.types >= types_needed; }));
  }
  const double alpha = shares.together(tests);
  std::vector<const std::string*> names(places_.size());
  for (const auto& [name, place] : places_) names[place] = &name;
  std::map<std::uint32_t, double> quantiles;  // by the number of types
  std::vector<Together> found;
  for (const auto& [kernel, all] : kernels_) {
    for (std::size_t i = 0; i < all.size(); ++i) {
      const Sums& sums = all[i];
      if (sums.types < types_needed || !(sums.mean > std::log1p(sums.threshold))) continue;
      const auto [quantile, is_new] = quantiles.emplace(sums.types, 0);
      if (is_new) quantile->second = student_quantile(1 - alpha / 2, sums.types - 1.0);
      const double n = sums.types;
      const double error = std::sqrt(sums.squares / (n * (n - 1)));
      if (sums.mean > quantile->second * error) {
        found.push_back({kernel, *names[i], sums.types, std::exp(sums.mean)});
      }
    }
  }
  return found;
}

}  // namespace nsbench::fleet
