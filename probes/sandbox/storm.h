// Noticing that something forks without end, before the machine has no process left for others.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/deadline.h"

namespace nsbench {

// Looks ten times a second at how many processes and threads the machine has (/proc/loadavg), which
// costs microseconds; and at whose they are only when that number has grown by `most`. Neither
// needs a right or a cgroup, and a limit would need both: RLIMIT_NPROC does not count for root, and
// a cgroup of the arena's own would be seen by what is checked.
class StormWatch {
 public:
  // `most`: the processes that one arena may have, which is a lot more than any needs.
  explicit StormWatch(std::size_t most);

  // Which of `roots`, as pids here, has more descendants than it may; nothing if it is too early to
  // look again. Without a /proc nothing is ever noticed.
  struct Storm {
    std::size_t root = 0;                   // its place in `roots`
    std::size_t processes = 0;              // that it has
    [[nodiscard]] std::string str() const;  // "a storm of forks: 4711 processes"
  };
  std::optional<Storm> look(std::span<const pid_t> roots);

 private:
  std::size_t most_;
  std::optional<std::size_t> calm_;  // the fewest there were
  Deadline next_ = Deadline::in(std::chrono::milliseconds(0));
};

// The second number of /proc/loadavg's fourth word: "0.20 0.18 0.12 1/80 11206" has 80.
std::optional<std::size_t> threads_in_loadavg(std::string_view text);

// How many descendants each of `roots` has among the processes that /proc lists; 0 for what is no
// pid.
std::vector<std::size_t> count_descendants(std::span<const pid_t> roots);

}  // namespace nsbench
