// net: the ports of TCP and UDP are the namespace's own.
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <string>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/deadline.h"

namespace nsbench::probes {

namespace {

constexpr std::uint16_t outside_port = 7001;
constexpr std::uint16_t inside_port = 7002;
constexpr std::chrono::seconds patience{4};

constexpr std::array families{AF_INET, AF_INET6};

std::string_view name_of(int family) { return family == AF_INET ? "IPv4" : "IPv6"; }

// The families that this kernel has, noted for the judge.
std::span<const int> usable_families(Observation& seen) {
  const bool six = has_ipv6();
  seen.text("IPv6", six ? "yes" : "no");
  return std::span(families).first(six ? 2 : 1);
}

// A line of /proc/net/tcp and its kin has the local port so.
std::string in_proc(std::string_view protocol, int family, std::uint16_t port) {
  return written_in(fmt::format("/proc/self/net/{}{}", protocol, family == AF_INET ? "" : "6"),
                    fmt::format(":{:04X} 0", port));
}

// What a side that comes later needs to see arriving datagrams: the sockets of the other. They go
// over a socket pair that the outside makes and the inside inherits.
constexpr std::array wire_ends{"wire of the outside", "wire of the inside"};

void make_wire(Scene& scene) {
  std::array<int, 2> ends{-1, -1};
  scene.seen.call("socketpair",
                  ::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()));
  for (std::size_t i = 0; i < ends.size(); ++i) scene.seen.number(wire_ends[i], ends[i]);
}

int wire(const Scene& scene, const char* end) {
  return static_cast<int>(scene.saw("outside takes a port").number_of(end));
}

std::string in_proc_fact(std::string_view protocol, int family) {
  return fmt::format("{} {} port in /proc/net", protocol, name_of(family));
}

// Binds a socket that lives on, and returns it.
template <class Protocol>
int take_port(Observation& seen, int family, std::uint16_t port, std::string_view fact) {
  const Endpoint at(family, port);
  Fd socket = inet_socket(family, Protocol::type);
  const bool bound = ::bind(socket.get(), at.get(), at.size) == 0;
  const bool ready = bound && (Protocol::type != SOCK_STREAM || ::listen(socket.get(), 4) == 0);
  seen.result(fmt::format("{} {}", fact, name_of(family)), ready ? 0 : errno);
  return ready ? socket.release() : -1;
}

struct Tcp {
  static constexpr int type = SOCK_STREAM;
  static constexpr std::string_view name = "tcp";
  // Whether somebody listens there.
  static std::string reach(int family, std::uint16_t port, int) {
    const Endpoint to(family, port);
    const Fd socket = inet_socket(family, type);
    if (::connect(socket.get(), to.get(), to.size) == 0) return "reached";
    return errno == ECONNREFUSED ? "refused" : errno_name(errno);
  }
};

struct Udp {
  static constexpr int type = SOCK_DGRAM;
  static constexpr std::string_view name = "udp";
  // Whether a datagram arrives: `receiver`, the socket of the side that has the port, either
  // becomes readable, or the kernel tells the sender that there is no such port.
  static std::string reach(int family, std::uint16_t port, int receiver) {
    const Endpoint to(family, port);
    const Fd socket = inet_socket(family, type);
    if (::connect(socket.get(), to.get(), to.size) != 0) return errno_name(errno);
    if (::send(socket.get(), "nsb", 3, 0) != 3) return errno_name(errno);
    std::array waits{pollfd{socket.get(), 0, 0}, pollfd{receiver, POLLIN, 0}};
    ::poll(waits.data(), waits.size(), Deadline::in(patience).poll_ms());
    char byte = 0;
    if ((waits[1].revents & POLLIN) != 0) return "reached";
    if ((waits[0].revents & POLLERR) == 0) return "lost";
    return ::recv(socket.get(), &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNREFUSED ? "refused"
                                                                                     : "?";
  }
};

template <class Protocol>
void take(Scene& scene, std::uint16_t port) {
  lo_up(scene);
  for (const int family : usable_families(scene.seen)) {
    const int fd = take_port<Protocol>(scene.seen, family, port, "bind");
    scene.seen.number(fmt::format("{} fd", name_of(family)), fd);
    scene.seen.text(in_proc_fact(Protocol::name, family), in_proc(Protocol::name, family, port));
  }
}

int fd_of(const Scene& scene, std::string_view act, int family) {
  return static_cast<int>(scene.saw(act).number_of(fmt::format("{} fd", name_of(family))));
}

template <class Protocol>
void reach(Scene& scene, std::uint16_t port, int family, int receiver) {
  scene.seen.text(fmt::format("reach {}", name_of(family)),
                  Protocol::reach(family, port, receiver));
  scene.seen.text(in_proc_fact(Protocol::name, family), in_proc(Protocol::name, family, port));
}

template <class Protocol>
void outside_takes(Scene& scene) {
  make_wire(scene);
  take<Protocol>(scene, outside_port);
}

// It has inherited the outside's sockets under their numbers.
template <class Protocol>
void inside_tries(Scene& scene) {
  lo_up(scene);
  for (const int family : usable_families(scene.seen)) {
    const int receiver = fd_of(scene, "outside takes a port", family);
    reach<Protocol>(scene, outside_port, family, receiver);
  }
}

template <class Protocol>
void inside_takes(Scene& scene) {
  take<Protocol>(scene, inside_port);
  for (const int family : usable_families(scene.seen)) {
    const int fd = static_cast<int>(scene.seen.number_of(fmt::format("{} fd", name_of(family))));
    scene.seen.text(fmt::format("{} fd sent", name_of(family)),
                    send_fd(wire(scene, wire_ends[1]), fd) ? "yes" : "no");
  }
}

template <class Protocol>
void outside_tries(Scene& scene) {
  for (const int family : usable_families(scene.seen)) {
    const Fd receiver = receive_fd(wire(scene, wire_ends[0]));
    reach<Protocol>(scene, inside_port, family, receiver.get());
  }
}

// Its own port, for what must work; and the other side's number, which must be free.
template <class Protocol>
void use_own(Scene& scene, std::uint16_t own, std::uint16_t others, std::string_view act) {
  for (const int family : usable_families(scene.seen)) {
    reach<Protocol>(scene, own, family, fd_of(scene, act, family));
    take_port<Protocol>(scene.seen, family, others, "bind the other's");
  }
}

template <class Protocol>
constexpr std::array acts{
    Act{Side::Outside, "outside takes a port", outside_takes<Protocol>},
    Act{Side::Inside, "inside tries it", inside_tries<Protocol>},
    Act{Side::Inside, "inside takes a port", inside_takes<Protocol>},
    Act{Side::Outside, "outside tries it", outside_tries<Protocol>},
    Act{Side::Inside, "inside uses its own",
        [](Scene& s) { use_own<Protocol>(s, inside_port, outside_port, "inside takes a port"); }},
    Act{Side::Outside, "outside uses its own",
        [](Scene& s) { use_own<Protocol>(s, outside_port, inside_port, "outside takes a port"); }},
};

struct SideActs {
  std::string_view whose;
  const Observation& takes;
  const Observation& other_tries;
  const Observation& uses;
};

void judge_side(Judgement& j, const SideActs& side, std::string_view protocol, int family) {
  const std::string_view name = name_of(family);
  const std::string what = fmt::format("{} port of the {}", name, side.whose);
  const std::string proc = in_proc_fact(protocol, family);
  j.works_errno(fmt::format("the {} can be bound", what),
                side.takes.errno_of(fmt::format("bind {}", name)));
  j.works_equal(fmt::format("the {} is reached from there over lo", what), "reached",
                side.uses.text_of(fmt::format("reach {}", name)));
  j.isolated_equal(fmt::format("the {} is refused on the other side's lo", what), "refused",
                   side.other_tries.text_of(fmt::format("reach {}", name)));
  judge_private(j, fmt::format("in /proc/net the {}", what), side.takes.text_of(proc),
                side.other_tries.text_of(proc));
  j.isolated_errno(fmt::format("the {} can take the other's {} port as well", side.whose, name), 0,
                   side.uses.errno_of(fmt::format("bind the other's {}", name)));
}

template <class Protocol>
Judgement judge(const Transcript& t) {
  Judgement j;
  const SideActs outside{"outside", t.at("outside takes a port"), t.at("inside tries it"),
                         t.at("outside uses its own")};
  const SideActs inside{"inside", t.at("inside takes a port"), t.at("outside tries it"),
                        t.at("inside uses its own")};
  const bool no_six = outside.takes.text_of("IPv6") == "no" && inside.takes.text_of("IPv6") == "no";
  for (const int family : families) {
    if (family == AF_INET6 && no_six) continue;
    judge_side(j, outside, Protocol::name, family);
    judge_side(j, inside, Protocol::name, family);
  }
  return j;
}

template <class Protocol>
constexpr Probe port_probe(std::string_view name, std::string_view sentence,
                           std::string_view source, const Manual& text) {
  return {.family = "net",
          .name = name,
          .sentence = sentence,
          .source = source,
          .first_kernel = "2.6.29",
          .namespaces = {Kind::Net},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts<Protocol>,
          .judge = judge<Protocol>,
          .why = text.why,
          .failure = text.failure,
          .by_hand = text.by_hand};
}

}  // namespace

constinit const Probe tcp_ports =
    port_probe<Tcp>("tcp_ports", "a TCP port is taken, and its listener reached, on one side only",
                    "network_namespaces(7), tcp(7); net/ipv4/inet_hashtables.c "
                    "inet_lookup_listener(), inet_csk_get_port()",
                    manual::ports);
constinit const Probe udp_ports =
    port_probe<Udp>("udp_ports",
                    "a UDP port is taken, and a datagram to it delivered, on one side "
                    "only",
                    "network_namespaces(7), udp(7); net/ipv4/udp.c __udp4_lib_lookup(), "
                    "udp_lib_get_port()",
                    manual::ports);

}  // namespace nsbench::probes
