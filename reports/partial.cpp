#include "reports/partial.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace nsbench {
namespace {

Report context_of(const Report& report) {
  Report context;
  context.run = report.run;
  context.kernel = report.kernel;
  context.environment = report.environment;
  return context;
}

template <class Item>
void add_all(std::vector<Item>& whole, std::vector<Item>& part) {
  std::map<CaseId, std::size_t> known;
  for (std::size_t i = 0; i < whole.size(); ++i) known[whole[i].id] = i;
  for (Item& item : part) {
    const auto [at, is_new] = known.try_emplace(item.id, whole.size());
    if (is_new) {
      whole.push_back(std::move(item));
    } else {
      whole[at->second] = std::move(item);
    }
  }
}

}  // namespace

void ReportParts::add(CaseResult result) {
  if (sent_.insert(result.id).second) waiting_.push_back(std::move(result));
}

Report ReportParts::next(const Report& context) {
  Report part = context_of(context);
  part.cases = std::exchange(waiting_, {});
  return part;
}

Report ReportParts::last(const Report& whole) {
  Report part = next(whole);
  part.series = whole.series;
  part.warnings = whole.warnings;
  std::copy_if(whole.cases.begin(), whole.cases.end(), std::back_inserter(part.cases),
               [this](const CaseResult& result) { return !sent_.contains(result.id); });
  return part;
}

void add_part(Report& whole, Report part) {
  whole.run = std::move(part.run);
  whole.kernel = std::move(part.kernel);
  whole.environment = std::move(part.environment);
  if (!part.warnings.empty()) whole.warnings = std::move(part.warnings);
  add_all(whole.cases, part.cases);
  add_all(whole.series, part.series);
}

}  // namespace nsbench
