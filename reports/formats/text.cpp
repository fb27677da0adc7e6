#include "reports/formats/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "reports/formats/terminal.h"
#include "reports/formats/text_parts.h"
#include "reports/gate.h"
#include "reports/printable.h"

namespace nsbench {
namespace text {

std::string heading(std::string_view title, const TextOptions& options) {
  return paint(title, Tone::Strong, options.color) + '\n';
}

std::string field(std::string_view key, std::string_view text, std::size_t key_width,
                  const TextOptions& options) {
  const std::size_t indent = key_width + 4;
  const std::string label = fmt::format("  {:<{}}", key, key_width + 2);
  const auto width = static_cast<std::size_t>(options.width);
  return paint(label, Tone::Faint, options.color) + wrap(text, width, indent, indent) + '\n';
}

std::string grouped(std::uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", grouped(count), count == 1 ? one : many);
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

std::size_t rank(std::string_view name) {
  constexpr std::array<std::string_view, 11> order{"pid",    "uts",  "mnt",  "ipc",   "user", "net",
                                                   "cgroup", "time", "nsfs", "calls", "all"};
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), name) - order.begin());
}

std::weak_ordering natural_order(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto digits = [&](std::string_view text) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                    text.begin());
  };
  while (!a.empty() && !b.empty()) {
    const std::size_t a_digits = digits(a);
    const std::size_t b_digits = digits(b);
    if (a_digits != b_digits && a_digits > 0 && b_digits > 0) return a_digits <=> b_digits;
    if (a.front() != b.front()) return a.front() <=> b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() <=> b.size();
}

}  // namespace text

