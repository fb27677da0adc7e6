#include "probes/sandbox/arena.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <exception>
#include <utility>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/own_namespaces.h"
#include "probes/sandbox/wait_channel.h"

namespace nsbench {

namespace {

constexpr char message_mark = 'M';
constexpr char error_mark = 'E';

// Where the scratch tmpfs is mounted: the first of these that is a directory here.
constexpr std::array scratch_places{"/tmp", "/run", "/mnt", "/var/tmp", "/dev"};

const char* scratch_place() {
  struct stat info {};
  for (const char* place : scratch_places) {
    if (::stat(place, &info) == 0 && S_ISDIR(info.st_mode)) return place;
  }
  return scratch_places.front();
}

// A crash in a stage is reported, and must leave no core file: 1 byte is the one limit that core
// handlers behind a pipe honour as well (core(5)).
void forbid_core_dumps() {
  const rlimit one{.rlim_cur = 1, .rlim_max = 1};
  ::setrlimit(RLIMIT_CORE, &one);
}

// Where there is no /proc, or it is not ours to write, the kernel chooses as it likes.
void be_first_when_memory_ends() {
  static_cast<void>(write_small_file("/proc/self/oom_score_adj", "1000").ok());
}

Status furnish_mounts() {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return Error::last("mount(/, MS_REC|MS_PRIVATE)");
  }
  // Refused where the outer /proc is partly masked, as in a container: the outer one then stays,
  // and what needs an own one says so.
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0 &&
      errno != EPERM) {
    return Error::last("mount(proc)");
  }
  if (::mount("nsbench", scratch_place(), "tmpfs", MS_NOSUID, "mode=1777,size=64m") != 0) {
    return Error::last(fmt::format("mount(tmpfs, {})", scratch_place()));
  }
  return {};
}

Status furnish(const ArenaSpec& spec, bool own_user, const OuterIds& outer,
               const OwnCgroup& cgroup) {
  ::setsid();
  forbid_core_dumps();
  be_first_when_memory_ends();
  if (own_user) {
    if (Status s = write_own_maps(outer, 0, 0); !s) return s;
    stay_tied_to_parent();
  }
  if (Status s = furnish_mounts(); !s) return s;
  if (Status s = cgroup.furnish_links(scratch_place()); !s) return s;
  if (own_user) return {};  // it has none but in there
  // A seccomp filter that refuses even this is no reason not to check.
  static_cast<void>(keep_capabilities(spec.capabilities).ok());
  if (spec.privilege == Privilege::Userns && spec.user_inside) return drop_privilege();
  return {};
}

void run(const Arena::Stage& stage, StagePort& port) {
  try {
    stage(port);
  } catch (const std::exception& thrown) {
    port.fail(Error{fmt::format("the stage threw: {}", thrown.what())});
  }
}

// Makes the arena's namespaces with PID 1 in them. Its maker may be in the cgroup already.
Result<Child> make_arena(const ArenaSpec& spec, bool own_user, Channel& port,
                         const OwnCgroup& cgroup, bool joins, const Arena::Stage& stage) {
  NamespaceSet set = (spec.kinds | NamespaceSet{Kind::Pid, Kind::Mnt}) - NamespaceSet{Kind::User};
  if (own_user) set = set | NamespaceSet{Kind::User};
  const bool needs_clone3 = set.has(Kind::Time);
  const std::string_view call = needs_clone3 ? "clone3" : "clone";
  const OuterIds outer = OuterIds::current();
  const OwnNamespaces maker = OwnNamespaces::look(set);
  return Child::start(fmt::format("{}({})", call, set.flag_names()),
                      needs_clone3 ? calls::clone3 : calls::clone, set.flags(), [&] {
                        // Before anything else: a kernel that ignored a flag left us outside.
                        const Status contained = maker.all_changed_by(call);
                        const Status joined = contained && joins ? cgroup.join() : Status{};
                        // Other arenas' channels among them.
                        close_all_but(port.fd());
                        StagePort stage_port(std::move(port));
                        if (!contained) {
                          stage_port.fail(contained.error());
                        } else if (!joined) {
                          stage_port.fail(joined.error());
                        } else if (Status s = furnish(spec, own_user, outer, cgroup); !s) {
                          stage_port.fail(s.error());
                        } else if (!stage_port.abandoned()) {
                          run(stage, stage_port);
                        }
                        return 0;
                      });
}

Error first_process(const ExitStatus& ended) {
  return Error{fmt::format("the arena's first process {}", ended.str())};
}

