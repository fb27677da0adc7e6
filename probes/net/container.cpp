// net: the whole network of containers. Two namespaces on a bridge, each with an address and a
// default route, call the outside and each other; what lies behind the outside stays out of reach.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/net/sysctl.h"
#include "probes/net/wires.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{3};
constexpr std::uint16_t port = 7006;
// As of net/bridge: a runtime that makes the namespace, and a plug-in that joins it.
constexpr std::array two_ways{Way{Method::Clone3, ""}, Way{Method::Setns, ""}};

constexpr const char* bridge_link = "nsbbr0";
constexpr const char* gateway = "192.0.2.1";  // the bridge's
constexpr const char* uplink = "nsbx0";       // the outside's link to the network beyond
constexpr const char* uplink_address = "198.51.100.1";
constexpr const char* far_uplink = "nsbx1";
constexpr const char* beyond = "198.51.100.2";
constexpr const char* default_route = "default/0 table 254";
constexpr std::string_view ip_forward = "ipv4/ip_forward";

// What one of the two has.
struct Wiring {
  Port port;
  const char* address;
  const char* route;  // one of its own
};
constexpr Wiring inside_wiring{{"nsbp0", "nsbc0"}, "192.0.2.2", "203.0.113.0/25"};
constexpr Wiring sibling_wiring{{"nsbp1", "nsbc1"}, "192.0.2.3", "203.0.113.128/25"};

std::string main_table(const char* route) { return fmt::format("{} table 254", route); }

// Once a call was lost nothing more is waited for, so that the case can say so in time.
Deadline patient_deadline(const Scene& scene) {
  bool lost = false;
  for (const std::string_view act :
       {"outside calls both", "inside answers and calls", "sibling answers and calls"}) {
    for (const Fact& fact : scene.saw(act).facts()) {
      lost = lost || fact.text == "nobody" || (fact.name.starts_with("call ") && fact.number != 0);
    }
  }
  for (const Fact& fact : scene.seen.facts()) lost = lost || fact.text == "nobody";
  return Deadline::in(lost ? std::chrono::milliseconds(0) : patience);
}

// Listens for TCP calls to this address.
void listen_at(Scene& scene, const char* address, std::string_view as) {
  const Endpoint at(AF_INET, port, address);
  Fd socket = inet_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
  const bool bound = ::bind(socket.get(), at.get(), at.size) == 0;
  scene.seen.call("listen", bound ? ::listen(socket.get(), 8) : -1);
  scene.seen.number(as, socket.release());
}

int connected(int socket, const Endpoint& to, Deadline deadline) {
  if (::connect(socket, to.get(), to.size) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd ready{.fd = socket, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, deadline.poll_ms()) != 1) return ETIMEDOUT;
  int err = 0;
  socklen_t size = sizeof err;
  ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &err, &size);
  return err;
}

// Calls an address by TCP and says a word, which its listener finds when it gets round to it.
// `from`: one's own address; without it, the one that the route has (a call of one of one's own
// addresses is from that).
void call(Scene& scene, const char* address, const char* from = nullptr) {
  const Fd socket = inet_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
  const Endpoint own(AF_INET, 0, from == nullptr ? "0.0.0.0" : from);
  int err = ::bind(socket.get(), own.get(), own.size) == 0 ? 0 : errno;
  const Deadline deadline = patient_deadline(scene);
  if (err == 0) err = connected(socket.get(), Endpoint(AF_INET, port, address), deadline);
  if (err == 0 && ::send(socket.get(), "nsbench", 7, MSG_NOSIGNAL) != 7) err = errno;
  scene.seen.result(fmt::format("call {}", address), err);
}

