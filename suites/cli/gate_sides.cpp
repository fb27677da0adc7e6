#include "suites/cli/gate_sides.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <random>
#include <system_error>
#include <utility>

#include "reports/compare.h"
#include "reports/file.h"
#include "suites/cli/compare_run.h"
#include "suites/cli/saved_reports.h"
#include "suites/cli/terminal.h"
#include "suites/cli/vm_worker.h"
#include "suites/lockstep/lockstep.h"

namespace nsbench::cli {

namespace {

namespace fs = std::filesystem;

constexpr const char* instructions = "instructions";
constexpr const char* wall = "wall";
constexpr int boots_counted = 3;  // one is one sample of how memory is laid out
constexpr int boots_timed = 8;    // as saved runs need

// A report is a JSON object.
Result<bool> is_report(const std::string& path) {
  constexpr std::size_t enough = std::size_t{1} << 30U;
  std::error_code failed;
  if (!fs::exists(path, failed))
    return Error{fmt::format("{}: there is no such file", path), ENOENT};
  const Result<std::string> text = read_file(path, enough);
  if (!text) return text.error();
  const std::size_t first = text->find_first_not_of(" \t\r\n");
  return first != std::string::npos && (*text)[first] == '{';
}

// Directories are replaced by the reports in them, in the order of their names.
Result<std::vector<std::string>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code failed;
    if (!fs::is_directory(path, failed)) {
      files.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (const fs::directory_entry& entry : fs::directory_iterator(path, failed)) {
      if (entry.path().extension() == ".json") inside.push_back(entry.path().string());
    }
    if (failed) return Error{fmt::format("reading {}", path), failed.value()};
    if (inside.empty()) return Error{fmt::format("{} has no report (*.json)", path)};
    std::sort(inside.begin(), inside.end());
    files.insert(files.end(), inside.begin(), inside.end());
  }
  return files;
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string clock_of(const std::vector<Report>& reports) {
  for (const Report& report : reports) {
    if (!report.series.empty()) return report.kernel.clock;
  }
  return "";
}

// The saved side's, else the one asked for, else what the engines allow.
Result<std::string> choose_clock(const GateSide& base, const GateSide& now, const GatePlan& plan) {
  std::string clock = plan.clock;
  for (const GateSide* side : {&base, &now}) {
    const std::string saved = clock_of(side->reports);
    if (saved.empty()) continue;
    if (clock.empty()) clock = saved;
    if (clock != saved) {
      return Error{fmt::format("the clock of {} is {}, and not {}: clocks are never compared",
                               side->name, saved, clock)};
    }
  }
  bool can_count = true;
  bool has_kvm = false;
  for (const GateSide* side : {&base, &now}) {
    if (!side->kernel) continue;
    can_count = can_count && side->kernel->can_count_instructions();
    has_kvm = has_kvm || side->kernel->engine() == kernel::Engine::Kvm;
  }
  if (clock.empty()) clock = can_count && !has_kvm ? instructions : wall;
  if (clock == instructions && !can_count) {
    return Error{"a User-Mode Linux can't be timed by instructions: QEMU alone counts them"};
  }
  return clock;
}

class Gating {
 public:
  Gating(const GateSide& base, const GateSide& now, const GatePlan& plan, std::string clock,
         BootWatch watch)
      : sides_{&base, &now}, plan_(plan), clock_(std::move(clock)), watch_(std::move(watch)) {
    gated_.base = base.reports;
    gated_.now = now.reports;
  }

  Result<Gated> run() {
    if (plan_.benchmarks && !stopped()) {
      const bool both = sides_[0]->kernel && sides_[1]->kernel;
      if (Status timed = clock_ == wall && both ? lock_step() : boots_for_times(); !timed) {
        return timed.error();
      }
    }
    if (plan_.checks && !stopped()) {
      if (Status checked = boots_for_checks(); !checked) return checked.error();
    }
    return std::move(gated_);
  }

 private:
  std::vector<Report>& reports(std::size_t side) { return side == 0 ? gated_.base : gated_.now; }
  std::vector<std::string>& troubles(std::size_t side) {
    return side == 0 ? gated_.base_troubles : gated_.now_troubles;
  }
  [[nodiscard]] bool stopped() const { return plan_.stop != nullptr && *plan_.stop != 0; }

