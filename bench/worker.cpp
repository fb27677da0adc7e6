#include "bench/worker.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <random>
#include <utility>

#include "bench/conditions.h"
#include "bench/footprint.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/elapsed.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/slow_machine.h"
#include "reports/statistics.h"

namespace nsbench::bench {
namespace {

// Timings a batch has however long they take, so that a p25 means something.
constexpr std::size_t least_timings = 8;
// A batch's process that takes longer hangs.
std::chrono::seconds patience() { return patience_here() * std::chrono::seconds{10}; }

constexpr std::size_t loops_kept = 1000;

using Clock = std::chrono::steady_clock;

double cpu_ns_of_self() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto ns = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_usec) * 1e3;
  };
  return ns(used.ru_utime) + ns(used.ru_stime);
}

// How many timings a batch has at most.
std::size_t max_timings(std::size_t max_calls, std::size_t calls_per_timing) {
  // What can be repeated leaves nothing behind.
  return calls_per_timing > 1 ? Recording::max_timings : max_calls;
}

// The median of some single calls.
Timing typical_time(Operation& operation) {
  std::array<double, 33> ns{};
  for (double& one : ns) {
    const Timing timed = operation.time_one();
    if (!timed) return timed;
    one = *timed;
  }
  auto* const middle = ns.begin() + ns.size() / 2;
  std::nth_element(ns.begin(), middle, ns.end());
  return *middle;
}

// The calls of one batch, in a process made for it.
struct Wanted {
  std::size_t max_calls = 0;
  double seconds = 0;
  int seccomp_instructions = 0;
  double step_ns = 0;  // the clock's
  std::uint64_t seed = 1;
};

// Seconds of CLOCK_MONOTONIC; entering a time namespace changes its offset by nothing here
// (bench/stopwatch.h). Not from the vDSO: its page would be mapped again by each reading, and taken
// away by the next setns into a time namespace, which takes a quarter longer then. Nor by
// std::chrono, which needs the C++ library.
double seconds_now() {
  timespec now{};
  ::syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// After its beginning without any library that the operation does not need.
void make_calls(Operation& operation, const Wanted& wanted, Recording& out) {
  if (wanted.seccomp_instructions > 0) {
    if (Status filtered = install_idle_filter(wanted.seccomp_instructions); !filtered) {
      out.not_begun.set(filtered.error());
      return;
    }
  }
  // By /proc, which may be out of reach behind begin(); that itself may put an error together.
  unmap(idle_mappings(Libraries::Fmt));
  // Static, since the heap may not be there any more when this ends; the process does, too, then.
  static std::vector<AddressRange> idle;
  idle = idle_mappings(operation.libraries());
  if (Status begun = operation.begin(); !begun) {
    out.not_begun.set(begun.error());
    return;
  }
  unmap(idle);
  // The first call pays for pages that the process still shares with its parent; it counts only if
  // it fails.
  if (const Timing first = operation.time_one(); !first) return out.call_failed.set(first);
  if (out.calls_per_timing == 0 && operation.repeatable()) {
    const Timing one = typical_time(operation);
    if (!one) return out.call_failed.set(one);
    out.calls_per_timing = calls_per_timing_of(*one, wanted.step_ns);
  }
  out.calls_per_timing = std::max<std::size_t>(out.calls_per_timing, 1);
  const std::size_t count = out.calls_per_timing;
  const std::size_t most = max_timings(wanted.max_calls, count);
  // Of a single call only: several have their mean.
  const double step_ns = count == 1 ? wanted.step_ns : 0;
  std::minstd_rand random(static_cast<std::uint_fast32_t>(wanted.seed));
  const double cpu = cpu_ns_of_self();
  const double start = seconds_now();
  while (out.timings < most && (out.timings < least_timings || out.seconds < wanted.seconds)) {
    const Timing ns = count == 1 ? operation.time_one() : operation.time_many(count);
    if (!ns) return out.call_failed.set(ns);
    const double share = static_cast<double>(random()) / std::minstd_rand::max();
    out.ns.at(out.timings++) = within_step(*ns, step_ns, share);
    out.seconds = seconds_now() - start;
  }
  out.cpu_ns = (cpu_ns_of_self() - cpu) / static_cast<double>(out.timings * count);
}

BatchEnds failure(BatchEnds::Outcome outcome, const Error& error) {
  BatchEnds end;
  end.outcome = outcome;
  end.step = error.step;
  end.err = error.err;
  return end;
}

// Ends a batch's process that did not end by itself.
Error hanging(Child& child) {
  constexpr std::chrono::seconds killing_time{5};
  child.begin_end();
  if (child.wait(Deadline::in(killing_time))) return Error{"a batch's process hangs"};
  child.disown();
  return Error{"a batch's process hangs in the kernel, where no signal ends it"};
}

// A quarter of the limit that this user namespace sets, if it can be read.
std::size_t within_limit(Kind kind, std::size_t wanted) {
  const Result<std::string> text =
      read_small_file(fmt::format("/proc/sys/user/{}", row(kind).limit));
  std::size_t limit = 0;
  if (!text ||
      std::from_chars(text->data(), text->data() + text->size(), limit).ec != std::errc{}) {
    return wanted;
  }
  return std::clamp<std::size_t>(limit / 4, 1, wanted);
}

// What dropped namespaces of a kind cost until they are gone: 215 kB each for net, an RCU callback
// for pid, nothing for those that are gone at once.
constexpr std::size_t backlog_allowed(Kind kind) {
  switch (kind) {
    case Kind::Net:
      return 64;
    case Kind::User:
    case Kind::Pid:
    case Kind::Ipc:
      return 256;
    case Kind::Mnt:
      return 512;
    default:
      return Recording::max_timings;
  }
}

}  // namespace

