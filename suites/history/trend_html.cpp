#include "suites/history/trend_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/formats/amount.h"
#include "reports/formats/markup.h"
#include "reports/printable.h"
#include "reports/statistics.h"
#include "suites/history/sparkline.h"

namespace nsbench::history {
namespace {

// Everything that is not ours goes through here: names come from the systems under test.
std::string escaped(std::string_view raw) { return markup::xml(raw, 300); }

constexpr std::string_view style = R"(
:root{color-scheme:light dark;--ink:#1b1f24;--faint:#59636e;--paper:#fff;--rule:#d1d9e0;--point:#0b62c4;--worse:#b3261e;--better:#1a7f37;--doubt:#8250df}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--faint:#9198a1;--paper:#0d1117;--rule:#3d444d;--point:#58a6ff;--worse:#ff7b72;--better:#3fb950;--doubt:#bc8cff}}
body{margin:0 auto;padding:1rem;max-width:64rem;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.3rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:2rem 0 .2rem;overflow-wrap:anywhere}
p{margin:.3rem 0}.faint{color:var(--faint)}.worse{color:var(--worse)}.better{color:var(--better)}
.wide{overflow-x:auto}.wide:focus-visible,summary:focus-visible{outline:2px solid var(--point)}
svg{display:block;width:100%;min-width:34rem;height:auto}svg text{fill:var(--faint);font:12px system-ui,sans-serif}
.grid{stroke:var(--rule)}.p{fill:var(--point);fill-opacity:.7}.out{fill:none;stroke:var(--point)}.level{stroke:var(--ink);stroke-width:2}
.cut{stroke-width:1.5;stroke-dasharray:4 3}line.worse,path.worse{stroke:var(--worse)}line.better{stroke:var(--better)}text.worse{fill:var(--worse);font-weight:600}text.better{fill:var(--better);font-weight:600}
.pass{fill:var(--better)}.fail{fill:var(--worse)}.skip{fill:var(--faint)}.broken{fill:var(--doubt)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.15rem .8rem .15rem 0;text-align:left;border-bottom:1px solid var(--rule);white-space:nowrap}td.n,th.n{text-align:right}
summary{cursor:pointer;padding:.4rem 0}li{margin:.3rem 0;overflow-wrap:anywhere}
@media print{details>*{display:block}body{max-width:none}}
)";

std::string with_unit(double value, std::string_view measured_in) {
  const text::Unit unit = text::unit_for(value, measured_in);
  return std::isfinite(value) ? text::amount(value, unit) + ' ' + escaped(unit.name) : "-";
}

std::string percent(double before, double after) {
  return fmt::format("{:+.1f} %", 100 * relative(before, after));
}

std::string_view tone(bool worse) { return worse ? "worse" : "better"; }

// Where values and points of one line stand in its picture.
class Frame {
 public:
  static constexpr double width = 860, height = 280;
  static constexpr double left = 76, right = 850, top = 28, bottom = 250;

  explicit Frame(const TrendLine& line) : count_(line.points.size()) {
    std::vector<double> values;
    for (const Point& point : line.points) {
      if (std::isfinite(point.value) && point.value > 0) values.push_back(point.value);
    }
    std::sort(values.begin(), values.end());
    if (values.empty()) return;
    constexpr double tail = 0.01;   // outliers stand at the edge
    constexpr double least = 0.02;  // the picture spans 4 % at least
    const double low = std::log(quantile(values, tail));
    const double high = std::log(quantile(values, 1 - tail));
    const double half = std::max((high - low) / 2 * 1.15, least);
    low_ = (low + high) / 2 - half;
    high_ = (low + high) / 2 + half;
  }