// The address that a call came from once its word is there; "nobody".
std::string answered(Scene& scene, int listener) {
  const Deadline deadline = patient_deadline(scene);
  pollfd ready{.fd = listener, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, deadline.poll_ms()) != 1) return "nobody";
  sockaddr_in from{};
  socklen_t size = sizeof from;
  const Fd one(
      ::accept4(listener, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
  ready.fd = one.get();
  std::array<char, 16> bytes{};
  if (!one.valid() || ::poll(&ready, 1, deadline.poll_ms()) != 1 ||
      ::recv(one.get(), bytes.data(), bytes.size(), 0) != 7) {
    return "nobody";
  }
  std::array<char, INET_ADDRSTRLEN> name{};
  ::inet_ntop(AF_INET, &from.sin_addr, name.data(), name.size());
  return name.data();
}

// Answers a call, and notes who it came from; and whether that is a neighbour, an address that ARP
// had to ask for on a wire. One's own addresses are never asked for.
void answer(Scene& scene, int listener, std::string_view caller) {
  const std::string from = answered(scene, listener);
  scene.seen.text(fmt::format("{} called from", caller), from);
  scene.seen.text(fmt::format("{} is a neighbour", caller),
                  listed(rtnetlink::neighbours(AF_INET), from));
}

// Sends a word to what lies beyond the outside. That it could be sent says that there is a route.
void send_beyond(Scene& scene, std::string_view word) {
  const Endpoint to(AF_INET, port, beyond);
  const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  scene.seen.call("send beyond",
                  ::sendto(socket.get(), word.data(), word.size(), 0, to.get(), to.size));
}

int descriptor(const Scene& scene, std::string_view act, std::string_view name) {
  return static_cast<int>(scene.saw(act).number_of(name));
}

// A network namespace of its own at the other end of the outside's uplink, with a route back. It
// lives as long as the socket in it, which is sent over `to`.
void lay_beyond(Observation& seen, pid_t outside, int to) {
  Status done = rtnetlink::add_veth(far_uplink, uplink);
  if (done) done = rtnetlink::move_link(uplink, rtnetlink::Where::pid(outside));
  if (done) done = rtnetlink::add_address(far_uplink, fmt::format("{}/24", beyond));
  if (done) done = rtnetlink::set_up(far_uplink);
  if (done) done = rtnetlink::add_default_route(uplink_address, far_uplink);
  seen.result("lay", done.error().err);
  const Endpoint at(AF_INET, port, beyond);
  const Fd socket = inet_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK);
  seen.call("listen", ::bind(socket.get(), at.get(), at.size));
  seen.number("sent", send_fd(to, socket.get()) ? 1 : 0);
}

void make_beyond(Scene& scene) {
  if (sysctls_are_masked(scene)) return;
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return scene.broken(Error::last("socketpair").str());
  }
  const Fd near(ends[0]);
  const Fd far(ends[1]);
  const pid_t outside = ::getpid();
  const auto lay = [&](Observation& seen) { lay_beyond(seen, outside, far.get()); };
  if (!in_nested(scene, "beyond", {Kind::Net}, lay)) return;
  scene.seen.number(
      "socket", scene.seen.number_of("beyond sent") == 1 ? receive_fd(near.get()).release() : -1);
  configure(scene, uplink, uplink_address);
  listen_at(scene, uplink_address, "listener");
  wait_until_running(scene, uplink);
  // A new namespace has the first one's (net.core.devconf_inherit_init_net).
  scene.seen.result("forward nothing", write_small_file(sysctl_file(ip_forward), "0").error().err);
}

void make_bridge(Scene& scene) {
  if (!needs_kind(scene, "veth") || !needs_kind(scene, "bridge")) return;
  lo_up(scene);
  Status done = rtnetlink::add_link(bridge_link, "bridge");
  if (done) done = plug(inside_wiring.port, bridge_link);
  if (done) done = plug(sibling_wiring.port, bridge_link);
  scene.seen.result("make a bridge", done.error().err);
  configure(scene, bridge_link, gateway);
  listen_at(scene, gateway, "listener");
}

void plug_in(Scene& scene) {
  const auto inside = rtnetlink::Where::pid(scene.inside_pid());
  const auto sibling = rtnetlink::Where::pid(scene.sibling_pid());
  Status done = rtnetlink::move_link(inside_wiring.port.far_end, inside);
  if (done) done = rtnetlink::move_link(sibling_wiring.port.far_end, sibling);
  scene.seen.result("move", done.error().err);
}

void wire(Scene& scene, const Wiring& own) {
  lo_up(scene);
  configure(scene, own.port.far_end, own.address);
  wait_until_running(scene, own.port.far_end);
  scene.seen.result("default route",
                    rtnetlink::add_default_route(gateway, own.port.far_end).error().err);
  scene.seen.result("own route",
                    rtnetlink::add_route(own.route, own.port.far_end, 254).error().err);
  listen_at(scene, own.address, "listener");
}

