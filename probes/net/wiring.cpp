// net: the wiring of containers. A veth pair with one end inside carries traffic both ways, and so
// do two of them on one bridge (veth(4)).
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/net/wires.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{4};
constexpr std::uint16_t port = 7005;
// A runtime that makes the namespace, and a plug-in that joins it. The wiring is the same by all.
constexpr std::array two_ways{Way{Method::Clone3, ""}, Way{Method::Setns, ""}};

constexpr const char* outside_address = "192.0.2.1";
constexpr const char* inside_address = "192.0.2.2";
constexpr const char* sibling_address = "192.0.2.3";
constexpr const char* elsewhere = "198.51.100.1";  // outside, not on the bridge

void listen(Scene& scene, const char* address) {
  const Endpoint at(AF_INET, port, address);
  Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  scene.seen.call("listen", ::bind(socket.get(), at.get(), at.size));
  scene.seen.number("fd", socket.release());
}

int socket_of(const Scene& scene, std::string_view act) {
  return static_cast<int>(scene.saw(act).number_of("fd"));
}

void send(Scene& scene, int socket, const char* address) {
  const Endpoint to(AF_INET, port, address);
  scene.seen.call(fmt::format("send to {}", address),
                  ::sendto(socket, "nsbench", 7, 0, to.get(), to.size));
}

// The acts at which a datagram is waited for, of both probes.
constexpr std::array<std::string_view, 4> arrival_acts{
    "inside receives and answers", "sibling receives and answers",
    "inside receives and calls outside", "outside receives and answers"};

// Takes the next datagram, and notes who sent it; and whether that is a neighbour, an address that
// ARP had to ask for on a wire. One's own addresses are never asked for.
// Once one was lost nothing more is waited for, so that the case can say so in time.
void see_arrival(Scene& scene, std::string_view act) {
  bool lost = false;
  for (const std::string_view earlier : arrival_acts) {
    lost = lost || scene.saw(earlier).text_of("datagram from") == "nobody";
  }
  const int socket = socket_of(scene, act);
  pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
  const bool came = ::poll(&ready, 1, lost ? 0 : Deadline::in(patience).poll_ms()) == 1;
  std::array<char, 16> bytes{};
  sockaddr_in from{};
  socklen_t size = sizeof from;
  auto* const address = reinterpret_cast<sockaddr*>(&from);
  if (!came || ::recvfrom(socket, bytes.data(), bytes.size(), 0, address, &size) < 0) {
    return scene.seen.text("datagram from", "nobody");
  }
  std::array<char, INET_ADDRSTRLEN> name{};
  ::inet_ntop(AF_INET, &from.sin_addr, name.data(), name.size());
  scene.seen.text("datagram from", name.data());
  scene.seen.text("a neighbour", listed(rtnetlink::neighbours(AF_INET), name.data()));
}