double within_step(double ns, double step_ns, double share) {
  return std::max(0.0, ns + (share - 0.5) * step_ns);
}

std::size_t calls_per_timing_of(double ns, double step_ns) {
  const double short_ns = std::clamp(step_ns * 500, 500.0, 5000.0);
  constexpr std::size_t several = 16;
  return ns < short_ns ? several : 1;
}

std::size_t max_calls_of(const BenchCase& bench_case) {
  std::size_t calls = Recording::max_timings;
  const std::size_t made = made_per_call(bench_case);
  if (!bench_case.workload->leaves_dropped || made == 0) return calls;
  for (const Kind kind : bench_case.workload->namespaces.kinds()) {
    calls = std::min(calls, within_limit(kind, backlog_allowed(kind)));
  }
  return std::max<std::size_t>(calls / made, 1);
}

std::optional<Note> pin_to_last_cpu() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) {
    return Note{"unpinned", Error::last("sched_getaffinity").str()};
  }
  int last = CPU_SETSIZE - 1;
  while (last > 0 && !CPU_ISSET(last, &allowed)) --last;
  const bool only_one = CPU_COUNT(&allowed) == 1;
  CPU_ZERO(&allowed);
  CPU_SET(last, &allowed);
  if (::sched_setaffinity(0, sizeof allowed, &allowed) != 0) {
    return Note{"unpinned", Error::last(fmt::format("sched_setaffinity(CPU {})", last)).str()};
  }
  if (!only_one) return std::nullopt;
  return Note{"one-cpu", "the benchmarks share their only CPU with the kernel's own teardown"};
}