  // The machines of one kind of boot, and whose they are.
  struct Batch {
    std::vector<kernel::MachineSpec> machines;
    std::vector<std::size_t> sides;
  };

  Status add(Batch& batch, std::size_t side, const std::vector<std::string>& words,
             bool counted) const {
    Result<kernel::MachineSpec> machine = sides_[side]->kernel->machine(words, counted);
    if (!machine) return machine.error();
    batch.machines.push_back(std::move(*machine));
    batch.sides.push_back(side);
    return {};
  }

  // The reports that came back, each with its side; what did not is a trouble.
  Result<std::vector<std::pair<std::size_t, Report>>> boot(const Batch& batch, std::size_t at_once,
                                                           const char* what) {
    ProgressLine line;
    kernel::BootOptions how = watch_.options(plan_.stop);
    std::size_t parts = 0;
    how.on_part = [&line, &parts, what](const Report&) {
      line.show({.phase = Progress::Phase::Boots, .running = what, .done = ++parts});
    };
    Result<std::vector<kernel::Boot>> boots = kernel::boot_all(batch.machines, at_once, how);
    line.clear();
    if (!boots) return boots.error();
    std::vector<std::pair<std::size_t, Report>> came;
    for (std::size_t i = 0; i < boots->size(); ++i) {
      const std::size_t side = batch.sides[i];
      kernel::Boot& one = (*boots)[i];
      if (!one.complete) {
        troubles(side).push_back(fmt::format("{}: {}", sides_[side]->name, obituary(one)));
      }
      if (!one.any) continue;
      came.emplace_back(side, sides_[side]->kernel->report_of(std::move(one), plan_.command));
    }
    return came;
  }

  [[nodiscard]] std::vector<std::string> timing_words(int boots) const {
    std::vector<std::string> words{"run", "--benchmarks-only", "--suite", plan_.suite};
    if (!plan_.filter.empty()) words.insert(words.end(), {"--filter", plan_.filter});
    if (plan_.budget > 0) {
      words.insert(words.end(), {"--budget", fmt::format("{:.3f}", plan_.budget / boots)});
    } else if (clock_ == instructions) {
      words.insert(words.end(), {"--time", "0.2"});  // they repeat: more of them tell no more
    }
    return words;
  }

  Status boots_for_times() {
    const bool counted = clock_ == instructions;
    const int boots = plan_.boots > 0 ? plan_.boots : counted ? boots_counted : boots_timed;
    const std::vector<std::string> words = timing_words(boots);
    Batch once;  // the machines of each side are alike: what they boot is made once
    for (std::size_t side = 0; side < 2; ++side) {
      if (!sides_[side]->kernel) continue;
      if (Status added = add(once, side, words, counted); !added) return added;
    }
    if (once.sides.empty()) return {};
    Batch batch;
    for (int i = 0; i < boots; ++i) {  // the sides in turn
      batch.machines.insert(batch.machines.end(), once.machines.begin(), once.machines.end());
      batch.sides.insert(batch.sides.end(), once.sides.begin(), once.sides.end());
    }
    auto came = boot(batch, counted ? 2 : 1, "booting for the benchmarks");
    if (!came) return came.error();
    for (auto& [side, report] : *came) reports(side).push_back(std::move(report));
    return {};
  }

  Status boots_for_checks() {
    std::vector<std::string> words{"run", "--checks-only"};
    if (!plan_.filter.empty()) words.insert(words.end(), {"--filter", plan_.filter});
    Batch batch;
    for (std::size_t side = 0; side < 2; ++side) {
      if (!sides_[side]->kernel || !troubles(side).empty()) continue;
      if (Status added = add(batch, side, words, false); !added) return added;
    }
    if (batch.sides.empty()) return {};
    auto came = boot(batch, 2, "booting for the checks");
    if (!came) return came.error();
    for (auto& [side, report] : *came) enter_checks(side, std::move(report));
    return {};
  }

