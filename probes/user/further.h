// What acts of the user family share: processes in user namespaces whose maps are written by
// somebody else, sets of capabilities, and which ids may be mapped here.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/helpers.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"

namespace nsbench {

// A process in further namespaces that looks when it is told to, once for each of `looks`; its
// maker acts in between. It maps nothing by itself. Where the namespaces were refused, nothing more
// is done or seen. Trouble of our own is thrown, which makes the case broken (stage.cpp).
class Further {
 public:
  // Makes it by clone, clone3 or (any other method) by a fork that unshares. Records "NAME enter"
  // with the call's errno.
  Further(Observation& seen, std::string_view name, Method method, NamespaceSet set,
          std::vector<Look> looks);

  [[nodiscard]] bool made() const { return child_.running(); }
  // Lets it take its next look; what it saw is put below `prefix` ("before getuid").
  void look(Observation& seen, std::string_view prefix);
  // Writes to one of its files below /proc/PID; records the errno as `fact`.
  void write(Observation& seen, std::string_view fact, std::string_view file,
             std::string_view text) const;
  // As a parent does it: denies setgroups and maps this process's own ids to `inside`. Records
  // "write setgroups", "write gid_map" and "write uid_map".
  void map_own_ids(Observation& seen, unsigned inside) const;
  // "/proc/PID/FILE"
  [[nodiscard]] std::string file(std::string_view file) const;
  [[nodiscard]] pid_t pid() const { return child_.pid(); }

 private:
  Child child_;
  Channel channel_;
};

// Runs `act` in a forked child: the errno that it returns (0: success); -1 if the child died.
int errno_in_child(const std::function<int()>& act);
// Opens and writes a file of /proc; the errno.
int write_errno(const std::string& path, std::string_view text);
// -1 and errno, or not, as an errno: 0 for success.
int as_errno(long returned);

// Whether the ids from 0 to `last` are mapped here, so that further namespaces can map them; ends
// the case as skipped if not.
bool ids_are_mapped(Scene& scene, std::uint32_t last);
// Whether the own id may be mapped into a child namespace: uid 0 needs CAP_SETFCAP for that (5.12).
bool own_id_is_mappable(Scene& scene);
// What ids without a mapping read as: /proc/sys/kernel/overflowuid.
std::int64_t overflow_id();

// "user:[4026531837]" of this process; empty if it can't be read.
std::string own_user_namespace();

// The capability sets of a process as its /proc/PID/status has them: "CapEff", .. in hexadecimal.
void look_at_capabilities(Observation& seen, const std::string& proc = "/proc/self");
// How status writes the set of all capabilities that this kernel knows, and that of one.
std::string every_capability();
std::string one_capability(int capability);
// capset(2); the errno.
int set_capabilities(std::uint64_t effective, std::uint64_t permitted, std::uint64_t inheritable);
// The permitted set of this process.
std::uint64_t permitted_capabilities();
constexpr std::uint64_t capability_bit(int capability) { return std::uint64_t{1} << capability; }

inline constexpr std::string_view no_capabilities = "0000000000000000";
inline constexpr std::array clone_only{Way{Method::Clone, ""}};
// The uid and gid of somebody else.
inline constexpr uid_t somebody = 4711;

// Becomes uid and gid `id`, without groups and capabilities, dumpable and tied to its parent again;
// the errno.
int become(uid_t id);

}  // namespace nsbench
