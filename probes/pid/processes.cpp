#include "probes/pid/processes.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"

namespace nsbench::probes {

namespace {

// PROC_PID_INIT_INO of include/linux/proc_ns.h.
constexpr std::string_view initial_pid_namespace = "pid:[4026531836]";

constexpr timespec at_once{0, 0};
constexpr timespec patience{2, 0};

sigset_t set_of(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  return set;
}

std::string signal_name(int signal) {
  const char* name = sigabbrev_np(signal);
  return name != nullptr ? fmt::format("SIG{}", name) : std::to_string(signal);
}

// What a listener does until its side ends: counts what is pending, when asked.
int listen_to_signals(int socket) {
  hold_back(harmless);
  ::setpgid(0, 0);
  const sigset_t set = set_of(harmless);
  char byte = 'r';
  for (;;) {
    if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) return 0;
    if (::recv(socket, &byte, 1, 0) != 1) return 0;
    byte = static_cast<char>(sigtimedwait(&set, nullptr, &at_once) == harmless ? 1 : 0);
  }
}

int answer_from(int socket) {
  pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
  char byte = -1;
  constexpr int patience_ms = 3000;
  if (::poll(&ready, 1, patience_ms) != 1 || ::recv(socket, &byte, 1, 0) != 1) return -1;
  return byte;
}

// Something is mounted below /proc, which is why a fresh proc is refused (mount_too_revealing()).
bool proc_is_masked() {
  const Result<std::string> text = read_small_file("/proc/self/mountinfo");
  if (!text) return true;
  const std::vector<MountInfo> mounts = parse_mountinfo(*text);
  return std::any_of(mounts.begin(), mounts.end(),
                     [](const MountInfo& mount) { return mount.point.starts_with("/proc/"); });
}

}  // namespace

bool contained() {
  const Result<std::string> own = read_link("/proc/self/ns/pid");
  return own && *own != initial_pid_namespace;
}

bool arena_contains_us() { return ::getpid() == 1 && contained(); }

Result<Child> make_first(const Recipe& recipe, const Child::Body& body) {
  const std::string flags = recipe.namespaces.flag_names();
  if (recipe.method == Method::Unshare) {
    if (calls::unshare(recipe.namespaces.flags()) != 0) {
      return Error::last(fmt::format("unshare({})", flags));
    }
    return Child::fork(body);
  }
  const bool classic = recipe.method == Method::Clone;
  return Child::start(fmt::format("{}({})", id(recipe.method), flags),
                      classic ? calls::clone : calls::clone3, recipe.namespaces.flags(), body);
}

Result<Child> make_first(Observation& seen, const Recipe& recipe, const Child::Body& body) {
  Result<Child> first = make_first(recipe, body);
  seen.result("make the first process", first ? 0 : first.error().err);
  return first;
}

std::string end_of(const Child& child) {
  const sigset_t set = set_of(SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(child.pid()), &info,
                 WEXITED | WSTOPPED | WNOHANG | WNOWAIT) != 0) {
      return "waitid: " + errno_name(errno);
    }
    if (info.si_pid != 0) {
      if (info.si_code == CLD_EXITED) return fmt::format("exited with {}", info.si_status);
      return fmt::format("{} by {}", info.si_code == CLD_STOPPED ? "stopped" : "killed",
                         signal_name(info.si_status));
    }
    if (sigtimedwait(&set, nullptr, &patience) < 0 && errno == EAGAIN) return "still running";
  }
}

void let_through(int signal) {
  std::signal(signal, SIG_DFL);
  const sigset_t set = set_of(signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

void hold_back(int signal) {
  const sigset_t set = set_of(signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

void take(Observation& seen, const std::string& prefix, int signal) {
  const sigset_t set = set_of(signal);
  siginfo_t info{};
  const bool arrived = sigtimedwait(&set, &info, &at_once) == signal;
  seen.number(prefix + " arrived", arrived ? 1 : 0);
  seen.number(prefix + " si_pid", arrived ? info.si_pid : -1);
}

bool start_listener(Scene& scene) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    scene.broken("socketpair: " + errno_name(errno));
    return false;
  }
  Fd ours(ends[0]);
  Fd theirs(ends[1]);
  Result<Child> child = Child::fork([&] {
    ours.reset();
    return listen_to_signals(theirs.get());
  });
  if (!child || answer_from(ours.get()) != 'r') {
    scene.broken("the listener could not be started");
    return false;
  }
  scene.seen.number("listener", child->pid());
  scene.seen.number("listener's socket", ours.release());
  child->disown();
  return true;
}

int hears(int socket) {
  const char byte = '?';
  if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) return -1;
  return answer_from(socket);
}

void isolated_number(Judgement& j, std::string text, std::int64_t known, std::int64_t told,
                     std::int64_t own) {
  j.isolated(std::move(text), fmt::format("{}, which is not {}", known, own), std::to_string(told),
             known > 0 && told == known && own > 0 && told != own);
}

bool use_up_pids(pid_t last) {
  for (;;) {
    Result<Child> child = Child::fork([] { return 0; });
    if (!child) return false;
    const bool done = child->pid() >= last;
    if (!child->wait()) return false;
    if (done) return true;
  }
}

std::string mount_own_proc(Scene& scene) {
  std::string place = fmt::format("{}/proc-{}", scratch_dir(), pid_namespace_of("/proc/self"));
  ::mkdir(place.c_str(), 0755);
  if (scene.seen.call("mount(proc)", ::mount("proc", place.c_str(), "proc", 0, nullptr)) == 0) {
    return place;
  }
  if (errno == EPERM && proc_is_masked()) {
    scene.skip(SkipReason::Policy, "mount(proc): EPERM (/proc is masked here)");
  }
  return "";
}

std::string pid_namespace_of(const std::string& proc_dir, const char* file) {
  const Result<std::string> link = read_link(fmt::format("{}/ns/{}", proc_dir, file));
  return link ? *link : errno_name(link.error().err);
}

}  // namespace nsbench::probes
