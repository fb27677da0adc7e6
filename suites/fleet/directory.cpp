#include "suites/fleet/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/printable.h"

namespace nsbench::fleet {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code failed;
  return fs::is_regular_file(path, failed);
}

Error in(const std::string& file, const Error& error) {
  return Error{fmt::format("{}: {}", printable(file), error.str())};
}

}  // namespace

Result<Fd> Directory::lock() const {
  Fd directory(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory.valid()) return Error::last(fmt::format("'{}'", printable(path_.string())));
  if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return Error{
          fmt::format("another nsbench fleet is at work in '{}'", printable(path_.string()))};
    }
    return Error::last(fmt::format("flock('{}')", printable(path_.string())));
  }
  return directory;
}

Result<std::optional<Plan>> Directory::find_plan() const {
  std::error_code failed;
  if (!fs::exists(plan_file(), failed)) return std::optional<Plan>();
  const Result<std::string> text = read_file(plan_file());
  if (!text) return text.error();
  Result<Plan> plan = read_plan(*text);
  if (!plan) return in(plan_file(), plan.error());
  return std::optional<Plan>(std::move(*plan));
}

Result<Plan> Directory::plan() const {
  Result<std::optional<Plan>> plan = find_plan();
  if (!plan) return plan.error();
  if (!*plan) {
    return Error{fmt::format("there is no fleet in '{}': nsbench fleet jobs, or submit, makes one",
                             printable(path_.string())),
                 ENOENT};
  }
  return std::move(**plan);
}

Status Directory::keep(const Plan& plan) const { return put(plan_file(), plan_json(plan)); }

Result<Report> Directory::report(const PlannedJob& job) const {
  const std::string file = report_file(job);
  const Result<std::string> text = read_file(file, max_report_bytes);
  if (!text) return text.error();
  Result<Report> report = from_json(*text);
  if (!report) return in(file, report.error());
  if (const std::string mistake = mistaken_for(job, *report); !mistake.empty()) {
    return Error{fmt::format("{}: {}", printable(file), mistake)};
  }
  return report;
}

Status put(const fs::path& file, const std::string& text) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) {
    return Error{fmt::format("mkdir('{}')", printable(file.parent_path().string())),
                 failed.value()};
  }
  if (is_file(file)) {
    const Result<std::string> old = read_file(file);
    if (old && *old == text) return {};
  }
  return write_file(file, text);
}

std::string mistaken_for(const PlannedJob& job, const Report& report) {
  // What an image tells of itself begins with the release, if it tells anything.
  const std::string release = job.release.substr(0, job.release.find(' '));
  if (release.empty() || report.kernel.release.empty() || release == report.kernel.release) {
    return "";
  }
  return fmt::format("the report is of Linux {}, and the job boots {}",
                     printable(report.kernel.release, 100), printable(release, 100));
}

}  // namespace nsbench::fleet