  // In the first report of the side: checks have no clock.
  void enter_checks(std::size_t side, Report checked) {
    std::vector<Report>& all = reports(side);
    if (all.empty()) {
      all.push_back(std::move(checked));
      return;
    }
    Report& first = all.front();
    first.cases = std::move(checked.cases);
    first.kernel.splats.insert(first.kernel.splats.end(), checked.kernel.splats.begin(),
                               checked.kernel.splats.end());
    first.kernel.taint |= checked.kernel.taint;
    first.run.seconds += checked.run.seconds;
    first.run.interrupted = first.run.interrupted || checked.run.interrupted;
  }

  Status lock_step() {
    Result<std::vector<CaseId>> cases = choose_cases(
        {.filter = plan_.filter, .suite = plan_.filter.empty() ? plan_.suite : ""}, true);
    if (!cases) return cases.error();
    std::array<std::vector<Splat>, 2> splats;
    std::vector<SidePeer> peers;
    for (std::size_t side = 0; side < 2; ++side) {
      peers.push_back({side == 0 ? "base" : "new",
                       connect_to_machine(*sides_[side]->kernel, false, splats[side])});
    }
    ProgressLine line;
    LockstepOptions how;
    how.starts = plan_.boots > 0 ? plan_.boots : boots_timed;
    how.seed = std::random_device{}() | 1U;
    how.command = plan_.command;
    how.stop = plan_.stop;
    if (plan_.budget > 0) how.seconds_per_side = plan_.budget / static_cast<double>(cases->size());
    how.on_progress = [&line](const LockstepProgress& progress) {
      line.show({.phase = Progress::Phase::Benchmarks,
                 .running = progress.running,
                 .done = progress.turns_done,
                 .total = progress.turns_total,
                 .seconds_left = progress.seconds_left});
    };
    Result<std::vector<Report>> measured = run_lockstep(peers, *cases, how);
    line.clear();
    if (!measured) return trouble_of_lock_step(measured.error());
    for (std::size_t side = 0; side < 2; ++side) {
      Report& report = (*measured)[side];
      report.kernel.splats = std::move(splats[side]);
      reports(side).push_back(std::move(report));
    }
    return {};
  }

  // The workers could not be started: that is the kernels' trouble, and it is not known whose.
  Status trouble_of_lock_step(const Error& error) {
    troubles(1).push_back(error.str());
    return {};
  }

  std::array<const GateSide*, 2> sides_;
  const GatePlan& plan_;
  std::string clock_;
  BootWatch watch_;
  Gated gated_;
};

}  // namespace

Result<GateSide> GateSide::open(const std::vector<std::string>& paths, const KernelOptions& options,
                                const MachineOptions& machine,
                                const volatile std::sig_atomic_t* stop) {
  const Result<std::vector<std::string>> files = files_of(paths);
  if (!files) return files.error();
  GateSide side;
  side.name = joined(paths, ", ");
  std::size_t reports = 0;
  for (const std::string& file : *files) {
    const Result<bool> report = is_report(file);
    if (!report) return report.error();
    reports += *report ? 1 : 0;
  }
  if (reports == files->size()) {
    Result<std::vector<Report>> read = read_reports(*files);
    if (!read) return read.error();
    side.reports = std::move(*read);
    return side;
  }
  if (files->size() > 1) {
    return Error{fmt::format("{}: a side is one kernel, or reports; --matrix has several kernels",
                             side.name)};
  }
  KernelOptions kernel = options;
  kernel.image = files->front();
  Result<KernelUnderTest> test = KernelUnderTest::prepare(kernel, machine, stop);
  if (!test) return test.error();
  side.kernel = std::move(*test);
  return side;
}

Result<Gated> measure_sides(const GateSide& base, const GateSide& now, const GatePlan& plan,
                            const MachineOptions& machine) {
  const Result<std::string> clock = choose_clock(base, now, plan);
  if (!clock) return clock.error();
  Result<BootWatch> watch = BootWatch::open(machine);
  if (!watch) return watch.error();
  return Gating(base, now, plan, *clock, std::move(*watch)).run();
}

}  // namespace nsbench::cli
