// nsbench gate: may a new kernel take the place of a base one? Isolation and times, as an exit
// code.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "reports/compare.h"
#include "reports/file.h"
#include "reports/json.h"
#include "reports/policy.h"
#include "reports/printable.h"
#include "reports/terminal_filter.h"
#include "suites/cli/command.h"
#include "suites/cli/gate_matrix.h"
#include "suites/cli/gate_sides.h"
#include "suites/cli/outputs.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"
#include "suites/suite.h"

namespace nsbench::cli {

namespace {

namespace fs = std::filesystem;

struct Options {
  std::vector<std::string> base, now;
  KernelOptions base_kernel, new_kernel;
  MachineOptions machine;
  GatePlan plan;
  std::string matrix;
  std::string update_base;
  double threshold = 1;  // percent
  double alpha = 0.01;
  bool checks_only = false;
  bool benchmarks_only = false;
  bool bisect = false;
  OutputOptions out;
};

// A gate's answer about one kernel, before exit codes are translated.
struct Answer {
  ExitCode code = ExitCode::Unknown;
  std::string sentence;
};

// Text of ours goes where it does not get into a document.
void say(const std::vector<Output>& outputs, const std::string& text) {
  const bool in_the_way = std::any_of(outputs.begin(), outputs.end(), [](const Output& output) {
    return output.path == "-" && output.format->name != "text";
  });
  fmt::print(in_the_way ? stderr : stdout, "{}\n", printable_lines(text));
  std::fflush(nullptr);
}

std::string_view verdict_of(ExitCode code) {
  switch (code) {
    case ExitCode::Ok:
      return "PASS";
    case ExitCode::Failed:
      return "FAIL";
    case ExitCode::Usage:
    case ExitCode::Unknown:
      break;
  }
  return "CAN'T TELL";
}

// The reports become the new base: DIR/1.json and so on, and none of an older base beside them.
Status update_base(const std::string& directory, const std::vector<Report>& reports) {
  std::error_code failed;
  fs::create_directories(directory, failed);
  if (failed) return Error{fmt::format("mkdir({})", directory), failed.value()};
  std::size_t number = 0;
  for (const Report& report : reports) {
    const std::string path = fmt::format("{}/{:02}.json", directory, ++number);
    if (Status written = write_file(path, to_json(report)); !written) return written;
  }
  while (fs::remove(fmt::format("{}/{:02}.json", directory, ++number), failed)) {
  }
  return {};
}

std::string lines(std::string_view head, const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += fmt::format("\n  {}{}", head, item);
  return text;
}

class Gate {
 public:
  Gate(const Options& options, std::optional<Policy> policy, const std::string& command_line)
      : options_(options), policy_(std::move(policy)), plan_(options.plan) {
    plan_.checks = !options.benchmarks_only;
    plan_.benchmarks = !options.checks_only;
    plan_.clock = options.machine.clock;
    plan_.command = command_line;
    plan_.stop = stop_on_signals();
  }

  Result<GateSide> open_base() const {
    return GateSide::open(options_.base, options_.base_kernel, options_.machine, plan_.stop);
  }
  [[nodiscard]] bool is_stopped() const { return *plan_.stop != 0; }

  // Measures, decides, prints the verdict and writes what was asked for.
  Result<Answer> run(const GateSide& base, const std::vector<std::string>& now_paths,
                     const KernelOptions& now_kernel, const OutputOptions& out,
                     std::vector<Report>* measured_base) const {
    const Result<std::vector<Output>> outputs = outputs_of(out, Serves::Compare);
    if (!outputs) return outputs.error();
    Result<GateSide> now = GateSide::open(now_paths, now_kernel, options_.machine, plan_.stop);
    if (!now) return now.error();
    Result<Gated> gated = measure_sides(base, *now, plan_, options_.machine);
    if (!gated) return gated.error();
    Answer answer = decide_about(*gated, base, *now, *outputs, out);
    if (measured_base != nullptr && gated->base_troubles.empty()) *measured_base = gated->base;
    if (!options_.update_base.empty() && gated->now_troubles.empty() && !is_stopped()) {
      if (Status updated = update_base(options_.update_base, gated->now); !updated) {
        return updated.error();
      }
      say(*outputs, fmt::format("the base is now {}, in {}", now->name, options_.update_base));
    }
    return answer;
  }

