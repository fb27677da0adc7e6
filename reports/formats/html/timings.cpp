#include "reports/formats/html/timings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "reports/formats/amount.h"
#include "reports/formats/html/document.h"
#include "reports/formats/html/plot.h"
#include "reports/formats/markup.h"
#include "reports/formats/text_parts.h"
#include "reports/statistics.h"

namespace nsbench::html {
namespace {

using markup::xml;
using Rows = std::vector<const Series*>;

// Of one family and unit: these share an axis.
std::vector<Rows> families_of(const Report& report) {
  std::vector<Rows> families;
  for (const Series* series : text::timed_in_order(report)) {
    const auto beside = std::find_if(families.begin(), families.end(), [&](const Rows& rows) {
      return rows.front()->id.family == series->id.family && rows.front()->unit == series->unit;
    });
    if (beside == families.end()) {
      families.push_back({series});
    } else {
      beside->push_back(series);
    }
  }
  return families;
}

std::string head(const LogAxis& axis, const std::vector<Tick>& ticks) {
  return "<thead><tr><th scope=col>benchmark<th scope=col>way<th scope=col>as<th scope=col "
         "class=\"n minor\">calls<th scope=col class=n>p50<th scope=col class=\"n minor\">p90"
         "<th scope=col class=n>p99<th scope=col class=\"n minor\">rate<th scope=col class=plot>" +
         axis_labels(axis, ticks) + "</thead>\n";
}

std::string row_of(const Series& series, const LogAxis& axis, const std::vector<Tick>& ticks) {
  const std::string subject = name(series.id.subject());
  std::string out =
      fmt::format("<tr{}><th scope=row>{}<td>{}<td>{}", series.is_result() ? "" : " class=fail",
                  subject, xml(series.id.way()), id(series.id.privilege));
  if (!series.is_result()) {
    return out + fmt::format("<td colspan=6>failed: {} of {} calls: {}\n", series.failures,
                             series.calls + series.failures, xml(series.error, 400));
  }
  const SeriesStatistics times = statistics_of(series);
  const auto value = [&series](double value) {
    const text::Unit unit = text::unit_for(value, series.unit);
    return fmt::format("{} {}", text::amount(value, unit), unit.name);
  };
  out += fmt::format(
      "<td class=\"n minor\">{}<td class=n><b>{}</b><td class=\"n minor\">{}"
      "<td class=n>{}<td class=\"n minor\">{}<td class=plot>",
      text::grouped(times.calls), value(times.p50), value(times.p90),
      times.has_p99() ? value(times.p99) : "-",
      text::rate(times.sustained) + (series.drained ? "" : "*"));
  return out + strip(axis, ticks, {quantiles_of(series.samples)}) + '\n';
}

std::string table_of(const Rows& rows) {
  std::vector<double> ends;
  for (const Series* series : rows) {
    if (!series->is_result() || series->samples.empty()) continue;
    ends.push_back(*std::min_element(series->samples.begin(), series->samples.end()));
    ends.push_back(*std::max_element(series->samples.begin(), series->samples.end()));
  }
  const LogAxis axis(ends);
  const std::vector<Tick> ticks = amount_ticks(axis, rows.front()->unit);
  std::string out = "<div class=wide><table class=timings>\n" + head(axis, ticks) + "<tbody>\n";
  for (const Series* series : rows) out += row_of(*series, axis, ticks);
  return out + "</tbody></table></div>\n";
}

// "create/mnt/mounts=*": benchmarks that differ in a parameter's value share a chart.
std::string chart_of(const CaseId& id) {
  std::string name = id.family + '/' + id.name;
  for (const auto& param : id.params) name += fmt::format("/{}=*", param.first);
  return name;
}

std::string line_of(const CaseId& id) {
  std::string name;
  for (const auto& [key, value] : id.params) name += fmt::format("{}={} ", key, value);
  return name + id.way() + ' ' + std::string(nsbench::id(id.privilege));
}

}  // namespace

std::string timings(const Report& report) {
  std::string out;
  for (const Rows& rows : families_of(report)) {
    const Series& first = *rows.front();
    const std::string unit = first.unit == "ns" ? "" : fmt::format(" ({})", xml(first.unit));
    out += fmt::format(
        "<h3 id=\"time-{}\">{}{}</h3>\n<div class=charts data-family=\"{}\" "
        "data-unit=\"{}\"></div>\n<details class=times open><summary>{}</summary>\n",
        xml(first.id.family), xml(first.id.family), unit, xml(first.id.family), xml(first.unit),
        text::counted(rows.size(), "benchmark, as a table", "benchmarks, as a table"));
    out += table_of(rows) + "</details>\n";
  }
  if (out.empty()) return out;
  out +=
      "<p class=note>In each row: box from p25 to p75 with the median, line from the fastest to "
      "p99 with a tick at p90, dot at the slowest call. All scales are logarithmic. Rate: calls "
      "that can be sustained, with what undoes each and the wait until what was dropped is "
      "gone.</p>\n";
  const auto undrained = [](const Series& series) { return series.is_result() && !series.drained; };
  if (std::any_of(report.series.begin(), report.series.end(), undrained)) {
    out += "<p class=note>* a batch began before the namespaces of the one before were gone.</p>\n";
  }
  if (report.kernel.clock == "instructions") {
    out +=
        "<p class=note>The clock of this kernel counts instructions: times are not wall "
        "time.</p>\n";
  }
  return out;
}

nlohmann::json charts(const Report& report) {
  nlohmann::json all = nlohmann::json::array();
  for (const Rows& rows : families_of(report)) {
    nlohmann::json family = {{"family", rows.front()->id.family},
                             {"unit", rows.front()->unit},
                             {"charts", nlohmann::json::array()}};
    nlohmann::json& charts = family["charts"];
    for (const Series* series : rows) {
      if (!series->is_result() || series->samples.empty()) continue;
      const std::string name = chart_of(series->id);
      const auto same = std::find_if(charts.begin(), charts.end(),
                                     [&](const nlohmann::json& one) { return one[0] == name; });
      const nlohmann::json line = {line_of(series->id), series->samples.size(),
                                   thinned(series->samples, points_of_a_chart)};
      if (same == charts.end()) {
        charts.push_back({name, nlohmann::json::array({line})});
      } else {
        (*same)[1].push_back(line);
      }
    }
    all.push_back(std::move(family));
  }
  return all;
}

}  // namespace nsbench::html
