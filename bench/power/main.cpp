// power: how often the comparison calls identical kernels different, and how often it finds a
// slowdown that was planted. Comparisons are added to a file until the time is up.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <limits>
#include <random>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "bench/power/schedule.h"
#include "bench/power/score.h"
#include "bench/power/study.h"
#include "bench/power/trial.h"
#include "bench/workload.h"
#include "reports/file.h"
#include "reports/gate.h"
#include "reports/pattern.h"

namespace nsbench::power {
namespace {

using Clock = std::chrono::steady_clock;

// One of each kind of work: what is gone at once, what a kernel thread tears down, what waits for
// RCU, a call that makes a process, a call that makes nothing.
constexpr const char* default_cases =
    "^(create/(uts|cgroup|mnt|net):unshare|create/pid:clone|join/(uts|net):setns):root$";

// Set by a signal; the one thing a handler may touch.
volatile std::sig_atomic_t stop_signal = 0;

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { stop_signal = signal; };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // One that is ignored stays so: nohup means what it says.
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN) ::sigaction(signal, &action, nullptr);
  }
  ::signal(SIGPIPE, SIG_IGN);
}

struct Options {
  std::string file;
  std::string cases = default_cases;
  std::vector<double> sizes;
  std::string plant = "spin";
  std::string order = "lockstep";
  std::string load = "none";
  double minutes = 10;
  double hours = 0;
  std::size_t comparisons = 0;  // 0: as many as the time allows
  std::size_t null_weight = 6;
  std::uint64_t seed = 0;
  StudyOptions study;
  CompareOptions compare;
  bool analyse = false;
  bool json = false;
};

int complain(const std::string& text) {
  fmt::print(stderr, "power: {}\n", text);
  return static_cast<int>(ExitCode::Usage);
}

Result<std::vector<CaseId>> chosen_cases(const std::string& pattern) {
  std::vector<CaseId> cases;
  const Result<std::regex> regex = parse_pattern(pattern);
  if (!regex) return Error{fmt::format("--cases {}", regex.error().str())};
  for (const BenchCase& bench_case : all_bench_cases()) {
    if (std::regex_search(bench_case.id().str(), *regex)) cases.push_back(bench_case.id());
  }
  if (cases.empty()) return Error{fmt::format("--cases \"{}\" names no benchmark", pattern)};
  return cases;
}

// Percent of a spin, instructions of a filter.
std::vector<double> chosen_sizes(const Options& options, Planted planted) {
  const bool is_spin = planted == Planted::Spin;
  if (options.sizes.empty()) {
    return is_spin ? std::vector{0.02, 0.03, 0.05, 0.1} : std::vector<double>{192, 320, 640};
  }
  std::vector<double> sizes = options.sizes;
  if (is_spin) {
    for (double& size : sizes) size /= 100;
  }
  return sizes;
}

Result<Design> design_of(const Options& options) {
  Result<std::vector<CaseId>> cases = chosen_cases(options.cases);
  if (!cases) return cases.error();
  Design design;
  design.cases = std::move(*cases);
  design.planted = *parse_planted(options.plant);
  design.sizes = chosen_sizes(options, design.planted);
  design.null_weight = options.null_weight;
  design.order = *parse_order(options.order);
  if (options.load == "on") design.loads = {true};
  if (options.load == "both") design.loads = {false, true};
  if (design.sizes.empty() && design.null_weight == 0) return Error{"nothing is left to compare"};
  return design;
}

std::string in_words(const Setting& setting) {
  std::string text = setting.case_id.str();
  if (setting.planted == Planted::Spin) text += fmt::format(" {:+g} %", setting.size * 100);
  if (setting.planted == Planted::Seccomp) text += fmt::format(" filter of {:g}", setting.size);
  if (setting.order == Order::Sequential) text += " one after the other";
  if (setting.load) text += " under load";
  return text;
}

