#include "reports/change_points.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "reports/energy.h"
#include "reports/inference.h"

namespace nsbench {
namespace {

std::vector<double> around(const std::vector<double>& values, std::size_t place) {
  constexpr std::size_t reach = 3;
  const std::size_t begin = place - std::min(place, reach);
  const std::size_t end = std::min(values.size(), place + reach + 1);
  return {values.begin() + static_cast<std::ptrdiff_t>(begin),
          values.begin() + static_cast<std::ptrdiff_t>(end)};
}

// Standard deviations of a normal distribution, from distances to the middle. Where more than half
// are 0, as in counts that hardly vary, their mean has to do.
double deviation(const std::vector<double>& distances) {
  constexpr double of_median = 1.4826;
  constexpr double of_mean = 1.2533;
  if (distances.empty()) return 0;
  const double middle = median(distances);
  if (middle > 0) return of_median * middle;
  return of_mean * std::accumulate(distances.begin(), distances.end(), 0.0) /
         static_cast<double>(distances.size());
}

// Hampel's filter.
std::vector<double> without_outliers(const std::vector<double>& values) {
  constexpr double deviations = 4;
  std::vector<double> middles;
  std::vector<double> off;
  for (std::size_t i = 0; i < values.size(); ++i) {
    middles.push_back(median(around(values, i)));
    off.push_back(std::abs(values[i] - middles.back()));
  }
  const double most = deviations * deviation(off);
  std::vector<double> out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    out.push_back(std::clamp(values[i], middles[i] - most, middles[i] + most));
  }
  return out;
}

// A step before the value at `at`, with how sure it is.
struct Point {
  std::size_t at = 0;
  double p = 1;
};

class Search {
 public:
  Search(std::vector<double> logs, const ChangePointOptions& options)
      : logs_(std::move(logs)), options_(options) {}

  std::vector<Point> steps() {
    split(0, logs_.size());
    refine();
    drop_unsure();
    drop_small();
    return points_;
  }
  struct Line {
    std::size_t begin = 0, end = 0;
    double first = 0, last = 0;  // logs, at both ends
  };
  // Takes the steps that are better told as one line out of `points`.
  std::vector<Line> lines(std::vector<Point>& points);

  [[nodiscard]] double level(std::size_t begin, std::size_t end) const {
    return median({logs_.begin() + static_cast<std::ptrdiff_t>(begin),
                   logs_.begin() + static_cast<std::ptrdiff_t>(end)});
  }
  // Where the values before and after the i-th of `points` begin and end.
  [[nodiscard]] std::size_t begin_of(const std::vector<Point>& points, std::size_t i) const {
    return i == 0 ? 0 : points[i - 1].at;
  }
  [[nodiscard]] std::size_t end_of(const std::vector<Point>& points, std::size_t i) const {
    return i + 1 == points.size() ? logs_.size() : points[i + 1].at;
  }
  [[nodiscard]] double change(const std::vector<Point>& points, std::size_t i) const {
    return level(points[i].at, end_of(points, i)) - level(begin_of(points, i), points[i].at);
  }

 private:
  [[nodiscard]] std::span<const double> stretch(std::size_t begin, std::size_t end) const {
    return std::span(logs_).subspan(begin, end - begin);
  }
  [[nodiscard]] Point best_between(std::size_t begin, std::size_t end, bool tested) const {
    EnergyStretch energy(stretch(begin, end), options_.min_segment);
    const EnergySplit best = energy.best();
    if (best.at == 0) return {begin, 1};
    return {begin + best.at, tested ? energy.p_of(best.q, half_alpha(), options_) : 1};
  }
  [[nodiscard]] double half_alpha() const { return options_.alpha / 2; }
  void split(std::size_t begin, std::size_t end);
  void refine();
  void drop_unsure();
  void drop_small();
  [[nodiscard]] std::optional<Line> line_over(const std::vector<Point>& points, std::size_t from,
                                              std::size_t to) const;
  void settle(const std::vector<Point>& points, std::size_t from, std::size_t to,
              std::vector<Point>& kept, std::vector<Line>& found) const;

  std::vector<double> logs_;
  ChangePointOptions options_;
  std::vector<Point> points_;
};

// In order of their places: the first part before the second.
void Search::split(std::size_t begin, std::size_t end) {
  Point best = best_between(begin, end, true);
  if (best.p > half_alpha()) {
    const WindowedSplit windowed = best_in_windows(stretch(begin, end), half_alpha(), options_);
    if (windowed.at == 0 || windowed.p > half_alpha()) return;
    best = {begin + windowed.at, windowed.p};
  }
  split(begin, best.at);
  points_.push_back(best);
  split(best.at, end);
}

// The best place of a step is another once the steps beside it are known.
void Search::refine() {
  constexpr int rounds = 3;
  bool moved = true;
  for (int round = 0; round < rounds && moved; ++round) {
    moved = false;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const Point best = best_between(begin_of(points_, i), end_of(points_, i), false);
      if (best.at == begin_of(points_, i)) continue;  // all are equal
      moved = moved || best.at != points_[i].at;
      points_[i].at = best.at;
    }
  }
}

