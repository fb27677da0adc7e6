// fleet_scale: how large what a fleet leaves is, and what it costs to read, keep and compare it,
// measured on reports that are made up from a real one. ci/lava/SCALE.md has its answers.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "ci/kernel/console_log.h"
#include "reports/compare.h"
#include "reports/file.h"
#include "reports/formats/format.h"
#include "reports/formats/kcidb.h"
#include "reports/frames.h"
#include "reports/json.h"
#include "reports/received.h"
#include "suites/history/deflate.h"
#include "suites/history/history.h"
#include "suites/history/trend.h"

namespace nsbench::fleet {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model;
  std::string into;
  std::size_t series = 300;
  std::size_t kernels = 10'000;
  std::size_t boards = 50;
  std::size_t boots = 8;
  std::size_t runs = 1000;
};

[[noreturn]] void fail(const Error& error) {
  fmt::print(stderr, "fleet_scale: {}\n", error.str());
  std::exit(2);
}

template <class Value>
Value must(Result<Value> result) {
  if (!result) fail(result.error());
  return std::move(*result);
}

// One boot of one kernel on one board.
struct Place {
  std::size_t kernel = 0, board = 0, boot = 0;
};

// As many series as a fleet's report is said to have: those of the model again and again.
Report model_of(const Options& options) {
  Report report = must(from_json(must(read_file(options.model))));
  const std::vector<Series> own = std::move(report.series);
  if (own.empty()) fail(Error{fmt::format("{} has no benchmark", options.model)});
  report.series.clear();
  for (std::size_t i = 0; i < options.series; ++i) {
    Series series = own[i % own.size()];
    if (i >= own.size()) {
      series.id.params.emplace_back("again", fmt::format("{}", i / own.size()));
    }
    report.series.push_back(std::move(series));
  }
  return report;
}

std::string time_of(std::size_t minutes) {
  using std::chrono::sys_seconds;
  const auto at = sys_seconds{std::chrono::sys_days{std::chrono::year{2025} / 1 / 1}} +
                  std::chrono::minutes{minutes};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss time{at - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:00Z", int{date.year()}, unsigned{date.month()},
                     unsigned{date.day()}, time.hours().count(), time.minutes().count());
}

// Makes `report` the one of another boot: each series a little faster or slower.
void move_to(const Place& place, const Options& options, std::mt19937_64& random, Report& report) {
  const std::size_t number =
      (place.kernel * options.boards + place.board) * options.boots + place.boot;
  report.kernel.release = fmt::format("6.{}.{}", place.kernel / 100, place.kernel % 100);
  report.kernel.machine_id = fmt::format("board{:028}", place.board);
  report.kernel.boot_id = fmt::format("boot-{}", number);
  report.environment.host_name = fmt::format("board-{}", place.board);
  report.run.seed = random();
  report.run.started = time_of(number);
  std::normal_distribution<double> noise(0, 0.02);
  for (Series& series : report.series) {
    const double pace = std::exp(noise(random));
    for (Batch& batch : series.batches) batch.p25 *= pace;
    for (double& sample : series.samples) sample *= pace;
  }
}

// What a report can do without.
void drop_samples(Report& report) {
  for (Series& series : report.series) series.samples.clear();
}
void drop_statements_of_passes(Report& report) {
  for (CaseResult& result : report.cases) {
    if (result.verdict == VerdictKind::Pass) result.statements.clear();
  }
}

std::string on_a_console(const Report& report) {
  FrameWriter writer;
  std::string text = writer.lines_of({message_kind::part, to_json(report)});
  return text + writer.lines_of({message_kind::end, "0"});
}

// As LAVA's server gives a job's log: a line of YAML for each of the console's.
std::string in_lavas_log(std::string_view console) {
  std::string log;
  while (!console.empty()) {
    const std::size_t end = std::min(console.find('\n'), console.size());
    log += R"(- {"dt": "2026-11-30T21:24:01.123456", "lvl": "target", "msg": ")";
    for (const char c : console.substr(0, end)) {
      if (c == '"' || c == '\\') log += '\\';
      log += c;
    }
    log += "\"}\n";
    console.remove_prefix(std::min(end + 1, console.size()));
  }
  return log;
}

std::size_t deflated_size(const std::string& text) { return must(history::deflated(text)).size(); }

