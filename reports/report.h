// The record: everything a run found, as plain data. Every format and every decision reads this.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/case_id.h"
#include "reports/judgement.h"
#include "reports/splat.h"
#include "reports/verdict.h"

namespace nsbench {

// The JSON report's schema number: raised when a key changes its meaning or goes.
inline constexpr int report_schema = 1;
// Raised when what a benchmark times changes, so that old times are not compared with new ones.
inline constexpr int workload_version = 2;
#ifdef NDEBUG
inline constexpr const char* build_type = "release";
#else
inline constexpr const char* build_type = "debug";
#endif

// One probe x recipe, or its control.
struct CaseResult {
  CaseId id;
  std::vector<std::string> namespaces;  // the kinds the case unshares: "pid", "net", ...
  VerdictKind verdict = VerdictKind::Broken;
  std::optional<SkipReason> skip;  // with Skip, and only then
  // The rule and what was demanded of it; what was seen, or (Skip, Broken) what stood in the way.
  std::string expected;
  std::string observed;
  int err = 0;  // the errno behind it, 0 if there is none
  double seconds = 0;
  // Every rule that was judged, in order. Not for Skip.
  std::vector<Statement> statements;
};

// One batch of a benchmark: neighbouring calls in one process. Times in the series' unit, per call.
struct Batch {
  double t = 0;  // seconds since the run started
  double p25 = 0;
  double min = 0;
  double mean = 0;  // what tools that compare means are given; 0: not known
  double cpu = 0;   // CPU time (user and system) of the worker per call
  std::uint64_t calls = 0;
  double seconds = 0;  // wall time of all its calls, with what undoes each; 0: not known
  double drain = 0;    // seconds until the namespaces that it dropped were gone
  // In lock step: the batches of both sides with one number are neighbours in time and are compared
  // with each other; -1 otherwise.
  std::int64_t pair = -1;
  // The start of the worker (or the boot of the kernel) that the batch belongs to, from 0.
  std::int64_t start = 0;
};

// All times of one benchmark case. Statistics are derived from it (statistics.h), never stored.
struct Series {
  CaseId id;
  std::string workload;                 // one sentence: what is timed
  std::vector<std::string> namespaces;  // the kinds each call creates or enters
  std::string unit = "ns";              // of every value: "ns", "instructions" or "bytes"
  std::uint64_t calls_per_timing = 1;   // short calls are timed several at once, and divided
  std::vector<double> samples;  // of all timings, or a uniform random choice of max_samples of them
  std::uint64_t calls = 0;      // timed calls; neither warm-up nor failed calls are among them
  std::uint64_t failures = 0;   // calls that failed; a series with one is not a result
  std::string error;            // the first failure: "unshare(CLONE_NEWNET): ENOSPC"
  std::optional<SkipReason> skip;     // not run at all; `error` says what stood in the way
  double min = 0, max = 0, mean = 0;  // over all calls, not only those kept in `samples`
  std::vector<Batch> batches;
  std::uint64_t warmup_batches = 0;  // dropped before the first of `batches`
  bool drained = true;  // every batch's namespaces were seen to be gone before the next began

  [[nodiscard]] bool is_result() const { return !skip && failures == 0 && calls > 0; }
};

// A machine-readable warning about the run. `code` is a promise, `text` is for people.
struct Warning {
  std::string code;
  std::string text;
};

struct RunInfo {
  std::string version;  // nsbench's own
  // Of the nsbench that made the report; a report that was read keeps its own.
  std::string build_type = nsbench::build_type;
  int workload_version = nsbench::workload_version;
  std::string command;  // as it was typed
  std::string suite;
  double budget = 0;  // seconds that the benchmarks were given in all; 0: the suite's own
  std::uint64_t seed = 0;
  std::string started;  // ISO 8601, UTC
  double seconds = 0;
  bool interrupted = false;
  // Of a report that is one side of a measurement in lock step: what its sides have in common
  // (random letters), and which one it is ("base", "new", "null"). Empty otherwise.
  std::string lockstep;
  std::string side;
};

// One CPU cache, for Google Benchmark's `context.caches`.
struct CacheInfo {
  std::string type;  // Data, Instruction, Unified
  int level = 0;
  std::int64_t size = 0;  // bytes
  int num_sharing = 0;
};

// The kernel under test and the machine it runs on.
struct KernelInfo {
  std::string release;  // uname -r
  std::string version;  // uname -v
  std::string machine;  // uname -m
  std::string cmdline;
  std::string engine = "bare";  // bare, qemu-kvm, qemu-tcg, uml: how nsbench booted it
  std::string clock = "wall";   // wall, instructions
  std::string machine_id;
  std::string boot_id;
  // /proc/sys/kernel/tainted when the run ended, and when it began (absent: not known).
  std::int64_t taint = 0;
  std::optional<std::int64_t> taint_before;
  std::vector<Splat> splats;  // what its console said, from its boot to its end
  double boot_seconds = 0;    // from the machine's start to nsbench's first line; 0: not ours
  // Where its configuration was read ("embedded", or a path), and what of it matters here:
  // config_options_of(). Empty: not known.
  std::string config;
  std::map<std::string, std::string> config_options;
  std::string accelerator_note;  // why KVM was not used; empty if it was, or was not asked for
};

struct Environment {
  std::string host_name;
  std::string cpu_model;
  int cpus = 0;
  double mhz = 0;
  std::vector<CacheInfo> caches;
  std::vector<double> load_avg;
  std::string virtualisation;  // "none", "kvm", "hypervisor", "docker", ...
  std::uint32_t uid = 0;
  bool initial_user_namespace = true;
  std::string capabilities;                    // effective set, as in /proc/self/status
  std::string missing_capabilities;            // names, if only a few are missing
  std::string seccomp;                         // "off", "filter"
  std::string lsm;                             // active LSMs, comma-separated
  std::map<std::string, std::int64_t> limits;  // user.max_*_namespaces and the like
  // Which namespaces the kernel has: every one of the eight, in their usual order.
  std::vector<std::pair<std::string, bool>> namespaces;
};

struct Report {
  RunInfo run;
  KernelInfo kernel;
  Environment environment;
  std::vector<CaseResult> cases;
  std::vector<Series> series;
  std::vector<Warning> warnings;
};

// Everything that says the kernel was not well: `splats`, and one of kind "taint" where the run
// left a bit of unwell_taint that none of them explains. Of a kernel that was booted for the run,
// and of which no taint_before is known, every bit is the run's.
std::vector<Splat> splats_of(const KernelInfo& kernel);

// A control that did not leak, or went wrong, says that its probe can't be trusted in that recipe:
// passes beside it become Broken; a Fail stays, unless only Works statements failed in both.
// Passes whose control is missing from `cases` are left alone (an API rule has none).
void settle_controls(std::vector<CaseResult>& cases);

// A nanosecond of a clock that counts instructions (kernel.clock) is one: series that were measured
// as "ns" are called what they are.
void name_units(Report& report);

}  // namespace nsbench
