#include "suites/cli/live_tap.h"

#include "reports/file.h"
#include "suites/cli/stop.h"

namespace nsbench::cli {

namespace {

// A repeated check is one result.
std::size_t results_of(const Plan& plan) {
  std::set<CaseId> ids;
  for (const CheckCase& check : plan.checks) {
    if (!check.id().control) ids.insert(check.id());
  }
  return ids.size() + plan.benchmarks.size();
}

}  // namespace

std::optional<Tap> tap_of(const Format& format) {
  if (format.name == "ktap") return Tap::Ktap;
  if (format.name == "tap13") return Tap::Tap13;
  return std::nullopt;
}

LiveTap::LiveTap(Tap dialect, const Plan& plan, bool booted)
    : lines_(dialect, results_of(plan) + (booted ? 1 : 0)), booted_(booted) {}

void LiveTap::begin(const Report& report) { print(lines_.begin(report)); }

void LiveTap::add(const CaseResult& result) {
  if (printed_.insert(result.id).second) print(lines_.result(result));
}

Status LiveTap::end(const Report& report) {
  for (const CaseResult& result : report.cases) {
    if (!result.id.control) add(result);
  }
  for (const Series& series : report.series) print(lines_.result(series));
  if (booted_) print(lines_.kernel(report.kernel));
  print(report.run.interrupted ? lines_.bail_out("interrupted") : lines_.end());
  return written_;
}

void LiveTap::print(const std::string& text) {
  const WhileWriting guard;
  const Status written = write_file("-", text);
  if (written_) written_ = written;
}

}  // namespace nsbench::cli
