#include "bench/power/trial.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "probes/sandbox/fd.h"
#include "reports/file.h"
#include "reports/json_cursor.h"
#include "reports/place.h"

namespace nsbench::power {
namespace {

using Json = nlohmann::ordered_json;
using Cursor = JsonCursor;

constexpr std::size_t largest_file = std::size_t{1} << 31U;

// One column of a side, a number per batch: shorter than an object per batch.
struct Column {
  const char* name;
  double scale;  // values are kept to this fraction
  double (*get)(const Batch&);
  void (*set)(Batch&, double);
};

constexpr double picoseconds = 1e3;     // of times in ns
constexpr double microseconds = 1e6;    // of times in s
constexpr double largest_value = 1e15;  // whole numbers are exact below it

constexpr std::array columns{
    Column{"t", microseconds, [](const Batch& b) { return b.t; },
           [](Batch& b, double v) { b.t = v; }},
    Column{"p25", picoseconds, [](const Batch& b) { return b.p25; },
           [](Batch& b, double v) { b.p25 = v; }},
    Column{"min", picoseconds, [](const Batch& b) { return b.min; },
           [](Batch& b, double v) { b.min = v; }},
    Column{"mean", picoseconds, [](const Batch& b) { return b.mean; },
           [](Batch& b, double v) { b.mean = v; }},
    Column{"cpu", picoseconds, [](const Batch& b) { return b.cpu; },
           [](Batch& b, double v) { b.cpu = v; }},
    Column{"calls", 1, [](const Batch& b) { return static_cast<double>(b.calls); },
           [](Batch& b, double v) { b.calls = static_cast<std::uint64_t>(std::max(v, 0.0)); }},
    Column{"seconds", microseconds, [](const Batch& b) { return b.seconds; },
           [](Batch& b, double v) { b.seconds = v; }},
    Column{"drain", microseconds, [](const Batch& b) { return b.drain; },
           [](Batch& b, double v) { b.drain = v; }},
    Column{"pair", 1, [](const Batch& b) { return static_cast<double>(b.pair); },
           [](Batch& b, double v) { b.pair = static_cast<std::int64_t>(v); }},
    Column{"start", 1, [](const Batch& b) { return static_cast<double>(b.start); },
           [](Batch& b, double v) { b.start = static_cast<std::int64_t>(v); }},
};

Json side_json(const Side& side) {
  Json out = {{"calls_per_timing", side.calls_per_timing}};
  for (const Column& column : columns) {
    Json values = Json::array();
    for (const Batch& batch : side.batches) {
      const double value = std::round(column.get(batch) * column.scale) / column.scale;
      values.push_back(value == std::trunc(value) ? Json(static_cast<std::int64_t>(value))
                                                  : Json(value));
    }
    out[column.name] = std::move(values);
  }
  return out;
}

Side read_side(const Cursor& in) {
  Side side;
  side.calls_per_timing = in.at("calls_per_timing").integer<std::uint64_t>();
  side.batches.resize(in.at("p25").elements().size());
  for (const Column& column : columns) {
    if (!in.has(column.name)) continue;  // of an earlier version
    const std::vector<double> values = in.at(column.name).numbers();
    if (values.size() != side.batches.size()) {
      in.refuse(fmt::format("'{}' has another length than 'p25'", column.name));
      return {};
    }
    const auto too_large = [](double value) { return std::abs(value) > largest_value; };
    if (std::any_of(values.begin(), values.end(), too_large)) {
      in.refuse(fmt::format("'{}' has a number that is too large", column.name));
      return {};
    }
    for (std::size_t i = 0; i < values.size(); ++i) column.set(side.batches[i], values[i]);
  }
  return side;
}

template <class Parse>
auto word(const Cursor& in, Parse parse) {
  const auto value = parse(in.text());
  if (!value) in.refuse("is not a word of its list");
  return value.value_or(typename decltype(value)::value_type{});
}

Setting read_setting(const Cursor& in) {
  Setting setting;
  const Cursor case_id = in.at("case");
  Result<CaseId> parsed = CaseId::parse(case_id.text());
  if (parsed) {
    setting.case_id = std::move(*parsed);
  } else {
    case_id.refuse(parsed.error().str());
  }
  setting.planted = word(in.at("planted"), parse_planted);
  setting.size = in.at("size").number();
  setting.order = word(in.at("order"), parse_order);
  setting.load = in.at("load").boolean();
  return setting;
}

Report report_of(const Trial& trial, const std::string& name, const Side& side) {
  Report report;
  report.run.version = trial.version;
  report.run.started = trial.started;
  if (trial.setting.order == Order::LockStep) {
    report.run.lockstep = trial.started;
    report.run.side = name;
  }
  Series series;
  series.id = trial.setting.case_id;
  series.batches = side.batches;
  series.calls_per_timing = side.calls_per_timing;
  series.min = side.batches.empty() ? 0 : side.batches.front().min;
  double sum = 0;
  for (const Batch& batch : side.batches) {
    series.calls += batch.calls;
    series.min = std::min(series.min, batch.min);
    sum += batch.mean * static_cast<double>(batch.calls);
  }
  series.mean = series.calls == 0 ? 0 : sum / static_cast<double>(series.calls);
  series.error = trial.error;
  report.series.push_back(std::move(series));
  return report;
}

// Whether what is in the file ends in the middle of a line.
bool ends_in_mid_line(int fd) {
  const off_t size = ::lseek(fd, 0, SEEK_END);
  char last = '\n';
  return size > 0 && ::pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

}  // namespace

std::string_view id(Planted planted) {
  switch (planted) {
    case Planted::Nothing:
      return "nothing";
    case Planted::Spin:
      return "spin";
    case Planted::Seccomp:
      return "seccomp";
  }
  return "";
}

std::optional<Planted> parse_planted(std::string_view text) {
  for (const Planted planted : {Planted::Nothing, Planted::Spin, Planted::Seccomp}) {
    if (text == id(planted)) return planted;
  }
  return std::nullopt;
}

std::string_view id(Order order) { return order == Order::LockStep ? "lockstep" : "sequential"; }

std::optional<Order> parse_order(std::string_view text) {
  for (const Order order : {Order::LockStep, Order::Sequential}) {
    if (text == id(order)) return order;
  }
  return std::nullopt;
}

std::string to_line(const Trial& trial) {
  const Setting& setting = trial.setting;
  const Json out = {{"case", setting.case_id.str()}, {"planted", id(setting.planted)},
                    {"size", setting.size},          {"order", id(setting.order)},
                    {"load", setting.load},          {"started", trial.started},
                    {"version", trial.version},      {"machine", trial.machine},
                    {"seconds", trial.seconds},      {"busy", trial.busy},
                    {"steal", trial.steal},          {"error", trial.error},
                    {"notes", trial.notes},          {"base", side_json(trial.base)},
                    {"new", side_json(trial.now)}};
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Trial> from_line(std::string_view line) {
  const Result<nlohmann::json> json = parse_json(line);
  if (!json) return json.error();
  std::string error;
  const Cursor in(*json, "", error);
  Trial trial;
  trial.setting = read_setting(in);
  trial.started = in.at("started").text();
  trial.version = in.at("version").text();
  trial.machine = in.at("machine").text();
  trial.seconds = in.at("seconds").number();
  trial.busy = in.at("busy").number();
  trial.steal = in.at("steal").number();
  trial.error = in.at("error").text();
  trial.notes = in.at("notes").texts();
  trial.base = read_side(in.at("base"));
  trial.now = read_side(in.at("new"));
  if (!error.empty()) return Error{error};
  return trial;
}

Reports reports_of(const Trial& trial) {
  return {.base = report_of(trial, "base", trial.base), .now = report_of(trial, "new", trial.now)};
}

Result<TrialFile> read_trials(const std::string& path) {
  TrialFile file;
  const Result<std::string> text = read_file(path, largest_file);
  if (!text) {
    if (text.error().err == ENOENT) return file;
    return text.error();
  }
  for (std::size_t begin = 0; begin < text->size();) {
    const std::size_t end = std::min(text->find('\n', begin), text->size());
    const std::string_view line = std::string_view(*text).substr(begin, end - begin);
    begin = end + 1;
    if (line.empty()) continue;
    Result<Trial> trial = from_line(line);
    if (trial) {
      file.trials.push_back(std::move(*trial));
    } else {
      ++file.damaged;
    }
  }
  return file;
}

Status append_trial(const std::string& path, const Trial& trial) {
  const Result<Place> place = find_place(path);
  if (!place) return place.error();
  const int follow = place->open_file ? 0 : O_NOFOLLOW;
  const Fd fd(::openat(place->directory.get(), place->name.c_str(),
                       O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | follow, 0644));
  if (!fd.valid()) return Error::last(fmt::format("open({})", path));
  std::string line = to_line(trial) + '\n';
  if (ends_in_mid_line(fd.get())) line.insert(line.begin(), '\n');
  for (std::size_t written = 0; written < line.size();) {
    const ssize_t count = ::write(fd.get(), line.data() + written, line.size() - written);
    if (count < 0) return Error::last(fmt::format("write({})", path));
    written += static_cast<std::size_t>(count);
  }
  if (::fdatasync(fd.get()) != 0 && errno != EINVAL) {
    return Error::last(fmt::format("fdatasync({})", path));
  }
  return {};
}

}  // namespace nsbench::power
