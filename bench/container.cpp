// The family `container`: what a runtime waits for until a container's surroundings are there.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bench/families.h"
#include "bench/footprint.h"
#include "bench/held.h"
#include "bench/operation.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::bench {
namespace {

constexpr const char* inner_end = "nsbin";

// What the process inside finds in its memory: it has no heap. Lies on its parent's stack.
struct Plan {
  std::array<char, 64> root{};         // where the new root is mounted
  std::array<char, 64> proc{};         // and proc in it
  std::array<char, 256> up_request{};  // brings the inner end up
  std::size_t up_size = 0;
  std::array<char, 64> uid_map{};
  std::array<char, 64> gid_map{};
  bool own_user = false;
  int told = -1;   // a byte comes when the inner end is there
  int ready = -1;  // the answer goes here
};

// A step's number and errno, in one write; step 0: all is well.
struct Answer {
  int step = 0;
  int err = 0;
};
constexpr std::array<const char*, 8> steps{
    "",           "write(uid_map)",        "mount(tmpfs, root)", "mount(proc)",
    "pivot_root", "socket(NETLINK_ROUTE)", "RTM_NEWLINK(up)",    "the end of a veth pair"};

bool write_file(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto size = static_cast<ssize_t>(std::strlen(text));
  const bool written = ::write(fd, text, static_cast<std::size_t>(size)) == size;
  ::close(fd);
  return written;
}

bool map_ids(const Plan& plan) {
  if (!plan.own_user) return true;
  return write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/gid_map", plan.gid_map.data()) &&
         write_file("/proc/self/uid_map", plan.uid_map.data());
}

int bring_up(const Plan& plan) {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (socket < 0) return 5;
  if (::send(socket, plan.up_request.data(), plan.up_size, 0) < 0) return 6;
  alignas(nlmsghdr) std::array<char, 1024> answer{};
  const ssize_t got = ::recv(socket, answer.data(), answer.size(), 0);
  if (got < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) return 6;
  nlmsgerr result{};
  std::memcpy(&result, answer.data() + NLMSG_HDRLEN, sizeof result);
  errno = -result.error;
  return result.error == 0 ? 0 : 6;
}

// The number of the step that failed; 0: none.
int furnish(const Plan& plan) {
  if (!map_ids(plan)) return 1;
  if (::mount("nsbench", plan.root.data(), "tmpfs", MS_NOSUID, "mode=0755,size=1m") != 0) return 2;
  if (::mkdir(plan.proc.data(), 0755) != 0) return 3;
  if (::mount("proc", plan.proc.data(), "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0) {
    return 3;
  }
  if (::chdir(plan.root.data()) != 0 || ::syscall(SYS_pivot_root, ".", ".") != 0 ||
      ::umount2(".", MNT_DETACH) != 0) {
    return 4;
  }
  char byte = 0;
  if (::read(plan.told, &byte, 1) != 1) return 7;
  return bring_up(plan);
}

[[noreturn]] void live_inside(const Plan& plan) {
  stay_tied_to_parent();
  Answer answer;
  answer.step = furnish(plan);
  answer.err = answer.step == 0 ? 0 : errno;
  static_cast<void>(::write(plan.ready, &answer, sizeof answer) == sizeof answer);
  for (;;) ::pause();
}

// Makes `count` of them, one after another, all alive at the end of the time.
class Containers final : public Operation {
 public:
  Containers(NamespaceSet set, std::size_t count, const Stopwatch& stopwatch)
      : set_(set),
        count_(count),
        step_(fmt::format("clone3({})", set.flag_names())),
        stopwatch_(stopwatch) {}

  Status begin() override {
    for (Pipe* pipe : {&told_, &ready_}) {
      std::array<int, 2> ends{};
      if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
      pipe->read = Fd(ends[0]);
      pipe->write = Fd(ends[1]);
    }
    // The outer ends are the batch's own, and go with it.
    if (Status s = new_network(); !s) return s;
    Result<netlink::Socket> socket = netlink::Socket::open(NETLINK_ROUTE);
    if (!socket) return socket.error();
    socket_.emplace(std::move(*socket));
    draw_plan();
    inside_.reserve(count_);
    leave_heap_out_of_children();
    return {};
  }

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    Status made;
    for (std::size_t i = 0; i < count_ && made; ++i) made = make_one();
    const Ticks stopped = stopwatch_.stop();
    end();
    if (!made) return made.error();
    return stopwatch_.ns(started, stopped);
  }

  void end() override {
    for (const pid_t pid : inside_) ::kill(pid, SIGKILL);
    for (const pid_t pid : inside_) reap(pid);
    inside_.clear();
  }

 private:
  struct Pipe {
    Fd read, write;
  };

  template <std::size_t size>
  static std::size_t copy(std::string_view text, std::array<char, size>& to) {
    const std::size_t length = std::min(text.size(), size - 1);
    std::memcpy(to.data(), text.data(), length);
    return length;
  }

  void draw_plan() {
    copy(scratch_dir(), plan_.root);
    copy(scratch_dir() + "/proc", plan_.proc);
    netlink::Message up = rtnetlink::up_request(inner_end);
    plan_.up_size = copy(up.finish(1), plan_.up_request);
    const OuterIds outer = OuterIds::current();
    copy(fmt::format("0 {} 1", outer.uid), plan_.uid_map);
    copy(fmt::format("0 {} 1", outer.gid), plan_.gid_map);
    plan_.own_user = set_.has(Kind::User);
    plan_.told = told_.read.get();
    plan_.ready = ready_.write.get();
  }

  Status make_one() {
    const Plan plan = plan_;
    const pid_t pid = calls::clone3(set_.flags(), nullptr);
    if (pid == 0) live_inside(plan);
    if (pid < 0) return Error::last(step_);
    inside_.push_back(pid);
    if (Status wired = wire(pid); !wired) return wired;
    if (::write(told_.write.get(), "", 1) != 1) return Error::last("write(pipe)");
    Answer answer;
    if (::read(ready_.read.get(), &answer, sizeof answer) != sizeof answer) {
      return Error::last("read(pipe)");
    }
    if (answer.step == 0) return {};
    return Error{steps.at(static_cast<std::size_t>(answer.step) % steps.size()), answer.err};
  }

  Status wire(pid_t pid) {
    const std::string outer = fmt::format("nsbo{}", links_);
    const std::string inner = fmt::format("nsbi{}", links_++);
    netlink::Message add = rtnetlink::veth_request(outer, inner);
    if (Status s = socket_->acknowledged(add, "RTM_NEWLINK(veth)"); !s) return s;
    netlink::Message move = rtnetlink::move_request(inner, rtnetlink::Where::pid(pid), inner_end);
    if (Status s = socket_->acknowledged(move, "RTM_NEWLINK(move)"); !s) return s;
    netlink::Message up = rtnetlink::up_request(outer);
    return socket_->acknowledged(up, "RTM_NEWLINK(up)");
  }

  NamespaceSet set_;
  std::size_t count_;
  std::string step_;
  Stopwatch stopwatch_;
  Pipe told_, ready_;
  std::optional<netlink::Socket> socket_;
  Plan plan_;
  std::vector<pid_t> inside_;
  std::size_t links_ = 0;
};

std::unique_ptr<Operation> make_containers(const BenchCase& bench_case,
                                           const Stopwatch& stopwatch) {
  return std::make_unique<Containers>(bench_case.workload->namespaces, bench_case.value_or(1),
                                      stopwatch);
}

constexpr std::array<std::int64_t, 3> counts{1, 10, 50};

constexpr std::string_view one =
    "wall-clock of all that a container has of its own: clone3 of a process in its namespaces, id "
    "maps where it has a user namespace, a tmpfs as root, proc, pivot_root, a veth pair, one end "
    "of "
    "it moved in, both up; until the process says so. Not the end of it, nor an exec or an image";
constexpr std::string_view many =
    "the same for so many containers, one made after the other and all alive at the end: divide by "
    "their number. Not the end of them";

constexpr std::string_view cost =
    "setup_net() (net/core/net_namespace.c), register_netdevice() and "
    "__dev_change_net_namespace(), which waits for RCU (net/core/dev.c); of the rest copy_tree(), "
    "umount_tree() (fs/namespace.c)";

constexpr Workload container(std::string_view name, NamespaceSet set) {
  return {.family = "container",
          .name = name,
          .namespaces = set,
          .ways = clone3_only,
          .make = make_containers,
          .sentence = one,
          .dominated_by = cost,
          .by_hand = "perf stat -r 20 unshare {options} --fork --mount-proc true",
          .source = "clone(2), pivot_root(2), veth(4), proc_pid_uid_map(5)",
          .link_kinds = "veth"};
}

constexpr Workload containers(std::string_view name, NamespaceSet set) {
  Workload row = container(name, set);
  row.sentence = many;
  row.tier = Tier::Curve;
  row.curve = {"containers", counts};
  row.value_multiplies = true;
  return row;
}

constexpr std::array rows{
    container("usual", usual_set),
    container("all", NamespaceSet::all()),
    containers("usual", usual_set),
    containers("all", NamespaceSet::all()),
};

}  // namespace

std::span<const Workload> container_workloads() { return rows; }

}  // namespace nsbench::bench