  [[nodiscard]] double x(double place) const {
    return left + (right - left) * (place + 0.5) / static_cast<double>(count_);
  }
  [[nodiscard]] double y(double value) const {
    const double part = std::clamp((std::log(value) - low_) / (high_ - low_), 0.0, 1.0);
    return bottom - (bottom - top) * part;
  }
  [[nodiscard]] bool is_outside(double value) const {
    return std::log(value) < low_ || std::log(value) > high_;
  }
  [[nodiscard]] double value_at(double part) const {
    return std::exp(low_ + (high_ - low_) * part);
  }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::size_t count_;
  double low_ = 0, high_ = 1;
};

std::string text_at(double x, double y, std::string_view anchor, std::string_view css,
                    std::string_view escaped_text) {
  return fmt::format(R"(<text x="{:.1f}" y="{:.1f}" text-anchor="{}"{}>{}</text>)", x, y, anchor,
                     css.empty() ? "" : fmt::format(R"( class="{}")", css), escaped_text) +
         '\n';
}

std::string line_at(double x1, double y1, double x2, double y2, std::string_view css) {
  return fmt::format(R"(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>)", x1,
                     y1, x2, y2, css) +
         '\n';
}

std::string scale(const TrendLine& line, const Frame& frame) {
  std::string out;
  constexpr int ticks = 4;
  for (int i = 0; i <= ticks; ++i) {
    const double value = frame.value_at(static_cast<double>(i) / ticks);
    const double y = frame.y(value);
    out += line_at(Frame::left, y, Frame::right, y, "grid");
    out += text_at(Frame::left - 6, y + 4, "end", "", with_unit(value, line.key.unit));
  }
  return out;
}

std::string when(const Run& run) { return escaped(run.started); }

// Kernels under the picture, as many as there is room for.
std::string kernels_below(const TrendLine& line, const Frame& frame, const KernelLabels& labels,
                          double y) {
  constexpr double apart = 110;
  std::string out;
  double free_from = 0;
  for (const KernelGroup& group : kernel_groups(line)) {
    const double x = frame.x(static_cast<double>(group.begin));
    if (x < free_from) continue;
    if (x + apart > Frame::right && free_from > 0) break;
    out +=
        text_at(x, y, "start", "", escaped(printable(labels.of(line.points[group.begin].run), 16)));
    free_from = x + apart;
  }
  return out;
}

// More points than pixels are drawn as medians.
std::string points_of(const TrendLine& line, const Frame& frame, const KernelLabels& labels) {
  constexpr std::size_t most = 700;
  std::string out;
  for (const Bucket& bucket : buckets(line.points.size(), most)) {
    std::vector<double> values;
    for (std::size_t i = bucket.begin; i < bucket.end; ++i) {
      if (line.points[i].value > 0) values.push_back(line.points[i].value);
    }
    if (values.empty()) continue;
    std::sort(values.begin(), values.end());
    const double value = quantile(values, 0.5);
    const Run& run = line.points[bucket.begin].run;
    std::string title = fmt::format("{}: {}, {}, run {}", escaped(labels.of(run)),
                                    with_unit(value, line.key.unit), when(run), run.id);
    if (values.size() > 1) title += fmt::format(" and {} more: median", values.size() - 1);
    const double middle = (static_cast<double>(bucket.begin + bucket.end) - 1) / 2;
    out += fmt::format(
        R"(<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="3"><title>{}</title></circle>)",
        frame.is_outside(value) ? "out" : "p", frame.x(middle), frame.y(value), title);
    out += '\n';
  }
  return out;
}

std::string levels_of(const TrendLine& line, const Frame& frame) {
  const std::vector<Step>& steps = line.changes.steps;
  std::string out;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    const double x = (frame.x(static_cast<double>(step.last_before)) +
                      frame.x(static_cast<double>(step.first_after))) /
                     2;
    const std::string_view css = tone(step.after > step.before);
    const double begin =
        i == 0 ? Frame::left : frame.x(static_cast<double>(steps[i - 1].first_after));
    const double end = i + 1 == steps.size()
                           ? Frame::right
                           : frame.x(static_cast<double>(steps[i + 1].last_before));
    if (i == 0) out += line_at(begin, frame.y(step.before), x, frame.y(step.before), "level");
    out += line_at(x, frame.y(step.after), end, frame.y(step.after), "level");
    out += line_at(x, Frame::top, x, Frame::bottom, fmt::format("cut {}", css));
    out += text_at(x, Frame::top - 8, "middle", css, percent(step.before, step.after));
  }
  for (const Drift& drift : line.changes.drifts) {
    const std::string_view css = tone(drift.after > drift.before);
    const double x1 = frame.x(static_cast<double>(drift.first));
    const double x2 = frame.x(static_cast<double>(drift.last));
    out += line_at(x1, frame.y(drift.before), x2, frame.y(drift.after), fmt::format("cut {}", css));
    out += text_at((x1 + x2) / 2, Frame::top - 8, "middle", css,
                   "drift " + percent(drift.before, drift.after));
  }
  return out;
}

std::string picture(double height, const std::string& about, const std::string& inside) {
  return fmt::format(
      "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"chart\">"
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-label=\"{}\">\n{}</svg>"
      "</div>\n",
      Frame::width, height, about, inside);
}

std::string chart(const TrendLine& line, const KernelLabels& labels) {
  const Frame frame(line);
  const std::string about =
      fmt::format("{} runs in order of time; {} steps, {} drifts, listed below", frame.count(),
                  line.changes.steps.size(), line.changes.drifts.size());
  return picture(Frame::height, about,
                 scale(line, frame) + points_of(line, frame, labels) + levels_of(line, frame) +
                     kernels_below(line, frame, labels, Frame::bottom + 20));
}

// A bar for each run; of many in one, the gravest verdict. What fails is taller, too.
std::string strip(const TrendLine& line, const KernelLabels& labels) {
  constexpr std::size_t most = 400;
  constexpr double base = 60;
  constexpr std::string_view order[] = {"pass", "skip", "broken", "fail"};
  const auto rank = [&](const std::string& verdict) {
    return std::find(std::begin(order), std::end(order), verdict) - std::begin(order);
  };
  const Frame frame(line);
  std::string inside;
  for (const Bucket& bucket : buckets(line.points.size(), most)) {
    std::size_t worst = bucket.begin;
    for (std::size_t i = bucket.begin; i < bucket.end; ++i) {
      if (rank(line.points[i].verdict) > rank(line.points[worst].verdict)) worst = i;
    }
    const Point& point = line.points[worst];
    const auto grave = std::min<std::ptrdiff_t>(rank(point.verdict), 3);
    const double tall = 14 + 12 * static_cast<double>(grave);
    const double x = frame.x(static_cast<double>(bucket.begin) - 0.5);
    const double wide = frame.x(static_cast<double>(bucket.end) - 0.5) - x;
    inside +=
        fmt::format(R"(<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.2f}" height="{:.0f}">)",
                    order[grave], x, base - tall, std::max(wide - 1, 0.5), tall);
    inside +=
        fmt::format("<title>{}: {}, {}, run {}</title></rect>\n", escaped(labels.of(point.run)),
                    escaped(point.verdict), when(point.run), point.run.id);
  }
  const std::string about = fmt::format(
      "verdicts of {} runs in order of time; {} changes, listed "
      "below",
      frame.count(), line.turns.size());
  return picture(base + 30, about, inside + kernels_below(line, frame, labels, base + 20));
}

