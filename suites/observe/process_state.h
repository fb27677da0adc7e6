// What /proc tells of a process from outside. The process is not touched: nothing is joined,
// traced, stopped or written.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "probes/sandbox/proc_text.h"
#include "reports/result.h"

namespace nsbench::observe {

// An open directory of a mount that is not in the process's own mount namespace: a way out of it.
struct StrayDirectory {
  int fd = -1;
  std::string path;
};

struct ProcessState {
  pid_t pid = 0;
  std::string command;  // as it is, not printable()
  std::array<std::optional<std::uint64_t>, all_kinds.size()> namespaces;  // by Kind; inode numbers
  std::string status;                                                     // /proc/PID/status
  std::int64_t start = 0;         // when it was started, in clock ticks after the machine was
  std::vector<MountInfo> mounts;  // /proc/PID/mountinfo
  std::vector<IdExtent> uid_map, gid_map;
  std::vector<CgroupLine> cgroups;  // as the caller's cgroup namespace shows them
  std::string label;                // of the LSM; empty: there is none
  std::string clock_offsets;        // of its time namespace
  std::vector<StrayDirectory> strays;
  // What could not be read, and why: "/proc/12/ns/net: EACCES".
  std::vector<std::string> untold;

  [[nodiscard]] std::optional<std::uint64_t> id(Kind kind) const {
    return namespaces.at(static_cast<std::size_t>(kind));
  }
  // A field of its status, as "NoNewPrivs"; empty if there is none.
  [[nodiscard]] std::string field(std::string_view name) const;
};

// The words in a text of /proc/PID/cmdline; where it has none, as of a kernel thread or a zombie,
// the name in brackets.
std::string command_text(std::string cmdline, std::string_view name);

// An Error: there is no such process, it is a zombie, nothing of it may be seen, or it ended while
// it was looked at.
Result<ProcessState> look_at_process(pid_t pid);
// Whether the process that was looked at is still there, and its number not another's by now.
Status still_there(const ProcessState& state);

// "CAP_CHOWN CAP_KILL" of "0000000000000021"; "none"; "all", or "all but CAP_SYS_RESOURCE", of
// those up to `last` (cap_last_cap). A text that is no number is answered as it is.
std::string capability_names(std::string_view mask, int last);

}  // namespace nsbench::observe
