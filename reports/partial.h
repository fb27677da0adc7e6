// A report that comes out of the system under test in parts, so that what was found is kept if that
// system dies.
#pragma once

#include <cstddef>
#include <set>
#include <vector>

#include "reports/report.h"

namespace nsbench {

// The sending end: what of a report was not sent yet.
class ReportParts {
 public:
  // A result that will not change any more.
  void add(CaseResult result);
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  // A report with the context of `context` and the results that wait.
  Report next(const Report& context);
  // What is left of the whole report: its series and warnings, and the cases not sent before.
  Report last(const Report& whole);

 private:
  std::vector<CaseResult> waiting_;
  std::set<CaseId> sent_;
};

// Enters a part: its cases and series are added (the later of two with one id stays), its context
// and, if it has any, its warnings replace what is there.
void add_part(Report& whole, Report part);

}  // namespace nsbench
