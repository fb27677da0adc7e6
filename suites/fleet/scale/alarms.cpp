#include "suites/fleet/scale/alarms.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <utility>

#include "reports/inference.h"
#include "suites/fleet/suspicion.h"

namespace nsbench::fleet {
namespace {

// As many reports of one side as are needed, which differ in their times alone.
std::vector<Report> empty_reports(const char* side, std::size_t count) {
  std::vector<Report> reports(count);
  for (std::size_t i = 0; i < count; ++i) {
    reports[i].kernel.release = side;
    reports[i].kernel.boot_id = fmt::format("{}-{}", side, i);
  }
  return reports;
}

}  // namespace

struct Lab::Parts {
  const Noise* noise = nullptr;
  Schedule schedule = Schedule::InTurn;
  std::mt19937_64 random;
  std::size_t blocks = 0;
  std::vector<double> logs;  // [run * recorded + series]: the log of a run's median
  std::vector<CaseId> ids;   // of the fleet's series
  std::map<CaseId, std::size_t> places;

  [[nodiscard]] std::size_t recorded() const { return noise->series.size(); }
  [[nodiscard]] std::size_t run_of(const Boots& boots, std::size_t boot, std::size_t series) const {
    return boots.runs[boot * blocks + series / recorded()];
  }
  [[nodiscard]] double log_of(const Boots& boots, std::size_t boot, std::size_t series) const {
    return logs[run_of(boots, boot, series) * recorded() + series % recorded()];
  }
  void enter(const Boots& boots, std::span<const std::size_t> of, std::optional<Planted> planted,
             std::vector<Report>& reports) const;
};

Lab::Lab(const Noise& noise, std::size_t series, Schedule schedule, std::uint64_t seed)
    : series_(series), recorded_(noise.series.size()), parts_(std::make_unique<Parts>()) {
  parts_->noise = &noise;
  parts_->schedule = schedule;
  parts_->random.seed(seed);
  parts_->blocks = (series + recorded_ - 1) / recorded_;
  for (const NoiseRun& run : noise.runs) {
    for (const auto& batches : run.batches) parts_->logs.push_back(std::log(median(batches)));
  }
  for (std::size_t i = 0; i < series; ++i) {
    CaseId id = noise.series[i % recorded_];
    id.params.emplace_back("block", fmt::format("{}", i / recorded_));
    parts_->places.emplace(id, i);
    parts_->ids.push_back(std::move(id));
  }
}
Lab::~Lab() = default;
Lab::Lab(Lab&&) noexcept = default;

Boots Lab::draw(std::size_t count) {
  Boots boots{.count = count, .runs = std::vector<std::uint32_t>(count * parts_->blocks)};
  const std::size_t runs = parts_->noise->runs.size();
  const auto any = [this](std::size_t of) { return parts_->random() % of; };
  for (std::size_t block = 0; block < parts_->blocks; ++block) {
    const std::size_t first = any(runs - std::min(count, runs) + 1);
    for (std::size_t boot = 0; boot < count; ++boot) {
      const std::size_t run =
          parts_->schedule == Schedule::InTurn ? any(runs) : (first + boot) % runs;
      boots.runs[boot * parts_->blocks + block] = static_cast<std::uint32_t>(run);
    }
  }
  return boots;
}

void Lab::Parts::enter(const Boots& boots, std::span<const std::size_t> of,
                       std::optional<Planted> planted, std::vector<Report>& reports) const {
  for (std::size_t boot = 0; boot < boots.count; ++boot) {
    std::vector<Series>& all = reports[boot].series;
    all.resize(of.size());
    for (std::size_t i = 0; i < of.size(); ++i) {
      Series& series = all[i];
      series.id = ids[of[i]];
      series.calls = 1;
      const double pace = planted && planted->series == of[i] ? 1 + planted->by : 1;
      series.batches.clear();
      for (const double time :
           noise->runs[run_of(boots, boot, of[i])].batches[of[i] % recorded()]) {
        series.batches.push_back({.p25 = time * pace});
      }
    }
  }
}

std::vector<std::size_t> Lab::slower(const Boots& base, const Boots& now,
                                     const CompareOptions& options, std::optional<Planted> planted,
                                     const std::vector<std::size_t>& of) const {
  std::vector<std::size_t> all = of;
  for (std::size_t i = 0; of.empty() && i < series_; ++i) all.push_back(i);
  std::vector<Report> before = empty_reports("base", base.count);
  std::vector<Report> after = empty_reports("new", now.count);
  parts_->enter(base, all, std::nullopt, before);
  parts_->enter(now, all, planted, after);
  std::vector<std::size_t> slower;
  const Result<Comparison> comparison = compare(before, after, options);
  if (!comparison) return slower;
  for (const SeriesComparison& one : comparison->series) {
    if (one.change == Change::Slower) slower.push_back(parts_->places.at(one.id));
  }
  std::sort(slower.begin(), slower.end());
  return slower;
}

std::vector<Lab::Tail> Lab::tail(const Boots& base, const Boots& now, double alpha,
                                 std::optional<Planted> planted, double* log_ratios) const {
  // Welch's degrees of freedom are fewer, and its p so much the larger.
  const auto most_df = static_cast<double>(base.count + now.count - 2);
  const double least = student_quantile(1 - alpha / 2, most_df);
  std::vector<Tail> tail;
  std::vector<double> before(base.count);
  std::vector<double> after(now.count);
  struct Sums {
    double mean = 0, error = 0;  // the mean's squared
  };
  const auto sums_of = [](const std::vector<double>& values) {
    Sums sums;
    const auto n = static_cast<double>(values.size());
    for (const double value : values) sums.mean += value;
    sums.mean /= n;
    for (const double value : values) sums.error += (value - sums.mean) * (value - sums.mean);
    sums.error /= n * (n - 1);
    return sums;
  };
  for (std::size_t series = 0; series < series_; ++series) {
    for (std::size_t i = 0; i < base.count; ++i) before[i] = parts_->log_of(base, i, series);
    for (std::size_t i = 0; i < now.count; ++i) after[i] = parts_->log_of(now, i, series);
    if (planted && planted->series == series) {
      for (double& value : after) value += std::log1p(planted->by);
    }
    const Sums one = sums_of(before);
    const Sums other = sums_of(after);
    const double difference = other.mean - one.mean;
    if (log_ratios != nullptr) log_ratios[series] = difference;
    constexpr double rounding = 1e-6;
    if (difference * difference < least * least * (one.error + other.error) * (1 - rounding)) {
      continue;
    }
    const std::optional<MeanTest> test = welch_test(before, after, 0.01);
    if (test && test->p < alpha) tail.push_back({series, test->p, test->difference});
  }
  return tail;
}

std::optional<std::size_t> boards_needed(const FleetShape& shape, double alpha) {
  const auto boards = static_cast<double>(shape.boards);
  const auto series = static_cast<double>(shape.series);
  double chance = static_cast<double>(shape.kernels) * series;
  for (std::size_t k = 1; k <= shape.boards; ++k) {
    const auto count = static_cast<double>(k);
    chance *= (boards - count + 1) / count * alpha / (2 * series);
    if (chance < alpha) return k;
  }
  return std::nullopt;
}

namespace {

// Fewer have an error that says nothing.
constexpr std::size_t boards_to_pool = Pool::types_needed;

// Whether the boards together say that a series is slower. What differs from board to board is the
// error: the log ratio of each is one value.
bool is_slower_on_all(std::span<const double> log_ratios, double alpha, double threshold) {
  if (log_ratios.size() < boards_to_pool) return false;
  const std::optional<MeanTest> test = student_test(log_ratios, alpha);
  return test->p < alpha && test->difference > std::log1p(threshold);
}

// The largest p that is found by Benjamini and Hochberg (1995), 0 if none is. `p` ascending, the
// smallest of `of`.
double largest_found(const std::vector<double>& p, double of, double alpha) {
  double found = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] <= static_cast<double>(i + 1) * alpha / of) found = p[i];
  }
  return found;
}

