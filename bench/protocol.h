// What a worker tells the harness: one bounded message after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reports/result.h"

namespace nsbench::bench {

// A batch of the worker's case number `case_index` begins.
struct BatchBegins {
  std::uint32_t case_index = 0;
  std::uint32_t batches_left = 0;  // of all cases, this one included

  friend bool operator==(const BatchBegins&, const BatchBegins&) = default;
};

// Times of the batch that began last, in ns; a batch may need several of these.
struct BatchTimes {
  static constexpr std::size_t max_times = 8000;  // as many doubles as fit into a message
  std::vector<double> ns;

  friend bool operator==(const BatchTimes&, const BatchTimes&) = default;
};

// The batch that began last is over, with all its times sent.
struct BatchEnds {
  enum class Outcome : std::uint8_t {
    Measured,
    CallFailed,   // a timed call failed: none of the times count
    NotArranged,  // what the calls needed could not be made
  };
  Outcome outcome = Outcome::Measured;
  bool drained = true;
  std::uint32_t calls_per_timing = 1;
  double cpu_ns = 0;   // per call
  double seconds = 0;  // wall time of all calls, with what undoes them
  double drain = 0;    // seconds until what was dropped was gone
  std::string step;    // what failed, and how
  std::int32_t err = 0;

  friend bool operator==(const BatchEnds&, const BatchEnds&) = default;
};

// Something the report should warn of.
struct Note {
  std::string code;
  std::string text;

  friend bool operator==(const Note&, const Note&) = default;
};

// The worker is done with all cases.
struct Finished {
  friend bool operator==(const Finished&, const Finished&) = default;
};

using WorkerMessage = std::variant<BatchBegins, BatchTimes, BatchEnds, Note, Finished>;

std::string encode(const WorkerMessage& message);
// Refuses what encode() can't have written: the worker runs in the system under test. Times are
// finite and not negative.
Result<WorkerMessage> decode(std::string_view bytes);

}  // namespace nsbench::bench
