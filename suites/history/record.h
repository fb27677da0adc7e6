// What the history keeps of a report.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "reports/gate.h"
#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::history {

// Where and how a run was made, and what it came to.
struct Run {
  std::int64_t id = 0;                    // in the database; 0: not there yet
  std::string release, version, machine;  // the kernel: uname -r, -v, -m
  std::string machine_id, cpu_model, host_name;
  std::int64_t cpus = 0;
  std::string started;  // ISO 8601, UTC: 2026-01-31T12:00:00Z
  std::uint64_t seed = 0;
  std::string lockstep, side;  // as in RunInfo
  std::string engine, clock;
  std::int64_t workload_version = 0;
  std::string nsbench_version, build_type, suite, command;
  std::string boot_id;
  std::int64_t taint = 0;
  double seconds = 0;
  bool interrupted = false;
  Summary summary;  // its counts of controls are not kept
  int exit_code = 0;
  std::string warnings;  // their codes, with spaces between
};

// One check, or its control.
struct Check {
  std::string id;
  std::string verdict;  // "pass", "fail", "skip", "broken"
  std::string reason;   // of a skip: its id
  std::string note;     // of fail and broken: what was seen, not more than max_note bytes
};
inline constexpr std::size_t max_note = 200;

// One benchmark, in its unit. NaN: no result.
struct Timing {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();
  std::string id;
  std::string unit;
  double typical = none;  // the median of its batches' p25: what comparisons over runs decide by
  double p25 = none, p50 = none, p90 = none;
  double p99 = none;  // NaN too with fewer than 100 timings
  double min = none;
  std::int64_t calls = 0;
  std::int64_t calls_per_timing = 1;
  std::string verdict;  // empty: a result; else "fail" or "skip"
  std::string reason;   // of a skip: its id
  std::string note;     // what stood in the way
};

struct Record {
  Run run;
  std::vector<Check> checks;
  std::vector<Timing> timings;
};

// Error: `started` is no time, so that the run has no place in a history.
Result<Record> record_of(const Report& report);

// Of the checks and timings: differs where what is kept differs.
std::uint64_t fingerprint(const Record& record);

// FNV-1a, 64 bits.
class Digest {
 public:
  void add(std::string_view text);  // its end counts: "ab", "c" is not "a", "bc"
  void add(std::uint64_t number);
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void byte(unsigned char b) { value_ = (value_ ^ b) * 0x100000001b3U; }
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace nsbench::history