Status Worker::set_up() {
  // Fork-like clone copies the page tables of this process: let go of what the harness had.
  ::malloc_trim(0);
  if (std::optional<Note> note = pin_to_last_cpu()) send_(*note);
  stopwatch_ = Stopwatch::calibrate();
  if (!stopwatch_.uses_cycles()) {
    note_once("clock", "no invariant cycle counter: CLOCK_MONOTONIC_RAW times the calls");
  }
  if (!plants_.spins.empty()) spin_cost_ = SpinCost::measure(stopwatch_);
  Result<SharedMemory<Recording>> memory = SharedMemory<Recording>::make();
  if (!memory) return memory.error();
  recording_ = std::move(*memory);
  sorted_.reserve(Recording::max_timings);
  loop_ns_.reserve(loops_kept);
  for (const BenchCase& bench_case : cases_) {
    lanes_.push_back({.operation = make_operation(bench_case, stopwatch_),
                      .max_calls = max_calls_of(bench_case)});
    Lane& lane = lanes_.back();
    if (lane.operation != nullptr && lane.operation->repeatable()) {
      lane.calls_per_timing = fixed_calls_per_timing_;
    }
    if (bench_case.workload->leaves_dropped) drain_.prepare(bench_case.workload->namespaces);
  }
  return {};
}

BatchSummary Worker::run_batch(std::size_t case_index, double seconds) {
  const Clock::time_point start = Clock::now();
  const BenchCase& bench_case = cases_[case_index];
  Lane& lane = lanes_[case_index];
  watch_rate();
  BatchEnds end;
  if (Status s = arrange(bench_case, lane); !s) {
    end = failure(BatchEnds::Outcome::NotArranged, s.error());
  } else {
    end = measure(lane, seconds);
    if (bench_case.workload->leaves_dropped) drain(bench_case.workload->namespaces, end);
    // What it waited for is none of the calls', and no part of their rate.
    if (made_per_call(bench_case) == 0) end.drain = 0;
  }
  lane.overhead = seconds_since(start) - recording_->seconds;
  BatchSummary summary;
  if (end.outcome == BatchEnds::Outcome::Measured) {
    send_times();
    summary.p25_ns = batch_of(sorted_).p25;
  } else {
    lane.failed = true;
    summary.failure = Error{end.step, end.err}.str();
  }
  send_(end);
  return summary;
}

Status Worker::arrange(const BenchCase& bench_case, Lane& lane) {
  if (lane.arranged) return {};
  if (lane.operation == nullptr) {
    return Error{fmt::format("no operation for the family {}", bench_case.workload->family)};
  }
  Status arranged = lane.operation->arrange();
  if (const Plant* plant = plants_.find(bench_case.id()); arranged && plant != nullptr) {
    arranged = plant_spin(bench_case, *plant, lane);
  }
  lane.arranged = arranged.ok();
  return arranged;
}

// Any plant makes the operation anew, one of nothing too: so the side that is held against a
// planted one can be given 0 % and differ in the spin alone.
Status Worker::plant_spin(const BenchCase& bench_case, const Plant& plant, Lane& lane) {
  const Result<double> p25 = p25_without_plant(bench_case, lane);
  if (!p25) return p25.error();
  const double wanted = plant.ns + plant.share * *p25;
  // One spin slows all calls of a timing.
  const auto share = static_cast<double>(lane.calls_per_timing);
  const std::uint64_t rounds = spin_cost_.rounds_for(wanted * share);
  send_(Note{fmt::format("planted.{}", bench_case.id().str()),
             fmt::format("{}: {:.1f} ns on {:.1f} ns, by {} rounds of spinning",
                         bench_case.id().str(), spin_cost_.ns_of(rounds) / share, *p25, rounds)});
  lane.operation = make_operation(bench_case, stopwatch_.planted(rounds));
  return lane.operation->arrange();
}

// The median of a few short batches' p25.
Result<double> Worker::p25_without_plant(const BenchCase& bench_case, Lane& lane) {
  constexpr std::size_t batches = 5;
  constexpr double seconds = 0.03;
  std::vector<double> p25;
  for (std::size_t i = 0; i < batches; ++i) {
    BatchEnds end = measure(lane, seconds);
    if (end.outcome != BatchEnds::Outcome::Measured) return Error{end.step, end.err};
    sorted_.assign(recording_->ns.begin(),
                   recording_->ns.begin() + static_cast<std::ptrdiff_t>(recording_->timings));
    p25.push_back(batch_of(sorted_).p25);
    if (bench_case.workload->leaves_dropped) drain(bench_case.workload->namespaces, end);
  }
  std::sort(p25.begin(), p25.end());
  return quantile(p25, 0.5);
}

