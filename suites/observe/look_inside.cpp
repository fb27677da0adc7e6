#include "suites/observe/look_inside.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/probe.h"
#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/join.h"

namespace nsbench::observe {
namespace {

// Those that look at the surroundings. Others look at the process that looks, which is ours.
constexpr std::array<std::string_view, 10> looks{
    "pid/proc_view", "uts/hostname", "uts/domainname",   "mnt/mount_view", "ipc/sysv_shm",
    "ipc/sysv_sem",  "ipc/sysv_msg", "ipc/proc_sysvipc", "ipc/mqueue",     "net/interfaces"};

// Where engines listen for whoever may have containers made.
constexpr std::array engine_sockets{"/run/docker.sock",
                                    "/var/run/docker.sock",
                                    "/run/containerd/containerd.sock",
                                    "/run/podman/podman.sock",
                                    "/run/crio/crio.sock",
                                    "/var/run/crio/crio.sock",
                                    "/run/k3s/containerd/containerd.sock"};

void send(Channel& channel, std::string name, Observation seen) {
  Transcript one;
  one.add({.side = "inside", .act = name, .seen = std::move(seen)});
  const std::string bytes = one.encode();
  if (channel.send(bytes)) return;
  Observation short_one;
  short_one.text("too much to tell", std::to_string(bytes.size()) + " bytes");
  Transcript instead;
  instead.add({.side = "inside", .act = std::move(name), .seen = std::move(short_one)});
  static_cast<void>(channel.send(instead.encode()).ok());
}

// `cgroup` was opened outside: what is read from it is as the reader's cgroup namespace has it.
std::string read_here(const Fd& cgroup) {
  std::string own;
  std::array<char, 4096> block{};
  ssize_t got = 0;
  while (cgroup.valid() && (got = ::read(cgroup.get(), block.data(), block.size())) > 0) {
    own.append(block.data(), static_cast<std::size_t>(got));
  }
  return own;
}

void refuse(Channel& channel, const Error& error) {
  Observation refused;
  refused.text("step", error.step);
  refused.number("errno", error.err);
  send(channel, "refused", std::move(refused));
}

// A file twice by a symbolic link is the same socket.
Observation look_for_sockets() {
  std::string found;
  std::vector<std::pair<dev_t, ino_t>> known;
  for (const char* const path : engine_sockets) {
    struct stat status {};
    if (::stat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) continue;
    const std::pair<dev_t, ino_t> file{status.st_dev, status.st_ino};
    if (std::find(known.begin(), known.end(), file) != known.end()) continue;
    known.push_back(file);
    found += std::string(path) + "\n";
  }
  Observation seen;
  seen.text("found", found);
  return seen;
}

int look(Channel& channel, const Fd& cgroup) {
  Observation membership;
  membership.text("own", read_here(cgroup));
  // Who is root in there might look into this process: there is to be nothing in it.
  close_all_but(channel.fd());
  // Which paths lead to a socket is looked at as root may, whom the target may be.
  Observation sockets = look_for_sockets();
  if (Status status = keep_capabilities({}); !status) {
    refuse(channel, status.error());
    return 1;
  }
  send(channel, "sockets", std::move(sockets));
  send(channel, "cgroup", std::move(membership));
  for (const Probe* probe : all_probes()) {
    const std::string name = fmt::format("{}/{}", probe->family, probe->name);
    if (probe->look == nullptr) continue;
    if (std::find(looks.begin(), looks.end(), name) == looks.end()) continue;
    Observation seen;
    probe->look(seen);
    send(channel, name, std::move(seen));
  }
  send(channel, "done", {});
  return 0;
}

// The caller's terminal is not taken along.
void let_go_of_terminal() {
  ::setsid();
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (nothing.valid()) ::dup2(nothing.get(), fd);
  }
}

int go_and_look(pid_t pid, Channel& channel) {
  ::prctl(PR_SET_DUMPABLE, 0);
  let_go_of_terminal();
  const Fd cgroup(::open(fmt::format("/proc/{}/cgroup", pid).c_str(), O_RDONLY | O_CLOEXEC));
  const Result<NamespaceSet> joined = join_process(NamespaceSet::all(), pid);
  stay_tied_to_parent();
  if (!joined) {
    refuse(channel, joined.error());
    return 1;
  }
  ::prctl(PR_SET_DUMPABLE, 0);  // joining a user namespace sets it
  // Only a child is in the pid namespace.
  Result<Child> child = Child::fork([&] { return look(channel, cgroup); });
  if (!child) {
    // ENOMEM: the first process of its pid namespace has ended (pid_namespaces(7)).
    refuse(channel, child.error());
    return 1;
  }
  const Result<ExitStatus> ended = child->wait();
  return ended ? ended->code : 1;
}

}  // namespace

Result<Transcript> look_inside(pid_t pid, Deadline deadline) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> child = Child::fork([&] {
    ends->first.close();
    return go_and_look(pid, ends->second);
  });
  if (!child) return child.error();
  ends->second.close();
  Transcript all;
  bool done = false;
  for (;;) {
    const Result<std::string> bytes = ends->first.receive(deadline);
    if (!bytes && bytes.error().err == ECONNRESET) {
      if (done) return all;
      return Error{
          fmt::format("who looked around inside process {} was ended before it was done", pid)};
    }
    if (!bytes && bytes.error().err == ETIMEDOUT) {
      return Error{
          fmt::format("looking around inside process {} took too long, and was given up", pid)};
    }
    if (!bytes) return bytes.error();
    Result<Transcript> some = Transcript::decode(*bytes);
    if (!some) return some.error();
    if (const Observation& refused = some->at("refused"); refused.find("step") != nullptr) {
      return Error{refused.text_of("step"), static_cast<int>(refused.number_of("errno"))};
    }
    for (const Entry& entry : some->entries()) {
      if (entry.act == "done") {
        done = true;
      } else {
        all.add(entry);
      }
    }
  }
}

}  // namespace nsbench::observe
