#include "bench/replay.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "bench/google_benchmark.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "reports/file.h"
#include "reports/place.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

using benchmark::BenchmarkReporter;

constexpr std::string_view out_flag = "--benchmark_out";
constexpr std::string_view out_format_flag = "--benchmark_out_format";

constexpr std::array flags{
    GoogleFlag{"--benchmark_format", "Report by Google Benchmark: console, json or csv"},
    GoogleFlag{out_flag, "Google Benchmark's report into a file, beside ours"},
    GoogleFlag{out_format_flag, "How that is written: json, console or csv"},
    GoogleFlag{"--benchmark_color", "Of its console: auto, true or false"},
    GoogleFlag{"--benchmark_counters_tabular", "Its counters (p50, p99) as columns"},
    GoogleFlag{"--benchmark_time_unit", "Of its reports: ns, us, ms or s"},
    GoogleFlag{"--benchmark_context", "KEY=VALUE for the head of its reports"},
    GoogleFlag{"--benchmark_report_aggregates_only", "No single batches in its reports"},
    GoogleFlag{"--benchmark_display_aggregates_only", "The same, but not in its file"},
    GoogleFlag{"--benchmark_filter", "", "--filter"},
    GoogleFlag{"--benchmark_list_tests", "", "nsbench list"},
    GoogleFlag{"--benchmark_min_time", "", "--time"},
    GoogleFlag{"--benchmark_min_warmup_time", "", "--time; warm-up batches are always dropped"},
    GoogleFlag{"--benchmark_repetitions", "", "--time; each batch is a repetition"},
    GoogleFlag{"--benchmark_enable_random_interleaving", "", "--seed; batches always are"},
    GoogleFlag{"--benchmark_perf_counters", "", "perf stat"},
};

std::string name_of(const std::string& word) { return word.substr(0, word.find('=')); }

// Of the last that is given.
std::string value_of(const std::vector<std::string>& words, std::string_view name) {
  const auto found = std::find_if(words.rbegin(), words.rend(), [name](const std::string& word) {
    return name_of(word) == name;
  });
  const std::size_t equals = found == words.rend() ? std::string::npos : found->find('=');
  return equals == std::string::npos ? "" : found->substr(equals + 1);
}

// Before it is measured what is to be written; nothing is made yet.
Status check_writable(const std::string& path) {
  if (path.empty()) return {};
  const Result<Place> place = find_place(path);
  if (!place) return place.error();
  const std::string name = place->what ? place->name : ".";
  const int flags = place->open_file ? 0 : AT_SYMLINK_NOFOLLOW;
  if (::faccessat(place->directory.get(), name.c_str(), W_OK, flags) == 0) return {};
  return Error::last(fmt::format("access({})", path));
}

// What Google Benchmark writes to a file that it opens by name, and that others might put a link in
// the place of: a file in memory, which is then written as every report is.
class Caught {
 public:
  static Result<Caught> file() {
    Caught caught;
    caught.file_ = Fd(::memfd_create("benchmark_out", MFD_CLOEXEC));
    if (!caught.file_.valid()) return Error::last("memfd_create");
    if (::access(caught.path().c_str(), W_OK) != 0) {
      return Error::last(fmt::format("--benchmark_out needs a /proc: access({})", caught.path()));
    }
    return caught;
  }
  [[nodiscard]] std::string path() const { return fmt::format("/proc/self/fd/{}", file_.get()); }
  [[nodiscard]] Status write_to(const std::string& path) const {
    const Result<std::string> text = read_file(this->path());
    return text ? write_file(path, *text) : Status(text.error());
  }

 private:
  Fd file_;
};

Status check_readable(const std::vector<std::string>& words) {
  Result<Child> child = Child::fork([&words] {
    const Fd nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    ::dup2(nothing.get(), STDOUT_FILENO);
    ::dup2(nothing.get(), STDERR_FILENO);
    bench::initialise_google_benchmark(words);
    return 0;
  });
  if (!child) return child.error();
  const Result<ExitStatus> ended = child->wait(Deadline::in(std::chrono::seconds(10)));
  if (ended && ended->code == 0 && ended->signal == 0) return {};
  return Error{words.size() == 1 ? fmt::format("Google Benchmark can't read {}", words.front())
                                 : "Google Benchmark can't read its --benchmark_* flags"};
}

// Hands runs on as what was measured, rather than as what Google Benchmark saw of the replay.
class Measured final : public BenchmarkReporter {
 public:
  Measured(std::unique_ptr<BenchmarkReporter> inner,
           const std::map<std::string, const Series*>& all)
      : inner_(std::move(inner)), all_(all) {}

  bool ReportContext(const Context& context) override {
    inner_->SetOutputStream(&GetOutputStream());
    inner_->SetErrorStream(&GetErrorStream());
    return inner_->ReportContext(context);
  }
  void ReportRuns(const std::vector<Run>& runs) override {
    std::vector<Run> measured = runs;
    for (Run& run : measured) correct(run);
    inner_->ReportRuns(measured);
  }
  void Finalize() override { inner_->Finalize(); }