namespace {

// All of the capabilities that the kernel knows: a run of ones from bit 0.
bool is_full_set(std::string_view hex) {
  std::uint64_t bits = 0;
  const auto [end, error] = std::from_chars(hex.data(), hex.data() + hex.size(), bits, 16);
  return error == std::errc() && end == hex.data() + hex.size() && bits != 0 &&
         (bits & (bits + 1)) == 0;
}

std::string privileges(const Environment& environment) {
  std::string who = environment.uid == 0 ? "root" : fmt::format("uid {}", environment.uid);
  if (!environment.missing_capabilities.empty()) {
    who += fmt::format(" without {}", printable(environment.missing_capabilities));
  } else if (environment.uid == 0 && !is_full_set(environment.capabilities)) {
    who += fmt::format(" with capabilities {}", printable(environment.capabilities));
  }
  if (!environment.initial_user_namespace) who += ", inside a user namespace";
  return who;
}

std::string header(const Report& report, const TextOptions& options) {
  const KernelInfo& kernel = report.kernel;
  const std::string& hypervisor = report.environment.virtualisation;
  std::string machine =
      fmt::format("Linux {} {}", printable(kernel.release), printable(kernel.machine));
  if (hypervisor == "none") {
    machine += ", not virtualised";
  } else if (!hypervisor.empty()) {
    machine += fmt::format(", on {}", printable(hypervisor));
  }
  if (kernel.engine != "bare") machine += fmt::format(", booted by {}", printable(kernel.engine));
  machine += ", " + privileges(report.environment);
  std::string run = fmt::format("nsbench {}", printable(report.run.version));
  if (!report.run.suite.empty()) run += fmt::format(", suite {}", printable(report.run.suite));
  run += fmt::format(", seed {}, {:.1f} s, {}", report.run.seed, report.run.seconds,
                     printable(report.run.started));
  const auto width = static_cast<std::size_t>(options.width);
  return paint(wrap(machine, width, 2, 0), Tone::Strong, options.color) + '\n' +
         paint(wrap(run, width, 2, 0), Tone::Faint, options.color) + '\n';
}

std::string warnings(const Report& report, const TextOptions& options) {
  if (report.warnings.empty()) return {};
  std::size_t key_width = 0;
  for (const Warning& warning : report.warnings) {
    key_width = std::max(key_width, display_width(printable(warning.code)));
  }
  std::string out = text::heading("Warnings", options);
  for (const Warning& warning : report.warnings) {
    out += text::field(printable(warning.code), printable(warning.text), key_width, options);
  }
  return out;
}

// What was done, in numbers: "160 cases, 12 skipped, 42 benchmarks timed".
std::string extent(const Summary& summary) {
  std::vector<std::string> parts;
  const int cases = summary.pass + summary.fail + summary.broken;
  const int timed = summary.series - summary.series_failed - summary.series_skipped;
  const auto number = [](int count) { return static_cast<std::uint64_t>(count); };
  if (cases > 0) parts.push_back(text::counted(number(cases), "case", "cases"));
  if (summary.controls_total > 0) {
    parts.push_back(
        fmt::format("{} of {} leaked", text::grouped(number(summary.controls_leaked)),
                    text::counted(number(summary.controls_total), "control", "controls")));
  }
  if (timed > 0) {
    parts.push_back(text::counted(number(timed), "benchmark", "benchmarks") + " timed");
  }
  const int skipped = summary.skip + summary.series_skipped;
  if (skipped > 0) parts.push_back(fmt::format("{} skipped", text::grouped(number(skipped))));
  return text::joined(parts, ", ");
}

struct Headline {
  std::string text;
  Tone tone = Tone::Plain;
};

Headline headline(const Decision& decision, const Summary& summary) {
  const int code = static_cast<int>(decision.code);
  if (decision.code == ExitCode::Failed) {
    return {fmt::format("ISOLATION IS BROKEN: {}; exit {}", decision.reasons.front(), code),
            Tone::Bad};
  }
  if (decision.code != ExitCode::Ok) {
    return {fmt::format("could not tell: {}; exit {}", decision.reasons.front(), code),
            Tone::Doubt};
  }
  const bool checked = summary.pass > 0;
  return {fmt::format("{}: {}; exit {}", checked ? "isolation holds" : "timed, nothing checked",
                      extent(summary), code),
          Tone::Good};
}

template <class Results, class Predicate>
std::optional<std::string> first_id(const Results& results, Predicate wanted) {
  const auto found = std::find_if(results.begin(), results.end(), wanted);
  if (found == results.end()) return std::nullopt;
  return found->id.with_control(false).str();  // a rerun brings the control along
}

// The first of what explains the decision: a failure, then a broken case or control, then a
// benchmark that failed.
std::optional<std::string> worth_a_rerun(const Report& report) {
  const auto with = [&](VerdictKind verdict) {
    return first_id(report.cases,
                    [&](const CaseResult& result) { return result.verdict == verdict; });
  };
  if (const auto failed = with(VerdictKind::Fail)) return failed;
  if (const auto broken = with(VerdictKind::Broken)) return broken;
  return first_id(report.series,
                  [](const Series& series) { return !series.skip && !series.is_result(); });
}

// The next useful command; empty if there is none that we know.
std::string next_command(const Report& report, const Decision& decision) {
  if (const auto id = worth_a_rerun(report)) return fmt::format("nsbench rerun {}", *id);
  if (decision.code == ExitCode::Unknown) {
    return report.environment.uid == 0 ? "" : "sudo nsbench, to check what needs root";
  }
  const bool saved = report.run.command.find("--json") != std::string::npos;
  return saved ? "" : "nsbench --json=base.json, to save a report to compare with";
}

std::string verdict(const Report& report, const TextOptions& options) {
  const Decision decision = decide(report);
  const Headline line = headline(decision, summarise(report));
  const auto width = static_cast<std::size_t>(options.width);
  std::string out = paint(wrap(line.text, width, 2, 0), line.tone, options.color) + '\n';
  for (std::size_t i = 1; i < decision.reasons.size(); ++i) {
    out += wrap("also: " + decision.reasons[i], width, 6, 0) + '\n';
  }
  const std::string next = next_command(report, decision);
  return next.empty() ? out : out + fmt::format("next: {}\n", next);
}

}  // namespace

std::string to_text(const Report& report, const TextOptions& options) {
  TextOptions fitting = options;
  fitting.width = std::clamp(options.width, 40, 400);
  std::string out = header(report, fitting);
  for (const std::string& part :
       {text::isolation(report, fitting), text::failures(report, fitting),
        text::timings(report, fitting), text::histograms(report, fitting),
        text::environment(report, fitting), text::skipped(report, fitting),
        warnings(report, fitting), verdict(report, fitting)}) {
    if (!part.empty()) out += '\n' + part;
  }
  return out;
}

}  // namespace nsbench
