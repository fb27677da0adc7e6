#include "reports/formats/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/formats/terminal.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/gate.h"
#include "reports/printable.h"

namespace nsbench {
namespace text {

Tone tone_of(ExitCode code) {
  if (code == ExitCode::Ok) return Tone::Good;
  return code == ExitCode::Failed ? Tone::Bad : Tone::Doubt;
}

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

std::string header(const Report& report, const TextOptions& options) {
  const auto width = static_cast<std::size_t>(options.width);
  return paint(wrap(words::machine(report), width, 2, 0), Tone::Strong, options.color) + '\n' +
         paint(wrap(words::run(report.run), width, 2, 0), Tone::Faint, options.color) + '\n';
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

std::string verdict(const Report& report, const Decision& decision, const TextOptions& options) {
  const std::string line = fmt::format("{}; exit {}", words::headline(report, decision),
                                       static_cast<int>(decision.code));
  const auto width = static_cast<std::size_t>(options.width);
  std::string out =
      paint(wrap(line, width, 2, 0), text::tone_of(decision.code), options.color) + '\n';
  for (std::size_t i = 1; i < decision.reasons.size(); ++i) {
    out += wrap("also: " + decision.reasons[i], width, 6, 0) + '\n';
  }
  const std::string next = words::next_command(report, decision);
  return next.empty() ? out : out + fmt::format("next: {}\n", next);
}

}  // namespace

std::string to_text(const Report& report, const TextOptions& options, const Judging& by) {
  TextOptions fitting = options;
  fitting.width = std::clamp(options.width, 40, 400);
  const Ruling judged = judge(report, by);
  std::string out = header(report, fitting);
  for (const std::string& part :
       {text::isolation(report, fitting), text::failures(report, fitting),
        text::timings(report, fitting), text::proportions(report, fitting),
        text::histograms(report, fitting), text::environment(report, fitting),
        text::skipped(report, fitting), warnings(report, fitting), text::policy(judged, fitting),
        text::kernel(report, fitting), verdict(report, judged.decision, fitting)}) {
    if (!part.empty()) out += '\n' + part;
  }
  return out;
}

}  // namespace nsbench