void add(Called& called, std::size_t series) {
  called.series += series;
  called.comparisons += series > 0 ? 1 : 0;
}

// A kernel on a board, some of whose series are slower by the usual rule.
struct Suspect {
  std::size_t kernel = 0, board = 0;
  std::vector<std::size_t> series;
};

CompareOptions options_of(const FleetRules& rules, double alpha) {
  return {.threshold = rules.threshold, .alpha = alpha};
}

double smallest(const std::vector<Lab::Tail>& tail) {
  double p = 1;
  for (const Lab::Tail& one : tail) p = std::min(p, one.p);
  return p;
}

class Simulation {
 public:
  Simulation(Lab& lab, const FleetShape& shape, const FleetRules& rules)
      : lab_(lab), shape_(shape), rules_(rules), shares_(rules.alpha, shape.comparisons()) {
    for (std::size_t i = 0; i < shape.boards; ++i) bases_.push_back(lab.draw(shape.boots));
  }

  Day run() {
    day_.comparisons = shape_.comparisons();
    log_ratios_.resize(shape_.boards * shape_.series);
    for (std::size_t kernel = 0; kernel < shape_.kernels; ++kernel) {
      for (std::size_t board = 0; board < shape_.boards; ++board) screen(kernel, board);
      pool(kernel);
    }
    by_rate();
    by_boards();
    confirm();
    std::map<std::size_t, std::size_t> of_kernels;
    for (const auto& [kernel, series] : recommended_) ++of_kernels[kernel];
    for (const auto& [kernel, count] : of_kernels) add(day_.recommended, count);
    return day_;
  }