BatchEnds Worker::measure(Lane& lane, double seconds_for_calls) {
  using Outcome = BatchEnds::Outcome;
  recording_->clear();
  recording_->calls_per_timing = lane.calls_per_timing;
  const Wanted wanted{.max_calls = lane.max_calls,
                      .seconds = seconds_for_calls,
                      .seccomp_instructions = plants_.seccomp_instructions,
                      .step_ns = stopwatch_.step_ns(),
                      .seed = ++batches_};
  Result<Child> child = Child::fork([&] {
    make_calls(*lane.operation, wanted, *recording_);
    lane.operation->end();
    return 0;
  });
  if (!child) return failure(Outcome::NotArranged, child.error());
  const Result<ExitStatus> ended = child->wait(Deadline::in(patience()));
  if (!ended) return failure(Outcome::CallFailed, hanging(*child));
  if (ended->signal != 0 || ended->code != 0) {
    return failure(Outcome::CallFailed, {"a batch's process " + ended->str()});
  }
  if (recording_->not_begun.is_set()) {
    return failure(Outcome::NotArranged, recording_->not_begun.get());
  }
  if (recording_->call_failed.is_set()) {
    return failure(Outcome::CallFailed, recording_->call_failed.get());
  }
  lane.calls_per_timing = recording_->calls_per_timing;
  BatchEnds end;
  end.calls_per_timing = static_cast<std::uint32_t>(lane.calls_per_timing);
  end.cpu_ns = std::max(recording_->cpu_ns, 0.0);
  end.seconds = recording_->seconds;
  return end;
}

void Worker::drain(NamespaceSet set, BatchEnds& end) {
  const Clock::time_point start = Clock::now();
  const Drain::Answer answer = drain_.wait(set);
  if (tears_down_later(set)) end.drain = seconds_since(start);
  switch (answer) {
    case Drain::Answer::Gone:
      return;
    case Drain::Answer::Backlog:
      end.drained = false;
      note_once("backlog",
                fmt::format("dropped namespaces ({}) were not gone after 2 s", set.str()));
      return;
    case Drain::Answer::Unknown:
      end.drained = false;
      note_once("backlog_unknown",
                fmt::format("whether dropped namespaces are gone can't be told here: {}",
                            drain_.obstacle().str()));
      return;
  }
}

void Worker::watch_rate() {
  if (loop_ns_.size() == loops_kept) loop_ns_.erase(loop_ns_.begin());
  loop_ns_.push_back(time_fixed_loop(stopwatch_));
  if (const std::optional<Warning> warning = about_rate(loop_ns_)) {
    note_once(warning->code, warning->text);
  }
}

void Worker::send_times() {
  sorted_.assign(recording_->ns.begin(),
                 recording_->ns.begin() + static_cast<std::ptrdiff_t>(recording_->timings));
  for (std::size_t sent = 0; sent < sorted_.size(); sent += BatchTimes::max_times) {
    const auto first = sorted_.begin() + static_cast<std::ptrdiff_t>(sent);
    const std::size_t count = std::min(BatchTimes::max_times, sorted_.size() - sent);
    send_(BatchTimes{{first, first + static_cast<std::ptrdiff_t>(count)}});
  }
}

void Worker::note_once(std::string code, std::string text) {
  if (std::find(noted_.begin(), noted_.end(), code) != noted_.end()) return;
  noted_.push_back(code);
  send_(Note{std::move(code), std::move(text)});
}

}  // namespace nsbench::bench