int sizes(const Options& options) {
  const Report whole = model_of(options);
  const auto all = static_cast<double>(options.kernels * options.boards * options.boots);
  fmt::print(
      "{} series, {} checks with their controls; {:.0f} reports: {} kernels x {} boards x {} "
      "boots\n\n",
      whole.series.size(), whole.cases.size(), all, options.kernels, options.boards, options.boots);
  fmt::print(
      "| what | kB | deflated, kB | of the fleet, TB | deflated, TB |\n"
      "| --- | ---: | ---: | ---: | ---: |\n");
  const auto row = [&](const char* what, const std::string& text) {
    const auto bytes = static_cast<double>(text.size());
    const auto small = static_cast<double>(deflated_size(text));
    fmt::print("| {} | {:.0f} | {:.0f} | {:.2f} | {:.2f} |\n", what, bytes / 1e3, small / 1e3,
               bytes * all / 1e12, small * all / 1e12);
  };
  const auto without = [&](const std::function<void(Report&)>& change) {
    Report report = whole;
    change(report);
    return report;
  };
  const Report timed = without([](Report& report) { report.cases.clear(); });
  const Report lean = without([](Report& report) {
    report.cases.clear();
    drop_samples(report);
  });
  row("report", to_json(whole));
  row("without samples", to_json(without(drop_samples)));
  row("without what was stated of passes", to_json(without(drop_statements_of_passes)));
  row("without both", to_json(without([](Report& report) {
        drop_samples(report);
        drop_statements_of_passes(report);
      })));
  row("benchmarks alone", to_json(timed));
  row("benchmarks alone, without samples", to_json(lean));
  row("checks alone", to_json(without([](Report& report) { report.series.clear(); })));
  const std::string console = on_a_console(whole);
  row("console, report in frames", console);
  row("console, benchmarks alone", on_a_console(timed));
  row("the job's log of LAVA", in_lavas_log(console));
  row("LAVA's signals", find_format("lava")->of_reports(std::span(&whole, 1), {}));
  row("KCIDB", to_kcidb(std::span(&whole, 1), "nsbench"));
  row("KCIDB, benchmarks alone", to_kcidb(std::span(&timed, 1), "nsbench"));
  constexpr double bytes_per_second = 115'200 / 10.0;
  fmt::print(
      "\nat 115,200 baud the console takes {:.0f} s, with benchmarks alone {:.0f} s, and "
      "without samples {:.0f} s\n",
      static_cast<double>(console.size()) / bytes_per_second,
      static_cast<double>(on_a_console(timed).size()) / bytes_per_second,
      static_cast<double>(on_a_console(lean).size()) / bytes_per_second);
  return 0;
}

// What one act takes: in a process of its own, so that its peak of memory is its own.
void measured(const std::string& what, const std::function<std::size_t()>& act) {
  std::fflush(stdout);
  const auto start = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const std::size_t sink = act();
    std::_Exit(sink == SIZE_MAX ? 1 : 0);
  }
  int status = 0;
  struct rusage usage {};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child || status != 0) {
    fail(Error{fmt::format("{}: did not come to its end", what)});
  }
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  fmt::print("| {} | {:.3f} | {:.3f} | {:.0f} |\n", what,
             seconds(usage.ru_utime) + seconds(usage.ru_stime),
             std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
             static_cast<double>(usage.ru_maxrss) / 1e3);
}

std::string file_of(const Options& options, const std::string& kind, std::size_t number) {
  return fmt::format("{}/{}-{}.json", options.into, kind, number);
}

// Reports of a base and a kernel, of whole boots and of such that timed alone.
void write_sides(const Options& options, std::size_t boots) {
  std::mt19937_64 random(1);
  const Report whole = model_of(options);
  for (std::size_t side = 0; side < 2; ++side) {
    for (std::size_t boot = 0; boot < boots; ++boot) {
      Report report = whole;
      move_to({side, 0, boot}, options, random, report);
      report.kernel.machine_id = "board";
      const auto keep = [&](const char* kind) {
        const Status kept =
            write_file(file_of(options, kind, side * boots + boot), to_json(report));
        if (!kept) fail(kept.error());
      };
      keep("whole");
      report.cases.clear();
      keep("timed");
      drop_samples(report);
      keep("lean");
    }
  }
}

// As a gate does it: all reports of both sides, and one comparison.
std::size_t gate_one(const Options& options, const std::string& kind, std::size_t boots,
                     std::size_t kernels) {
  const auto side = [&](std::size_t first) {
    std::vector<Report> reports;
    for (std::size_t i = 0; i < boots; ++i) {
      reports.push_back(must(from_json(must(read_file(file_of(options, kind, first + i))))));
    }
    return reports;
  };
  const std::vector<Report> base = side(0);
  std::size_t slower = 0;
  for (std::size_t kernel = 0; kernel < kernels; ++kernel) {
    const std::vector<Report> now = side(boots);
    const Comparison comparison = must(compare(base, now, {}));
    for (const SeriesComparison& one : comparison.series) slower += one.change == Change::Slower;
  }
  return slower;
}

