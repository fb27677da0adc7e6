// nsbench compare: what changed between two sets of reports, saved or measured on the spot.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reports/compare.h"
#include "suites/cli/command.h"
#include "suites/cli/compare_run.h"
#include "suites/cli/outputs.h"
#include "suites/cli/rights.h"
#include "suites/cli/saved_reports.h"

namespace nsbench::cli {

namespace {

struct Options {
  std::vector<std::string> base;
  std::vector<std::string> now;
  double threshold = 1;  // percent
  double margin = 0;     // percent; 0: three times the threshold
  double alpha = 0.01;
  bool force = false;
  OutputOptions out;
  CompareRunOptions measure;
};

// What is compared: reports of both sides, wherever they come from.
struct Sides {
  std::vector<Report> base, now;
};

Result<Sides> saved_sides(Options options) {
  if (options.now.empty() && options.base.size() == 2) {  // nsbench compare base.json new.json
    options.now.push_back(options.base.back());
    options.base.pop_back();
  }
  if (options.base.empty() || options.now.empty()) {
    return Error{fmt::format(
        "{} {} given; which is the new side? nsbench compare BASE.json... -- NEW.json...",
        options.base.size(), options.base.size() == 1 ? "report is" : "reports are")};
  }
  Result<std::vector<Report>> base = read_reports(options.base);
  if (!base) return base.error();
  Result<std::vector<Report>> now = read_reports(options.now);
  if (!now) return now.error();
  return Sides{std::move(*base), std::move(*now)};
}

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

ExitCode compare_sides(const Sides& sides, const Options& options,
                       const std::vector<Output>& outputs) {
  const CompareOptions how{.threshold = options.threshold / 100,
                           .margin = options.margin / 100,
                           .alpha = options.alpha,
                           .force = options.force};
  const Result<Comparison> comparison = compare(sides.base, sides.now, how);
  if (!comparison) return fail(comparison.error());
  const Compared compared{*comparison, sides.base, sides.now};
  const Status written = write_outputs(outputs, options.out, {},
                                       [&compared](const Format& format, const FormatOptions& how) {
                                         return format.of_comparison(compared, how);
                                       });
  if (!written) return cant_write(written.error());
  return decide(*comparison).code;
}

// The first report is the base; what follows is compared with it.
Result<Sides> measured_sides(const Options& options, const std::string& command_line) {
  if (!options.base.empty() || !options.now.empty()) {
    return Error{"--run measures both sides, and takes no saved reports beside them"};
  }
  Result<std::vector<Report>> reports = measure_in_lockstep(options.measure, command_line);
  if (!reports) return reports.error();
  Sides sides;
  sides.base.push_back(std::move(reports->front()));
  sides.now.assign(std::make_move_iterator(reports->begin() + 1),
                   std::make_move_iterator(reports->end()));
  return sides;
}

ExitCode run(const Options& options, const std::string& command_line) {
  ::signal(SIGPIPE, SIG_IGN);
  if (!options.measure.wanted()) keep_rights_over_files();
  const Result<std::vector<Output>> outputs = outputs_of(options.out, Serves::Compare);
  if (!outputs) return fail(outputs.error());
  const Result<Sides> sides =
      options.measure.wanted() ? measured_sides(options, command_line) : saved_sides(options);
  keep_rights_over_files();
  return sides ? compare_sides(*sides, options, *outputs) : fail(sides.error());
}

void add_rule(CLI::App& app, Options& options) {
  app.add_option("--threshold", options.threshold,
                 "A change counts only if it is over this many percent")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--margin", options.margin,
                 "Same: no change over this many percent either way (default: three times the "
                 "threshold; 15 by an emulator's wall clock)")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.001, 1000.0));
  app.add_option("--alpha", options.alpha,
                 "The chance of one false alarm among all benchmarks; intervals are at 1 - alpha")
      ->type_name("P")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  app.add_flag("--force", options.force,
               "Compare times of different machines, engines or workload versions all the same");
}

}  // namespace

Action add_compare(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.add_option("BASE", options->base, "Reports of the base (nsbench run --json=FILE)");
  app.add_option("--new", options->now,
                 "Reports of what is compared with it: what stands behind --. Of two reports "
                 "without --, the second")
      ->type_name("NEW.json...");
  add_run_options(app, options->measure);
  add_rule(app, *options);
  add_output_options(app, options->out, Serves::Compare);
  app.footer(
      "nsbench compare BASE.json... -- NEW.json...\n"
      "nsbench compare --run COMMAND --run COMMAND\n\n"
      "Joins both sides by case id. Reports of one measurement in lock step are compared batch by "
      "batch; reports that were taken at different times need eight of each side, and instruction "
      "counts one. Whatever can't be told says why.\n\n"
      "Exit status: 1 if a benchmark is slower, or a check fails that did not; 2 for usage, bad "
      "input and sides without a common case; 3 if a case is no longer covered, a run was "
      "interrupted, or not one benchmark (or check) that both have could be told; else 0, even if "
      "single benchmarks can't be told.");
  return [options](const std::string& command_line) { return run(*options, command_line); };
}

}  // namespace nsbench::cli
