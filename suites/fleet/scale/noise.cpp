#include "suites/fleet/scale/noise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "reports/inference.h"
#include "reports/json_cursor.h"

namespace nsbench::fleet {
namespace {

using Json = nlohmann::ordered_json;

std::vector<double> times_of(const Series& series) {
  std::vector<double> times;
  if (!series.is_result()) return times;
  for (const Batch& batch : series.batches) {
    if (std::isfinite(batch.p25) && batch.p25 > 0) times.push_back(batch.p25);
  }
  return times;
}

// What a fleet's noise is drawn from has no room for a time that is none.
bool are_times(const std::vector<double>& batches) {
  return !batches.empty() && std::all_of(batches.begin(), batches.end(), [](double time) {
    return std::isfinite(time) && time > 0;
  });
}

Json four_digits(double value) {
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(value)));
  const double kept = std::round(value * scale) / scale;
  return kept == std::trunc(kept) ? Json(static_cast<std::int64_t>(kept)) : Json(kept);
}

double deviation(std::span<const double> values) {
  double sum = 0;
  double squares = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  for (const double value : values) squares += (value - mean) * (value - mean);
  return values.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(values.size() - 1));
}

double correlation_with_next(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / static_cast<double>(values.size());
  double own = 0;
  double next = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    own += (values[i] - mean) * (values[i] - mean);
    if (i > 0) next += (values[i] - mean) * (values[i - 1] - mean);
  }
  return own > 0 ? next / own : 0;
}

}  // namespace

Result<Noise> noise_of(std::span<const Report> reports) {
  if (reports.size() < 2) return Error{"noise takes two runs at least"};
  std::map<CaseId, std::size_t> timed;
  for (const Report& report : reports) {
    for (const Series& series : report.series) {
      if (!times_of(series).empty()) ++timed[series.id];
    }
  }
  Noise noise;
  for (const auto& [id, count] : timed) {
    if (count == reports.size()) noise.series.push_back(id);
  }
  if (noise.series.empty()) return Error{"the runs have no benchmark in common"};
  for (const Report& report : reports) {
    std::map<CaseId, std::vector<double>> times;
    for (const Series& series : report.series) times.emplace(series.id, times_of(series));
    NoiseRun& run = noise.runs.emplace_back();
    run.started = report.run.started;
    for (const CaseId& id : noise.series) run.batches.push_back(std::move(times[id]));
  }
  std::stable_sort(noise.runs.begin(), noise.runs.end(),
                   [](const NoiseRun& a, const NoiseRun& b) { return a.started < b.started; });
  return noise;
}

std::string to_text(const Noise& noise) {
  Json head = {{"series", Json::array()}};
  for (const CaseId& id : noise.series) head["series"].push_back(id.str());
  std::string text = head.dump() + '\n';
  for (const NoiseRun& run : noise.runs) {
    Json line = {{"started", run.started}, {"p25", Json::array()}};
    for (const std::vector<double>& batches : run.batches) {
      Json times = Json::array();
      for (const double time : batches) times.push_back(four_digits(time));
      line["p25"].push_back(std::move(times));
    }
    text += line.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
  }
  return text;
}

Result<Noise> read_noise(std::string_view text) {
  Noise noise;
  std::string error;
  for (std::size_t begin = 0, number = 1; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const Result<nlohmann::json> json = parse_json(text.substr(begin, end - begin));
    if (!json) return Error{fmt::format("line {}: {}", number, json.error().str())};
    const JsonCursor line(*json, fmt::format("line {}: ", number), error);
    begin = end + 1;
    if (number == 1) {
      for (const JsonCursor& one : line.at("series").elements()) {
        Result<CaseId> id = CaseId::parse(one.text());
        if (!id) return Error{fmt::format("line 1: {}", id.error().str())};
        noise.series.push_back(std::move(*id));
      }
      continue;
    }
    NoiseRun run{.started = line.at("started").text(), .batches = {}};
    for (const JsonCursor& one : line.at("p25").elements()) run.batches.push_back(one.numbers());
    if (error.empty() && (run.batches.size() != noise.series.size() ||
                          !std::all_of(run.batches.begin(), run.batches.end(), are_times))) {
      line.refuse("has not the times of each series");
    }
    if (!error.empty()) return Error{error};
    noise.runs.push_back(std::move(run));
  }
  if (!error.empty()) return Error{error};
  if (noise.series.empty() || noise.runs.size() < 2) return Error{"noise takes two runs at least"};
  return noise;
}

Noise calmed(Noise noise, double factor) {
  for (std::size_t s = 0; s < noise.series.size(); ++s) {
    std::vector<double> medians;
    for (const NoiseRun& run : noise.runs) medians.push_back(median(run.batches[s]));
    const double middle = median(std::move(medians));
    for (NoiseRun& run : noise.runs) {
      for (double& time : run.batches[s]) time = middle * std::pow(time / middle, factor);
    }
  }
  return noise;
}

std::vector<Restlessness> restlessness_of(const Noise& noise) {
  std::vector<Restlessness> all;
  for (std::size_t s = 0; s < noise.series.size(); ++s) {
    std::vector<double> medians;
    std::vector<double> inside;
    for (const NoiseRun& run : noise.runs) {
      medians.push_back(std::log(median(run.batches[s])));
      for (const double time : run.batches[s]) inside.push_back(std::log(time) - medians.back());
    }
    const double middle = median(medians);
    std::vector<double> off;
    for (const double one : medians) off.push_back(std::abs(one - middle));
    const double usual = 1.4826 * median(off);
    const double most = *std::max_element(off.begin(), off.end());
    all.push_back({.typical = std::exp(middle),
                   .within = deviation(inside),
                   .between = deviation(medians),
                   .lag1 = correlation_with_next(medians),
                   .farthest = usual > 0 ? most / usual : 0});
  }
  return all;
}

}  // namespace nsbench::fleet
