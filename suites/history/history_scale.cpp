// How long the history takes when it is large: fills a file with runs made up from one report, and
// times adding to it, listing, showing and trends. Not one of the tests.
//   history_scale DB RUNS [REPORT.json]
#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/testdata/sample_report.h"
#include "suites/history/history.h"
#include "suites/history/history_json.h"
#include "suites/history/history_text.h"
#include "suites/history/trend_html.h"

namespace nsbench::history {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// 50 minutes after the run before; a new kernel with every fifth run, 3 % slower from every 1,000th
// run on; one run in 20 has a check that fails.
void vary(Record& record, const Record& model, int number, std::mt19937_64& random) {
  using std::chrono::sys_seconds;
  record = model;
  const auto started = sys_seconds{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}} +
                       std::chrono::minutes{50} * number;
  const auto day = std::chrono::floor<std::chrono::days>(started);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{started - day};
  record.run.started = fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", int{date.year()}, unsigned{date.month()},
      unsigned{date.day()}, time.hours().count(), time.minutes().count(), time.seconds().count());
  record.run.release = fmt::format("6.{}.{}", 1 + number / 500, number / 5 % 100);
  record.run.seed = random();
  std::normal_distribution<double> noise(std::log1p(0.03) * (number / 1000 % 4), 0.01);
  for (Timing& timing : record.timings) {
    const double pace = std::exp(noise(random));
    for (double* value :
         {&timing.typical, &timing.p25, &timing.p50, &timing.p90, &timing.p99, &timing.min}) {
      *value *= pace;
    }
  }
  if (number % 20 == 0 && !record.checks.empty()) {
    Check& check = record.checks[random() % record.checks.size()];
    check.verdict = "fail";
    check.note = "made up";
  }
}

void fail(const Error& error) {
  fmt::print(stderr, "history_scale: {}\n", error.str());
  std::exit(1);
}

template <class Value>
Value must(Result<Value> result) {
  if (!result) fail(result.error());
  return std::move(*result);
}

template <class Act>
void timed(const char* what, Act act) {
  const auto start = std::chrono::steady_clock::now();
  const std::size_t bytes = act();
  fmt::print("{:30} {:8.1f} ms  {} bytes of output\n", what, 1000 * seconds_since(start), bytes);
}

void time_reading(const std::string& path, const Record& model, int runs) {
  const auto open = [&] { return must(History::open(path, Database::Access::Existing)); };
  timed("list, the newest 40", [&] {
    History history = open();
    const std::int64_t of = must(history.count({}));
    return list_text(must(history.runs({}, 40)), of, {}).size();
  });
  timed("list --json, all", [&] { return list_json(must(open().runs({}, 0))).size(); });
  timed("list --kernel 6.3.7", [&] {
    return list_json(must(open().runs({"6.3.7 ", ""}, 0))).size();
  });
  timed("show", [&] { return show_text(*must(open().record(runs / 2)), {}).size(); });
  const auto trend = [&](const std::string& id) {
    History history = open();
    std::vector<std::pair<CaseName, std::vector<Point>>> cases;
    for (const CaseName& name : must(history.cases_named(id))) {
      cases.emplace_back(name, must(history.points(name, {})));
    }
    return trend_of(id, std::move(cases), {});
  };
  const std::string benchmark = model.timings.front().id;
  const std::string check = model.checks.front().id;
  timed("trend of a benchmark", [&] { return trend_text(trend(benchmark), {.limit = 40}).size(); });
  timed("trend of it, without change points", [&] {
    History history = open();
    return must(history.points(must(history.cases_named(benchmark)).front(), {})).size();
  });
  timed("trend of it, --format html", [&] { return trend_html(trend(benchmark)).size(); });
  timed("trend of a check", [&] { return trend_text(trend(check), {.limit = 40}).size(); });
}

int run(const std::string& path, int runs, const Report& report) {
  const Record model = must(record_of(report));
  fmt::print("each with {} checks and {} benchmarks\n", model.checks.size(), model.timings.size());
  History history = must(History::open(path, Database::Access::Create));
  std::mt19937_64 random(1);
  Record record;
  auto start = std::chrono::steady_clock::now();
  constexpr int block = 1000;
  for (int i = 0; i < runs; ++i) {
    vary(record, model, i, random);
    must(history.add(record, std::nullopt));
    if ((i + 1) % block != 0 && i + 1 != runs) continue;
    fmt::print("{:6} runs: {:6.1f} ms for each of the last {}, {:.1f} MB\n", i + 1,
               1000 * seconds_since(start) / (i % block + 1), i % block + 1,
               static_cast<double>(std::filesystem::file_size(path)) / 1e6);
    start = std::chrono::steady_clock::now();
  }
  time_reading(path, model, runs);
  return 0;
}

}  // namespace
}  // namespace nsbench::history

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    fmt::print(stderr, "usage: history_scale DB RUNS [REPORT.json]\n");
    return 2;
  }
  nsbench::Report report = nsbench::sample_report();
  if (argc == 4) {
    report = nsbench::history::must(
        nsbench::from_json(nsbench::history::must(nsbench::read_file(argv[3]))));
  }
  return nsbench::history::run(argv[1], std::atoi(argv[2]), report);
}