 private:
  void screen(std::size_t kernel, std::size_t board) {
    const Boots now = lab_.draw(shape_.boots);
    const Boots& base = bases_[board];
    const auto series = static_cast<double>(shape_.series);
    const std::vector<Lab::Tail> tail =
        lab_.tail(base, now, rules_.alpha / series, {}, &log_ratios_[board * shape_.series]);
    if (tail.empty()) return;  // Holm's first step: nothing is different
    for (const Lab::Tail& one : tail) tail_.push_back(one);
    std::vector<std::size_t> alone = lab_.slower(base, now, options_of(rules_, rules_.alpha));
    add(day_.alone, alone.size());
    if (alone.empty()) return;
    const double own = rules_.alpha / static_cast<double>(shape_.comparisons());
    if (smallest(tail) * series < own) {
      add(day_.shared, lab_.slower(base, now, options_of(rules_, own)).size());
      for (const std::size_t one :
           lab_.slower(base, now, options_of(rules_, shares_.together(shape_.comparisons())))) {
        recommended_.insert({kernel, one});
      }
    }
    suspects_.push_back({kernel, board, std::move(alone)});
  }

  void pool(std::size_t kernel) {
    std::size_t found = 0;
    std::vector<double> own(shape_.boards);
    for (std::size_t series = 0; series < shape_.series; ++series) {
      for (std::size_t board = 0; board < shape_.boards; ++board) {
        own[board] = log_ratios_[board * shape_.series + series];
      }
      if (!is_slower_on_all(own, shares_.together(shape_.kernels * shape_.series),
                            rules_.threshold))
        continue;
      ++found;
      recommended_.insert({kernel, series});
    }
    add(day_.pooled, found);
  }

  void by_rate() {
    std::vector<double> p;
    for (const Lab::Tail& one : tail_) p.push_back(one.p);
    std::sort(p.begin(), p.end());
    const double all = static_cast<double>(shape_.comparisons() * shape_.series);
    const double found = largest_found(p, all, rules_.alpha);
    for (const Lab::Tail& one : tail_) {
      const bool slower = one.p <= found && one.log_ratio > std::log1p(rules_.threshold);
      if (slower) ++day_.hochberg.series;
    }
    day_.hochberg.comparisons = day_.hochberg.series;
  }

  void by_boards() {
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> boards;
    for (const Suspect& suspect : suspects_) {
      for (const std::size_t series : suspect.series) ++boards[{suspect.kernel, series}];
    }
    const std::optional<std::size_t> needed = boards_needed(shape_, rules_.alpha);
    std::set<std::size_t> kernels;
    std::set<std::size_t> kernels_of_two;
    for (const auto& [who, count] : boards) {
      if (count >= 2) {
        ++day_.two_boards.series;
        kernels_of_two.insert(who.first);
      }
      if (!needed || count < *needed) continue;
      ++day_.some_boards.series;
      kernels.insert(who.first);
    }
    day_.two_boards.comparisons = kernels_of_two.size();
    day_.some_boards.comparisons = kernels.size();
  }

