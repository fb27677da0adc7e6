#include "reports/formats/html/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/formats/amount.h"
#include "reports/formats/comparison_parts.h"
#include "reports/formats/html/document.h"
#include "reports/formats/html/plot.h"
#include "reports/formats/html/timings.h"
#include "reports/formats/markup.h"
#include "reports/formats/text_parts.h"
#include "reports/formats/words.h"
#include "reports/statistics.h"

namespace nsbench::html {
namespace {

using markup::xml;

// As compare() ranks them where several reports have one case.
int gravity(const CaseResult& result) {
  switch (result.verdict) {
    case VerdictKind::Fail:
      return 3;
    case VerdictKind::Broken:
      return 2;
    case VerdictKind::Skip:
      return 1;
    case VerdictKind::Pass:
      break;
  }
  return 0;
}

std::string_view title(Outcome outcome) {
  switch (outcome) {
    case Outcome::Regressed:
      return "Regressed: held before, fails now";
    case Outcome::Failing:
      return "Fails now, and could not be told before";
    case Outcome::LostCoverage:
      return "Lost coverage: was decided, and is not now";
    case Outcome::Fixed:
      return "Fixed: failed before, holds now";
    case Outcome::GainedCoverage:
      return "Gained coverage: could not be told before, holds now";
    case Outcome::StillFailing:
      return "Fails on both sides";
    case Outcome::OnlyBefore:
      return "Only in base";
    case Outcome::OnlyAfter:
      return "Only in new";
    case Outcome::Unchanged:
      break;
  }
  return "Unchanged";
}

std::string_view tone(Outcome outcome) {
  switch (outcome) {
    case Outcome::Regressed:
    case Outcome::Failing:
      return "fail";
    case Outcome::LostCoverage:
    case Outcome::StillFailing:
      return "broken";
    case Outcome::Fixed:
    case Outcome::GainedCoverage:
      return "pass";
    default:
      return "skip";
  }
}

std::string_view tone(Change change) {
  switch (change) {
    case Change::Slower:
      return "slower";
    case Change::Faster:
      return "faster";
    case Change::Same:
      return "same";
    case Change::CannotTell:
      break;
  }
  return "untold";
}

// What one side saw of a check, where it is more than that all held.
std::string saw(const Side& side, const std::string& id, std::string_view name) {
  const auto found = side.checks.find(id);
  if (found == side.checks.end() || found->second->verdict == VerdictKind::Pass) return {};
  const CaseResult& result = *found->second;
  std::string out = fmt::format("<p class=side>{}: {}", name, nsbench::id(result.verdict));
  if (result.skip) out += fmt::format(", {}", xml(nsbench::title(*result.skip)));
  return out + "</p>" + findings(words::findings(result));
}

std::string outcome_entry(const std::string& id, std::string_view states, bool open,
                          const Side& base, const Side& now) {
  const std::string seen = saw(now, id, "new") + saw(base, id, "base");
  if (seen.empty()) {
    return fmt::format("<li data-id=\"{}\"><code>{}</code> <small>{}</small>\n", xml(id), xml(id),
                       xml(states));
  }
  return fmt::format(
      "<li data-id=\"{}\"><details{}><summary><code>{}</code> <small>{}</small>"
      "</summary>{}<p class=next>Again: {}</p></details>\n",
      xml(id), open ? " open" : "", xml(id), xml(states), seen, command("nsbench rerun " + id));
}

std::string outcome_group(Outcome outcome, const text::Outcomes::value_type::second_type& by_states,
                          const Side& base, const Side& now) {
  const bool grave = outcome == Outcome::Regressed || outcome == Outcome::Failing;
  constexpr std::size_t opened = 6;  // of the gravest, what was seen is shown at once
  std::size_t count = 0;
  std::string list;
  for (const auto& [states, ids] : by_states) {
    for (const std::string& id : ids) {
      list += outcome_entry(id, states, grave && count++ < opened, base, now);
    }
    if (!grave) count += ids.size();
  }
  const bool folded = count > 20 && !grave;
  return fmt::format(
      "<details class=\"outcome {}\"{}><summary><h3>{}</h3> {}</summary>\n"
      "<ul class=ids>{}</ul></details>\n",
      tone(outcome), folded ? "" : " open", title(outcome), count, list);
}

std::vector<double> pooled(const Side& side, const std::string& id) {
  std::vector<double> samples;
  const auto found = side.series.find(id);
  if (found == side.series.end()) return samples;
  for (const Series* series : found->second) {
    if (!series->is_result()) continue;
    samples.insert(samples.end(), series->samples.begin(), series->samples.end());
  }
  return samples;
}

// Far enough for what was decided; what can't be told may reach beyond.
LogAxis ratio_axis(const Comparison& comparison) {
  double decided = 0;
  double all = 0;
  for (const SeriesComparison& row : comparison.series) {
    if (!row.ratio) continue;
    all = std::max(all, std::abs(std::log(*row.ratio)));
    if (!row.decided()) continue;
    decided = std::max(decided, std::abs(std::log(*row.ratio)));
    if (!row.interval) continue;
    decided = std::max(
        {decided, std::abs(std::log(row.interval->low)), std::abs(std::log(row.interval->high))});
  }
  return LogAxis::around_one(1.1 * std::clamp(decided > 0 ? decided : all, 0.03, 1.4));
}

std::string word_cell(const SeriesComparison& row) {
  std::string out = fmt::format("<td class=\"word {}\"><b>{}</b>", tone(row.change),
                                xml(text::change_word(row.change)));
  if (!row.code.empty()) out += fmt::format(" <small>{}</small>", xml(row.code));
  return out;
}

std::string change_row(const SeriesComparison& row, const Comparison& comparison,
                       const LogAxis& axis, const std::vector<Tick>& ticks, const Side& base,
                       const Side& now) {
  const std::string id = row.id.str();
  std::string out = fmt::format("<tr class={}><th scope=row>{}", tone(row.change), html::name(id));
  out += word_cell(row);
  if (!row.ratio) return out + fmt::format("<td colspan=7>{}\n", xml(row.reason));
  const text::Unit unit = text::unit_for(std::min(row.base, row.now), row.unit);
  out += fmt::format(
      "<td class=n>{}{}<td class=n>{}<td class=plot>{}<td class=\"n minor\">{} {}<td class=\"n "
      "minor\">{} {}<td class=\"n minor\">{}",
      text::change_of(*row.ratio), row.drained ? "" : "*",
      row.interval ? text::interval_of(*row.interval) : "-",
      forest(axis, ticks, *row.ratio, row.interval, tone(row.change)), text::amount(row.base, unit),
      unit.name, text::amount(row.now, unit), unit.name, text::count_of(row, comparison.procedure));
  const std::vector<double> before = pooled(base, id);
  const std::vector<double> after = pooled(now, id);
  const Quantiles a = quantiles_of(before);
  const Quantiles b = quantiles_of(after);
  const LogAxis own({a.min, a.p99, b.min, b.p99});
  return out + "<td class=\"plot minor\">" + strip(own, {}, {a, b}) + '\n';
}

std::string change_titles(const Comparison& comparison, const LogAxis& axis,
                          const std::vector<Tick>& ticks) {
  return fmt::format(
      "<thead><tr><th scope=col>benchmark<th scope=col>direction<th scope=col class=n>change"
      "<th scope=col class=n>{:g}% interval<th scope=col class=plot><span class=ends><span>faster"
      "</span><span>slower</span></span>{}<th scope=col class=\"n minor\">base<th scope=col "
      "class=\"n minor\">new<th scope=col class=\"n minor\">n<th scope=col class=\"plot minor\">"
      "base above, new below</thead>\n",
      100 * (1 - comparison.options.alpha), axis_labels(axis, ticks));
}

std::string rules_of(const Comparison& comparison) {
  const CompareOptions& rule = comparison.options;
  return fmt::format(
      "<p class=note>Change of what a call typically costs; less is better. Slower and faster: "
      "over "
      "{}, and p &lt; {:g} with Holm's correction for {}. Same: changes over {} are ruled out. "
      "Decided {}.</p>\n",
      text::short_percent(rule.threshold), rule.alpha,
      text::counted(comparison.tested, "benchmark", "benchmarks"),
      text::short_percent(rule.same_within()), xml(words::procedure(comparison.procedure)));
}

}  // namespace

Side side_of(std::span<const Report> reports) {
  Side side;
  for (const Report& report : reports) {
    if (report.run.side == "null") continue;
    for (const CaseResult& result : report.cases) {
      const CaseResult*& known = side.checks[result.id.str()];
      if (known == nullptr || gravity(result) > gravity(*known)) known = &result;
    }
    for (const Series& series : report.series) side.series[series.id.str()].push_back(&series);
  }
  return side;
}

std::string outcomes(const Comparison& comparison, const Side& base, const Side& now) {
  std::string out;
  for (const auto& [outcome, by_states] : text::outcomes_of(comparison)) {
    out += outcome_group(outcome, by_states, base, now);
  }
  const auto unchanged =
      std::count_if(comparison.cases.begin(), comparison.cases.end(),
                    [](const auto& one) { return one.outcome == Outcome::Unchanged; });
  if (unchanged > 0) {
    out +=
        fmt::format("<p>{} unchanged.</p>\n",
                    text::counted(static_cast<std::uint64_t>(unchanged), "check is", "checks are"));
  }
  return out;
}

std::string changes(const Comparison& comparison, const Side& base, const Side& now) {
  const std::vector<const SeriesComparison*> rows = text::in_order(comparison);
  if (rows.empty()) return {};
  const LogAxis axis = ratio_axis(comparison);
  const std::vector<Tick> ticks = ratio_ticks(axis);
  std::string out = "<div class=charts></div>\n<div class=wide><table class=changes>\n" +
                    change_titles(comparison, axis, ticks) + "<tbody>\n";
  for (const SeriesComparison* row : rows) {
    out += change_row(*row, comparison, axis, ticks, base, now);
  }
  out += "</tbody></table></div>\n" + rules_of(comparison);
  if (std::any_of(rows.begin(), rows.end(), [](const auto* row) { return !row->drained; })) {
    out += "<p class=note>* a batch began before the namespaces of the one before were gone.</p>\n";
  }
  return out;
}

std::string untold(const Comparison& comparison) {
  std::string out;
  for (const auto& [code, reasons] : text::untold_of(comparison)) {
    out += fmt::format("<dt><code>{}</code><dd>", xml(code));
    const std::string_view advice = words::advice(code);
    if (!advice.empty()) out += fmt::format("<p class=advice>{}</p>", xml(advice));
    for (const auto& [reason, ids] : reasons) {
      constexpr std::size_t shown = 3;
      out += "<p>";
      for (std::size_t i = 0; i < std::min(shown, ids.size()); ++i) {
        out += fmt::format("<code>{}</code> ", xml(ids[i]));
      }
      if (ids.size() > shown) out += fmt::format("and {} more", ids.size() - shown);
      out += fmt::format(": {}</p>", xml(reason));
    }
    out += '\n';
  }
  return out.empty() ? out : "<dl class=keys>\n" + out + "</dl>\n";
}

std::string families(const Comparison& comparison) {
  if (comparison.families.empty()) return {};
  double reach = 0.03;
  for (const FamilyComparison& one : comparison.families) {
    reach = std::max(reach, std::abs(std::log(one.ratio)));
    if (one.interval) {
      reach = std::max(
          {reach, std::abs(std::log(one.interval->low)), std::abs(std::log(one.interval->high))});
    }
  }
  const LogAxis axis = LogAxis::around_one(1.1 * std::min(reach, 1.4));
  const std::vector<Tick> ticks = ratio_ticks(axis);
  std::string out =
      "<div class=wide><table class=families>\n<thead><tr><th scope=col>family<th scope=col "
      "class=n>cases<th scope=col class=n>geometric mean<th scope=col class=n>interval<th "
      "scope=col "
      "class=plot><span class=ends><span>faster</span><span>slower</span></span>" +
      axis_labels(axis, ticks) + "</thead>\n<tbody>\n";
  for (const FamilyComparison& one : comparison.families) {
    const std::string unit = one.unit == "ns" ? "" : fmt::format(" ({})", xml(one.unit));
    out += fmt::format(
        "<tr><th scope=row>{}{}<td class=n>{}<td class=n>{}<td class=n>{}<td "
        "class=plot>{}\n",
        xml(one.family), unit, one.cases, text::change_of(one.ratio),
        one.interval ? text::interval_of(*one.interval) : "-",
        forest(axis, ticks, one.ratio, one.interval, "same"));
  }
  return out + "</tbody></table></div>\n";
}

nlohmann::json pairs(const Comparison& comparison, const Side& base, const Side& now) {
  nlohmann::json all = nlohmann::json::array();
  for (const SeriesComparison* row : text::in_order(comparison)) {
    const std::string id = row->id.str();
    const std::vector<double> before = pooled(base, id);
    const std::vector<double> after = pooled(now, id);
    all.push_back({id, row->unit, before.size(), thinned(before, points_of_a_chart), after.size(),
                   thinned(after, points_of_a_chart), row->reason});
  }
  return all;
}

}  // namespace nsbench::html