 private:
  [[nodiscard]] Judging judging() const {
    return {.policy = policy_ ? &*policy_ : nullptr, .today = today()};
  }

  [[nodiscard]] CompareOptions how() const {
    CompareOptions how{.threshold = options_.threshold / 100, .alpha = options_.alpha};
    if (policy_) how.thresholds = thresholds_of(*policy_);
    return how;
  }

  Answer decide_about(const Gated& gated, const GateSide& base, const GateSide& now,
                      const std::vector<Output>& outputs, const OutputOptions& out) const {
    if (gated.base.empty() || gated.now.empty()) {
      return dead(gated, base, now, outputs);
    }
    Result<Comparison> comparison = compare(gated.base, gated.now, how());
    if (!comparison) {
      Answer answer{ExitCode::Unknown, comparison.error().str()};
      say(outputs,
          fmt::format("{}: {}{}", verdict_of(answer.code), answer.sentence, troubles_of(gated)));
      return answer;
    }
    Ruling judged = policy_ ? judge(*comparison, gated.now, *policy_, today())
                            : Ruling{.decision = decide(*comparison)};
    // What was not begun any more left no trouble.
    if (is_stopped()) add_reason(judged.decision, ExitCode::Unknown, "the gate was interrupted");
    if (!gated.whole()) {
      add_reason(judged.decision, ExitCode::Unknown, "a kernel did not come to its end");
    }
    comparison->ruled = judged.decision;
    Answer answer{judged.decision.code, ""};
    answer.sentence =
        judged.decision.reasons.empty() ? all_well(*comparison) : judged.decision.reasons.front();
    say(outputs, verdict_text(judged, answer, gated));
    const Compared compared{*comparison, gated.base, gated.now};
    const Status written = write_outputs(outputs, out, judging(),
                                         [&](const Format& format, const FormatOptions& form) {
                                           return format.of_comparison(compared, form);
                                         });
    if (!written) answer.code = cant_write(written.error());
    return answer;
  }

  [[nodiscard]] static Answer dead(const Gated& gated, const GateSide& base, const GateSide& now,
                                   const std::vector<Output>& outputs) {
    const bool new_is_dead = gated.now.empty();
    Answer answer{ExitCode::Unknown, fmt::format("no report came back from {} ({})",
                                                 new_is_dead ? "the new kernel" : "the base",
                                                 new_is_dead ? now.name : base.name)};
    say(outputs,
        fmt::format("{}: {}{}", verdict_of(answer.code), answer.sentence, troubles_of(gated)));
    return answer;
  }

  static std::string troubles_of(const Gated& gated) {
    return lines("base: ", gated.base_troubles) + lines("new: ", gated.now_troubles);
  }

  static std::string all_well(const Comparison& comparison) {
    std::size_t decided = 0;
    for (const SeriesComparison& series : comparison.series) decided += series.decided() ? 1 : 0;
    return fmt::format("{} holds what {} does{}", comparison.now.release, comparison.base.release,
                       comparison.series.empty()
                           ? ""
                           : fmt::format("; {} of {} benchmarks could be told, none is slower",
                                         decided, comparison.series.size()));
  }

