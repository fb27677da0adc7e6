#include "probes/sandbox/enter.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <utility>
#include <vector>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/join.h"
#include "probes/sandbox/own_namespaces.h"

namespace nsbench {

namespace {

constexpr int failed_to_enter = 71;  // exit status of a process whose Error went over the channel

// The door's two ends. A process behind it keeps the inner one only, or it could not see that the
// outer one's owner is gone.
using Doors = std::pair<Channel, Channel>;

Channel& step_inside(Doors& doors) {
  doors.first.close();
  return doors.second;
}

// The door's report from inside: "ok PID" or "errno ERR STEP".
void report(Channel& door, const Status& status, pid_t body) {
  const std::string text =
      status ? fmt::format("ok {}", body)
             : fmt::format("errno {} {}", status.error().err, status.error().step);
  if (!door.send(text)) ::_exit(failed_to_enter);
}

Result<pid_t> read_report(Channel& door, Deadline deadline) {
  const Result<std::string> text = door.receive(deadline);
  if (!text) return text.error();
  const bool ok = text->starts_with("ok ");
  const std::size_t digits = ok ? 3 : 6;  // behind "ok " or "errno "
  int number = 0;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data() + std::min(digits, text->size()), end, number);
  if (parsed.ec != std::errc{}) return Error{"malformed report from the door: " + *text};
  if (ok) return number;
  return Error{std::string(parsed.ptr + (parsed.ptr < end ? 1 : 0), end), number};
}

// What the process that goes inside was before the call.
struct Before {
  explicit Before(NamespaceSet set) : user(OwnNamespaces::look(set & NamespaceSet{Kind::User})) {}
  OuterIds ids = OuterIds::current();
  OwnNamespaces user;
};

// A user namespace that was not made can't be mapped either: then the call is to blame.
Status map_ids_if_new_user(const NamespaceSet& set, const Before& before, std::string_view call) {
  if (!set.has(Kind::User)) return {};
  Status mapped = write_own_maps(before.ids, inside_id(before.ids.uid), inside_id(before.ids.gid));
  if (mapped) return {};
  const Status changed = before.user.all_changed_by(call);
  if (changed) return mapped;
  return Error{fmt::format("{}; {}", changed.error().step, mapped.error().step),
               mapped.error().err};
}

// Ends this process by the signal that ended the body, so that whoever waits sees just that. Its
// core would show the wrong process.
[[noreturn]] void die_by(int signal) {
  ::prctl(PR_SET_DUMPABLE, 0);
  ::signal(signal, SIG_DFL);
  sigset_t open;
  ::sigemptyset(&open);
  ::sigaddset(&open, signal);
  ::sigprocmask(SIG_UNBLOCK, &open, nullptr);
  ::kill(::getpid(), signal);
  ::_exit(failed_to_enter);  // not reached: what killed the body kills this process
}

// Runs `body` in a forked process and ends as that did, for namespaces that only children enter.
int run_in_child(Channel& door, const Child::Body& body) {
  Result<Child> child = Child::fork(body);
  report(door, child ? Status{} : child.error(), child ? child->pid() : 0);
  if (!child) return failed_to_enter;
  door.close();
  const Result<ExitStatus> ended = child->wait();
  if (!ended) return failed_to_enter;
  if (ended->signal != 0) die_by(ended->signal);
  return ended->code;
}

int run_here(Channel& door, const Child::Body& body) {
  report(door, {}, 0);
  door.close();
  return body();
}

// Makes `set` by one clone or clone3 and runs `body` inside.
Result<Child> make(Method method, NamespaceSet set, Doors& doors, const Child::Body& body) {
  const Before before(set);
  const bool classic = method == Method::Clone;
  return Child::start(fmt::format("{}({})", id(method), set.flag_names()),
                      classic ? calls::clone : calls::clone3, set.flags(), [&] {
                        Channel& door = step_inside(doors);
                        if (Status s = map_ids_if_new_user(set, before, id(method)); !s) {
                          report(door, s, 0);
                          return failed_to_enter;
                        }
                        return run_here(door, body);
                      });
}

// Keeps the namespaces it was made in alive until it is killed. It holds no descriptors: an end of
// somebody's channel that is open here would hide that its owner died.
int hold() {
  close_all_but(-1);
  for (;;) ::pause();
}

Status unshare_here(NamespaceSet set) {
  const Before before(set);
  if (calls::unshare(set.flags()) != 0) {
    return Error::last(fmt::format("unshare({})", set.flag_names()));
  }
  return map_ids_if_new_user(set, before, id(Method::Unshare));
}

Status join_holder(const Recipe& recipe, const Child& holder) {
  if (recipe.variant == "pidfd") return join_by_pidfd(recipe.namespaces, holder.pidfd());
  const Result<std::string> dir = proc_dir(holder);
  if (!dir) return dir.error();
  return join_by_descriptors(recipe.namespaces, *dir, "/proc/HOLDER");
}

// pid and, by unshare, time are entered by the next child only (unshare(2), setns(2)).
bool enters_by_child(const Recipe& recipe) {
  const NamespaceSet set = recipe.namespaces;
  if (recipe.method == Method::Unshare) return set.has(Kind::Pid) || set.has(Kind::Time);
  return recipe.method == Method::Setns && set.has(Kind::Pid);
}

// What the forked process of unshare and setns does: get inside, then run the body.
int go_inside(const Recipe& recipe, const Child& holder, Doors& doors, const Child::Body& body) {
  Channel& door = step_inside(doors);
  const NamespaceSet set = recipe.namespaces;
  Status entered;
  if (recipe.method == Method::Unshare) {
    entered = unshare_here(set);
  } else {
    entered = join_holder(recipe, holder);
  }
  stay_tied_to_parent();  // a new user namespace is a change of credentials
  if (!entered) {
    report(door, entered, 0);
    return failed_to_enter;
  }
  return enters_by_child(recipe) ? run_in_child(door, body) : run_here(door, body);
}

}  // namespace

