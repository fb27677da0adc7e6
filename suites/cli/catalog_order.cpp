#include "suites/cli/catalog_order.h"

#include <algorithm>
#include <cstddef>
#include <map>

#include "suites/plan.h"

namespace nsbench::cli {

void put_in_catalog_order(Report& report) {
  std::map<CaseId, std::size_t> places;
  for (const CheckCase& check : all_check_cases()) places.try_emplace(check.id(), places.size());
  const auto place = [&places](const CaseResult& result) {
    const auto at = places.find(result.id);
    return at == places.end() ? places.size() : at->second;
  };
  std::stable_sort(
      report.cases.begin(), report.cases.end(),
      [&place](const CaseResult& a, const CaseResult& b) { return place(a) < place(b); });
}

}  // namespace nsbench::cli
