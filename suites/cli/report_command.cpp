// nsbench report: saved reports, written as any format.
#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "suites/cli/command.h"
#include "suites/cli/outputs.h"
#include "suites/cli/rights.h"
#include "suites/cli/saved_reports.h"

namespace nsbench::cli {

namespace {

struct Options {
  std::vector<std::string> files;
  bool from_console = false;
  OutputOptions out;
};

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

Status check_counts(const std::vector<Output>& outputs, std::size_t reports) {
  for (const Output& output : outputs) {
    if (!output.format->one_report || reports == 1) continue;
    return Error{
        fmt::format("{} holds one report, and {} are given", output.format->name, reports)};
  }
  return {};
}

Result<Captured> read_files(const Options& options) {
  if (options.from_console) return read_captured_reports(options.files);
  Result<std::vector<Report>> reports = read_reports(options.files);
  if (!reports) return reports.error();
  return Captured{std::move(*reports)};
}

ExitCode run(const Options& options) {
  keep_rights_over_files();
  ::signal(SIGPIPE, SIG_IGN);
  const Result<std::vector<Output>> outputs = outputs_of(options.out, Serves::Report);
  if (!outputs) return fail(outputs.error());
  if (Status fit = check_counts(*outputs, options.files.size()); !fit) return fail(fit.error());
  const Result<Captured> read = read_files(options);
  if (!read) return fail(read.error());
  const std::vector<Report>& reports = read->reports;
  if (reports.empty()) return ExitCode::Unknown;
  const Result<std::optional<Policy>> policy = policy_of(options.out);
  if (!policy) return fail(policy.error());
  const Judging judging{.policy = *policy ? &**policy : nullptr, .today = today()};
  const Status written = write_outputs(*outputs, options.out, judging,
                                       [&](const Format& format, const FormatOptions& how) {
                                         return format.of_reports(reports, how);
                                       });
  if (!written) return cant_write(written.error());
  ExitCode code = read->one_is_missing ? ExitCode::Unknown : ExitCode::Ok;
  for (const Report& report : reports) {
    code = worse(code, judge(report, judging).decision.code);
  }
  return code;
}

}  // namespace

Action add_report(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("FILE", options->files, "Reports (nsbench run --json=FILE)")->required();
  app.add_flag(
      "--from-console", options->from_console,
      "Each FILE is what was captured of a console, or a job's log of LAVA, on which nsbench "
      "run --channel - ran: what was lost or split is said, and the exit status is 3 then");
  add_output_options(app, options->out, Serves::Report);
  app.add_flag("--histogram", options->out.histogram,
               "Text: how the times of each benchmark are distributed, on a line each");
  app.footer(
      "Exit status: what the runs themselves exited with, the gravest of them; 2 for usage and bad "
      "input.");
  return [options](const std::string&) { return run(*options); };
}

}  // namespace nsbench::cli
