#include "reports/formats/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/formats/comparison_parts.h"
#include "reports/formats/html/comparison.h"
#include "reports/formats/html/document.h"
#include "reports/formats/html/isolation.h"
#include "reports/formats/html/timings.h"
#include "reports/formats/markup.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/gate.h"

namespace nsbench {
namespace {

using html::section;
using markup::xml;

using Fields = std::vector<std::pair<std::string, std::string>>;

Fields facts(const Report& report) {
  Fields all = text::surroundings(report);
  const auto add = [&all](const char* key, const std::string& value) {
    if (!value.empty()) all.emplace_back(key, value);
  };
  add("kernel", report.kernel.version);
  add("command line", report.kernel.cmdline);
  add("machine id", report.kernel.machine_id);
  add("boot id", report.kernel.boot_id);
  add("clock", report.kernel.clock);
  add("command", report.run.command);
  return all;
}

std::string environment(const Report& report) {
  std::string out = "<dl class=keys>\n";
  for (const auto& [key, value] : facts(report)) {
    out += fmt::format("<dt>{}<dd>{}\n", xml(key), xml(value));
  }
  return out + "</dl>\n";
}

// Both in one table; what differs is marked.
std::string environments(const Report& base, const Report& now) {
  const Fields before = facts(base);
  Fields after = facts(now);
  std::string out =
      "<div class=wide><table class=sides>\n<thead><tr><td><th scope=col>base<th "
      "scope=col>new</thead>\n<tbody>\n";
  const auto row = [&out](const std::string& key, const std::string& a, const std::string& b) {
    out += fmt::format("<tr{}><th scope=row>{}<td>{}<td>{}\n", a == b ? "" : " class=differs",
                       xml(key), xml(a), xml(b));
  };
  for (const auto& [key, value] : before) {
    const auto other = std::find_if(after.begin(), after.end(),
                                    [&key = key](const auto& one) { return one.first == key; });
    row(key, value, other == after.end() ? "" : other->second);
    if (other != after.end()) after.erase(other);
  }
  for (const auto& [key, value] : after) row(key, "", value);
  return out + "</tbody></table></div>\n";
}

std::vector<Splat> compared_splats(const Comparison& comparison) {
  std::vector<Splat> all;
  for (const ComparedSplat& one : comparison.splats) all.push_back(one.splat);
  return all;
}

// What to do about the gravest of it; empty if nothing needs to be done.
std::string next_step(const Comparison& comparison) {
  for (const Outcome outcome : {Outcome::Regressed, Outcome::Failing, Outcome::LostCoverage}) {
    for (const CaseComparison& one : comparison.cases) {
      if (one.outcome != outcome) continue;
      return one.after == "missing" ? "give the new side the suite and the filter of base"
                                    : "nsbench rerun " + one.id.str();
    }
  }
  for (const SeriesComparison* row : text::in_order(comparison)) {
    if (row->change == Change::Slower) return "nsbench rerun " + row->id.str();
    const std::string_view advice = words::advice(row->code);
    if (!row->decided() && !advice.empty()) return std::string(advice);
  }
  return {};
}

// With a table of contents of those sections that are there.
std::string body(const html::Verdict& verdict,
                 const std::vector<std::pair<std::string, std::string>>& filters,
                 const std::vector<std::tuple<const char*, const char*, std::string>>& sections) {
  std::string contents;
  std::string all;
  for (const auto& [id, title, content] : sections) {
    if (content.empty()) continue;
    contents += fmt::format("<li><a href=\"#{}\">{}</a>", id, title);
    all += section(id, title, content);
  }
  return html::header(verdict) + "<nav aria-label=\"Contents\"><ul>" + contents + "</ul></nav>\n" +
         html::filters(filters) + "<main>\n" + all + "</main>\n";
}

}  // namespace

std::string to_html(const Report& report, const Judging& by) {
  const Decision decision = judge(report, by).decision;
  const Summary summary = summarise(report);
  const html::Grid grid = html::grid_of(report);
  html::Verdict verdict{
      .decision = decision,
      .headline = words::headline(report, decision),
      .next = words::next_command(report, decision),
      .beware = {},
      .lines = {words::extent(summary), words::machine(report), words::run(report.run)}};
  if (decision.code == ExitCode::Ok) verdict.lines.erase(verdict.lines.begin());  // as the headline
  std::vector<std::pair<std::string, std::string>> shown;
  const auto show = [&shown](const char* name, int count, const char* title) {
    if (count > 0) shown.emplace_back(name, fmt::format("{} {}", text::grouped(count), title));
  };
  show("fail", summary.fail, "failed");
  show("broken", summary.broken, "broken");
  show("skip", summary.skip, "skipped");
  show("pass", summary.pass, "hold");
  nlohmann::json data = html::seen(grid);
  data["charts"] = html::charts(report);
  return html::document(
      fmt::format("nsbench: {} ({})", report.kernel.release, decision.id()),
      body(verdict, shown,
           {{"kernel", "The kernel was not well", html::kernel(splats_of(report.kernel))},
            {"failures", "What went wrong", html::failures(report)},
            {"isolation", "Isolation", html::matrix(grid)},
            {"timings", "Timings", html::timings(report)},
            {"skipped", "Skipped", html::skipped(report)},
            {"warnings", "Warnings", html::warnings(report.warnings)},
            {"environment", "Environment", environment(report)}}),
      data);
}

std::string to_html(const Comparison& comparison, std::span<const Report> base,
                    std::span<const Report> now) {
  const Decision decision = decide(comparison);
  const html::Side before = html::side_of(base);
  const html::Side after = html::side_of(now);
  html::Verdict verdict{.decision = decision,
                        .headline = words::headline(comparison, decision),
                        .next = next_step(comparison),
                        .beware = words::said_first(comparison),
                        .lines = {"base: " + words::side(comparison.base, comparison.sessions),
                                  "new: " + words::side(comparison.now, comparison.sessions),
                                  words::extent(comparison)}};
  std::vector<std::pair<std::string, std::string>> shown;
  for (const auto& [change, name, title] : {std::tuple(Change::Slower, "slower", "slower"),
                                            {Change::Faster, "faster", "faster"},
                                            {Change::CannotTell, "untold", "can't be told"},
                                            {Change::Same, "same", "the same"}}) {
    const auto count =
        std::count_if(comparison.series.begin(), comparison.series.end(),
                      [wanted = change](const auto& row) { return row.change == wanted; });
    if (count > 0) shown.emplace_back(name, fmt::format("{} {}", count, title));
  }
  const nlohmann::json data = {{"pairs", html::pairs(comparison, before, after)}};
  return html::document(
      fmt::format("nsbench: {} against {} ({})", comparison.now.release, comparison.base.release,
                  decision.id()),
      body(verdict, shown,
           {{"kernel", "The new kernel was not well", html::kernel(compared_splats(comparison))},
            {"outcomes", "Isolation and coverage", html::outcomes(comparison, before, after)},
            {"changes", "Timings", html::changes(comparison, before, after)},
            {"families", "Families", html::families(comparison)},
            {"untold", "What can't be told, and why", html::untold(comparison)},
            {"warnings", "Warnings", html::warnings(comparison.warnings)},
            {"environment", "Environment", environments(base.front(), now.front())}}),
      data);
}

}  // namespace nsbench
