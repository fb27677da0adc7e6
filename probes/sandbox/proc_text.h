// What files of /proc say, taken from their text: it comes from the kernel under test, which may be
// broken, so any text gives what can be read of it, or nothing, and no more memory than it has.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reports/result.h"

namespace nsbench {

// A line of mountinfo (proc_pid_mountinfo(5)); \040 and its like in paths are read as what they
// stand for. What a line that is cut off lacks is empty.
struct MountInfo {
  std::string id;       // that a descriptor's mnt_id in /proc/PID/fdinfo refers to
  std::string parent;   // the id of the mount that it is mounted on
  std::string device;   // "major:minor" of its file system
  std::string root;     // of what is mounted, in its file system
  std::string point;    // relative to the reader's root
  std::string options;  // of this mount
  std::string peers;    // the id of its peer group; empty if it is in none
  std::string master;   // the peer group that it gets its events from; empty if from none
  bool unbindable = false;
  std::string type;
  std::string source;
  std::string super_options;  // of the file system

  friend bool operator==(const MountInfo&, const MountInfo&) = default;
};
// Lines that end before the mount point are left out.
std::vector<MountInfo> parse_mountinfo(std::string_view text);

// A line of uid_map, gid_map or projid_map (user_namespaces(7)): `count` ids from `inside` are
// those from `outside`.
struct IdExtent {
  std::uint32_t inside = 0;
  std::uint32_t outside = 0;
  std::uint32_t count = 0;

  friend bool operator==(const IdExtent&, const IdExtent&) = default;
};
// An Error names the line that is none.
Result<std::vector<IdExtent>> parse_id_map(std::string_view text);
// Whether the id is one of the inside's.
bool is_mapped(const std::vector<IdExtent>& map, std::int64_t id);
// The first user namespace maps every id to itself.
bool maps_all_to_themselves(const std::vector<IdExtent>& map);

// A line of /proc/PID/cgroup (cgroups(7)): "4:cpu,cpuacct:/path".
struct CgroupLine {
  std::string hierarchy;    // its number; "0" is the unified one's
  std::string controllers;  // "" for the unified one
  std::string path;

  [[nodiscard]] bool unified() const { return hierarchy == "0"; }
  friend bool operator==(const CgroupLine&, const CgroupLine&) = default;
};
// Lines with fewer than two colons are left out.
std::vector<CgroupLine> parse_cgroup(std::string_view text);

// Whether a list like "rw,cpu,cpuacct" has this word.
bool has_word(std::string_view list, std::string_view word);

// The first number of /proc/uptime, in milliseconds.
std::optional<std::int64_t> parse_uptime_ms(std::string_view text);
// The btime of /proc/stat: when the machine was started, in seconds since 1970.
std::optional<std::int64_t> parse_btime(std::string_view text);
// Field 22 of /proc/PID/stat, in clock ticks. The name, field 2, may hold anything but ends with
// the last parenthesis.
std::optional<std::int64_t> parse_starttime(std::string_view text);
// The last field of /proc/loadavg: the pid that was given out last (proc_loadavg(5)).
std::optional<std::int64_t> parse_last_pid(std::string_view text);

// Seconds in timens_offsets (time_namespaces(7)).
struct ClockOffsets {
  std::int64_t monotonic = 0;
  std::int64_t boottime = 0;
};
std::optional<ClockOffsets> parse_timens_offsets(std::string_view text);

// The pid, as it is written, in the line of /proc/locks (proc_locks(5)) for the lock that starts at
// this byte of the file with this inode; nothing where none is listed.
std::optional<std::string> parse_lock_holder(std::string_view text, std::uint64_t inode,
                                             std::int64_t start);

// The active objects of a slab in /proc/slabinfo (slabinfo(5)).
std::optional<std::int64_t> parse_active_objects(std::string_view text, std::string_view slab);

// The first column of a file of /proc/sysvipc, as text, without the heading.
std::vector<std::string> parse_sysvipc_keys(std::string_view text);

// The lines of `text` without their ends. A last one that is empty is none.
std::vector<std::string_view> split_lines(std::string_view text);
// What stands between blanks and tabs.
std::vector<std::string_view> split_words(std::string_view line);

}  // namespace nsbench
