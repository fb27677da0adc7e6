// The geometric mean of a family's ratios, with the error of the family as a whole.
#include <algorithm>
#include <cmath>

#include "reports/compare_parts.h"

namespace nsbench::comparing {
namespace {

using Members = std::vector<const Evidence*>;
using Units = Evidence::Units;

// Few units have an interval that says nothing.
constexpr std::size_t units_needed = 3;

// The mean over all members in one unit; nullopt if one of them has none there.
std::optional<double> mean_at(const Units::key_type& unit, const Members& members,
                              Units Evidence::*side) {
  double sum = 0;
  for (const Evidence* member : members) {
    const auto found = (member->*side).find(unit);
    if (found == (member->*side).end()) return std::nullopt;
    sum += found->second;
  }
  return sum / static_cast<double>(members.size());
}

std::vector<double> means(const Members& members, Units Evidence::*side) {
  std::vector<double> means;
  for (const auto& [unit, value] : members.front()->*side) {
    if (const auto mean = mean_at(unit, members, side)) means.push_back(*mean);
  }
  return means;
}

std::optional<MeanTest> test(const Members& members, Procedure procedure, double alpha) {
  const std::vector<double> now = means(members, &Evidence::now_units);
  if (now.size() < units_needed) return std::nullopt;
  if (procedure == Procedure::LockStep) return student_test(now, alpha);
  const std::vector<double> base = means(members, &Evidence::base_units);
  return base.size() < units_needed ? std::nullopt : welch_test(base, now, alpha);
}

}  // namespace

std::vector<FamilyComparison> families_of(const std::vector<Evidence>& all, Procedure procedure,
                                          double alpha) {
  std::map<std::pair<std::string, std::string>, Members> families;
  for (const Evidence& evidence : all) {
    const SeriesComparison& row = evidence.row;
    if (row.ratio) families[{row.id.family, row.unit}].push_back(&evidence);
  }
  std::vector<FamilyComparison> out;
  for (const auto& [name, members] : families) {
    std::vector<double> ratios;
    for (const Evidence* member : members) ratios.push_back(*member->row.ratio);
    FamilyComparison& family = out.emplace_back();
    family.family = name.first;
    family.unit = name.second;
    family.cases = members.size();
    family.ratio = geometric_mean(ratios);
    if (const auto found = test(members, procedure, alpha)) {
      family.interval = Interval{std::exp(found->interval.low), std::exp(found->interval.high)};
    }
  }
  return out;
}

}  // namespace nsbench::comparing
