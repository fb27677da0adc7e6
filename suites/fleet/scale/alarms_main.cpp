// fleet_alarms: how many false alarms a fleet of so many kernels, machines and benchmarks gives by
// chance, and what each way of keeping them down costs in power. ci/lava/SCALE.md has its answers.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "reports/detectable.h"
#include "reports/file.h"
#include "reports/inference.h"
#include "reports/json.h"
#include "suites/fleet/scale/alarms.h"
#include "suites/fleet/scale/noise.h"

namespace nsbench::fleet {
namespace {

struct Options {
  std::string file;
  std::vector<std::string> reports;
  FleetShape shape;
  FleetRules rules;
  std::size_t days = 1;
  std::size_t trials = 100;
  std::string schedule = "in-turn";
  double calm = 1;
  std::uint64_t seed = 1;
};

int fail(const Error& error) {
  fmt::print(stderr, "fleet_alarms: {}\n", error.str());
  return 2;
}

Result<Noise> noise_in(const std::string& file, double calm) {
  const Result<std::string> text = read_file(file);
  if (!text) return text.error();
  Result<Noise> noise = read_noise(*text);
  if (!noise) return Error{fmt::format("{}: {}", file, noise.error().str())};
  return calmed(std::move(*noise), calm);
}

Lab lab_of(const Noise& noise, const Options& options) {
  return {noise, options.shape.series,
          options.schedule == "in-turn" ? Schedule::InTurn : Schedule::OneAfterTheOther,
          options.seed};
}

int record(const Options& options) {
  std::vector<Report> reports;
  for (const std::string& file : options.reports) {
    const Result<std::string> text = read_file(file);
    if (!text) return fail(text.error());
    Result<Report> report = from_json(*text);
    if (!report) return fail(Error{fmt::format("{}: {}", file, report.error().str())});
    reports.push_back(std::move(*report));
  }
  const Result<Noise> noise = noise_of(reports);
  if (!noise) return fail(noise.error());
  const Status written = write_file(options.file, to_text(*noise));
  return written ? 0 : fail(written.error());
}

int describe(const Options& options) {
  const Result<Noise> noise = noise_in(options.file, options.calm);
  if (!noise) return fail(noise.error());
  fmt::print("{} runs, {} to {}\n\n", noise->runs.size(), noise->runs.front().started,
             noise->runs.back().started);
  fmt::print("| benchmark | median, ns | batches, % | runs, % | next run | farthest |\n");
  fmt::print("| --- | ---: | ---: | ---: | ---: | ---: |\n");
  const std::vector<Restlessness> all = restlessness_of(*noise);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Restlessness& one = all[i];
    fmt::print("| `{}` | {:.0f} | {:.1f} | {:.1f} | {:.2f} | {:.1f} |\n", noise->series[i].str(),
               one.typical, 100 * one.within, 100 * one.between, one.lag1, one.farthest);
  }
  return 0;
}

std::string per_day(std::size_t count, std::size_t days) {
  constexpr double alpha = 0.05;
  // Poisson's interval, as the limit of the binomial's.
  const std::size_t many = 1'000'000'000;
  const Interval share = proportion_interval(count, many, alpha);
  const double scale = static_cast<double>(many) / static_cast<double>(days);
  return fmt::format("{:.4g} ({:.2g} to {:.3g})",
                     static_cast<double>(count) / static_cast<double>(days), share.low * scale,
                     share.high * scale);
}

int days(const Options& options) {
  const Result<Noise> noise = noise_in(options.file, options.calm);
  if (!noise) return fail(noise.error());
  Lab lab = lab_of(*noise, options);
  Day sum;
  struct Row {
    const char* name;
    Called Day::*called;
  };
  constexpr Row rows[] = {{"each comparison by itself", &Day::alone},
                          {"alpha shared out among the comparisons", &Day::shared},
                          {"Benjamini-Hochberg over the fleet", &Day::hochberg},
                          {"slower on two boards", &Day::two_boards},
                          {"slower on so many boards as are needed", &Day::some_boards},
                          {"slower over all boards together", &Day::pooled},
                          {"confirmed by fresh boots", &Day::confirmed},
                          {"what fleet gate does", &Day::recommended}};
  std::map<const char*, std::size_t> bad_days;
  for (std::size_t day = 0; day < options.days; ++day) {
    const Day one = simulate_day(lab, options.shape, options.rules);
    sum.comparisons += one.comparisons;
    sum.booted_again += one.booted_again;
    for (const Row& row : rows) {
      (sum.*row.called).series += (one.*row.called).series;
      (sum.*row.called).comparisons += (one.*row.called).comparisons;
      bad_days[row.name] += (one.*row.called).series > 0 ? 1 : 0;
    }
  }
  const FleetShape& shape = options.shape;
  fmt::print("{} kernels x {} boards x {} series, {} boots a side, {}: {} days, {} comparisons\n\n",
             shape.kernels, shape.boards, shape.series, shape.boots, options.schedule, options.days,
             sum.comparisons);
  fmt::print(
      "| rule | false \"slower\" a day (95 %) | kernels or comparisons with one, a day | "
      "days with any |\n| --- | --- | --- | ---: |\n");
  for (const Row& row : rows) {
    const Called& called = sum.*row.called;
    fmt::print("| {} | {} | {} | {} of {} |\n", row.name, per_day(called.series, options.days),
               per_day(called.comparisons, options.days), bad_days[row.name], options.days);
  }
  const auto needed = boards_needed(shape, options.rules.alpha);
  fmt::print("\nboards needed: {}; comparisons booted again: {:.4g} a day\n",
             needed ? fmt::format("{}", *needed) : "more than there are",
             static_cast<double>(sum.booted_again) / static_cast<double>(options.days));
  return 0;
}

// The series of the recording, by how much one run differs from the next.
struct Class {
  const char* name;
  double most;
  std::vector<std::size_t> series = {};
};

constexpr std::array rules_of_power{&Power::alone,       &Power::shared, &Power::hochberg,
                                    &Power::some_boards, &Power::pooled, &Power::confirmed,
                                    &Power::recommended};

int power(const Options& options) {
  const Result<Noise> noise = noise_in(options.file, options.calm);
  if (!noise) return fail(noise.error());
  Lab lab = lab_of(*noise, options);
  const std::vector<Restlessness> rest = restlessness_of(*noise);
  std::vector<Class> classes{{"under 1 %", 0.01},
                             {"1 to 2 %", 0.02},
                             {"2 to 4 %", 0.04},
                             {"4 to 8 %", 0.08},
                             {"more", 1e9}};
  for (std::size_t i = 0; i < rest.size(); ++i) {
    std::find_if(classes.begin(), classes.end(), [&](const Class& one) {
      return rest[i].between <= one.most;
    })->series.push_back(i);
  }
  const auto suspects = static_cast<std::size_t>(static_cast<double>(options.shape.comparisons()) *
                                                 options.rules.alpha / 2);
  fmt::print("{} kernels x {} boards x {} series, {} boots a side, {} to confirm\n\n",
             options.shape.kernels, options.shape.boards, options.shape.series, options.shape.boots,
             options.rules.confirming_boots);
  fmt::print(
      "| runs differ by | slower by | on | alone | shared out | BH | boards | pooled | confirmed | "
      "recommended |\n| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  for (const Class& one : classes) {
    if (one.series.empty()) continue;
    for (const double by : {0.03, 0.05, 0.1, 0.2}) {
      for (const std::size_t boards : {options.shape.boards, std::size_t{1}}) {
        Power sum;
        for (const std::size_t series : one.series) {
          const Power found =
              simulate_power(lab, options.shape, options.rules, {series, by}, boards, suspects,
                             options.trials / one.series.size() + 1);
          sum.trials += found.trials;
          for (const auto rule : rules_of_power) sum.*rule += found.*rule;
        }
        fmt::print("| {} ({}) | {:+.0f} % | {} |", one.name, one.series.size(), 100 * by,
                   boards == 1 ? "one" : fmt::format("{}", boards));
        for (const auto rule : rules_of_power) {
          fmt::print(" {:.0f} |",
                     100.0 * static_cast<double>(sum.*rule) / static_cast<double>(sum.trials));
        }
        fmt::print("\n");
        std::fflush(stdout);
      }
    }
  }
  return 0;
}

// What a comparison of so many boots finds, were the logs of its runs normal.
int boots(const Options& options) {
  const FleetShape& shape = options.shape;
  const auto series = static_cast<double>(shape.series);
  const auto comparisons = static_cast<double>(shape.comparisons());
  struct Rule {
    const char* name;
    double alpha;  // of one series
  };
  const double suspects = std::max(1.0, comparisons * options.rules.alpha / 2);
  const Rule rules[] = {{"alone", options.rules.alpha / series},
                        {"confirming", options.rules.alpha / 3 / suspects},
                        {"at once", options.rules.alpha / 3 / series / comparisons}};
  fmt::print(
      "| boots a side | rule | p of one series under | t | found in 95 of 100, where runs "
      "differ by 1 % | 2 % | 5 % | 10 % |\n"
      "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  for (const std::size_t n : {4, 8, 12, 16, 24, 32, 64}) {
    const auto df = static_cast<double>(2 * n - 2);
    for (const Rule& rule : rules) {
      fmt::print("| {} | {} | {:.1e} | {:.1f} |", n, rule.name, rule.alpha,
                 student_quantile(1 - rule.alpha / 2, df));
      for (const double between : {0.01, 0.02, 0.05, 0.1}) {
        const double error = between * std::sqrt(2.0 / static_cast<double>(n));
        const double change =
            detectable_change(error, df, {rule.alpha, std::log1p(options.rules.threshold)});
        fmt::print(" {:.1f} % |", 100 * std::expm1(change));
      }
      fmt::print("\n");
    }
  }
  return 0;
}

void add_shape(CLI::App& app, Options& options) {
  app.add_option("--kernels", options.shape.kernels, "Each is compared with the base")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--boards", options.shape.boards, "Types of machine")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--series", options.shape.series, "Benchmarks of a comparison")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--boots", options.shape.boots, "Of each kernel on each board")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  app.add_option("--confirm", options.rules.confirming_boots, "Of each side, where boots confirm")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  app.add_option("--alpha", options.rules.alpha,
                 "The chance of one false alarm: of a comparison, "
                 "or of the fleet")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  app.add_option("--threshold", options.rules.threshold, "As nsbench compare's, a fraction")
      ->capture_default_str();
}

