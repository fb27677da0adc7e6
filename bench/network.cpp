// The family `network`: a container's network from its making to its end. What passes over it is
// timed in datapath.cpp.
#include <linux/membarrier.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "bench/container_network.h"
#include "bench/families.h"
#include "bench/limited.h"
#include "bench/operation.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

constexpr NamespaceSet net{Kind::Net};
constexpr const char* unshare_net = "unshare(CLONE_NEWNET)";

Status new_network() {
  if (calls::unshare(net.flags()) != 0) return Error::last(unshare_net);
  return {};
}

// The host's namespace with its bridge, in which the process is at home.
struct Host {
  NamespaceFds home;
  ContainerNetwork network;

  Status make() {
    if (Status s = new_network(); !s) return s;
    Result<NamespaceFds> here = NamespaceFds::open("/proc/self", net);
    if (!here) return here.error();
    home = std::move(*here);
    return network.lay_bridge();
  }
  [[nodiscard]] Status go_back() const {
    const Status back = home.join();
    return back ? back : Status(Error{back.error().step + " back", back.error().err});
  }
};

// All networks of a batch stay until it ends: to undo one takes longer than to make it, and holds
// the lock that the next one's making needs.
class CreateAndWire final : public Operation {
 public:
  explicit CreateAndWire(const Stopwatch& stopwatch) : stopwatch_(stopwatch) {}

  Status begin() override { return host_.make(); }

  Timing time_one() override {
    const Ticks started = stopwatch_.start();
    Status done = new_network();
    if (done) done = host_.network.wire();
    const Ticks stopped = stopwatch_.stop();
    if (!done) return done.error();
    if (Status back = host_.go_back(); !back) return back.error();
    return stopwatch_.ns(started, stopped);
  }

 private:
  Stopwatch stopwatch_;
  Host host_;
};

// Between two looks; the CPU is the kernel's meanwhile, whose own workers do the teardown.
constexpr std::chrono::microseconds nap{50};
constexpr std::chrono::seconds patience{8};

// As drain/net does it: under a limit of two, of which the host's is one, the next can be made when
// this one is gone.
class Teardown final : public Operation {
 public:
  explicit Teardown(const Stopwatch& stopwatch) : stopwatch_(stopwatch) {}

  Status begin() override {
    ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);  // naps are 50 us longer otherwise
    if (Status s = enter_limited_user_namespace(net, 2); !s) return s;
    if (Status s = host_.make(); !s) return s;
    if (Status s = new_network(); !s) return s;
    return host_.network.wire();
  }

  Timing time_one() override {
    host_.network.let_go();
    // A closed netlink or UDP socket holds its namespace for an RCU grace period, which is none of
    // the network's time. Where this is refused, it is.
    ::syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0U, 0);
    const Ticks started = stopwatch_.start();
    if (Status back = host_.go_back(); !back) return back.error();
    const Result<Ticks> gone = until_gone();
    if (!gone) return gone.error();
    if (host_.network.has_near_end()) return Error{"a veth end has outlived its namespace"};
    if (Status wired = host_.network.wire(); !wired) return wired.error();
    return stopwatch_.ns(started, *gone);
  }

 private:
  // When the look began that found it gone. What the look makes is the next one, untimed.
  [[nodiscard]] Result<Ticks> until_gone() const {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
      const Ticks looked = stopwatch_.stop();
      if (calls::unshare(net.flags()) == 0) return looked;
      if (errno != ENOSPC) return Error::last(unshare_net);
      if (std::chrono::steady_clock::now() > deadline) {
        return Error{"the network is not gone after 8 s", ENOSPC};
      }
      std::this_thread::sleep_for(nap);
    }
  }

  Stopwatch stopwatch_;
  Host host_;
};

template <class Timed>
std::unique_ptr<Operation> make(const BenchCase& /*bench_case*/, const Stopwatch& stopwatch) {
  return std::make_unique<Timed>(stopwatch);
}

constexpr Workload whole(std::string_view name, Workload::Make make, std::string_view sentence,
                         std::string_view cost, std::string_view by_hand) {
  return {.family = "network",
          .name = name,
          .namespaces = net,
          .ways = unshare_only,
          .make = make,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = by_hand,
          .source = "rtnetlink(7), veth(4), network_namespaces(7)",
          .link_kinds = "veth,bridge"};
}

constexpr std::array rows{
    whole("create_and_wire", make<CreateAndWire>,
          "a container's whole network: unshare of a network namespace, and by rtnetlink lo up, a "
          "veth pair, one end moved in, the other a port of a bridge, both up, an address, a "
          "default route; until both ends carry frames and an answer of the bridge's address has "
          "come in, ARP included. Beside those of the calls before (64 at most); no process, no "
          "mounts, not the bridge's making",
          "setup_net() (net/core/net_namespace.c), register_netdevice() and "
          "__dev_change_net_namespace(), which waits for RCU (net/core/dev.c); the work item of "
          "linkwatch_event() (net/core/link_watch.c)",
          "unshare --net bash -c 'ip link add r type bridge; ip address add 198.18.0.1/16 dev r; "
          "ip link set r up; unshare --net sleep 9 & sleep 1; time { ip link add a type veth peer "
          "b netns $!; ip link set a master r up; nsenter -t $! -n ip address add 198.18.1.1/16 "
          "dev b; nsenter -t $! -n ip link set b up; nsenter -t $! -n ip route add default via "
          "198.18.0.1; }'"),
    whole(
        "teardown", make<Teardown>,
        "from setns back home out of a network as network/create_and_wire makes it, as the last in "
        "it, until it is really gone: both ends of the pair and the port with them, and the "
        "namespace, which the kernel counts no more. Looked at every 50 us or so, by trying to "
        "make the next under a limit; that making is not in it, nor the wiring",
        "cleanup_net() in the kworker netns (net/core/net_namespace.c): "
        "default_device_exit_batch(), unregister_netdevice_many(), netdev_run_todo(), and "
        "rcu_barrier(), synchronize_rcu() between them",
        "unshare --net bash -c 'ip link add r type bridge; unshare --net sleep 2 & sleep 1; ip "
        "link add a type veth peer b netns $!; ip link set a master r up; wait; time while ip link "
        "show a; do :; done >/dev/null 2>&1'"),
};

}  // namespace

std::span<const Workload> network_workloads() { return rows; }

}  // namespace nsbench::bench