std::string between(const TrendLine& line, const KernelLabels& labels, std::size_t before,
                    std::size_t after) {
  const Run& a = line.points[before].run;
  const Run& b = line.points[after].run;
  return fmt::format("between <b>{}</b> (run {}, {}) and <b>{}</b> (run {}, {})",
                     escaped(labels.of(a)), a.id, when(a), escaped(labels.of(b)), b.id, when(b));
}

std::string changes(const TrendLine& line, const KernelLabels& labels, const Trend& trend) {
  const std::string& unit = line.key.unit;
  std::string items;
  for (const Step& step : line.changes.steps) {
    items += fmt::format("<li><b class=\"{}\">{}</b>: {} to {}, {}; p {:.3f}</li>\n",
                         tone(step.after > step.before), percent(step.before, step.after),
                         with_unit(step.before, unit), with_unit(step.after, unit),
                         between(line, labels, step.last_before, step.first_after), step.p);
  }
  for (const Drift& drift : line.changes.drifts) {
    items += fmt::format("<li><b class=\"{}\">{}</b>, bit by bit: {} to {}, {}</li>\n",
                         tone(drift.after > drift.before), percent(drift.before, drift.after),
                         with_unit(drift.before, unit), with_unit(drift.after, unit),
                         between(line, labels, drift.first, drift.last));
  }
  for (const VerdictTurn& turn : line.turns) {
    const Point& after = line.points[turn.after];
    const bool worse = turn.turn == Turn::Broke || turn.turn == Turn::Lost;
    const std::string why = escaped(after.note.empty() ? after.reason : after.note);
    items += fmt::format("<li><b class=\"{}\">{}</b>: {} to {}, {}{}{}</li>\n", tone(worse),
                         id(turn.turn), escaped(line.points[turn.before].verdict),
                         escaped(after.verdict), between(line, labels, turn.before, turn.after),
                         why.empty() ? "" : ": ", why);
  }
  if (!items.empty()) return "<ul>\n" + items + "</ul>\n";
  if (unit.empty()) return "<p>No change of verdict.</p>\n";
  return line.changes.used < change_points_need(trend.options)
             ? fmt::format("<p>Too few results for a change to be told: {} of {}.</p>\n",
                           line.changes.used, change_points_need(trend.options))
             : fmt::format("<p>No change of {:.3g} % or more.</p>\n",
                           100 * trend.options.threshold);
}

