// nsbench selftest: lies to the checks about this kernel, and looks whether they notice.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <regex>
#include <string>
#include <vector>

#include "probes/sandbox/support.h"
#include "reports/file.h"
#include "reports/pattern.h"
#include "suites/cli/command.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"
#include "suites/selftest/formats.h"
#include "suites/selftest/selftest.h"

namespace nsbench::cli {

namespace {

using selftest::Lie;
using selftest::SelftestReport;

struct Options {
  std::string filter;
  std::string json;
  bool whole = false;
  bool first = false;
  bool list = false;
  bool markdown = false;
  int jobs = 0;
  std::uint64_t seed = 1;
};

Result<std::vector<const Lie*>> choose(const std::string& filter) {
  std::vector<const Lie*> lies = selftest::all_lies();
  const Result<std::regex> regex = parse_pattern(filter);
  if (!regex) return Error{fmt::format("--filter {}", regex.error().str())};
  std::erase_if(lies, [&regex](const Lie* lie) {
    return !std::regex_search(lie->name.begin(), lie->name.end(), *regex);
  });
  if (lies.empty()) return Error{fmt::format("--filter \"{}\" names no lie", filter)};
  return lies;
}

// On a terminal only; over and over on one line.
void show(const std::string& running, std::size_t done, std::size_t total) {
  if (::isatty(STDERR_FILENO) != 1) return;
  std::string line = fmt::format("\r\x1b[K{} of {} lies  {}", done, total, running);
  if (done == total) line += "\r\x1b[K";
  std::fwrite(line.data(), 1, line.size(), stderr);  // a closed terminal is no reason to end
}

ExitCode write(const Options& options, const SelftestReport& report) {
  Status written;
  if (options.json != "-") {
    written = write_file("-", options.markdown ? to_markdown(report) : to_text(report));
  }
  if (written && !options.json.empty()) written = write_file(options.json, to_json(report));
  return written ? ExitCode::Ok : cant_write(written.error());
}

ExitCode selftest_run(const Options& options) {
  const Result<std::vector<const Lie*>> lies = choose(options.filter);
  if (!lies) {
    complain(lies.error().str());
    return ExitCode::Usage;
  }
  if (options.list) {
    const Status written = write_file("-", selftest::list_as_text(*lies));
    return written ? ExitCode::Ok : cant_write(written.error());
  }
  keep_rights_of_harness();
  const Support support = Support::look();
  selftest::SelftestOptions run;
  run.lies = *lies;
  run.whole = options.whole;
  run.until_first = options.first;
  run.jobs = options.jobs > 0 ? options.jobs : static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  run.seed = options.seed;
  run.on_progress = show;
  run.stop = stop_on_signals();
  const Result<SelftestReport> report = selftest::run_selftest(run, support);
  if (!report) {
    complain(report.error().str());
    return ExitCode::Unknown;
  }
  const ExitCode code = report->complete ? decide(*report) : ExitCode::Unknown;
  return worse(write(options, *report), code);
}

}  // namespace

Action add_selftest(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("--filter", options->filter, "Only lies whose name matches this expression")
      ->type_name("REGEX");
  CLI::Option* whole =
      app.add_flag("--whole", options->whole,
                   "Tell each lie to every check, not only to those that should notice");
  app.add_flag("--first", options->first,
               "Tell each lie only until a first case notices it: faster")
      ->excludes(whole);
  app.add_flag("--list", options->list, "List the lies, and tell none");
  app.add_flag("--markdown", options->markdown, "Print the tables as Markdown");
  app.add_option("--json", options->json,
                 "Write the outcome as JSON to FILE, or, without one, to standard output in place "
                 "of the tables")
      ->type_name("FILE")
      ->expected(0, 1)
      ->default_str("-");
  app.add_option("--jobs", options->jobs, "Lies side by side (default: as many as CPUs)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app.add_option("--seed", options->seed, "Order cases by this seed")
      ->type_name("S")
      ->capture_default_str();
  return [options](const std::string&) { return selftest_run(*options); };
}

}  // namespace nsbench::cli
