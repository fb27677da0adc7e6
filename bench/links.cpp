// The family `links`: the wiring of a container's network, by rtnetlink.
#include <fmt/format.h>
#include <linux/netlink.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "bench/families.h"
#include "bench/operation.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::bench {
namespace {

using netlink::Message;
using netlink::Socket;

enum class Step : std::uint8_t { Add, Delete, Up, Move, Enslave };

constexpr const char* bridge = "nsbbr";

// All calls of a batch are made in a network namespace of the batch's own, which takes what they
// leave with it: a veth pair's deletion takes 20 ms, and would be most of the batch.
class Wiring final : public Operation {
 public:
  Wiring(Step act, const Stopwatch& stopwatch) : act_(act), stopwatch_(stopwatch) {}

  Status begin() override {
    pairs_ = 0;
    if (act_ == Step::Move) {
      if (Status s = new_network(); !s) return s;
      Result<NamespaceFds> there = NamespaceFds::open("/proc/self", {Kind::Net});
      if (!there) return there.error();
      there_ = std::move(*there);
    }
    if (Status s = new_network(); !s) return s;
    Result<Socket> socket = Socket::open(NETLINK_ROUTE);
    if (!socket) return socket.error();
    socket_.emplace(std::move(*socket));
    return act_ == Step::Enslave ? make_bridge() : Status{};
  }

  Timing time_one() override {
    const std::string name = fmt::format("nsba{}", pairs_);
    const std::string peer = fmt::format("nsbb{}", pairs_++);
    Message add = rtnetlink::veth_request(name, peer);
    if (act_ == Step::Add) return timed(add, "RTM_NEWLINK(veth)");
    if (Status s = socket_->acknowledged(add, "RTM_NEWLINK(veth)"); !s) return s.error();
    switch (act_) {
      case Step::Delete: {
        Message request = rtnetlink::deletion_request(name);
        return timed(request, "RTM_DELLINK(veth)");
      }
      case Step::Up: {
        Message request = rtnetlink::up_request(name);
        return timed(request, "RTM_NEWLINK(veth, up)");
      }
      case Step::Move: {
        Message request = rtnetlink::move_request(name, rtnetlink::Where::fd(there_.first()));
        return timed(request, "RTM_NEWLINK(veth, IFLA_NET_NS_FD)");
      }
      default: {
        Message request = rtnetlink::master_request(name, bridge_index_);
        return timed(request, "RTM_NEWLINK(veth, IFLA_MASTER)");
      }
    }
  }

 private:
  Status make_bridge() {
    if (Status s = rtnetlink::add_link(bridge, "bridge"); !s) return s;
    if (Status s = rtnetlink::set_up(bridge); !s) return s;
    const Result<rtnetlink::Link> link = rtnetlink::link(bridge);
    if (!link) return link.error();
    bridge_index_ = link->index;
    return {};
  }

  Timing timed(Message& request, const char* step) {
    const std::string name = step;
    const Ticks started = stopwatch_.start();
    const Status done = socket_->acknowledged(request, name);
    const Ticks stopped = stopwatch_.stop();
    if (!done) return done.error();
    return stopwatch_.ns(started, stopped);
  }

  Step act_;
  Stopwatch stopwatch_;
  std::optional<Socket> socket_;
  NamespaceFds there_;
  int bridge_index_ = 0;
  int pairs_ = 0;
};

template <Step act>
std::unique_ptr<Operation> make_wiring(const BenchCase& /*bench_case*/,
                                       const Stopwatch& stopwatch) {
  return std::make_unique<Wiring>(act, stopwatch);
}

constexpr Workload wiring(std::string_view name, Workload::Make make, std::string_view kinds,
                          std::string_view sentence, std::string_view cost,
                          std::string_view by_hand) {
  return {.family = "links",
          .name = name,
          .namespaces = {Kind::Net},
          .ways = unshare_only,
          .make = make,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = by_hand,
          .source = "rtnetlink(7), veth(4)",
          .link_kinds = kinds};
}

constexpr std::array rows{
    wiring(
        "veth_add", make_wiring<Step::Add>, "veth",
        "an rtnetlink request that makes a veth pair, until it is acknowledged, in a network "
        "namespace that unshare made, beside those of the calls before (64 at most)",
        "veth_newlink() (drivers/net/veth.c): register_netdevice() twice under rtnl_lock(), with "
        "sysctls, sysfs and notifiers",
        "unshare --net sh -c 'strace -T -e trace=sendmsg ip link add a type veth peer b'"),
    wiring(
        "veth_delete", make_wiring<Step::Delete>, "veth",
        "an rtnetlink request that deletes a veth pair, until it is acknowledged; not its making",
        "unregister_netdevice_many() (net/core/dev.c): synchronize_net() and, behind the "
        "request, netdev_run_todo() with rcu_barrier(): RCU, so it is never steady",
        "unshare --net sh -c 'ip link add a type veth peer b; time ip link delete a'"),
    wiring("veth_up", make_wiring<Step::Up>, "veth",
           "an rtnetlink request that brings one end of a veth pair up; not its making",
           "__dev_open() (net/core/dev.c), veth_open(), and the notifiers of IPv4 and IPv6: "
           "addrconf_notify()",
           "unshare --net sh -c 'ip link add a type veth peer b; time ip link set a up'"),
    wiring("veth_move", make_wiring<Step::Move>, "veth",
           "an rtnetlink request that moves one end of a veth pair into another network namespace, "
           "by its descriptor; not its making",
           "__dev_change_net_namespace() (net/core/dev.c): synchronize_net(), and all notifiers "
           "twice",
           "unshare --net sh -c 'unshare --net sleep 9 & ip link add a type veth peer b; sleep 1; "
           "time ip link set a netns $!'"),
    wiring(
        "bridge_port", make_wiring<Step::Enslave>, "veth,bridge",
        "an rtnetlink request that makes one end of a veth pair a port of a bridge, beside those "
        "of the calls before (64 at most); not its making",
        "br_add_if() (net/bridge/br_if.c): sysfs, netdev_rx_handler_register(), "
        "synchronize_net() in dev_set_promiscuity()'s way",
        "unshare --net sh -c 'ip link add r type bridge; ip link add a type veth peer b; time ip "
        "link set a master r'"),
};

}  // namespace

std::span<const Workload> link_workloads() { return rows; }

}  // namespace nsbench::bench