  // What the policy knows of, which does not count or counts again.
  static std::vector<std::string> notes_of(const Ruling& ruling) {
    std::vector<std::string> notes;
    const auto tell = [&notes](const char* what, const std::vector<KnownCase>& cases) {
      for (const KnownCase& known : cases) {
        notes.push_back(fmt::format("{} {}: {}", what, known.id.str(), known.str()));
      }
    };
    tell("fails, as known:", ruling.xfail);
    tell("holds, though it is known to fail:", ruling.xpass);
    tell("fails, and the issue has expired:", ruling.expired);
    for (const std::string& id : ruling.unexpected_skips) {
      notes.push_back("skipped, and must not be: " + id);
    }
    for (const std::string& id : ruling.undecided) notes.push_back("must be decided: " + id);
    for (const std::string& splat : ruling.allowed_splats) {
      notes.push_back("allowed on the console: " + splat);
    }
    return notes;
  }

  static std::string verdict_text(const Ruling& judged, const Answer& answer, const Gated& gated) {
    std::string text = fmt::format("{}: {}", verdict_of(answer.code), answer.sentence);
    for (std::size_t i = 1; i < judged.decision.reasons.size(); ++i) {
      text += "\n  " + judged.decision.reasons[i];
    }
    return text + lines("policy: ", notes_of(judged)) + troubles_of(gated);
  }

  const Options& options_;
  std::optional<Policy> policy_;
  GatePlan plan_;
};

ExitCode usage(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

// Each kernel of the matrix against the one base, which is measured once where the clock allows it.
ExitCode run_matrix(const Options& options, const Gate& gate, GateSide& base) {
  const Result<std::vector<MatrixKernel>> kernels = read_matrix(options.matrix);
  if (!kernels) return usage(kernels.error());
  if (Status distinct = check_matrix_outputs(options.out, *kernels); !distinct) {
    return usage(distinct.error());
  }
  ExitCode worst = ExitCode::Ok;
  std::vector<std::pair<std::string, Answer>> rows;
  for (const MatrixKernel& kernel : *kernels) {
    if (gate.is_stopped()) {
      rows.emplace_back(kernel.name, Answer{ExitCode::Unknown, "the gate was interrupted"});
      worst = worse(worst, ExitCode::Unknown);
      continue;
    }
    fmt::print("=== {}\n", printable(kernel.name));
    std::vector<Report> measured;
    const Result<Answer> answer = gate.run(base, {kernel.options.image}, kernel.options,
                                           outputs_for(options.out, kernel.name), &measured);
    if (!answer) {
      complain(answer.error().str());
      rows.emplace_back(kernel.name, Answer{ExitCode::Usage, answer.error().str()});
    } else {
      rows.emplace_back(kernel.name, *answer);
    }
    worst = worse(worst, rows.back().second.code);
    // Instruction counts of the base are as good for the next kernel.
    const bool counted = std::any_of(measured.begin(), measured.end(), [](const Report& report) {
      return !report.series.empty() && report.kernel.clock == "instructions";
    });
    if (base.kernel && counted) {
      base.reports = std::move(measured);
      base.kernel.reset();
    }
  }
  fmt::print("\n{:<24} {}\n", "kernel", "verdict");
  for (const auto& [name, answer] : rows) {
    fmt::print("{:<24} {}: {}\n", printable(name), verdict_of(answer.code),
               printable(answer.sentence));
  }
  return worst;
}

ExitCode gate(const Options& options, const std::string& command_line) {
  keep_rights_of_harness();
  if (options.now.empty() == options.matrix.empty()) {
    return usage(Error{"the new side is given by --new, or by --matrix"});
  }
  Result<std::optional<Policy>> policy = policy_of(options.out);
  if (!policy) return usage(policy.error());
  const Gate gate(options, std::move(*policy), command_line);
  Result<GateSide> base = gate.open_base();
  if (!base) return usage(base.error());
  if (!options.matrix.empty()) return run_matrix(options, gate, *base);
  const Result<Answer> answer =
      gate.run(*base, options.now, options.new_kernel, options.out, nullptr);
  if (answer) return answer->code;
  // A commit that does not build leaves no image: for git bisect that is a commit to be skipped.
  if (options.bisect && answer.error().err == ENOENT) {
    complain(answer.error().str());
    return ExitCode::Unknown;
  }
  return usage(answer.error());
}

void add_side(CLI::App& app, const std::string& name, const std::string& who,
              std::vector<std::string>& paths, KernelOptions& kernel) {
  app.add_option(
         "--" + name, paths,
         fmt::format("{}: a kernel image, or reports that were saved (files, or directories "
                     "of *.json)",
                     who))
      ->type_name("KERNEL|REPORT...");
  app.add_option(fmt::format("--{}-append", name), kernel.append,
                 "Append this to its command line: one image can be gated with two")
      ->type_name("WORDS");
  app.add_option(fmt::format("--{}-modules", name), kernel.modules,
                 "Its modules (default: found beside the image)")
      ->type_name("DIR");
  app.add_option(fmt::format("--{}-config", name), kernel.config,
                 "Its configuration (default: found in the image, or beside it)")
      ->type_name("FILE");
}

void add_measuring(CLI::App& app, Options& options) {
  std::vector<std::string> suites;
  for (const Suite& suite : all_suites) suites.emplace_back(suite.name);
  app.add_option("--suite", options.plan.suite, "Which benchmarks")
      ->check(CLI::IsMember(suites))
      ->capture_default_str();
  app.add_option("--filter", options.plan.filter,
                 "Only cases whose id matches this regular expression")
      ->type_name("REGEX");
  CLI::Option* const checks = app.add_flag("--checks-only", options.checks_only, "No benchmarks");
  app.add_flag("--benchmarks-only", options.benchmarks_only, "No checks")->excludes(checks);
  app.add_option("--boots", options.plan.boots,
                 "Boots of each kernel for its benchmarks (default: 3 by instructions, 8 by the "
                 "clock)")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  app.add_option("--budget", options.plan.budget,
                 "Seconds of a kernel's own time for its benchmarks, over all its boots")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.5, 86400.0));
  app.add_option("--threshold", options.threshold,
                 "A change counts only if it is over this many percent, where the policy has no "
                 "other limit")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--alpha", options.alpha, "The chance of one false alarm among all benchmarks")
      ->type_name("P")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
}

}  // namespace