void look_for(Scene& scene, const Wiring& other) {
  scene.seen.text("the other's link", is_there(other.port.far_end));
  scene.seen.text("the other's address",
                  listed(rtnetlink::addresses(), fmt::format("{}/24", other.address)));
  scene.seen.text("the other's route", listed(rtnetlink::routes(AF_INET), main_table(other.route)));
}

// Takes what has come beyond until the last word is there.
void read_beyond(Scene& scene) {
  const int socket = descriptor(scene, "outside lays a network beyond", "socket");
  const Deadline deadline = patient_deadline(scene);
  std::vector<std::string> words;
  pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
  while (std::find(words.begin(), words.end(), "forwarded") == words.end() &&
         ::poll(&ready, 1, deadline.poll_ms()) == 1) {
    std::array<char, 16> bytes{};
    const ssize_t got = ::recv(socket, bytes.data(), bytes.size(), 0);
    if (got < 0) break;
    words.emplace_back(bytes.data(), static_cast<std::size_t>(got));
  }
  for (const char* word : {"outside", "inside", "sibling", "forwarded"}) {
    scene.seen.text(word, listed(words, word));
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a bridge", make_bridge},
    Act{Side::Outside, "outside lays a network beyond", make_beyond},
    Act{Side::Inside, "inside is there", lo_up},
    Act{Side::Sibling, "sibling is there", lo_up},
    Act{Side::Outside, "outside plugs them in", plug_in},
    Act{Side::Inside, "inside is wired", [](Scene& s) { wire(s, inside_wiring); }},
    Act{Side::Sibling, "sibling is wired", [](Scene& s) { wire(s, sibling_wiring); }},
    Act{Side::Outside, "outside calls both",
        [](Scene& s) {
          wait_until_running(s, inside_wiring.port.near_end);
          wait_until_running(s, sibling_wiring.port.near_end);
          wait_until_running(s, bridge_link);
          call(s, inside_wiring.address, gateway);
          call(s, sibling_wiring.address, gateway);
        }},
    Act{Side::Inside, "inside answers and calls",
        [](Scene& s) {
          answer(s, descriptor(s, "inside is wired", "listener"), "the outside");
          look_for(s, sibling_wiring);
          s.seen.text("default route", listed(rtnetlink::routes(AF_INET), default_route));
          call(s, sibling_wiring.address, inside_wiring.address);
          call(s, gateway, inside_wiring.address);
          call(s, uplink_address);
          send_beyond(s, "inside");
        }},
    Act{Side::Sibling, "sibling answers and calls",
        [](Scene& s) {
          const int listener = descriptor(s, "sibling is wired", "listener");
          answer(s, listener, "the outside");
          answer(s, listener, "the inside");
          look_for(s, inside_wiring);
          call(s, inside_wiring.address, sibling_wiring.address);
          send_beyond(s, "sibling");
        }},
    Act{Side::Inside, "inside answers the sibling",
        [](Scene& s) { answer(s, descriptor(s, "inside is wired", "listener"), "the sibling"); }},
    // What the outside sends itself is behind whatever it had forwarded.
    Act{Side::Outside, "outside answers and forwards",
        [](Scene& s) {
          answer(s, descriptor(s, "outside makes a bridge", "listener"), "the inside");
          s.seen.text("called over the default route from",
                      answered(s, descriptor(s, "outside lays a network beyond", "listener")));
          s.seen.text("default route", listed(rtnetlink::routes(AF_INET), default_route));
          send_beyond(s, "outside");
          s.seen.result("forward", write_small_file(sysctl_file(ip_forward), "1").error().err);
        }},
    Act{Side::Inside, "inside sends again", [](Scene& s) { send_beyond(s, "forwarded"); }},
    Act{Side::Outside, "outside looks beyond", read_beyond},
};

void judge_answer(Judgement& j, const Observation& seen, std::string_view who,
                  std::string_view caller, const char* address) {
  j.works_equal(fmt::format("a call of {} reaches {}", caller, who), address,
                seen.text_of(fmt::format("{} called from", caller)));
  j.isolated_equal(fmt::format("a call of {} to {} comes over the bridge", caller, who), "yes",
                   seen.text_of(fmt::format("{} is a neighbour", caller)));
}

void judge_wiring(Judgement& j, const Transcript& t) {
  const Observation& far = t.at("outside lays a network beyond");
  j.works_errno("a bridge with two ports can be made",
                t.at("outside makes a bridge").errno_of("make a bridge"));
  j.works_errno("a network beyond can be made", far.errno_of("beyond lay"));
  j.works_errno("forwarding can be off", far.errno_of("forward nothing"));
  j.works_errno("an end of each can be moved in", t.at("outside plugs them in").errno_of("move"));
  j.works_errno("the inside's can be configured", t.at("inside is wired").errno_of("configure"));
  j.works_errno("the sibling's can be configured", t.at("sibling is wired").errno_of("configure"));
  j.works_errno("the inside can have a default route",
                t.at("inside is wired").errno_of("default route"));
  j.isolated_errno("the sibling can have a default route of its own", 0,
                   t.at("sibling is wired").errno_of("default route"));
  j.works_errno("the inside can have a route besides",
                t.at("inside is wired").errno_of("own route"));
  j.works_errno("the sibling can have a route besides",
                t.at("sibling is wired").errno_of("own route"));
}

void judge_reach(Judgement& j, const Transcript& t) {
  const Observation& outside = t.at("outside answers and forwards");
  judge_answer(j, t.at("inside answers and calls"), "the inside", "the outside", gateway);
  judge_answer(j, t.at("sibling answers and calls"), "the sibling", "the outside", gateway);
  judge_answer(j, t.at("sibling answers and calls"), "the sibling", "the inside",
               inside_wiring.address);
  judge_answer(j, t.at("inside answers the sibling"), "the inside", "the sibling",
               sibling_wiring.address);
  judge_answer(j, outside, "the outside", "the inside", inside_wiring.address);
  j.isolated_equal("the default route leads the inside to the outside's other address",
                   inside_wiring.address, outside.text_of("called over the default route from"));
}

void judge_private_things(Judgement& j, const Transcript& t) {
  const auto hidden = [&](std::string_view who, std::string_view other, std::string_view act) {
    for (const char* thing : {"link", "address", "route"}) {
      j.isolated_equal(fmt::format("the {} does not see the {}'s {}", who, other, thing), "no",
                       t.at(act).text_of(fmt::format("the other's {}", thing)));
    }
  };
  hidden("inside", "sibling", "inside answers and calls");
  hidden("sibling", "inside", "sibling answers and calls");
  j.works_equal("the inside sees its default route", "yes",
                t.at("inside answers and calls").text_of("default route"));
  j.isolated_equal("the outside has got no default route by that", "no",
                   t.at("outside answers and forwards").text_of("default route"));
}

void judge_beyond(Judgement& j, const Transcript& t) {
  const Observation& arrived = t.at("outside looks beyond");
  j.works_errno("the inside's default route takes what is sent beyond",
                t.at("inside answers and calls").errno_of("send beyond"));
  j.works_errno("the sibling's default route does, too",
                t.at("sibling answers and calls").errno_of("send beyond"));
  j.works_equal("what lies behind the outside is reached by the outside", "yes",
                arrived.text_of("outside"));
  j.isolated_equal("what lies behind it is not reached by the inside", "no",
                   arrived.text_of("inside"));
  j.isolated_equal("what lies behind it is not reached by the sibling", "no",
                   arrived.text_of("sibling"));
  j.works_errno("forwarding can be on", t.at("outside answers and forwards").errno_of("forward"));
  j.works_equal("it is reached once the outside forwards", "yes", arrived.text_of("forwarded"));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  judge_wiring(j, t);
  judge_reach(j, t);
  judge_private_things(j, t);
  judge_beyond(j, t);
  return j;
}

}  // namespace

constinit const Probe container{
    .family = "net",
    .name = "container",
    .sentence =
        "containers with default routes reach the outside and each other, and nothing "
        "beyond that the outside does not forward to",
    .source =
        "veth(4), network_namespaces(7), ip-route(8), ip(7) \"ip_forward\"; net/ipv4/route.c "
        "ip_route_input_slow(), net/bridge/br_forward.c",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = two_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::container.why,
    .failure = manual::container.failure,
    .by_hand = manual::container.by_hand};

}  // namespace nsbench::probes