std::size_t compare_again(const Options& options, const std::string& kind, std::size_t boots,
                          std::size_t times) {
  std::vector<Report> base;
  std::vector<Report> now;
  for (std::size_t i = 0; i < 2 * boots; ++i) {
    (i < boots ? base : now).push_back(must(from_json(must(read_file(file_of(options, kind, i))))));
  }
  std::size_t series = 0;
  for (std::size_t i = 0; i < times; ++i) series += must(compare(base, now, {})).series.size();
  return series;
}

int costs(const Options& options) {
  std::error_code failed;
  fs::create_directories(options.into, failed);
  constexpr std::size_t most_boots = 16;
  write_sides(options, most_boots);
  const std::string json = file_of(options, "whole", 0);
  const std::string console = options.into + "/console.log";
  const std::string lava = options.into + "/lava.yaml";
  {
    const std::string text = on_a_console(must(from_json(must(read_file(json)))));
    if (!write_file(console, text) || !write_file(lava, in_lavas_log(text))) {
      fail(Error{"the logs can't be written"});
    }
  }
  const auto report = [&] { return must(from_json(must(read_file(json)))); };
  fmt::print("| what | CPU, s | elapsed, s | peak, MB |\n| --- | ---: | ---: | ---: |\n");
  measured("nothing", [] { return std::size_t{0}; });
  measured("a report read", [&] { return report().cases.size(); });
  measured("one of benchmarks alone read", [&] {
    return must(from_json(must(read_file(file_of(options, "timed", 0))))).series.size();
  });
  measured("one without samples read", [&] {
    return must(from_json(must(read_file(file_of(options, "lean", 0))))).series.size();
  });
  measured("a console read, then written as JSON", [&] {
    return to_json(kernel::read_console_log(must(read_file(console))).report).size();
  });
  measured("a log of LAVA read, then written as JSON",
           [&] { return to_json(kernel::read_console_log(must(read_file(lava))).report).size(); });
  measured("a report read, and made KCIDB's", [&] {
    const Report one = report();
    return to_kcidb(std::span(&one, 1), "nsbench").size();
  });
  for (const char* kind : {"whole", "timed", "lean"}) {
    for (const std::size_t boots : {std::size_t{8}, most_boots}) {
      measured(fmt::format("{} reports, {} boots a side: read", kind, boots),
               [&] { return compare_again(options, kind, boots, 0); });
      measured(fmt::format("{} reports, {} boots a side: read, compared once", kind, boots),
               [&] { return compare_again(options, kind, boots, 1); });
      measured(fmt::format("{} reports, {} boots a side: read, compared 21 times", kind, boots),
               [&] { return compare_again(options, kind, boots, 21); });
    }
  }
  for (const std::size_t kernels : {std::size_t{1}, std::size_t{5}, std::size_t{20}}) {
    measured(fmt::format("timed reports, 8 boots: one base, {} kernels read and compared", kernels),
             [&] { return gate_one(options, "timed", 8, kernels); });
  }
  return 0;
}

// Fills a history with runs of a fleet, without waiting for the disk, and tells how long each
// takes. One boot in `boots` has checks.
int fill(const Options& options) {
  std::mt19937_64 random(1);
  const Report model = model_of(options);
  const history::Record whole = must(history::record_of(model));
  history::History history =
      must(history::History::open(options.into, history::Database::Access::Create));
  history.database().exec("PRAGMA synchronous = OFF");
  const auto cpu = [] {
    struct rusage usage {};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
  };
  fmt::print("| runs | CPU of each, ms | with checks | MB |\n| ---: | ---: | ---: | ---: |\n");
  double timed = 0;
  double checked = 0;
  std::size_t last = 0;
  std::normal_distribution<double> noise(0, 0.02);
  const std::size_t block = std::max<std::size_t>(1000, options.runs / 10);
  for (std::size_t i = 0; i < options.runs; ++i) {
    const Place place{i / options.boots / options.boards, i / options.boots % options.boards,
                      i % options.boots};
    Report context;
    move_to(place, options, random, context);
    history::Record record = whole;
    record.run.release = context.kernel.release;
    record.run.machine_id = context.kernel.machine_id;
    record.run.host_name = context.environment.host_name;
    record.run.boot_id = context.kernel.boot_id;
    record.run.seed = context.run.seed;
    record.run.started = context.run.started;
    for (history::Timing& timing : record.timings) timing.typical *= std::exp(noise(random));
    const bool has_checks = place.boot == 0;
    if (!has_checks) record.checks.clear();
    const double before = cpu();
    (void)must(history.add(record, std::nullopt));
    (has_checks ? checked : timed) += cpu() - before;
    if ((i + 1) % block != 0 && i + 1 != options.runs) continue;
    const auto count = static_cast<double>(i + 1 - last);
    const auto with = count / static_cast<double>(options.boots);
    fmt::print("| {} | {:.1f} | {:.1f} | {:.1f} |\n", i + 1, 1000 * timed / (count - with),
               1000 * checked / with, static_cast<double>(fs::file_size(options.into)) / 1e6);
    std::fflush(stdout);
    timed = checked = 0;
    last = i + 1;
  }
  return 0;
}