  void confirm() {
    day_.booted_again = suspects_.size();
    std::map<std::size_t, Boots> bases;
    for (const Suspect& suspect : suspects_) {
      const auto [base, is_new] = bases.emplace(suspect.board, Boots());
      if (is_new) base->second = lab_.draw(rules_.confirming_boots);
      const Boots now = lab_.draw(rules_.confirming_boots);
      const double alpha = shares_.again(suspects_.size());
      const std::vector<std::size_t> slower =
          lab_.slower(base->second, now, options_of(rules_, alpha), {}, suspect.series);
      add(day_.confirmed, slower.size());
      for (const std::size_t series : slower) recommended_.insert({suspect.kernel, series});
    }
  }

  Lab& lab_;
  const FleetShape& shape_;
  const FleetRules& rules_;
  Shares shares_;
  std::vector<Boots> bases_;
  std::vector<double> log_ratios_;  // of one kernel: [board * series + series]
  std::vector<Lab::Tail> tail_;
  std::vector<Suspect> suspects_;
  std::set<std::pair<std::size_t, std::size_t>> recommended_;  // kernel, series
  Day day_;
};

bool has(const std::vector<std::size_t>& series, std::size_t one) {
  return std::find(series.begin(), series.end(), one) != series.end();
}

}  // namespace

Day simulate_day(Lab& lab, const FleetShape& shape, const FleetRules& rules) {
  return Simulation(lab, shape, rules).run();
}

Power simulate_power(Lab& lab, const FleetShape& shape, const FleetRules& rules, Planted planted,
                     std::size_t boards, std::size_t suspects, std::size_t trials) {
  Power power;
  const auto series = static_cast<double>(shape.series);
  const double own = rules.alpha / static_cast<double>(shape.comparisons());
  const Shares shares(rules.alpha, shape.comparisons());
  const std::size_t needed = boards_needed(shape, rules.alpha).value_or(shape.boards + 1);
  for (; power.trials < trials; ++power.trials) {
    std::vector<double> p;
    std::vector<double> own_ratios;
    std::vector<double> log_ratios(shape.series);
    std::size_t alone = 0;
    std::size_t shared = 0;
    bool at_once = false;
    for (std::size_t board = 0; board < boards; ++board) {
      const Boots base = lab.draw(shape.boots);
      const Boots now = lab.draw(shape.boots);
      // Beside others that are found as well Holm is a little more generous than alpha / series.
      const std::vector<Lab::Tail> tail =
          lab.tail(base, now, 2 * rules.alpha / series, planted, log_ratios.data());
      own_ratios.push_back(log_ratios[planted.series]);
      const auto found = std::find_if(tail.begin(), tail.end(), [&](const Lab::Tail& one) {
        return one.series == planted.series;
      });
      if (found == tail.end()) continue;
      if (found->log_ratio > std::log1p(rules.threshold)) p.push_back(found->p);
      const auto slower = [&](double alpha) {
        return has(lab.slower(base, now, options_of(rules, alpha), planted), planted.series);
      };
      if (!slower(rules.alpha)) continue;
      ++alone;
      if (found->p * series / 2 >= own || !slower(own)) continue;
      ++shared;
      at_once = at_once || slower(shares.together(shape.comparisons()));
    }
    std::sort(p.begin(), p.end());
    const double all = static_cast<double>(shape.comparisons()) * series;
    bool confirmed = false;
    for (std::size_t i = 0; i < alone && !confirmed; ++i) {
      const double alpha = shares.again(suspects + alone);
      const Boots base = lab.draw(rules.confirming_boots);
      const Boots now = lab.draw(rules.confirming_boots);
      confirmed =
          !lab.slower(base, now, options_of(rules, alpha), planted, {planted.series}).empty();
    }
    power.alone += alone > 0 ? 1 : 0;
    power.shared += shared > 0 ? 1 : 0;
    power.hochberg += largest_found(p, all, rules.alpha) > 0 ? 1 : 0;
    power.some_boards += alone >= needed ? 1 : 0;
    power.confirmed += confirmed ? 1 : 0;
    const bool pooled = boards == shape.boards &&
                        is_slower_on_all(own_ratios, shares.together(shape.kernels * shape.series),
                                         rules.threshold);
    power.pooled += pooled ? 1 : 0;
    power.recommended += at_once || confirmed || pooled ? 1 : 0;
  }
  return power;
}

}  // namespace nsbench::fleet
