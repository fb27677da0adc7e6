// What a controller and the workers it drives in lock step say to each other: lines of text, over
// any stream of bytes (a pipe, the serial line of a virtual machine).
//
//   worker      hello protocol=1 nsbench=0.1.0 workload=1 kernel=6.18.0 clock=wall
//   worker      about name=cpus value=2                           any number of them
//   controller  run batch=7 case=create/uts:unshare:root seconds=0.1 warmup=0
//   worker      note code=one-cpu text=the%20benchmarks%20...     any number of them
//   worker      result batch=7 case=create/uts:unshare:root outcome=measured n=9000 p25=1600 ...
//   controller  bye
//   worker      bye
//
// A line is a word and keys with their values, each once, in any order; a key that is not known is
// passed over. A space, a '%' and whatever is not printable ASCII in a value is written as %XX.
// Numbers are decimal and not negative. Only the worker's first line is waited for; after it the
// worker speaks when it is asked. It ends when its input does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "reports/result.h"

namespace nsbench::lockstep {

// Raised when a line changes its meaning; both ends must have the same.
inline constexpr int protocol_version = 1;
// Bytes of a line, its end included.
inline constexpr std::size_t max_line = 4096;

// The worker is ready.
struct Hello {
  int protocol = protocol_version;
  std::string nsbench;  // its version
  int workload = 0;     // workload_version of reports/report.h
  std::string build;    // "release", "debug"
  std::string kernel;   // uname -r
  std::string clock;    // as KernelInfo::clock: "wall", "instructions"

  friend bool operator==(const Hello&, const Hello&) = default;
};

// One fact about the worker's kernel or machine (facts.h). None of them is needed.
struct About {
  std::string name;
  std::string value;

  friend bool operator==(const About&, const About&) = default;
};

// Asks for one batch.
struct RunBatch {
  std::uint64_t batch = 0;  // counts up
  std::string case_id;
  double seconds = 0;   // for its calls, with what undoes each
  bool warmup = false;  // the result will be dropped

  friend bool operator==(const RunBatch&, const RunBatch&) = default;
};

// The answer to a RunBatch, with its batch and case.
struct BatchResult {
  enum class Outcome : std::uint8_t {
    Measured,
    Failed,   // a call failed: `error` is the first that did
    Broken,   // what the calls need could not be had, for no reason of the environment's
    Skipped,  // the environment is in the way: `skip` (reports/verdict.h) and `error` say how
  };
  static constexpr std::size_t max_samples = 64;

  std::uint64_t batch = 0;
  std::string case_id;
  Outcome outcome = Outcome::Measured;
  std::string skip;
  std::string error;
  // Of Measured alone. Values are per call, in `unit`; cpu is in ns.
  std::string unit = "ns";
  std::uint64_t n = 0;  // timings that count
  std::uint64_t calls_per_timing = 1;
  double p25 = 0, p50 = 0, p90 = 0, p99 = 0, min = 0, max = 0, mean = 0, cpu = 0;
  double seconds = 0;   // wall time of the calls
  double drain = 0;     // seconds until what was dropped was gone
  bool drained = true;  // whether it was seen to be
  // A random choice of the timings, each with the same chance: at most max_samples.
  std::vector<double> samples;

  friend bool operator==(const BatchResult&, const BatchResult&) = default;
};

// Something the report should warn of.
struct Note {
  std::string code;
  std::string text;

  friend bool operator==(const Note&, const Note&) = default;
};

// No more from this side. A worker that was not asked to go says why.
struct Bye {
  std::string reason;

  friend bool operator==(const Bye&, const Bye&) = default;
};

using Message = std::variant<Hello, About, RunBatch, BatchResult, Note, Bye>;

// One line with its end. Texts are cut so that it is no longer than max_line.
std::string encode(const Message& message);

// `line`: without its end, though a '\r' may be left. Refuses what encode() can't have written, but
// for keys of a later version. The Error says what is wrong with which part.
Result<Message> decode(std::string_view line);

// Cuts a stream of bytes into lines.
class LineReader {
 public:
  enum class Got : std::uint8_t { Line, Nothing, TooLong };

  // Bytes as they come; lines are then taken until Nothing is left.
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole line, without its end. TooLong: one was longer than max_line, and is dropped.
  Got next(std::string& line);
  // Bytes that were not taken yet.
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }

 private:
  std::string buffer_;
  bool dropping_ = false;
};

}  // namespace nsbench::lockstep
