#include "suites/fleet/collect.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/printable.h"
#include "suites/fleet/job_log.h"

namespace nsbench::fleet {
namespace {

namespace fs = std::filesystem;

bool exists(const fs::path& path) {
  std::error_code failed;
  return fs::exists(path, failed);
}

std::string joined(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& sentence : sentences) text += (text.empty() ? "" : "; ") + sentence;
  return text;
}

// Keeps a whole report; what is wrong with it otherwise makes the job Damaged.
Status keep(PlannedJob& job, JobLog& log, const Collecting& how) {
  std::string why;
  if (!log.console.any) {
    why = "no report came over its console";
  } else if (!log.console.complete) {
    why = log.console.trouble;
    if (!log.console.lost.empty()) why += (why.empty() ? "" : ": ") + joined(log.console.lost);
  } else {
    why = mistaken_for(job, log.console.report);
  }
  if (!why.empty()) {
    job.outcome = Outcome::Damaged;
    job.why = why;
    return {};
  }
  how.arrange(log.console.report);
  if (Status written = put(how.into.report_file(job), to_json(log.console.report)); !written) {
    return written;
  }
  job.outcome = Outcome::Collected;
  job.why.clear();
  return {};
}

// Signals that LAVA was to store: a case each, without controls, and a benchmark each.
std::int64_t results_in(const Report& report) {
  const auto cases = std::count_if(report.cases.begin(), report.cases.end(),
                                   [](const CaseResult& one) { return !one.id.control; });
  return cases + static_cast<std::int64_t>(report.series.size());
}

Status compare_with_stored(const PlannedJob& job, std::int64_t number, const Report& report,
                           Lava& lava, const Collecting& how) {
  const Result<std::int64_t> stored = lava.results_of(number);
  if (!stored) return stored.error();
  if (*stored != results_in(report)) {
    how.tell(job, fmt::format("LAVA stored {} of {} results: the report is whole", *stored,
                              results_in(report)));
  }
  return {};
}

Status collect_ended(PlannedJob& job, Lava& lava, const Collecting& how) {
  std::string last;
  for (Submission& one : job.submissions) {
    if (one.state != "Finished" || one.health != "Complete" || one.damaged) continue;
    const Result<std::string> text = lava.log(one.number);
    if (!text) return text.error();
    JobLog log = read_job_log(*text);
    if (Status kept = keep(job, log, how); !kept) return kept;
    if (job.outcome == Outcome::Collected) {
      how.tell(job, fmt::format("collected from LAVA's job {}", one.number));
      return compare_with_stored(job, one.number, log.console.report, lava, how);
    }
    one.damaged = true;
    last = *text;
  }
  return last.empty() ? Status() : put(how.into.log_file(job), last);
}

Status keep_log_of_failed(const PlannedJob& job, Lava& lava, const Directory& into) {
  if (job.submissions.empty() || exists(into.log_file(job))) return {};
  const Result<std::string> text = lava.log(job.submissions.back().number);
  if (!text) return text.error();
  return put(into.log_file(job), *text);
}

}  // namespace

Status collect(PlannedJob& job, Lava& lava, const Collecting& how) {
  switch (job.outcome) {
    case Outcome::Ended:
      return collect_ended(job, lava, how);
    case Outcome::Failed:
      return keep_log_of_failed(job, lava, how.into);
    default:
      return {};
  }
}

Status collect(PlannedJob& job, const std::string& directory, const Collecting& how) {
  if (job.outcome == Outcome::Collected) return {};
  const fs::path base = fs::path(directory) / job.id;
  const std::string json = base.string() + ".json";
  JobLog log;
  if (exists(json)) {
    const Result<std::string> text = read_file(json, max_report_bytes);
    if (!text) return text.error();
    Result<Report> report = from_json(*text);
    if (!report) {
      job.outcome = Outcome::Damaged;
      job.why = fmt::format("{}: {}", printable(json), report.error().str());
      return {};
    }
    log.console.report = std::move(*report);
    log.console.any = log.console.complete = true;
  } else {
    std::string file;
    for (const char* extension : {".log", ".yaml"}) {
      if (exists(base.string() + extension)) file = base.string() + extension;
    }
    if (file.empty()) return {};
    const Result<std::string> text = read_file(file);
    if (!text) return text.error();
    log = read_job_log(*text);
    if (log.kernel_failed() && !log.console.complete) {
      job.outcome = Outcome::Failed;
      job.why = log.why();
      return put(how.into.log_file(job), *text);
    }
  }
  if (Status kept = keep(job, log, how); !kept) return kept;
  if (job.outcome == Outcome::Collected) how.tell(job, "collected");
  return {};
}

void check_kept(Plan& plan, const Directory& in) {
  for (PlannedJob& job : plan.jobs) {
    const bool kept = exists(in.report_file(job));
    if (kept == (job.outcome == Outcome::Collected)) continue;
    if (kept) {
      job.outcome = Outcome::Collected;
      job.why.clear();
    } else {
      job.outcome = job.submissions.empty() ? Outcome::Planned : Outcome::Waiting;
      job.why = "its report was removed";
    }
  }
}

}  // namespace nsbench::fleet
