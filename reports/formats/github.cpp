#include "reports/formats/github.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/formats/comparison_parts.h"
#include "reports/formats/markdown.h"
#include "reports/formats/splats.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/gate.h"
#include "reports/printable.h"

namespace nsbench {
namespace {

constexpr std::size_t shown_of_a_kind = 10;

// The data of a workflow command, on one line. Of a property colons and commas are escaped too.
std::string escaped(std::string_view text, bool property = false) {
  std::string out;
  for (const char c : printable(text, 2000)) {
    if (c == '%') {
      out += "%25";
    } else if (property && (c == ':' || c == ',')) {
      out += c == ':' ? "%3A" : "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

// The runner takes ##[error] for a command wherever in a line it stands (its first syntax); in what
// is quoted as code, nothing else would keep it from that.
std::string defused(std::string text) {
  constexpr std::string_view command = "##[";
  for (std::size_t at = text.find(command); at != std::string::npos; at = text.find(command, at)) {
    text.insert(at + command.size() - 1, 1, ' ');
  }
  return text;
}

class Annotations {
 public:
  void error(std::string_view title, const std::vector<std::string>& lines) {
    add("error", errors_, title, lines);
  }
  void warning(std::string_view title, const std::vector<std::string>& lines) {
    add("warning", warnings_, title, lines);
  }
  // With what the limit left out, and `summary` in a group of its own.
  [[nodiscard]] std::string with(const std::string& summary) const {
    std::string out = text_;
    for (const auto& [count, kind] : {std::pair(errors_, "error"), {warnings_, "warning"}}) {
      if (count > shown_of_a_kind) {
        out += fmt::format("::notice title=nsbench::{} more {}s are in the summary\n",
                           count - shown_of_a_kind, kind);
      }
    }
    return out + "::group::nsbench summary\n" + defused(summary) + "::endgroup::\n";
  }

 private:
  void add(const char* kind, std::size_t& count, std::string_view title,
           const std::vector<std::string>& lines) {
    if (++count > shown_of_a_kind) return;
    text_ += fmt::format("::{} title={}::", kind, escaped(title, true));
    for (std::size_t i = 0; i < lines.size(); ++i)
      text_ += (i > 0 ? "%0A" : "") + escaped(lines[i]);
    text_ += '\n';
  }

  std::string text_;
  std::size_t errors_ = 0, warnings_ = 0;
};

std::vector<std::string> lines_of(const text::Alike& alike) {
  std::vector<std::string> lines;
  for (const words::Finding& found : words::findings(*alike.first)) {
    if (!found.rule.empty()) lines.push_back(found.rule);
    lines.push_back(fmt::format("expected {}, observed {}", found.expected, found.observed));
  }
  if (alike.ids.size() > 1) lines.push_back(fmt::format("in {} cases", alike.ids.size()));
  lines.push_back("again: nsbench rerun " + alike.first->id.with_control(false).str());
  return lines;
}

void annotate(const Splat& splat, Annotations& out) {
  constexpr std::size_t lines_shown = 12;
  out.error("the kernel was not well: " + headline(splat), splats::lines(splat, lines_shown));
}

// Whether all that failed alike is known to the policy.
bool is_known(const text::Alike& failed, const Ruling& judged) {
  return std::all_of(failed.ids.begin(), failed.ids.end(), [&judged](const std::string& text) {
    const Result<CaseId> id = CaseId::parse(text);
    return id && find(judged.xfail, *id) != nullptr;
  });
}

void annotate(const Report& report, const Ruling& judged, Annotations& out) {
  if (splats::outcome_of(report.kernel, judged) == splats::Outcome::Unwell) {
    for (const Splat& splat : splats_of(report.kernel)) annotate(splat, out);
  }
  for (const text::Alike& failed : text::alike(report, VerdictKind::Fail)) {
    if (is_known(failed, judged)) continue;
    out.error(failed.first->id.str(), lines_of(failed));
  }
  for (const text::Alike& broken : text::alike(report, VerdictKind::Broken)) {
    out.warning(broken.first->id.str() + " could not be told", lines_of(broken));
  }
  for (const Series& series : report.series) {
    if (!series.skip && !series.is_result()) {
      out.warning(series.id.str() + " could not be timed", {series.error});
    }
  }
  if (report.run.interrupted) out.warning("nsbench", {"the run was interrupted"});
  for (const Warning& warning : report.warnings) out.warning(warning.code, {warning.text});
}

}  // namespace

std::string to_github(std::span<const Report> reports, const Judging& by) {
  Annotations out;
  std::string summary;
  for (const Report& report : reports) {
    annotate(report, judge(report, by), out);
    summary += (summary.empty() ? "" : "\n") + to_markdown(report, by);
  }
  return out.with(summary);
}

std::string to_github(const Comparison& comparison) {
  Annotations out;
  for (const ComparedSplat& one : comparison.splats) {
    if (one.is_new) annotate(one.splat, out);
  }
  for (const CaseComparison& one : comparison.cases) {
    const std::string states = fmt::format("{}, now {}", one.before, one.after);
    if (one.outcome == Outcome::Regressed || one.outcome == Outcome::Failing) {
      out.error(fmt::format("{} {}", one.id.str(), id(one.outcome)), {states});
    } else if (one.outcome == Outcome::LostCoverage) {
      out.warning(one.id.str() + " is no longer covered", {states});
    }
  }
  for (const SeriesComparison* series : text::in_order(comparison)) {
    if (series->change != Change::Slower) continue;
    const std::string interval = series->interval ? text::interval_of(*series->interval) : "";
    out.error(series->id.str() + " is slower",
              {fmt::format("{} ({})", text::change_of(*series->ratio), interval)});
  }
  for (const Warning& warning : comparison.warnings) out.warning(warning.code, {warning.text});
  return out.with(to_markdown(comparison));
}

}  // namespace nsbench
