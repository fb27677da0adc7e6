// The way to a worker, whatever it runs in.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "probes/sandbox/deadline.h"
#include "reports/result.h"

namespace nsbench::lockstep {

// A started worker. Destroying it ends the worker and all that belongs to it.
class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  // Descriptors, of the Connection; they may be the same.
  [[nodiscard]] virtual int from_worker() const = 0;
  [[nodiscard]] virtual int to_worker() const = 0;
  // After the end of the worker's output: what became of it ("exited with 3").
  virtual std::string fate() = 0;
  // Begins its end: the destructor then hardly waits, and what takes longer ends behind our back.
  virtual void let_go() {}
};

// Starts a worker anew.
using Connect = std::function<Result<std::unique_ptr<Connection>>()>;

// A worker that is a program on this machine: `argv` (the first word is looked up in PATH), with
// pipes for its standard input and output, in a session of its own. A guardian process between it
// and the caller keeps hold of it: when the Connection or the caller ends, by SIGKILL too, the
// program has `grace` to end by itself, since its input ended; whatever is then left of it and its
// descendants is killed.
Result<std::unique_ptr<Connection>> connect_to_command(const std::vector<std::string>& argv,
                                                       std::chrono::milliseconds grace);

// Runs a program to its end, its input empty and its output on standard error. An Error: it could
// not be started, did not exit with 0, or was killed at the deadline.
Status run_command(const std::vector<std::string>& argv, Deadline deadline);

}  // namespace nsbench::lockstep
