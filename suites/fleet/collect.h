// Reports of a fleet's jobs, out of LAVA's logs or out of files that something else left.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "reports/result.h"
#include "suites/fleet/directory.h"
#include "suites/fleet/lava.h"
#include "suites/fleet/plan.h"

namespace nsbench::fleet {

struct Collecting {
  const Directory& into;
  // What is said of jobs meanwhile; what is wrong with one stands in PlannedJob::why.
  std::function<void(const PlannedJob& job, const std::string& what)> tell;
  // Of what came over a console, in whatever order: in which its cases are kept.
  std::function<void(Report& report)> arrange;
};

// Fetches the log of a job that is Ended, and keeps its report: the job is Collected, or Damaged.
// Of one that Failed the log is kept. Others are left alone. LAVA's own results are counted and
// held against the report's: a difference is told, the report counts. An Error: the server does not
// answer, or a file can't be written.
Status collect(PlannedJob& job, Lava& lava, const Collecting& how);

// From `directory`/ID.json, or the console in ID.log or ID.yaml there. A job of which neither is
// there is left as it is; of one that is Collected nothing is read. What is no whole report makes
// the job Damaged. An Error: a file can't be read or written.
Status collect(PlannedJob& job, const std::string& directory, const Collecting& how);

// A report can be removed behind our back: then the job is no longer Collected.
void check_kept(Plan& plan, const Directory& in);

}  // namespace nsbench::fleet