void Search::drop_unsure() {
  for (std::size_t i = 0; i < points_.size();) {
    points_[i] = best_between(begin_of(points_, i), end_of(points_, i), true);
    if (points_[i].p <= half_alpha()) {
      ++i;
      continue;
    }
    points_.erase(points_.begin() + static_cast<std::ptrdiff_t>(i));
    if (i > 0) --i;  // its neighbour has more values now
  }
}

void Search::drop_small() {
  const double least = std::log1p(options_.threshold);
  while (!points_.empty()) {
    std::size_t smallest = 0;
    double size = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const double own = std::abs(change(points_, i));
      if (own >= size) continue;
      smallest = i;
      size = own;
    }
    if (size >= least) return;
    points_.erase(points_.begin() + static_cast<std::ptrdiff_t>(smallest));
  }
}

// -2 log likelihood of Laplace's distribution, and what each parameter costs.
double bic(double absolute_sum, std::size_t n, std::size_t parameters) {
  const auto count = static_cast<double>(n);
  const double mean = std::max(absolute_sum / count, 1e-12);
  return 2 * count * std::log(mean) + static_cast<double>(parameters) * std::log(count);
}

// The line if it tells the stretch of points[from, to) better than they do.
std::optional<Search::Line> Search::line_over(const std::vector<Point>& points, std::size_t from,
                                              std::size_t to) const {
  const std::size_t begin = begin_of(points, from);
  const std::size_t end = end_of(points, to - 1);
  const std::size_t n = end - begin;
  const std::size_t half = n / 2;
  std::vector<double> slopes;
  for (std::size_t i = begin; i + half < end; ++i) {
    slopes.push_back((logs_[i + half] - logs_[i]) / static_cast<double>(half));
  }
  const double slope = median(std::move(slopes));
  std::vector<double> rest;
  for (std::size_t i = begin; i < end; ++i) {
    rest.push_back(logs_[i] - slope * static_cast<double>(i - begin));
  }
  const double start = median(rest);
  double off_line = 0;
  for (const double value : rest) off_line += std::abs(value - start);
  double off_steps = 0;
  std::size_t left = begin;
  for (std::size_t i = from; i <= to; ++i) {
    const std::size_t right = i < to ? points[i].at : end;
    const double middle = level(left, right);
    for (; left < right; ++left) off_steps += std::abs(logs_[left] - middle);
  }
  const std::size_t steps = to - from;
  if (bic(off_line, n, 2) >= bic(off_steps, n, 2 * steps + 1)) return std::nullopt;
  return Line{begin, end, start, start + slope * static_cast<double>(n - 1)};
}

// points[from, to) have one direction. A step among drifts is the largest of them.
void Search::settle(const std::vector<Point>& points, std::size_t from, std::size_t to,
                    std::vector<Point>& kept, std::vector<Line>& found) const {
  if (from == to) return;
  if (const std::optional<Line> line = line_over(points, from, to)) {
    found.push_back(*line);
    return;
  }
  std::size_t largest = from;
  for (std::size_t i = from; i < to; ++i) {
    if (std::abs(change(points, i)) > std::abs(change(points, largest))) largest = i;
  }
  settle(points, from, largest, kept, found);
  kept.push_back(points[largest]);
  settle(points, largest + 1, to, kept, found);
}

std::vector<Search::Line> Search::lines(std::vector<Point>& points) {
  std::vector<Line> found;
  std::vector<Point> kept;
  for (std::size_t from = 0; from < points.size();) {
    std::size_t to = from + 1;
    const bool up = change(points, from) > 0;
    while (to < points.size() && (change(points, to) > 0) == up) ++to;
    settle(points, from, to, kept, found);
    from = to;
  }
  points = std::move(kept);
  const double least = std::log1p(options_.threshold);
  std::erase_if(found, [&](const Line& l) { return std::abs(l.last - l.first) < least; });
  return found;
}

}  // namespace

ChangePoints find_change_points(std::span<const double> values, const ChangePointOptions& options) {
  ChangePoints out;
  std::vector<double> logs;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || !(values[i] > 0)) continue;
    logs.push_back(std::log(values[i]));
    places.push_back(i);
  }
  out.used = places.size();
  out.missing = values.size() - out.used;
  Search search(without_outliers(logs), options);
  std::vector<Point> points = search.steps();
  for (const Search::Line& line : search.lines(points)) {
    out.drifts.push_back(
        {places[line.begin], places[line.end - 1], std::exp(line.first), std::exp(line.last)});
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::size_t at = points[i].at;
    out.steps.push_back({places[at - 1], places[at],
                         std::exp(search.level(search.begin_of(points, i), at)),
                         std::exp(search.level(at, search.end_of(points, i))), points[i].p});
  }
  return out;
}

// Of a clean step with the smaller part at one end, two orders in all are as extreme: that part in
// front, or behind. With equal parts the same two.
std::size_t change_points_need(const ChangePointOptions& options) {
  for (std::size_t n = 2 * options.min_segment;; ++n) {
    double orders = 1;  // n choose n / 2
    for (std::size_t i = 0; i < n / 2; ++i) {
      orders *= static_cast<double>(n - i) / static_cast<double>(i + 1);
    }
    if (2 / orders <= options.alpha / 2) return n;
  }
}

}  // namespace nsbench