std::string table(const TrendLine& line, const KernelLabels& labels) {
  constexpr std::size_t most = 500;
  const bool timed = !line.key.unit.empty();
  const std::vector<KernelGroup> groups = kernel_groups(line);
  const std::size_t begin = groups.size() > most ? groups.size() - most : 0;
  std::string rows;
  for (std::size_t i = groups.size(); i > begin; --i) {
    const KernelGroup& group = groups[i - 1];
    const Run& run = line.points[group.begin].run;
    rows += fmt::format("<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
                        escaped(labels.of(run)), when(run), run.id, group.end - group.begin);
    rows += timed ? fmt::format(
                        "<td class=\"n\">{}</td><td class=\"n\">{}</td>"
                        "<td class=\"n\">{}</td></tr>\n",
                        with_unit(group.median, line.key.unit),
                        with_unit(group.least, line.key.unit), with_unit(group.most, line.key.unit))
                  : fmt::format("<td>{}</td></tr>\n", escaped(line.points[group.end - 1].verdict));
  }
  return fmt::format(
      "<details><summary>{} rows, a kernel each, the newest first{}</summary><div class=\"wide\" "
      "tabindex=\"0\"><table><thead><tr><th>kernel</th><th>first run</th><th class=\"n\">ID</th>"
      "<th class=\"n\">runs</th>{}</tr></thead><tbody>\n{}</tbody></table></div></details>\n",
      groups.size() - begin, begin > 0 ? fmt::format(" ({} older left out)", begin) : "",
      timed ? "<th class=\"n\">median</th><th class=\"n\">least</th><th class=\"n\">most</th>"
            : "<th>verdict</th>",
      rows);
}

std::string method(const Trend& trend) {
  const ChangePointOptions& o = trend.options;
  return fmt::format(
      "<p class=\"faint\">Values: the median of each run's batches (p25), on a logarithmic scale; "
      "less is better; rings at the edge are outside. Change points: E-Divisive over logarithms, "
      "permutation test, alpha {:.3g}, {} permutations ({} of over {} values), at least {} values "
      "between two, changes of {:.3g} % or more.</p>\n",
      o.alpha, o.permutations, o.permutations_of_long, long_stretch, o.min_segment,
      100 * o.threshold);
}

}  // namespace

std::string trend_html(const Trend& trend) {
  const std::string name = escaped(trend.name);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
      "style-src 'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{} over time: nsbench</title>\n<style>{}</style></head><body><main>\n<h1>{}</h1>\n",
      name, style, name);
  if (trend.lines.size() > 1) {
    out += "<p>Runs that can't be compared with each other are kept apart.</p>\n";
  }
  for (const TrendLine& line : trend.lines) {
    const KernelLabels labels(line);
    out += fmt::format("<section><h2>{}</h2>\n<p class=\"faint\">{} runs, {} to {}</p>\n",
                       escaped(describe(line)), line.points.size(), when(line.points.front().run),
                       when(line.points.back().run));
    out += line.key.unit.empty() ? strip(line, labels) : chart(line, labels);
    out += changes(line, labels, trend) + table(line, labels) + "</section>\n";
  }
  if (trend.nulls > 0) {
    out += fmt::format(
        "<p class=\"faint\">{} A/A controls (a second copy of the base) are left "
        "out.</p>\n",
        trend.nulls);
  }
  if (trend.benchmark) out += method(trend);
  return out + "</main></body></html>\n";
}

}  // namespace nsbench::history