namespace pair {

constexpr const char* near_end = "nsbnear0";
constexpr const char* far_end = "nsbfar0";

void make(Scene& scene) {
  if (!needs_kind(scene, "veth")) return;
  scene.seen.result("make a pair", rtnetlink::add_veth(near_end, far_end).error().err);
  configure(scene, near_end, outside_address);
  listen(scene, outside_address);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a pair", make},
    Act{Side::Inside, "inside looks",
        [](Scene& s) {
          lo_up(s);
          s.seen.text("near end", is_there(near_end));
          s.seen.text("far end", is_there(far_end));
        }},
    Act{Side::Outside, "outside moves an end in",
        [](Scene& s) {
          lo_up(s);
          const auto inside = rtnetlink::Where::pid(s.inside_pid());
          s.seen.result("move", rtnetlink::move_link(far_end, inside).error().err);
          s.seen.text("far end", is_there(far_end));
        }},
    Act{Side::Inside, "inside takes it",
        [](Scene& s) {
          s.seen.text("far end", is_there(far_end));
          configure(s, far_end, inside_address);
          listen(s, inside_address);
          wait_until_running(s, far_end);
        }},
    Act{Side::Outside, "outside sends",
        [](Scene& s) {
          wait_until_running(s, near_end);
          send(s, socket_of(s, "outside makes a pair"), inside_address);
        }},
    Act{Side::Inside, "inside receives and answers",
        [](Scene& s) {
          see_arrival(s, "inside takes it");
          send(s, socket_of(s, "inside takes it"), outside_address);
        }},
    Act{Side::Outside, "outside receives",
        [](Scene& s) { see_arrival(s, "outside makes a pair"); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside receives and answers");
  const Observation& outside = t.at("outside receives");
  j.works_errno("a pair can be made", t.at("outside makes a pair").errno_of("make a pair"));
  j.isolated_equal("the pair is not seen inside", "no", t.at("inside looks").text_of("near end"));
  j.isolated_equal("nor is the end that will be", "no", t.at("inside looks").text_of("far end"));
  j.works_errno("an end can be moved in", t.at("outside moves an end in").errno_of("move"));
  j.isolated_equal("the end moved in is not outside any more", "no",
                   t.at("outside moves an end in").text_of("far end"));
  j.works_equal("the end moved in is inside", "yes", t.at("inside takes it").text_of("far end"));
  j.works_errno("it can be configured there", t.at("inside takes it").errno_of("configure"));
  j.works_equal("a datagram of the outside arrives inside", outside_address,
                inside.text_of("datagram from"));
  j.isolated_equal("it came over the pair, from a neighbour", "yes", inside.text_of("a neighbour"));
  j.works_equal("a datagram of the inside arrives outside", inside_address,
                outside.text_of("datagram from"));
  j.isolated_equal("and that came over the pair too", "yes", outside.text_of("a neighbour"));
  return j;
}

}  // namespace pair

namespace bridged {

constexpr const char* bridge_link = "nsbbr0";
constexpr Port inside_port{"nsbp0", "nsbc0"};
constexpr Port sibling_port{"nsbp1", "nsbc1"};

void make(Scene& scene) {
  if (!needs_kind(scene, "veth") || !needs_kind(scene, "bridge")) return;
  lo_up(scene);
  Status done = rtnetlink::add_link(bridge_link, "bridge");
  if (done) done = plug(inside_port, bridge_link);
  if (done) done = plug(sibling_port, bridge_link);
  if (done) done = rtnetlink::add_address("lo", fmt::format("{}/32", elsewhere));
  scene.seen.result("make a bridge", done.error().err);
  configure(scene, bridge_link, outside_address);
  listen(scene, outside_address);
}

void plug_in(Scene& scene) {
  const auto inside = rtnetlink::Where::pid(scene.inside_pid());
  const auto sibling = rtnetlink::Where::pid(scene.sibling_pid());
  Status done = rtnetlink::move_link(inside_port.far_end, inside);
  if (done) done = rtnetlink::move_link(sibling_port.far_end, sibling);
  scene.seen.result("move", done.error().err);
}

void take(Scene& scene, const Port& own, const char* address) {
  lo_up(scene);
  configure(scene, own.far_end, address);
  listen(scene, address);
  wait_until_running(scene, own.far_end);
}

// Whether this address of the outside can be sent to, without a route that leads there.
void try_elsewhere(Scene& scene) {
  const Endpoint to(AF_INET, port, elsewhere);
  const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  scene.seen.call("connect elsewhere", ::connect(socket.get(), to.get(), to.size));
}

// Whether the other end of somebody else's pair can be seen.
void look_for_others(Scene& scene, const Port& others) {
  scene.seen.text("the other's link", is_there(others.far_end));
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a bridge", make},
    Act{Side::Inside, "inside is there", lo_up},
    Act{Side::Sibling, "sibling is there", lo_up},
    Act{Side::Outside, "outside plugs them in", plug_in},
    Act{Side::Inside, "inside is plugged in",
        [](Scene& s) {
          take(s, inside_port, inside_address);
          look_for_others(s, sibling_port);
        }},
    Act{Side::Sibling, "sibling is plugged in",
        [](Scene& s) {
          take(s, sibling_port, sibling_address);
          look_for_others(s, inside_port);
        }},
    Act{Side::Outside, "outside waits",
        [](Scene& s) {
          wait_until_running(s, inside_port.near_end);
          wait_until_running(s, sibling_port.near_end);
          wait_until_running(s, bridge_link);
        }},
    Act{Side::Inside, "inside sends",
        [](Scene& s) {
          send(s, socket_of(s, "inside is plugged in"), sibling_address);
          try_elsewhere(s);
        }},
    Act{Side::Sibling, "sibling receives and answers",
        [](Scene& s) {
          see_arrival(s, "sibling is plugged in");
          send(s, socket_of(s, "sibling is plugged in"), inside_address);
          try_elsewhere(s);
        }},
    Act{Side::Inside, "inside receives and calls outside",
        [](Scene& s) {
          see_arrival(s, "inside is plugged in");
          send(s, socket_of(s, "inside is plugged in"), outside_address);
        }},
    Act{Side::Outside, "outside receives and answers",
        [](Scene& s) {
          see_arrival(s, "outside makes a bridge");
          send(s, socket_of(s, "outside makes a bridge"), inside_address);
        }},
    Act{Side::Inside, "inside receives again",
        [](Scene& s) { see_arrival(s, "inside is plugged in"); }},
};

void judge_arrival(Judgement& j, const Observation& seen, std::string_view what,
                   const char* sender) {
  j.works_equal(fmt::format("{} arrives", what), sender, seen.text_of("datagram from"));
  j.isolated_equal(fmt::format("{} comes over the bridge, from a neighbour", what), "yes",
                   seen.text_of("a neighbour"));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("a bridge with two ports can be made",
                t.at("outside makes a bridge").errno_of("make a bridge"));
  j.works_errno("an end of each can be moved in", t.at("outside plugs them in").errno_of("move"));
  j.works_errno("the inside's can be configured",
                t.at("inside is plugged in").errno_of("configure"));
  j.works_errno("the sibling's can be configured",
                t.at("sibling is plugged in").errno_of("configure"));
  judge_arrival(j, t.at("sibling receives and answers"), "a datagram of the inside to the sibling",
                inside_address);
  judge_arrival(j, t.at("inside receives and calls outside"),
                "a datagram of the sibling to the inside", sibling_address);
  judge_arrival(j, t.at("outside receives and answers"), "a datagram of the inside to the outside",
                inside_address);
  judge_arrival(j, t.at("inside receives again"), "a datagram of the outside to the inside",
                outside_address);
  j.isolated_errno("the inside does not reach what is not on the bridge", ENETUNREACH,
                   t.at("inside sends").errno_of("connect elsewhere"));
  j.isolated_errno("nor does the sibling", ENETUNREACH,
                   t.at("sibling receives and answers").errno_of("connect elsewhere"));
  j.isolated_equal("the inside does not see the sibling's link", "no",
                   t.at("inside is plugged in").text_of("the other's link"));
  j.isolated_equal("the sibling does not see the inside's link", "no",
                   t.at("sibling is plugged in").text_of("the other's link"));
  return j;
}

}  // namespace bridged

}  // namespace

constinit const Probe veth{
    .family = "net",
    .name = "veth",
    .sentence = "a veth pair with one end moved in carries traffic both ways",
    .source =
        "veth(4), network_namespaces(7); drivers/net/veth.c veth_xmit(), net/core/dev.c "
        "__dev_change_net_namespace()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = two_ways,
    .privileges = all_privileges,
    .acts = pair::acts,
    .judge = pair::judge,
    .why = manual::veth.why,
    .failure = manual::veth.failure,
    .by_hand = manual::veth.by_hand};

constinit const Probe bridge{
    .family = "net",
    .name = "bridge",
    .sentence = "two namespaces on one bridge reach each other and the bridge, and nothing else",
    .source = "veth(4), network_namespaces(7); net/bridge/br_forward.c",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = two_ways,
    .privileges = all_privileges,
    .acts = bridged::acts,
    .judge = bridged::judge,
    .why = manual::bridge.why,
    .failure = manual::bridge.failure,
    .by_hand = manual::bridge.by_hand};

}  // namespace nsbench::probes
