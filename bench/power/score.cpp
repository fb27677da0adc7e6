#include "bench/power/score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "reports/inference.h"

namespace nsbench::power {
namespace {

constexpr double alpha = 0.05;  // of all intervals

using Row = std::vector<std::string>;

// Cells padded to the width of their column.
std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 3);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      text += fmt::format("| {:<{}} ", rows[r][i], widths[i]);
    }
    text += "|\n";
    if (r != 0) continue;
    for (const std::size_t width : widths) text += fmt::format("| {:-<{}} ", "", width);
    text += "|\n";
  }
  return text;
}

std::string percent_change(double ratio) { return fmt::format("{:+.1f} %", (ratio - 1) * 100); }

// "3/3 (29-100 %), +3.1 %": found, its interval, what was measured.
std::string cell_text(std::size_t hits, const Tally& tally) {
  if (tally.trials == 0) return "-";
  const Interval interval = proportion_interval(hits, tally.trials, alpha);
  // Rounded outwards.
  return fmt::format("{}/{} ({:.0f}-{:.0f} %), {}", hits, tally.trials, interval.low * 100,
                     interval.high * 100, percent_change(tally.typical_ratio()));
}

// What is common to one table.
struct Condition {
  Order order = Order::LockStep;
  Planted planted = Planted::Spin;
};

bool belongs(const Judged& judged, const Condition& condition) {
  const Setting& setting = judged.setting;
  return setting.order == condition.order &&
         (setting.planted == condition.planted || setting.planted == Planted::Nothing);
}

// One line of a table: which trials it counts.
struct Group {
  std::string name;
  std::optional<CaseId> case_id;  // any
  std::optional<bool> load;       // either

  [[nodiscard]] bool has(const Setting& setting) const {
    return (!case_id || setting.case_id == *case_id) && (!load || setting.load == *load);
  }
};

// A line for each case; and all of them, without and under load where there are both.
std::vector<Group> groups_of(std::span<const Judged> judged) {
  std::vector<Group> groups;
  for (const CaseId& id : cases_of(judged)) {
    groups.push_back({.name = id.str(), .case_id = id, .load = std::nullopt});
  }
  for (const bool load : {false, true}) {
    Tally tally;
    for (const Judged& one : judged) {
      if (one.setting.load == load) tally.add(one);
    }
    if (tally.trials == 0) continue;
    groups.push_back({.name = fmt::format("all, {} (CPUs {:.0f} % busy)",
                                          load ? "under load" : "without load of our own",
                                          tally.typical_busy() * 100),
                      .case_id = std::nullopt,
                      .load = load});
  }
  groups.push_back({.name = "all", .case_id = std::nullopt, .load = std::nullopt});
  return groups;
}

Tally tally_of(std::span<const Judged> judged, const Group& group, double size) {
  Tally tally;
  for (const Judged& one : judged) {
    const double own_size = one.setting.planted == Planted::Nothing ? 0 : one.setting.size;
    if (own_size == size && group.has(one.setting)) tally.add(one);
  }
  return tally;
}

std::string size_text(Planted planted, double size) {
  return planted == Planted::Seccomp ? fmt::format("filter of {}", size)
                                     : fmt::format("{:+g} %", size * 100);
}

Row row_of(std::span<const Judged> judged, const Group& group, const std::vector<double>& sizes) {
  const Tally null = tally_of(judged, group, 0);
  Row row{group.name, cell_text(null.alarms(), null)};
  for (const double size : sizes) {
    const Tally tally = tally_of(judged, group, size);
    row.push_back(cell_text(tally.slower, tally));
  }
  return row;
}

// `judged`: those of one table.
std::string table_of(std::span<const Judged> judged, Planted planted) {
  const std::vector<double> sizes = sizes_of(judged, planted);
  std::vector<Row> rows{{"operation", "A against A: called different"}};
  for (const double size : sizes) {
    rows.front().push_back(fmt::format("{}: found", size_text(planted, size)));
  }
  for (const Group& group : groups_of(judged)) rows.push_back(row_of(judged, group, sizes));
  return aligned(rows);
}

std::string title_of(const Condition& condition) {
  return fmt::format("{}, slowed down by a {}",
                     condition.order == Order::LockStep ? "In lock step" : "One after the other",
                     condition.planted == Planted::Spin ? "spin" : "seccomp filter");
}

std::string in_words(const Judged& judged) {
  const Setting& setting = judged.setting;
  std::string text = setting.case_id.str();
  if (setting.planted != Planted::Nothing) text += ' ' + size_text(setting.planted, setting.size);
  if (setting.load) text += " under load";
  text += fmt::format(": {}, {}", id(judged.finding), percent_change(judged.ratio));
  if (!judged.code.empty()) text += " (" + judged.code + ')';
  return text;
}

