// The family `network`, what passes over it: round trips and deliveries over lo, a veth pair, and
// two pairs with a bridge between them.
#include <array>
#include <cstdint>
#include <string_view>

#include "bench/families.h"
#include "bench/operation.h"
#include "bench/path.h"
#include "bench/transfer.h"

namespace nsbench::bench {
namespace {

template <Line line, Transport transport, Transfer what>
class Transfers final : public Operation {
 public:
  explicit Transfers(const Stopwatch& stopwatch) : stopwatch_(stopwatch) {}

  Status begin() override {
    number_ = 0;
    return path_.open(line, transport, [](int socket) { return serve(what, transport, socket); });
  }
  Timing time_one() override {
    return transfer(what, transport, path_.socket(), number_++, stopwatch_);
  }
  void end() override { path_.close(); }

 private:
  Stopwatch stopwatch_;
  Path path_;
  std::uint64_t number_ = 0;
};

template <Line line, Transport transport, Transfer what>
std::unique_ptr<Operation> make(const BenchCase& /*bench_case*/, const Stopwatch& stopwatch) {
  return std::make_unique<Transfers<line, transport, what>>(stopwatch);
}

// Texts put together when this is compiled.
template <const std::string_view&... parts>
struct Joined {
  static constexpr std::size_t size = (parts.size() + ...);
  static constexpr std::array<char, size> text = [] {
    std::array<char, size> all{};
    std::size_t at = 0;
    for (const std::string_view part : {parts...}) {
      for (const char c : part) all[at++] = c;
    }
    return all;
  }();
  static constexpr std::string_view view{text.data(), size};
};

constexpr std::string_view over_lo =
    ". The other is in the same network namespace, and reached over lo";
constexpr std::string_view over_veth =
    ". The other is in a network namespace of its own, at the other end of a veth pair";
constexpr std::string_view over_bridge =
    ". The other is in a network namespace of its own, and reached over two veth pairs and a "
    "bridge between them, in a third";
constexpr std::string_view same_cpu =
    ". Both are tied to one CPU: it is the work of both sides, with the switches between them, and "
    "no other CPU to be woken. The links are as they are made; not the connecting, which is done "
    "once for each batch";
constexpr std::string_view tcp_rtt =
    "64 bytes over TCP, without Nagle's delay, to another process and 64 bytes back, from send() "
    "until recv() has them all";
constexpr std::string_view udp_rtt =
    "a UDP datagram of 64 bytes to another process and its answer of 64 bytes, from send() until "
    "recv() has it";
constexpr std::string_view tcp_throughput =
    "1 MiB over TCP, in writes of 64 KiB, to another process that reads it all and then says so "
    "with one byte, from the first send() until that byte is there";
constexpr std::string_view udp_throughput =
    "1 MiB in UDP datagrams of 1,024 bytes to another process, which counts them and answers every "
    "64th before the next is sent, from the first send() until the last answer is there; a "
    "datagram that is lost or out of order fails the benchmark";

constexpr std::string_view sockets_cost =
    "tcp_sendmsg(), udp_sendmsg(), tcp_v4_rcv(), udp_rcv() (net/ipv4), copies to and from the "
    "user, and __schedule() (kernel/sched/core.c)";
constexpr std::string_view lo_cost = "; loopback_xmit() (drivers/net/loopback.c)";
constexpr std::string_view veth_cost =
    "; veth_xmit() (drivers/net/veth.c) and process_backlog() (net/core/dev.c)";
constexpr std::string_view bridge_cost =
    "; twice veth_xmit() (drivers/net/veth.c) and process_backlog(), and between them "
    "br_handle_frame() and br_forward() (net/bridge)";

constexpr std::string_view lo_by_hand =
    "unshare --net sh -c 'ip link set lo up; taskset -c 1 netserver -4; taskset -c 1 netperf -H "
    "127.0.0.1 -t TCP_RR -- -r 64,64; taskset -c 1 netperf -H 127.0.0.1 -t TCP_STREAM'";
constexpr std::string_view veth_by_hand =
    "unshare --net sh -c 'unshare --net sh -c \"sleep 1; ip address add 198.18.0.2/24 dev b; ip "
    "link set b up; exec taskset -c 1 netserver -4 -D\" & sleep 0.5; ip link add a type veth peer "
    "b netns $!; ip address add 198.18.0.1/24 dev a; ip link set a up; sleep 2; taskset -c 1 "
    "netperf -H 198.18.0.2 -t TCP_RR -- -r 64,64; kill $!'";
constexpr std::string_view bridge_by_hand =
    "unshare --net bash -c 'ip link add r type bridge; ip link set r up; for i in 1 2; do unshare "
    "--net sleep 60 & sleep 1; ip link add p$i type veth peer c netns $!; ip link set p$i master r "
    "up; nsenter -t $! -n ip address add 198.18.0.$i/24 dev c; nsenter -t $! -n ip link set c up; "
    "done; all=($(jobs -p)); nsenter -t ${all[1]} -n taskset -c 1 netserver -4 -D & sleep 1; "
    "nsenter -t ${all[0]} -n taskset -c 1 netperf -H 198.18.0.2 -t TCP_RR -- -r 64,64; kill $!'";

constexpr Workload passing(std::string_view name, Workload::Make make, std::string_view kinds,
                           std::string_view sentence, std::string_view cost,
                           std::string_view by_hand) {
  return {.family = "network",
          .name = name,
          .namespaces = {Kind::Net},
          .ways = unshare_only,
          .make = make,
          .sentence = sentence,
          .dominated_by = cost,
          .by_hand = by_hand,
          .source = "tcp(7), udp(7), veth(4)",
          .made_per_call = 0,
          .link_kinds = kinds};
}

template <Transport transport, Transfer what, const std::string_view& said>
constexpr std::array<Workload, 3> over_each(std::string_view lo, std::string_view veth,
                                            std::string_view bridge) {
  return {passing(lo, make<Line::Lo, transport, what>, "", Joined<said, over_lo, same_cpu>::view,
                  Joined<sockets_cost, lo_cost>::view, lo_by_hand),
          passing(veth, make<Line::Veth, transport, what>, "veth",
                  Joined<said, over_veth, same_cpu>::view, Joined<sockets_cost, veth_cost>::view,
                  veth_by_hand),
          passing(bridge, make<Line::Bridge, transport, what>, "veth,bridge",
                  Joined<said, over_bridge, same_cpu>::view,
                  Joined<sockets_cost, bridge_cost>::view, bridge_by_hand)};
}

constexpr auto tcp_round_trips = over_each<Transport::Tcp, Transfer::RoundTrip, tcp_rtt>(
    "tcp_rtt_lo", "tcp_rtt_veth", "tcp_rtt_bridge");
constexpr auto udp_round_trips = over_each<Transport::Udp, Transfer::RoundTrip, udp_rtt>(
    "udp_rtt_lo", "udp_rtt_veth", "udp_rtt_bridge");
constexpr auto tcp_deliveries = over_each<Transport::Tcp, Transfer::Delivery, tcp_throughput>(
    "tcp_mib_lo", "tcp_mib_veth", "tcp_mib_bridge");
constexpr auto udp_deliveries = over_each<Transport::Udp, Transfer::Delivery, udp_throughput>(
    "udp_mib_lo", "udp_mib_veth", "udp_mib_bridge");

constexpr std::array rows{tcp_round_trips[0], tcp_round_trips[1], tcp_round_trips[2],
                          udp_round_trips[0], udp_round_trips[1], udp_round_trips[2],
                          tcp_deliveries[0],  tcp_deliveries[1],  tcp_deliveries[2],
                          udp_deliveries[0],  udp_deliveries[1],  udp_deliveries[2]};

}  // namespace

std::span<const Workload> datapath_workloads() { return rows; }

}  // namespace nsbench::bench
