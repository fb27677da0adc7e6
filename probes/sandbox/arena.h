// A throwaway outer sandbox: what a check or a benchmark calls "outside" is inside it, never the
// user's host.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/cgroup.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/namespace_set.h"
#include "reports/case_id.h"
#include "reports/result.h"

namespace nsbench {

struct ArenaSpec {
  // Kinds of which the arena gets its own, pid and mnt always (for containment), user never: that
  // one follows from `privilege`.
  NamespaceSet kinds;
  // Root: made with the caller's CAP_SYS_ADMIN. Userns: made by an unprivileged process, with a
  // user namespace of its own in which it is root.
  Privilege privilege = Privilege::Root;
  // The stage enters user namespaces itself. Under Userns it is then an unprivileged process
  // without a user namespace of its own, where the caller's rights allow to contain it so.
  bool user_inside = false;
  // The arena is put into a cgroup of its own (cgroup.h), which ends with it.
  bool own_cgroup = false;
  // The most that anything in it has of the host's; under Userns nothing in any case.
  CapabilitySet capabilities = arena_capabilities;
};

// The stage's end: what runs in the arena sends messages through it.
class StagePort {
 public:
  explicit StagePort(Channel channel) : channel_(std::move(channel)) {}
  Status send(std::string_view message);
  // The harness gives up on the stage without a word: for a stage that can't go on.
  void fail(const Error& error);
  // Messages from the harness.
  Result<std::string> receive() { return channel_.receive(); }
  // The harness is gone.
  [[nodiscard]] bool abandoned() const { return channel_.peer_gone(); }

 private:
  Channel channel_;
};

// The arena as its maker sees it. Its first process is PID 1 of a pid namespace, so that killing it
// kills all of it; it dies with its maker. Destroying the Arena kills it. If memory runs out, the
// kernel ends something in here before anything of the host's (/proc/PID/oom_score_adj).
class Arena {
 public:
  using Stage = std::function<void(StagePort&)>;

  // Starts `stage` as PID 1 of a fresh arena: in a session of its own, with private mounts, its own
  // /proc (where the kernel lets it), an empty tmpfs at scratch_dir(), no descriptor of the
  // caller's but 0 to 2, no core dumps. Before anything of that it looks whether its namespaces are
  // new: where a kernel made none, nothing is mounted, killed or renamed outside. Set-up failures
  // arrive as the first receive()'s Error.
  static Result<Arena> start(const ArenaSpec& spec, const Stage& stage);

  Arena() = default;
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena() = default;

  // The next message. When the stage failed or died, the Error says how.
  Result<std::string> receive(Deadline deadline);
  Status send(std::string_view message) { return channel_.send(message); }
  // Readable when receive() would not block.
  [[nodiscard]] int fd() const { return channel_.fd(); }
  void kill() { child_.kill(); }
  // Kills it and waits until it is gone. An Error: it is not at the deadline, since something in it
  // hangs in the kernel, where no signal ends it; it is given up then.
  Status end(Deadline deadline);
  // Kills it without waiting until it is gone: the kernel takes milliseconds to tear namespaces
  // down, most of them waiting. ended() says when it is.
  void begin_end() const { child_.begin_end(); }
  bool ended() { return child_.ended(); }
  // Of its first process, or of the one above it; as the caller numbers it.
  [[nodiscard]] pid_t pid() const { return child_.pid(); }

 private:
  OwnCgroup cgroup_;  // can be removed when the child is gone
  Child child_;
  Channel channel_;
};

// The arena's own empty directory (a tmpfs, mode 1777), valid inside a stage and its children.
std::string scratch_dir();

}  // namespace nsbench
