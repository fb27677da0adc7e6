#include "suites/siege/tally.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace nsbench::siege {

namespace {

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto place =
      static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  return values[place];
}

std::string spread(const std::vector<double>& values) {
  if (values.empty()) return "-";
  return fmt::format("{:.2f} {:.2f} {:.2f}", quantile(values, 0.5), quantile(values, 0.9),
                     quantile(values, 1));
}

std::string cell_text(int kills, int failed) {
  if (kills == 0) return "-";
  return failed == 0 ? fmt::format("{}", kills) : fmt::format("{}, {} BAD", kills, failed);
}

}  // namespace

void Tally::add(const Scenario& scenario, Ending ending, const Outcome& outcome) {
  const bool failed = !outcome.failures.empty();
  Cell& cell = cells_[{scenario.name, ending}];
  ++cell.kills;
  ++kills_;
  cell.failed += failed ? 1 : 0;
  failed_ += failed ? 1 : 0;
  ran_out_ += outcome.ran_out;
  chosen_ += outcome.chosen ? 1 : 0;
  Row& row = rows_[scenario.name];
  const bool in_order =
      scenario.manner == Manner::Orderly && ending != Ending::Kill && ending != Ending::KillGroup;
  if (in_order && outcome.end_seconds) {
    row.to_end.push_back(*outcome.end_seconds);
    row.own.push_back(*outcome.own_seconds);
  }
  row.to_clean.push_back(outcome.clean_seconds);
  row.too_late += outcome.too_late ? 1 : 0;
  row.too_early += outcome.too_early ? 1 : 0;
  row.between += outcome.old_files > 0 && outcome.fresh_files > 0 ? 1 : 0;
  row.temporaries += outcome.temporaries;
}

std::string Tally::times(const std::vector<Scenario>& scenarios) const {
  std::string text = fmt::format("\n{:<18}{:>18}{:>18}{:>18}{:>10}{:>10}{:>10}{:>12}\n", "",
                                 "s to stop", "without waiting", "s until clean", "too late",
                                 "too early", "between", "temporaries");
  text += fmt::format("{:<18}{:>18}{:>18}{:>18}\n", "", "p50 p90 max", "for a CPU", "p50 p90 max");
  Row all;
  for (const Scenario& scenario : scenarios) {
    const auto found = rows_.find(scenario.name);
    if (found == rows_.end()) continue;
    const Row& row = found->second;
    text += fmt::format("{:<18}{:>18}{:>18}{:>18}{:>10}{:>10}{:>10}{:>12}\n", scenario.name,
                        spread(row.to_end), spread(row.own), spread(row.to_clean), row.too_late,
                        row.too_early, row.between, row.temporaries);
    all.to_end.insert(all.to_end.end(), row.to_end.begin(), row.to_end.end());
    all.own.insert(all.own.end(), row.own.begin(), row.own.end());
    all.to_clean.insert(all.to_clean.end(), row.to_clean.begin(), row.to_clean.end());
    all.too_late += row.too_late;
    all.too_early += row.too_early;
    all.between += row.between;
    all.temporaries += row.temporaries;
  }
  return text + fmt::format("{:<18}{:>18}{:>18}{:>18}{:>10}{:>10}{:>10}{:>12}\n", "all",
                            spread(all.to_end), spread(all.own), spread(all.to_clean), all.too_late,
                            all.too_early, all.between, all.temporaries);
}

std::string Tally::str(const std::vector<Scenario>& scenarios) const {
  std::string text = fmt::format("{:<18}", "");
  for (const EndingRow& row : all_endings) text += fmt::format("{:>12}", row.name);
  text += fmt::format("{:>12}\n", "all");
  std::map<Ending, Cell> sums;
  for (const Scenario& scenario : scenarios) {
    if (!rows_.contains(scenario.name)) continue;
    text += fmt::format("{:<18}", scenario.name);
    Cell sum;
    for (const EndingRow& row : all_endings) {
      const auto found = cells_.find({scenario.name, row.ending});
      const Cell cell = found == cells_.end() ? Cell{} : found->second;
      text += fmt::format("{:>12}", cell_text(cell.kills, cell.failed));
      for (Cell* total : {&sum, &sums[row.ending]}) {
        total->kills += cell.kills;
        total->failed += cell.failed;
      }
    }
    text += fmt::format("{:>12}\n", cell_text(sum.kills, sum.failed));
  }
  text += fmt::format("{:<18}", "all");
  for (const EndingRow& row : all_endings) {
    text += fmt::format("{:>12}", cell_text(sums[row.ending].kills, sums[row.ending].failed));
  }
  text += fmt::format("{:>12}\n", cell_text(kills_, failed_));
  text += times(scenarios);
  if (ran_out_ > 0) {
    text += fmt::format("memory ended: the kernel killed {} processes, {} times nsbench itself\n",
                        ran_out_, chosen_);
  }
  return text;
}

}  // namespace nsbench::siege