// Reads a history, each question in a process of its own.
int ask(const Options& options) {
  const auto open = [&] {
    return must(history::History::open(options.into, history::Database::Access::Existing));
  };
  std::string name;
  {
    history::History history = open();
    const auto names = must(history.similar(":root", 1));
    if (names.empty()) fail(Error{"no case"});
    const auto record = must(history.record(1));
    name = record->timings.front().id;
  }
  const auto trend = [&](const history::Filter& filter) {
    history::History history = open();
    std::vector<std::pair<history::CaseName, std::vector<history::Point>>> cases;
    for (const history::CaseName& one : must(history.cases_named(name))) {
      cases.emplace_back(one, must(history.points(one, filter)));
    }
    return history::trend_of(name, std::move(cases), {}).lines.size();
  };
  fmt::print("| what | CPU, s | elapsed, s | peak, MB |\n| --- | ---: | ---: | ---: |\n");
  measured("opened", [&] { return open().database().path().size(); });
  measured("the newest 40 runs", [&] { return must(open().runs({}, 40)).size(); });
  measured("all runs counted", [&] { return static_cast<std::size_t>(must(open().count({}))); });
  measured("all points of a benchmark", [&] {
    history::History history = open();
    return must(history.points(must(history.cases_named(name)).front(), {})).size();
  });
  measured("its trend on all boards", [&] { return trend({}); });
  measured("its trend on one board", [&] { return trend({"", "board-7"}); });
  return 0;
}

// Reports of a fleet, for programs that read such: INTO/KERNEL/BOOT.json.
int make(const Options& options) {
  std::mt19937_64 random(1);
  const Report model = model_of(options);
  for (std::size_t kernel = 0; kernel < options.kernels; ++kernel) {
    const std::string directory = fmt::format("{}/kernel-{}", options.into, kernel);
    std::error_code failed;
    fs::create_directories(directory, failed);
    for (std::size_t boot = 0; boot < options.boots; ++boot) {
      Report report = model;
      move_to({kernel, 0, boot}, options, random, report);
      report.kernel.machine_id = "board";
      if (boot > 0) report.cases.clear();
      const Status kept = write_file(fmt::format("{}/{}.json", directory, boot), to_json(report));
      if (!kept) fail(kept.error());
    }
  }
  return 0;
}

}  // namespace
}  // namespace nsbench::fleet

int main(int argc, char** argv) {
  using namespace nsbench::fleet;
  CLI::App app{"Sizes and costs of a fleet's reports.", "fleet_scale"};
  Options options;
  const auto with_model = [&](const char* name, const char* about) {
    CLI::App* const sub = app.add_subcommand(name, about);
    sub->add_option("REPORT", options.model, "A real one: nsbench run --suite gate --json=FILE")
        ->required();
    sub->add_option("--series", options.series, "Benchmarks of a report")->capture_default_str();
    sub->add_option("--boots", options.boots, "Of a kernel on a board")->capture_default_str();
    sub->add_option("--kernels", options.kernels, "Of the fleet")->capture_default_str();
    sub->add_option("--boards", options.boards, "Of the fleet")->capture_default_str();
    return sub;
  };
  CLI::App* const of_sizes = with_model("sizes", "How large each form of a report is");
  CLI::App* const of_costs = with_model("costs", "What reading and comparing take");
  of_costs->add_option("DIR", options.into, "Where reports are made")->required();
  CLI::App* const of_fill = with_model("fill", "Fill a history with runs of a fleet");
  of_fill->add_option("DB", options.into, "The history, a new one")->required();
  of_fill->add_option("--runs", options.runs, "How many")->capture_default_str();
  CLI::App* const of_make = with_model("make", "Write a fleet's reports");
  of_make->add_option("DIR", options.into, "DIR/kernel-N/BOOT.json")->required();
  CLI::App* const of_ask = app.add_subcommand("ask", "What questions to a history take");
  of_ask->add_option("DB", options.into, "That was filled")->required();
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  if (*of_sizes) return sizes(options);
  if (*of_costs) return costs(options);
  if (*of_fill) return fill(options);
  return *of_make ? make(options) : ask(options);
}