CLI::App* drawing(CLI::App& app, Options& options, const char* name, const char* about) {
  CLI::App* const sub = app.add_subcommand(name, about);
  sub->add_option("NOISE", options.file, "What record wrote")->required();
  add_shape(*sub, options);
  sub->add_option("--schedule", options.schedule, "Whether both sides' boots are mixed in time")
      ->check(CLI::IsMember({"in-turn", "one-after-the-other"}))
      ->capture_default_str();
  sub->add_option("--calm", options.calm,
                  "All deviations (of logs) times this: 0.25 for machines that are four times as "
                  "steady as the one that was recorded")
      ->check(CLI::Range(0.001, 1.0))
      ->capture_default_str();
  sub->add_option("--seed", options.seed, "Of all that is drawn")->capture_default_str();
  return sub;
}

}  // namespace
}  // namespace nsbench::fleet

int main(int argc, char** argv) {
  using namespace nsbench::fleet;
  CLI::App app{"False alarms of a fleet, by recorded noise.", "fleet_alarms"};
  Options options;
  CLI::App* const recording =
      app.add_subcommand("record", "Keep the times of runs of one kernel as noise");
  recording->add_option("NOISE", options.file, "Where")->required();
  recording->add_option("REPORT", options.reports, "nsbench run --json=FILE, two at least")
      ->required();
  CLI::App* const describing = app.add_subcommand("describe", "How restless each benchmark is");
  describing->add_option("NOISE", options.file, "What record wrote")->required();
  CLI::App* const of_days =
      drawing(app, options, "days", "False alarms of days on which nothing is slower");
  of_days->add_option("--days", options.days, "How many")->capture_default_str();
  CLI::App* const of_power = drawing(app, options, "power", "How often a slowdown is found");
  of_power->add_option("--trials", options.trials, "For each line")->capture_default_str();
  CLI::App* const of_boots = app.add_subcommand("boots", "What so many boots can find");
  add_shape(*of_boots, options);
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  if (*recording) return record(options);
  if (*describing) return describe(options);
  if (*of_days) return days(options);
  return *of_power ? power(options) : boots(options);
}