// Each wrong answer of lock step, one after the other.
std::string remarks(std::span<const Judged> judged) {
  std::string text;
  std::size_t failed = 0;
  for (const Judged& one : judged) {
    failed += one.finding == Finding::Failed ? 1 : 0;
    if (one.setting.order != Order::LockStep || one.finding == Finding::Failed) continue;
    const bool found = one.finding == Finding::Slower || one.finding == Finding::Faster;
    if (one.setting.planted == Planted::Nothing && found) {
      text += fmt::format("False alarm: {}\n", in_words(one));
    } else if (one.setting.planted != Planted::Nothing && one.finding != Finding::Slower) {
      text += fmt::format("Missed: {}\n", in_words(one));
    }
  }
  if (failed > 0) text += fmt::format("{} failed, and are left out.\n", failed);
  return text;
}

// How often A was called different from A.
std::string alarms_text(std::span<const Judged> judged, Order order) {
  Tally null;
  for (const Judged& one : judged) {
    if (one.setting.order == order && one.setting.planted == Planted::Nothing) null.add(one);
  }
  if (null.trials == 0) return "";
  return fmt::format("{}: identical kernels called different: {}\n\n",
                     order == Order::LockStep ? "In lock step" : "One after the other",
                     proportion_text(null.alarms(), null.trials));
}

}  // namespace

std::string_view id(Finding finding) {
  switch (finding) {
    case Finding::Same:
      return "same";
    case Finding::Faster:
      return "faster";
    case Finding::Slower:
      return "slower";
    case Finding::CannotTell:
      return "cannot-tell";
    case Finding::Failed:
      return "failed";
  }
  return "";
}

void Tally::add(const Judged& judged) {
  if (judged.finding == Finding::Failed) {
    ++failed;
    return;
  }
  ++trials;
  slower += judged.finding == Finding::Slower ? 1 : 0;
  faster += judged.finding == Finding::Faster ? 1 : 0;
  cannot_tell += judged.finding == Finding::CannotTell ? 1 : 0;
  ratios.push_back(judged.ratio);
  busy.push_back(judged.busy);
}

double Tally::typical_ratio() const { return ratios.empty() ? 1 : median(ratios); }

double Tally::typical_busy() const { return busy.empty() ? 0 : median(busy); }

std::vector<double> sizes_of(std::span<const Judged> judged, Planted planted) {
  std::vector<double> sizes;
  for (const Judged& one : judged) {
    if (one.setting.planted == planted && planted != Planted::Nothing) {
      sizes.push_back(one.setting.size);
    }
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

std::vector<CaseId> cases_of(std::span<const Judged> judged) {
  std::vector<CaseId> cases;
  for (const Judged& one : judged) {
    if (std::find(cases.begin(), cases.end(), one.setting.case_id) == cases.end()) {
      cases.push_back(one.setting.case_id);
    }
  }
  std::sort(cases.begin(), cases.end());
  return cases;
}

std::string proportion_text(std::size_t hits, std::size_t trials) {
  if (trials == 0) return "none";
  const Interval interval = proportion_interval(hits, trials, alpha);
  return fmt::format("{} of {} = {:.1f} % ({:.1f} to {:.1f})", hits, trials,
                     100.0 * static_cast<double>(hits) / static_cast<double>(trials),
                     interval.low * 100, interval.high * 100);
}

std::string to_markdown(std::span<const Judged> judged) {
  std::string text;
  for (const Order order : {Order::LockStep, Order::Sequential}) {
    text += alarms_text(judged, order);
    for (const Planted planted : {Planted::Spin, Planted::Seccomp}) {
      const Condition condition{.order = order, .planted = planted};
      std::vector<Judged> own;
      std::copy_if(judged.begin(), judged.end(), std::back_inserter(own),
                   [&](const Judged& one) { return belongs(one, condition); });
      const bool is_about_it =
          planted == Planted::Spin ? !own.empty() : !sizes_of(own, planted).empty();
      if (is_about_it) text += title_of(condition) + ":\n\n" + table_of(own, planted) + '\n';
    }
  }
  return text + remarks(judged);
}

std::string to_json(std::span<const Judged> judged) {
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (const Judged& one : judged) {
    out.push_back({{"case", one.setting.case_id.str()},
                   {"planted", id(one.setting.planted)},
                   {"size", one.setting.size},
                   {"order", id(one.setting.order)},
                   {"load", one.setting.load},
                   {"finding", id(one.finding)},
                   {"code", one.code},
                   {"ratio", one.ratio}});
  }
  return out.dump(1) + '\n';
}

}  // namespace nsbench::power