 private:
  void correct(Run& run) const {
    run.run_name.iterations.clear();
    run.run_name.repetitions.clear();
    run.run_name.time_type.clear();
    const auto found = all_.find(run.run_name.function_name);
    if (found == all_.end() || run.error_occurred) return;
    if (run.run_type == Run::RT_Aggregate) {
      run.cpu_accumulated_time = cpu_aggregate(*found->second, run.aggregate_name) *
                                 static_cast<double>(std::max<std::int64_t>(run.iterations, 1));
      return;
    }
    const auto index = static_cast<std::size_t>(std::max<std::int64_t>(run.repetition_index, 0));
    if (index >= found->second->batches.size()) return;
    const Batch& batch = found->second->batches[index];
    const auto calls = static_cast<double>(batch.calls);
    run.iterations = static_cast<benchmark::IterationCount>(batch.calls);
    run.real_accumulated_time *= calls;
    run.cpu_accumulated_time = batch.cpu * 1e-9 * calls;
  }

  // As Google Benchmark's own of these names; seconds, or a share for "cv".
  static double cpu_aggregate(const Series& series, const std::string& name) {
    std::vector<double> cpu;
    double sum = 0;
    for (const Batch& batch : series.batches) {
      cpu.push_back(batch.cpu * 1e-9);
      sum += cpu.back();
    }
    const double mean = sum / static_cast<double>(cpu.size());
    double squares = 0;
    for (const double value : cpu) squares += (value - mean) * (value - mean);
    const double deviation =
        cpu.size() < 2 ? 0 : std::sqrt(squares / static_cast<double>(cpu.size() - 1));
    std::sort(cpu.begin(), cpu.end());
    if (name == "mean") return mean;
    if (name == "median") return quantile(cpu, 0.5);
    if (name == "stddev") return deviation;
    return mean > 0 ? deviation / mean : 0;
  }

  std::unique_ptr<BenchmarkReporter> inner_;
  const std::map<std::string, const Series*>& all_;
};

std::unique_ptr<BenchmarkReporter> file_reporter(const std::string& format) {
  if (format == "console") {
    return std::make_unique<benchmark::ConsoleReporter>(benchmark::ConsoleReporter::OO_None);
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // and still what the flag names
  if (format == "csv") return std::make_unique<benchmark::CSVReporter>();
#pragma GCC diagnostic pop
  return std::make_unique<benchmark::JSONReporter>();
}

// One repetition: the next batch.
void play(benchmark::State& state, const Series& series, std::size_t& next) {
  if (!series.is_result() || series.batches.empty()) {
    state.SkipWithError(series.error.empty() ? "timed no call" : series.error.c_str());
    return;
  }
  const Batch& batch = series.batches[next++ % series.batches.size()];
  for ([[maybe_unused]] auto _ : state) state.SetIterationTime(batch.p25 * 1e-9);
  const SeriesStatistics statistics = statistics_of(series);
  state.counters["p50"] = statistics.p50;
  if (statistics.has_p99()) state.counters["p99"] = statistics.p99;
}

}  // namespace

std::span<const GoogleFlag> google_flags() { return flags; }

Status check_google_flags(const std::vector<std::string>& words) {
  if (words.empty()) return {};
  for (const std::string& word : words) {
    const auto* const known =
        std::find_if(flags.begin(), flags.end(),
                     [&word](const GoogleFlag& flag) { return flag.name == name_of(word); });
    if (known == flags.end()) return Error{fmt::format("there is no flag {}", name_of(word))};
    if (!known->instead.empty()) {
      return Error{fmt::format("{} means nothing here; use {}", known->name, known->instead)};
    }
    if (Status readable = check_readable({word}); !readable) return readable;
  }
  return check_writable(value_of(words, out_flag));
}

bool wants_display(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    const std::string name = name_of(word);
    return name != out_flag && name != out_format_flag && name != "--benchmark_context";
  });
}

Status replay(std::span<const Series> series, const std::vector<std::string>& words) {
  const std::string path = value_of(words, out_flag);
  std::optional<Caught> caught;
  std::vector<std::string> ours = words;
  if (!path.empty()) {
    Result<Caught> made = Caught::file();
    if (!made) return made.error();
    caught = std::move(*made);
    ours.push_back(fmt::format("{}={}", out_flag, caught->path()));
  }
  bench::initialise_google_benchmark(ours);
  benchmark::ClearRegisteredBenchmarks();
  std::map<std::string, const Series*> all;
  for (const Series& one : series) {
    if (one.skip || one.unit == "bytes") continue;
    const std::string name = one.id.str();
    all.emplace(name, &one);
    benchmark::RegisterBenchmark(name.c_str(),
                                 [&one, count = std::size_t{0}](benchmark::State& state) mutable {
                                   play(state, one, count);
                                 })
        ->UseManualTime()
        ->Iterations(1)
        ->Repetitions(std::max(1, static_cast<int>(one.batches.size())));
  }
  if (all.empty()) return {};
  bench::SilentReporter silent;
  Measured display(std::unique_ptr<BenchmarkReporter>(benchmark::CreateDefaultDisplayReporter()),
                   all);
  BenchmarkReporter* const shown =
      wants_display(words) ? static_cast<BenchmarkReporter*>(&display) : &silent;
  Measured file(file_reporter(value_of(words, out_format_flag)), all);
  benchmark::RunSpecifiedBenchmarks(shown, caught ? &file : nullptr, ".");
  benchmark::ClearRegisteredBenchmarks();
  return caught ? caught->write_to(path) : Status();
}

}  // namespace nsbench
