// One comparison of the study of false alarms and power: what was compared, and all its batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/case_id.h"
#include "reports/report.h"
#include "reports/result.h"

namespace nsbench::power {

// What one side has that the other has not.
enum class Planted : std::uint8_t {
  Nothing,  // A against A
  Spin,     // `size`: the share of the case's p25 that is added to each timing, 0.03
  Seccomp,  // `size`: instructions of the filter on every system call; the other side has 2
};
std::string_view id(Planted planted);  // "nothing", "spin", "seccomp"
std::optional<Planted> parse_planted(std::string_view text);

enum class Order : std::uint8_t {
  LockStep,    // A B B A, a batch at a time
  Sequential,  // all of A, then all of B: how saved reports come about
};
std::string_view id(Order order);  // "lockstep", "sequential"
std::optional<Order> parse_order(std::string_view text);

// What is compared, and under which circumstances.
struct Setting {
  CaseId case_id;
  Planted planted = Planted::Nothing;
  double size = 0;
  Order order = Order::LockStep;
  bool load = false;  // with background load of our own

  friend bool operator==(const Setting&, const Setting&) = default;
};

struct Side {
  std::uint64_t calls_per_timing = 1;
  std::vector<Batch> batches;
};

struct Trial {
  Setting setting;
  std::string started;  // ISO 8601, UTC
  std::string version;  // nsbench's
  std::string machine;  // kernel and CPU, in words
  double seconds = 0;   // that all of it took
  double busy = 0;      // of the machine's CPU time meanwhile, the share in use, by whomever
  double steal = 0;     // and the share that the hypervisor gave to others
  std::string error;    // why there is no result; empty: there is one
  std::vector<std::string> notes;  // the workers' own words on what was planted
  Side base, now;
};

// A line of JSON without its end.
std::string to_line(const Trial& trial);
Result<Trial> from_line(std::string_view line);

// What `nsbench compare` would be given.
struct Reports {
  Report base, now;
};
Reports reports_of(const Trial& trial);

struct TrialFile {
  std::vector<Trial> trials;
  std::size_t damaged = 0;  // lines that can't be read: a writer was killed in the middle of one
};
// A file that does not exist has no trials.
Result<TrialFile> read_trials(const std::string& path);

// Adds one line at the end, on disk before it returns. A last line that was left unfinished is
// closed first, so that it spoils nothing but itself.
Status append_trial(const std::string& path, const Trial& trial);

}  // namespace nsbench::power
