// One side of a measurement in lock step, as the controller talks to it.
#pragma once

#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "reports/result.h"
#include "suites/lockstep/connection.h"
#include "suites/lockstep/protocol.h"

namespace nsbench::lockstep {

// A worker that was started and greeted. Every call has its deadline; every Error but EINTR's means
// that the worker is of no more use: it died, fell silent, or babbles. EINTR: `stop` was set.
class Side {
 public:
  using Stop = const volatile std::sig_atomic_t*;  // may be null

  // Starts a worker and waits for its hello. What it says before is passed over (a kernel's console
  // messages on the same line). A hello of another protocol is an Error.
  static Result<Side> start(const Connect& connect, Deadline deadline, Stop stop);

  [[nodiscard]] const Hello& hello() const { return hello_; }
  // What it said about itself so far, and what a report should warn of.
  [[nodiscard]] const std::vector<About>& facts() const { return facts_; }
  [[nodiscard]] const std::vector<Note>& notes() const { return notes_; }

  // Has one batch run, and waits for its result.
  Result<BatchResult> run(const RunBatch& run, Deadline deadline);
  // Says goodbye, waits until the worker has ended, or for `patience`, and lets go of it.
  void part(std::chrono::milliseconds patience);
  // Begins its end without a word; destroying it then hardly waits.
  void let_go() { connection_->let_go(); }

 private:
  Status greet(Deadline deadline);
  Status say(const Message& message, Deadline deadline);
  // The next line of the worker.
  Result<std::string> hear(Deadline deadline);
  Status wait(int fd, short events, Deadline deadline) const;
  Error gone();

  std::unique_ptr<Connection> connection_;
  Stop stop_ = nullptr;
  LineReader lines_;
  Hello hello_;
  std::string fate_;  // once it is gone
  std::vector<About> facts_;
  std::vector<Note> notes_;
};

}  // namespace nsbench::lockstep