// The body first: an orphan of the namespace would be reaped by PID 1 of the pid namespace outside,
// and until then the holder, as PID 1 inside, can't end (zap_pid_ns_processes() waits for it).
void Member::end() {
  const bool running = child.running() && !child.wait(Deadline::in(std::chrono::seconds(0)));
  if (forked && running && body > 0) {
    ::kill(body, SIGKILL);
    constexpr auto reaping_time = std::chrono::seconds(2);
    static_cast<void>(child.wait(Deadline::in(reaping_time)));
  }
  child.kill();
  holder.kill();
}

Member& Member::operator=(Member&& other) noexcept {
  if (this != &other) {
    end();
    holder = std::move(other.holder);
    child = std::move(other.child);
    body = std::exchange(other.body, 0);
    forked = other.forked;
  }
  return *this;
}

Result<ExitStatus> Member::wait(Deadline deadline) { return child.wait(deadline); }

Result<Member> enter(const Recipe& recipe, const Child::Body& body, Deadline deadline) {
  Member member;
  if (recipe.method == Method::Setns) {
    // Before the door is made, or the holder would keep it open when the joining process dies.
    Result<Child> holder = hold_open(recipe.namespaces, deadline);
    if (!holder) return holder.error();
    member.holder = std::move(*holder);
  }
  Result<Doors> doors = Channel::pair();
  if (!doors) return doors.error();
  Result<Child> child = Error{"not made"};
  if (recipe.method == Method::Clone || recipe.method == Method::Clone3) {
    child = make(recipe.method, recipe.namespaces, *doors, body);
  } else {
    child = Child::fork([&] { return go_inside(recipe, member.holder, *doors, body); });
  }
  if (!child) return child.error();
  member.child = std::move(*child);
  doors->second.close();
  const Result<pid_t> ready = read_report(doors->first, deadline);
  if (!ready) {
    // A door that fell silent: its process crashed, was killed, or hangs.
    if (ready.error().err != ECONNRESET && ready.error().err != ETIMEDOUT) return ready.error();
    const Result<ExitStatus> ended = member.wait(deadline);
    return Error{fmt::format("{}: the process {} before it was inside", recipe.str(),
                             ended ? ended->str() : "hung"),
                 ended ? 0 : ETIMEDOUT};
  }
  member.forked = *ready != 0;
  member.body = member.forked ? *ready : member.child.pid();
  return member;
}

Result<Child> hold_open(NamespaceSet set, Deadline deadline) {
  Result<Doors> doors = Channel::pair();
  if (!doors) return doors.error();
  Result<Child> holder = make(Method::Clone3, set, *doors, hold);
  // A seccomp filter that can't look into clone3's arguments answers ENOSYS (Docker's does).
  if (!holder && holder.error().err == ENOSYS && !set.has(Kind::Time)) {
    holder = make(Method::Clone, set, *doors, hold);
  }
  doors->second.close();
  if (!holder) return holder;
  if (Result<pid_t> ready = read_report(doors->first, deadline); !ready) return ready.error();
  return holder;
}

std::vector<std::string> steps_of(const Recipe& recipe) {
  const NamespaceSet set = recipe.namespaces;
  const std::string flags = set.flag_names();
  std::vector<std::string> steps;
  if (recipe.method == Method::Clone || recipe.method == Method::Clone3) {
    steps.push_back(fmt::format("{}({})", id(recipe.method), flags));
  } else if (recipe.method == Method::Unshare) {
    steps.push_back(fmt::format("unshare({})", flags));
  } else {
    steps.push_back(fmt::format("holder: clone3({})", flags));
    if (set.has(Kind::User)) steps.emplace_back("holder: write setgroups, gid_map, uid_map");
    if (recipe.variant == "pidfd") {
      if (!set.empty()) steps.push_back(fmt::format("setns(pidfd, {})", flags));
    } else {
      for (Kind kind : set.kinds()) {
        steps.push_back(fmt::format("setns(fd, {})", row(kind).flag_name));
      }
    }
  }
  if (set.has(Kind::User) && recipe.method != Method::Setns) {
    steps.emplace_back("write setgroups, gid_map, uid_map");
  }
  if (enters_by_child(recipe)) steps.emplace_back("fork");
  return steps;
}

Result<std::string> proc_dir(const Child& child) {
  const Result<std::string> info =
      read_small_file(fmt::format("/proc/self/fdinfo/{}", child.pidfd()));
  if (!info) return info.error();
  const std::string pid = field_of(*info, "Pid");
  if (pid.empty() || pid == "-1") return Error{"the child has no pid in this /proc", ESRCH};
  return "/proc/" + pid;
}

}  // namespace nsbench
