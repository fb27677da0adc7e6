#include "bench/accuracy/ratio.h"

#include <algorithm>
#include <cmath>

#include "reports/inference.h"

namespace nsbench::accuracy {

Ratio ratio_of(const std::vector<Pair>& pairs) {
  Ratio ratio;
  ratio.pairs = pairs.size();
  if (pairs.empty()) return ratio;
  std::vector<double> ours;
  std::vector<double> theirs;
  std::vector<double> ratios;
  for (const Pair& pair : pairs) {
    ours.push_back(pair.nsbench);
    theirs.push_back(pair.reference);
    ratios.push_back(pair.nsbench / pair.reference);
  }
  ratio.nsbench = median(ours);
  ratio.reference = median(theirs);
  ratio.median = median(ratios);
  std::sort(ratios.begin(), ratios.end());
  const auto n = static_cast<double>(ratios.size());
  const double reach = 1.96 * std::sqrt(n) / 2;
  const auto last = static_cast<std::ptrdiff_t>(ratios.size()) - 1;
  const auto at = [&](double place) {
    const auto index = static_cast<std::ptrdiff_t>(place);
    return ratios[static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(index, 0, last))];
  };
  ratio.low = at(std::floor(n / 2 - reach));
  ratio.high = at(std::ceil(n / 2 + reach));
  return ratio;
}

Answer judge(const Ratio& ratio, double limit) {
  if (ratio.low > 1 + limit || ratio.high < 1 - limit) return Answer::Beyond;
  if (ratio.low >= 1 - limit && ratio.high <= 1 + limit) return Answer::Within;
  const bool near = std::abs(ratio.median - 1) <= limit;
  return near && ratio.low <= 1 && ratio.high >= 1 ? Answer::Within : Answer::Unsure;
}

}  // namespace nsbench::accuracy