Action add_gate(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  add_side(app, "base", "What is there now", options->base, options->base_kernel);
  app.get_option("--base")->required();
  add_side(app, "new", "What is to take its place", options->now, options->new_kernel);
  app.add_option(
         "--matrix", options->matrix,
         "In place of --new: a file that lists several kernels, each gated against the base")
      ->type_name("FILE");
  app.add_option("--policy", options->out.policy,
                 "Limits, known issues and allowed skips (ci/policy.json is one)")
      ->type_name("FILE");
  app.add_option("--update-base", options->update_base,
                 "Make the new side the base of the next gate: write its reports to DIR")
      ->type_name("DIR");
  app.add_flag("--bisect", options->bisect,
               "Exit as git bisect run wants it: 0 good, 1 bad, 125 can't be told, 128 stop");
  add_measuring(app, *options);
  add_machine_options(app, options->machine);
  add_output_options(app, options->out, Serves::Compare);
  app.footer(
      "nsbench gate --base KERNEL --new KERNEL\n\n"
      "Boots both, compares isolation and times, and prints the verdict first. By instructions "
      "(QEMU's TCG), where there is no KVM: what else the machine does is not seen. By the wall "
      "clock under KVM and on User-Mode Linux: both kernels at once, in lock step.\n\n"
      "Exit status: 0 it may; 1 it may not: isolation broke, the kernel is not well, or a "
      "benchmark "
      "got slower; 2 usage; 3 it can't be told: no boot, no whole report, lost coverage.");
  return [options](const std::string& command_line) {
    const ExitCode code = gate(*options, command_line);
    return options->bisect ? static_cast<ExitCode>(bisect_status(code)) : code;
  };
}

}  // namespace nsbench::cli
