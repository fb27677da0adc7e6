#include "bench/power/study.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "bench/power/load.h"
#include "probes/sandbox/files.h"
#include "suites/lockstep/connection.h"
#include "suites/lockstep/lockstep.h"
#include "suites/lockstep/side.h"

namespace nsbench::power {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds until_load_is_steady{500};
// The shortest filter there is: what the other side of a longer one has.
constexpr int shortest_filter = 2;
// Of batches that are not in lock step.
constexpr double batch_seconds = 0.1;
constexpr std::uint64_t warmup_batches = 2;
constexpr std::chrono::milliseconds patience{30'000};
constexpr std::chrono::milliseconds grace{2'000};

// Jiffies of all CPUs since boot (proc_stat(5)).
struct CpuTimes {
  double all = 0, idle = 0, steal = 0;
};
CpuTimes look_at_cpu_times() {
  CpuTimes times;
  const Result<std::string> text = read_small_file("/proc/stat");
  if (!text) return times;
  std::istringstream line(*text);
  std::string cpu;
  line >> cpu;
  std::array<double, 8> values{};  // user nice system idle iowait irq softirq steal
  for (double& value : values) {
    if (!(line >> value)) break;
    times.all += value;
  }
  times.idle = values[3] + values[4];
  times.steal = values[7];
  return times;
}

std::vector<std::string> worker_of(const StudyOptions& options, Planted planted, double size) {
  std::vector<std::string> argv{options.nsbench, "worker"};
  if (planted == Planted::Spin) {
    argv.emplace_back("--plant");
    argv.push_back(fmt::format(".={:g}%", size * 100));
  } else if (planted == Planted::Seccomp) {
    argv.emplace_back("--plant-seccomp");
    argv.push_back(fmt::format("{:.0f}", size));
  }
  return argv;
}

// The side that nothing is planted in differs from the other in the amount alone.
std::array<SideSpec, 2> sides_of(const Setting& setting, const StudyOptions& options) {
  const double none = setting.planted == Planted::Seccomp ? shortest_filter : 0;
  return {SideSpec{.side = "base", .argv = worker_of(options, setting.planted, none)},
          SideSpec{.side = "new", .argv = worker_of(options, setting.planted, setting.size)}};
}

void take(const Report& report, Side& side, Trial& trial) {
  trial.version = report.run.version;
  trial.machine = fmt::format("Linux {} on {} CPUs, {}", report.kernel.release,
                              report.environment.cpus, report.environment.cpu_model);
  for (const Warning& warning : report.warnings) {
    if (warning.code.starts_with("planted")) trial.notes.push_back(warning.text);
  }
  if (report.series.size() != 1) {
    trial.error = fmt::format("{} series in place of one", report.series.size());
    return;
  }
  const Series& series = report.series.front();
  side = {.calls_per_timing = series.calls_per_timing, .batches = series.batches};
  if (!series.is_result()) trial.error = series.error.empty() ? "no result" : series.error;
}

void measure_in_lock_step(const StudyOptions& options, Trial& trial) {
  const Setting& setting = trial.setting;
  const std::array<SideSpec, 2> sides = sides_of(setting, options);
  const LockstepOptions lockstep_options{.seconds_per_side = options.seconds_per_side,
                                         .starts = options.starts,
                                         .seed = options.seed,
                                         .stop = options.stop};
  const Result<std::vector<Report>> reports =
      run_lockstep(sides, std::array{setting.case_id}, lockstep_options);
  if (!reports || reports->size() != 2) {
    trial.error = reports ? "not two reports" : reports.error().str();
    return;
  }
  take(reports->front(), trial.base, trial);
  take(reports->back(), trial.now, trial);
}

Batch batch_of(const lockstep::BatchResult& result) {
  return {.p25 = result.p25,
          .min = result.min,
          .mean = result.mean,
          .cpu = result.cpu,
          .calls = result.n * result.calls_per_timing,
          .seconds = result.seconds,
          .drain = result.drain};
}

// All batches of one side, by one worker.
Result<Side> run_alone(const std::vector<std::string>& argv, const Setting& setting,
                       const StudyOptions& options, Trial& trial) {
  Result<lockstep::Side> worker =
      lockstep::Side::start([&] { return lockstep::connect_to_command(argv, grace); },
                            Deadline::in(patience), options.stop);
  if (!worker) return worker.error();
  Side side;
  const auto batches = static_cast<std::uint64_t>(options.seconds_per_side / batch_seconds);
  for (std::uint64_t i = 0; i < batches + warmup_batches; ++i) {
    const lockstep::RunBatch run{.batch = i,
                                 .case_id = setting.case_id.str(),
                                 .seconds = batch_seconds,
                                 .warmup = i < warmup_batches};
    const Result<lockstep::BatchResult> result = worker->run(run, Deadline::in(patience));
    if (!result) return result.error();
    if (result->outcome != lockstep::BatchResult::Outcome::Measured) return Error{result->error};
    side.calls_per_timing = result->calls_per_timing;
    if (!run.warmup) side.batches.push_back(batch_of(*result));
  }
  for (const lockstep::Note& note : worker->notes()) {
    if (note.code.starts_with("planted")) trial.notes.push_back(note.text);
  }
  trial.version = worker->hello().nsbench;
  trial.machine = fmt::format("Linux {}", worker->hello().kernel);
  worker->part(grace);
  return side;
}

void measure_one_after_the_other(const StudyOptions& options, Trial& trial) {
  const std::array<SideSpec, 2> sides = sides_of(trial.setting, options);
  for (std::size_t i = 0; i < sides.size(); ++i) {
    Result<Side> side = run_alone(sides[i].argv, trial.setting, options, trial);
    if (!side) {
      trial.error = side.error().str();
      return;
    }
    (i == 0 ? trial.base : trial.now) = std::move(*side);
  }
}

Finding finding_of(Change change) {
  switch (change) {
    case Change::Same:
      return Finding::Same;
    case Change::Faster:
      return Finding::Faster;
    case Change::Slower:
      return Finding::Slower;
    case Change::CannotTell:
      return Finding::CannotTell;
  }
  return Finding::CannotTell;
}

}  // namespace

Trial run_trial(const Setting& setting, const StudyOptions& options) {
  Trial trial;
  trial.setting = setting;
  trial.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  Result<Child> load = Child();
  if (setting.load) {
    load = start_load(options.load_sets);
    if (!load) {
      trial.error = load.error().str();
      return trial;
    }
    std::this_thread::sleep_for(until_load_is_steady);
  }
  const Clock::time_point start = Clock::now();
  const CpuTimes before = look_at_cpu_times();
  if (setting.order == Order::LockStep) {
    measure_in_lock_step(options, trial);
  } else {
    measure_one_after_the_other(options, trial);
  }
  const CpuTimes after = look_at_cpu_times();
  trial.seconds = std::chrono::duration<double>(Clock::now() - start).count();
  if (const double all = after.all - before.all; all > 0) {
    trial.busy = 1 - (after.idle - before.idle) / all;
    trial.steal = (after.steal - before.steal) / all;
  }
  return trial;
}

Judged judge(const Trial& trial, const CompareOptions& options) {
  Judged judged;
  judged.setting = trial.setting;
  judged.busy = trial.busy;
  if (!trial.error.empty()) return judged;
  const Reports reports = reports_of(trial);
  const Result<Comparison> comparison =
      compare(std::span(&reports.base, 1), std::span(&reports.now, 1), options);
  if (!comparison || comparison->series.size() != 1) return judged;
  const SeriesComparison& series = comparison->series.front();
  judged.finding = finding_of(series.change);
  judged.code = series.code;
  judged.ratio = series.ratio.value_or(1);
  return judged;
}

Status look_at_program(const std::string& path) {
  if (::access(path.c_str(), X_OK) != 0) return Error::last(path);
  return {};
}

}  // namespace nsbench::power