// Between a privileged caller and an unprivileged arena: gives the privileges up, makes the arena,
// and waits for its end.
int make_unprivileged(const ArenaSpec& spec, Channel& port, const OwnCgroup& cgroup,
                      const OwnNamespaces& caller, const Arena::Stage& stage) {
  // Not PID 1 where a kernel ignored the flag: its end would then orphan the arena to the caller's.
  Status dropped = caller.all_changed_by("clone");
  if (dropped) dropped = cgroup.join();
  close_all_but(port.fd());
  if (dropped) dropped = drop_privilege();
  if (port.peer_gone()) return 1;  // the caller died while this process wasn't tied to it
  Result<Child> arena = Error{"not made"};
  if (dropped) arena = make_arena(spec, true, port, cgroup, false, stage);
  if (!dropped || !arena) {
    StagePort(std::move(port)).fail(dropped ? arena.error() : dropped.error());
    return 1;
  }
  const Result<ExitStatus> ended = arena->wait();
  if (ended && ended->signal == 0) return ended->code;
  // As a PID 1 this process can't end by that signal itself.
  StagePort(std::move(port)).fail(ended ? first_process(*ended) : ended.error());
  return 1;
}

}  // namespace

Status StagePort::send(std::string_view message) {
  return channel_.send(message_mark + std::string(message));
}

void StagePort::fail(const Error& error) {
  // If even this can't be sent, the harness sees the stage end without a word, and says so.
  if (!channel_.send(fmt::format("{}{} {}", error_mark, error.err, error.step))) ::_exit(1);
}

Result<Arena> Arena::start(const ArenaSpec& spec, const Stage& stage) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Channel& port = ends->second;
  OwnCgroup cgroup;
  if (spec.own_cgroup) {
    Result<OwnCgroup> made = OwnCgroup::make(spec.privilege);
    if (!made) return made.error();
    cgroup = std::move(*made);
  }
  const bool privileged = has_capability(CAP_SYS_ADMIN);
  Result<Child> child = Error{"not made"};
  if (spec.privilege == Privilege::Root || (spec.user_inside && privileged)) {
    child = make_arena(spec, false, port, cgroup, true, stage);
  } else if (privileged) {
    // As PID 1 of a pid namespace of its own: killing it kills and reaps the arena too, and no
    // orphan is left to the caller or its init.
    const OwnNamespaces caller = OwnNamespaces::look(NamespaceSet{Kind::Pid});
    child = Child::start("clone(CLONE_NEWPID)", calls::clone, row(Kind::Pid).flag,
                         [&] { return make_unprivileged(spec, port, cgroup, caller, stage); });
  } else {
    child = make_arena(spec, true, port, cgroup, true, stage);
  }
  if (!child) return child.error();
  Arena arena;
  arena.cgroup_ = std::move(cgroup);
  arena.child_ = std::move(*child);
  arena.channel_ = std::move(ends->first);
  return arena;
}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    child_ = std::move(other.child_);  // kills and reaps the old one, so that its cgroup is empty
    channel_ = std::move(other.channel_);
    cgroup_ = std::move(other.cgroup_);
  }
  return *this;
}

Status Arena::end(Deadline deadline) {
  if (!child_.running()) return {};
  child_.begin_end();
  const Result<ExitStatus> ended = child_.wait(deadline);
  if (ended || ended.error().err != ETIMEDOUT) return {};
  const std::string where = wait_channel(child_.pid());
  Error error{fmt::format("process {} is not ended by SIGKILL{}{}", child_.pid(),
                          where.empty() ? "" : ": it hangs in ", where)};
  child_.disown();
  return error;
}

Result<std::string> Arena::receive(Deadline deadline) {
  Result<std::string> message = channel_.receive(deadline);
  if (!message && message.error().err == ECONNRESET) {
    const Result<ExitStatus> ended = child_.wait(deadline);
    return ended ? first_process(*ended) : ended.error();
  }
  if (!message) return message;
  if (message->starts_with(message_mark)) return message->substr(1);
  Error error{"malformed message from the arena"};
  const char* const end = message->data() + message->size();
  const auto parsed = std::from_chars(message->data() + 1, end, error.err);
  if (message->starts_with(error_mark) && parsed.ec == std::errc{} && parsed.ptr < end) {
    error.step.assign(parsed.ptr + 1, end);
  }
  return error;
}

std::string scratch_dir() { return scratch_place(); }

}  // namespace nsbench
