#include "suites/cli/compare_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <random>
#include <regex>
#include <system_error>
#include <utility>

#include "probes/sandbox/support.h"
#include "reports/file.h"
#include "reports/json.h"
#include "suites/cli/stop.h"
#include "suites/cli/terminal.h"
#include "suites/lockstep/command_line.h"
#include "suites/lockstep/lockstep.h"
#include "suites/plan.h"

namespace nsbench::cli {

namespace {

// Without a filter or a suite: one operation of each kind of cost, for which two minutes are
// enough.
constexpr const char* core =
    "^(create/(uts|cgroup|mnt|net):unshare|create/pid:clone|join/uts:setns):";

Result<std::vector<std::string>> words_of(const char* option, const std::string& command) {
  Result<std::vector<std::string>> words = lockstep::words_of(command);
  if (words) return words;
  return Error{fmt::format("{} \"{}\": {}", option, command, words.error().str())};
}

Result<std::vector<SideSpec>> sides_of(const CompareRunOptions& options) {
  if (options.commands.size() != 2) {
    return Error{"--run is given twice: the base's command, then the new one's"};
  }
  if (!options.before.empty() && options.before.size() != 2) {
    return Error{"--before is given twice: the base's command, then the new one's"};
  }
  std::vector<SideSpec> sides{{"base", {}}, {"new", {}}};
  for (std::size_t i = 0; i < sides.size(); ++i) {
    Result<std::vector<std::string>> words = words_of("--run", options.commands[i]);
    if (!words) return words.error();
    // A word alone is an nsbench.
    if (words->size() == 1) words->emplace_back("worker");
    sides[i].argv = std::move(*words);
    if (options.before.empty()) continue;
    words = words_of("--before", options.before[i]);
    if (!words) return words.error();
    sides[i].before = std::move(*words);
  }
  if (options.null) sides.push_back({"null", sides.front().argv, sides.front().before});
  return sides;
}

Status save(const std::string& directory, const std::vector<Report>& reports) {
  std::error_code failed;
  std::filesystem::create_directories(directory, failed);
  if (failed) return Error{fmt::format("mkdir({})", directory), failed.value()};
  for (const Report& report : reports) {
    const std::string path = fmt::format("{}/{}.json", directory, report.run.side);
    if (Status written = write_file(path, to_json(report)); !written) return written;
  }
  return {};
}

}  // namespace

Result<std::vector<CaseId>> choose_cases(const CompareRunOptions& options, bool sys_admin) {
  const Suite* const suite = options.suite.empty() ? nullptr : find_suite(options.suite);
  Selection selection;
  if (suite != nullptr) selection.suite = suite;
  selection.checks = false;
  selection.filter = options.filter.empty() && suite == nullptr ? core : options.filter;
  selection.sys_admin = sys_admin;
  const Result<Plan> plan = make_plan(selection);
  if (!plan) return plan.error();
  std::vector<CaseId> cases;
  for (const BenchCase& one : plan->benchmarks) cases.push_back(one.id());
  if (cases.empty()) {
    return Error{
        fmt::format("--filter \"{}\" leaves nothing to run; see nsbench list", options.filter)};
  }
  return cases;
}

void add_run_options(CLI::App& app, CompareRunOptions& options) {
  CLI::Option* const run =
      app.add_option("--run", options.commands,
                     "Measure, in lock step: an nsbench (build/nsbench), or a command that becomes "
                     "a worker (\"./with-setting nsbench worker\"); twice, for the base and for "
                     "the new side")
          ->type_name("COMMAND")
          ->expected(1)
          ->take_all();
  app.add_option("--before", options.before,
                 "Run this before each batch of a side, as \"sysctl -qw NAME=VALUE\"; twice, for "
                 "the base and for the new side. The base's is run once more at the end")
      ->type_name("COMMAND")
      ->expected(1)
      ->take_all()
      ->needs(run);
  const auto add = [&app, run](const std::string& name, auto& value, const std::string& about) {
    return app.add_option(name, value, about)->needs(run);
  };
  app.add_flag("--null", options.null, "Measure the base a second time as well, as a control")
      ->needs(run);
  std::vector<std::string> suites;
  for (const Suite& suite : all_suites) suites.emplace_back(suite.name);
  add("--suite", options.suite, "Measure this suite's benchmarks")->check(CLI::IsMember(suites));
  add("--filter", options.filter,
      "Measure the benchmarks whose id matches this regular expression (default: six that stand "
      "for the others)")
      ->type_name("REGEX");
  add("--time", options.seconds, "Seconds per benchmark and side")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 36000.0))
      ->capture_default_str();
  add("--starts", options.starts, "Start the workers anew this often meanwhile")
      ->type_name("N")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  add("--seed", options.seed, "Order the benchmarks by this seed (default: random)")
      ->type_name("S");
  add("--save", options.save, "Write the sides' reports to DIR/base.json, DIR/new.json")
      ->type_name("DIR");
}

Result<std::vector<Report>> measure_in_lockstep(CompareRunOptions options,
                                                const std::string& command_line) {
  const Result<std::vector<SideSpec>> sides = sides_of(options);
  if (!sides) return sides.error();
  const Result<std::vector<CaseId>> cases = choose_cases(options, Support::look().sys_admin);
  if (!cases) return cases.error();
  if (options.seed == 0) options.seed = std::random_device{}() | 1U;
  ProgressLine line;
  LockstepOptions lockstep;
  lockstep.seconds_per_side = options.seconds;
  lockstep.starts = options.starts;
  lockstep.seed = options.seed;
  lockstep.command = command_line;
  lockstep.stop = stop_on_signals();
  lockstep.on_progress = [&line](const LockstepProgress& progress) {
    line.show({.phase = Progress::Phase::Benchmarks,
               .running = progress.running,
               .done = progress.turns_done,
               .total = progress.turns_total,
               .seconds_left = progress.seconds_left});
  };
  Result<std::vector<Report>> reports = run_lockstep(*sides, *cases, lockstep);
  line.clear();
  if (!reports || options.save.empty()) return reports;
  if (Status saved = save(options.save, *reports); !saved) return saved.error();
  return reports;
}

}  // namespace nsbench::cli
