// nsbench run: checks, then benchmarks, then the report.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bench/replay.h"
#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/slow_machine.h"
#include "probes/sandbox/support.h"
#include "reports/gate.h"
#include "suites/cli/command.h"
#include "suites/cli/guest_channel.h"
#include "suites/cli/layout.h"
#include "suites/cli/live_tap.h"
#include "suites/cli/outputs.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"
#include "suites/cli/terminal.h"
#include "suites/environment.h"
#include "suites/plan.h"
#include "suites/runner.h"
#include "suites/watchdog.h"

namespace nsbench::cli {

namespace {

struct RunOptions {
  std::string suite = "quick";
  std::string filter;
  std::vector<std::string> google;  // --benchmark_* words
  OutputOptions out;
  bool checks_only = false;
  bool benchmarks_only = false;
  double seconds = 0;
  double budget = 0;
  int repeat = 1;
  std::uint64_t seed = 0;
  int jobs = 0;
  double timeout = 0;   // seconds of the whole run; 0: by its plan
  std::string channel;  // a serial line
};

RunInfo info_of(const RunOptions& options, const std::string& command_line) {
  RunInfo info;
  info.version = NSBENCH_VERSION;
  info.command = command_line;
  info.suite = options.suite;
  info.budget = options.budget;
  info.seed = options.seed;
  info.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  return info;
}

Selection selection_of(const RunOptions& options, const Support& support) {
  return {.suite = find_suite(options.suite),
          .checks = !options.benchmarks_only,
          .benchmarks = !options.checks_only,
          .filter = options.filter,
          .seconds = options.seconds,
          .budget = options.budget,
          .repeat = options.repeat,
          .seed = options.seed,
          .sys_admin = support.sys_admin};
}

ExitCode write_report(const RunOptions& options, const std::vector<Output>& outputs,
                      const Report& report, const Judging& judging, const Status& printed) {
  Status written = write_outputs(outputs, options.out, judging,
                                 [&report](const Format& format, const FormatOptions& how) {
                                   return format.of_reports(std::span(&report, 1), how);
                                 });
  if (!options.google.empty()) {
    if (Status replayed = replay(report.series, options.google); !replayed && written) {
      written = replayed;
    }
  }
  if (!printed) written = printed;
  return written ? ExitCode::Ok : cant_write(written.error());
}

// What can be printed as cases end is taken out of `outputs`.
std::optional<LiveTap> live_output(std::vector<Output>& outputs, const Plan& plan, bool booted) {
  const auto live = std::find_if(outputs.begin(), outputs.end(), [](const Output& output) {
    return output.path == "-" && tap_of(*output.format);
  });
  if (live == outputs.end()) return std::nullopt;
  LiveTap tap(*tap_of(*live->format), plan, booted);
  outputs.erase(live);
  return tap;
}

// Google Benchmark's display has standard output for itself; a channel shares it with lines alone.
Result<std::vector<Output>> planned_outputs(const RunOptions& options) {
  if (Status flags = check_google_flags(options.google); !flags) return flags.error();
  const bool display = wants_display(options.google);
  const bool channel = options.channel == "-";
  constexpr const char* both = "{} and {} both want standard output";
  constexpr const char* google = "Google Benchmark's display";
  if (display && channel) return Error{fmt::format(both, "--channel", google)};
  Result<std::vector<Output>> outputs = outputs_of(options.out, Serves::Run, display);
  if (!outputs) return outputs;
  for (const Output& output : *outputs) {
    if (output.path != "-") continue;
    if (display) return Error{fmt::format(both, output.format->name, google)};
    if (channel && !is_of_lines(*output.format)) {
      return Error{fmt::format(both, output.format->name, "--channel")};
    }
  }
  return outputs;
}

std::optional<Warning> warning_of(const Plan& plan) {
  if (plan.left_out == 0) return std::nullopt;
  return Warning{
      "budget",
      fmt::format("{} of {} benchmarks of the suite were left out: {:g} s have no room "
                  "for five batches of each",
                  plan.left_out, plan.left_out + plan.benchmarks.size(), plan.benchmark_seconds())};
}

Result<std::optional<GuestChannel>> channel_of(const RunOptions& options) {
  if (options.channel.empty()) return std::optional<GuestChannel>();
  Result<GuestChannel> channel = GuestChannel::open(options.channel);
  if (!channel) return channel.error();
  return std::optional(std::move(*channel));
}

// Longer than the runner ever waits without a look around: for many processes that do not end.
constexpr std::chrono::seconds run_patience{120};

ExitCode run(RunOptions options, const std::string& command_line) {
  Result<std::vector<Output>> outputs = planned_outputs(options);
  if (!outputs) {
    complain(outputs.error().str());
    return ExitCode::Usage;
  }
  const Result<std::optional<Policy>> policy = policy_of(options.out);
  if (!policy) {
    complain(policy.error().str());
    return ExitCode::Usage;
  }
  const Judging judging{.policy = *policy ? &**policy : nullptr, .today = today()};
  if (options.seed == 0) options.seed = std::random_device{}() | 1U;
  // Before a signal is listened to, and anything is written: the program may start anew.
  std::optional<Warning> layout;
  if (!options.checks_only) layout = fix_address_space_layout();
  const auto* const stop = stop_on_signals();
  const Support support = Support::look();
  const Result<Plan> plan = make_plan(selection_of(options, support));
  if (!plan) {
    complain(plan.error().str());
    return ExitCode::Usage;
  }
  if (plan->checks.empty() && plan->benchmarks.empty()) {
    complain(
        fmt::format("--filter \"{}\" leaves nothing to run; see nsbench list", options.filter));
    return ExitCode::Usage;
  }
  Report report;
  report.run = info_of(options, command_line);
  report.kernel = look_at_kernel();
  report.kernel.taint_before = report.kernel.taint;
  report.environment = look_at_environment(support);
  Result<std::optional<GuestChannel>> host = channel_of(options);
  if (!host) {
    complain(host.error().str());
    return ExitCode::Usage;
  }
  // Behind the look at the environment, which says what this process had.
  if (Status kept = keep_capabilities(harness_capabilities); !kept) {
    report.warnings.push_back({"capabilities", kept.error().str()});
  }
  if (layout && !plan->benchmarks.empty()) report.warnings.push_back(std::move(*layout));
  if (std::optional<Warning> warning = warning_of(*plan)) report.warnings.push_back(*warning);
  if (options.jobs == 0) options.jobs = report.environment.cpus;
  ProgressLine line;
  RunnerOptions how{.timeout = std::chrono::seconds(std::llround(std::ceil(options.timeout))),
                    .jobs = options.jobs,
                    .seed = options.seed,
                    .on_progress = [&line](const Progress& progress) { line.show(progress); },
                    // Who repeats looks for what fails now and then.
                    .asks_again = options.repeat == 1,
                    .stop = stop};
  std::optional<LiveTap> live = live_output(*outputs, *plan, report.kernel.engine != "bare");
  if (live) live->begin(report);
  if (*host) {
    (*host)->begin(report);
    how.on_begin = [&host](const CaseId& id) { (*host)->begin_case(id); };
    how.on_end = [&host](const CaseId& id) { (*host)->end_case(id); };
  }
  std::optional<Watchdog> watchdog;
  // In a machine of its own there is one already: whoever booted it.
  if (report.kernel.engine == "bare") {
    Result<Watchdog> started = Watchdog::start(patience_here() * run_patience);
    if (started) watchdog.emplace(std::move(*started));
    how.on_tick = [&watchdog] {
      if (watchdog) watchdog->beat();
    };
    how.on_begin = [&watchdog, next = how.on_begin](const CaseId& id) {
      if (watchdog) watchdog->beat(id.str());
      next(id);
    };
  }
  how.on_settled = [&](const CaseResult& result) {
    if (live) live->add(result);
    if (*host) (*host)->add(report, result);
  };
  run_plan(*plan, how, support, report);
  line.clear();
  watchdog.reset();
  // What is left to be done is to judge what the system under test said, and to write it.
  keep_rights_over_files();
  report.kernel.taint = look_at_kernel().taint;  // what the run did to it, too
  if (*host) {
    for (Splat& splat : (*host)->splats()) report.kernel.splats.push_back(std::move(splat));
  }
  Status printed = live ? live->end(report) : Status();
  const ExitCode code = judge(report, judging).decision.code;
  if (*host) {
    const Status sent = (*host)->finish(report, code);
    if (printed) printed = sent;
  }
  return worse(write_report(options, *outputs, report, judging, printed), code);
}

// Each with a value or, as Google Benchmark takes it, without.
void add_google_flags(CLI::App& app, const std::shared_ptr<RunOptions>& options) {
  for (const GoogleFlag& flag : google_flags()) {
    const std::string name(flag.name);
    const auto keep = [options, name](const std::string& value) {
      options->google.push_back(fmt::format("{}={}", name, value));
    };
    app.add_option_function<std::string>(name, keep, std::string(flag.about))
        ->expected(0, 1)
        ->default_str("true")
        ->trigger_on_parse()
        ->option_text("[=VALUE]")
        // Those that are refused are known, so that it can be said why.
        ->group(flag.instead.empty() ? "Reports by Google Benchmark" : "");
  }
}

}  // namespace

Action add_run(CLI::App& app) {
  const auto options = std::make_shared<RunOptions>();
  std::vector<std::string> suites;
  std::string about = "Which suite:";
  for (const Suite& suite : all_suites) {
    suites.emplace_back(suite.name);
    about += fmt::format("\n{}: {}", suite.name, suite.sentence);
  }
  app.add_option("--suite", options->suite, about)
      ->check(CLI::IsMember(suites))
      ->capture_default_str();
  CLI::Option* checks = app.add_flag("--checks-only", options->checks_only, "No benchmarks");
  app.add_flag("--benchmarks-only", options->benchmarks_only, "No checks")->excludes(checks);
  app.add_option(
         "--filter", options->filter,
         "Only cases whose id matches this regular expression; a check's control comes along")
      ->type_name("REGEX");
  CLI::Option* time =
      app.add_option("--time", options->seconds,
                     "Seconds per benchmark, with what is not timed (default: the suite's)")
          ->type_name("SECONDS")
          ->check(CLI::Range(0.001, 3600.0));
  app.add_option("--budget", options->budget,
                 "Seconds for all benchmarks together (default: the suite's): the core first; what "
                 "can't have five batches is left out, and the report says so")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.5, 86400.0))
      ->excludes(time);
  app.add_option(
         "--repeat", options->repeat,
         "Run each check N times and keep its gravest verdict; time benchmarks N times as long")
      ->type_name("N")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seed", options->seed, "Order cases and batches by this seed (default: random)")
      ->type_name("S");
  app.add_option("--jobs", options->jobs, "Checks side by side (default: as many as CPUs)")
      ->type_name("N")
      ->check(CLI::Range(1, 1024));
  app.add_option("--timeout", options->timeout,
                 "Give the run up after this long: what is known by then is reported, and the exit "
                 "status is 3 (default: many times what its phases should take)")
      ->type_name("SECONDS")
      ->check(CLI::Range(1.0, 864000.0));
  add_output_options(app, options->out, Serves::Run);
  app.add_flag("--histogram", options->out.histogram,
               "Text: how the times of each benchmark are distributed, on a line each");
  app.add_option("--channel", options->channel,
                 "Also write the report to DEVICE, while it comes about, in numbered lines with "
                 "checksums, which a serial line can lose but not change; -: standard output, as "
                 "on a console. nsbench report --from-console reads them")
      ->type_name("DEVICE");
  add_google_flags(app, options);
  return [options](const std::string& command_line) { return run(*options, command_line); };
}

}  // namespace nsbench::cli