// Until the time is up: no comparison begins that is not likely to end by then.
Status collect(const Options& options, const Design& design, TrialFile& file) {
  const std::vector<Cell> cells = cells_of(design);
  std::mt19937_64 random(options.seed != 0 ? options.seed : std::random_device{}());
  const double limit = options.hours > 0 ? options.hours * 3600 : options.minutes * 60;
  const Clock::time_point start = Clock::now();
  const auto elapsed = [start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  double longest = 2 * options.study.seconds_per_side;
  const std::size_t most = options.comparisons > 0 ? file.trials.size() + options.comparisons
                                                   : std::numeric_limits<std::size_t>::max();
  while (stop_signal == 0 && file.trials.size() < most && elapsed() + longest < limit) {
    StudyOptions study = options.study;
    study.seed = random();
    Trial trial = run_trial(choose(cells, file.trials, random).setting, study);
    if (stop_signal != 0) break;
    longest = std::max(longest, trial.seconds);
    const Judged judged = judge(trial, options.compare);
    if (Status added = append_trial(options.file, trial); !added) return added;
    fmt::print(stderr, "{:5.1f} min  {}: {} {:+.1f} %  {}{}\n", elapsed() / 60,
               in_words(trial.setting), id(judged.finding), (judged.ratio - 1) * 100, judged.code,
               trial.error);
    // A study in which nothing works must not fill a disk.
    if (!trial.error.empty() && trial.seconds < 1)
      std::this_thread::sleep_for(std::chrono::seconds(1));
    file.trials.push_back(std::move(trial));
  }
  return {};
}

int run(Options& options) {
  const Result<Design> design = design_of(options);
  if (!design) return complain(design.error().str());
  Result<TrialFile> file = read_trials(options.file);
  if (!file) return complain(file.error().str());
  if (file->damaged > 0) {
    fmt::print(stderr, "power: {} lines of {} can't be read and are left out\n", file->damaged,
               options.file);
  }
  if (!options.analyse) {
    if (Status found = look_at_program(options.study.nsbench); !found) {
      return complain(found.error().str() + ": --nsbench names the program to study");
    }
    if (Status collected = collect(options, *design, *file); !collected) {
      return complain(collected.error().str());
    }
  }
  std::vector<Judged> judged;
  judged.reserve(file->trials.size());
  for (const Trial& trial : file->trials) judged.push_back(judge(trial, options.compare));
  const std::string text = options.json ? to_json(judged) : to_markdown(judged);
  if (Status written = write_file("-", text); !written) return complain(written.error().str());
  return static_cast<int>(judged.empty() ? ExitCode::Unknown : ExitCode::Ok);
}

std::string program_beside() {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return (self.parent_path().parent_path() / "nsbench").string();
}

void add_options(CLI::App& app, Options& options) {
  app.add_option("FILE", options.file, "Where comparisons are kept, one a line; added to")
      ->required();
  app.add_flag("--analyse", options.analyse, "Only print what the file comes to");
  app.add_flag("--json", options.json, "Print each comparison's decision as JSON, not tables");
  CLI::Option* minutes = app.add_option("--minutes", options.minutes, "How long")
                             ->check(CLI::Range(0.1, 1e5))
                             ->capture_default_str();
  app.add_option("--hours", options.hours, "How long")
      ->check(CLI::Range(0.01, 1e3))
      ->excludes(minutes);
  app.add_option("--comparisons", options.comparisons, "No more than so many (0: no limit)")
      ->capture_default_str();
  app.add_option("--time", options.study.seconds_per_side, "Seconds of each side of a comparison")
      ->check(CLI::Range(0.5, 600.0))
      ->capture_default_str();
  app.add_option("--starts", options.study.starts, "Of each side's worker in a comparison")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--cases", options.cases, "Benchmarks whose id matches")
      ->type_name("REGEX")
      ->capture_default_str();
  app.add_option("--plant", options.plant, "What slows one side down")
      ->check(CLI::IsMember({"spin", "seccomp"}))
      ->capture_default_str();
  app.add_option("--sizes", options.sizes,
                 "By how much: percent (spin: 2,3,5,10), or instructions (seccomp: 192,320,640)")
      ->delimiter(',')
      ->type_name("LIST");
  app.add_option("--null-weight", options.null_weight,
                 "Comparisons of A with A for each one of each size")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  app.add_option("--order", options.order, "In lock step, or all of A and then all of B")
      ->check(CLI::IsMember({"lockstep", "sequential"}))
      ->capture_default_str();
  app.add_option("--load", options.load, "Background load of our own")
      ->check(CLI::IsMember({"none", "on", "both"}))
      ->capture_default_str();
  app.add_option("--load-sets", options.study.load_sets,
                 "Three processes each: computing in bursts, forking, copying memory")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Order the comparisons by this seed (default: random)");
  app.add_option("--nsbench", options.study.nsbench, "The program whose workers are compared")
      ->default_str("beside this one");
  app.add_option("--alpha", options.compare.alpha, "As nsbench compare's")->capture_default_str();
  app.add_option("--threshold", options.compare.threshold, "As nsbench compare's, a fraction")
      ->capture_default_str();
}

}  // namespace
}  // namespace nsbench::power

int main(int argc, char** argv) {
  using nsbench::power::Options;
  CLI::App app{
      "How often nsbench's comparison calls identical kernels different, and how often it finds a "
      "slowdown that was planted. Goes on where the file ends; stop it whenever you like.",
      "power"};
  Options options;
  options.study.nsbench = nsbench::power::program_beside();
  options.study.stop = &nsbench::power::stop_signal;
  nsbench::power::add_options(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool asked_for = error.get_exit_code() == 0;  // --help
    app.exit(error);
    return static_cast<int>(asked_for ? nsbench::ExitCode::Ok : nsbench::ExitCode::Usage);
  }
  nsbench::power::stop_on_signals();
  return nsbench::power::run(options);
}
