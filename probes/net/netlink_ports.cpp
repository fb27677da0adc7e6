// net: netlink(7) sockets reach each other within their namespace only; sock_diag(7) lists TCP.
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/netlink.h"

namespace nsbench::probes {

namespace {

// Port ids (nl_pid) that are no process's here.
constexpr std::uint32_t outside_port = 2000000001;
constexpr std::uint32_t inside_port = 2000000002;

sockaddr_nl address_of(std::uint32_t port) {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_pid = port;
  return address;
}

Fd user_socket() { return Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK)); }

// A line of /proc/net/netlink: address, protocol, port id.
void look(Observation& seen, std::uint32_t port) {
  seen.text(
      "in /proc/net/netlink",
      written_in("/proc/self/net/netlink", fmt::format(" {:<3} {:<10} ", NETLINK_USERSOCK, port)));
}

void take(Observation& seen, std::string_view fact, std::uint32_t port) {
  const sockaddr_nl at = address_of(port);
  Fd socket = user_socket();
  seen.call(fact, ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at));
  static_cast<void>(socket.release());  // it is there as long as its process lives
}

void reach(Observation& seen, std::uint32_t port) {
  const sockaddr_nl to = address_of(port);
  const Fd socket = user_socket();
  seen.call("send", ::sendto(socket.get(), "nsb", 3, MSG_DONTWAIT,
                             reinterpret_cast<const sockaddr*>(&to), sizeof to));
}

void take_and_use(Observation& seen, std::uint32_t port) {
  take(seen, "bind", port);
  look(seen, port);
  reach(seen, port);
}

void look_and_reach(Observation& seen, std::uint32_t port) {
  look(seen, port);
  reach(seen, port);
}

constexpr std::array acts{
    Act{Side::Outside, "outside takes a port",
        [](Scene& s) { take_and_use(s.seen, outside_port); }},
    Act{Side::Inside, "inside tries it", [](Scene& s) { look_and_reach(s.seen, outside_port); }},
    Act{Side::Inside, "inside takes a port", [](Scene& s) { take_and_use(s.seen, inside_port); }},
    Act{Side::Outside, "outside tries it", [](Scene& s) { look_and_reach(s.seen, inside_port); }},
    Act{Side::Inside, "inside takes the same port",
        [](Scene& s) { take(s.seen, "bind", outside_port); }},
};

void judge_side(Judgement& j, std::string_view whose, const Observation& owner,
                const Observation& other) {
  j.works_errno(fmt::format("the {} can take a port", whose), owner.errno_of("bind"));
  j.works_errno(fmt::format("the {}'s port is reached from there", whose), owner.errno_of("send"));
  j.isolated_errno(fmt::format("the {}'s port is not reached from the other side", whose),
                   ECONNREFUSED, other.errno_of("send"));
  judge_private(j, fmt::format("in /proc/net/netlink the {}'s socket", whose),
                owner.text_of("in /proc/net/netlink"), other.text_of("in /proc/net/netlink"));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  judge_side(j, "outside", t.at("outside takes a port"), t.at("inside tries it"));
  judge_side(j, "inside", t.at("inside takes a port"), t.at("outside tries it"));
  j.isolated_errno("a port taken outside is free inside", 0,
                   t.at("inside takes the same port").errno_of("bind"));
  return j;
}

namespace diag {

// The local ports of all TCP sockets that sock_diag lists.
Result<std::vector<std::string>> ports() {
  inet_diag_req_v2 body{};
  body.sdiag_family = AF_INET;
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = ~0U;
  netlink::Message request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, body);
  const auto answers = netlink::dump(NETLINK_SOCK_DIAG, request, "inet_diag");
  if (!answers) return answers.error();
  std::vector<std::string> found;
  for (const netlink::Answer& answer : *answers) {
    found.push_back(std::to_string(ntohs(answer.body<inet_diag_msg>().id.idiag_sport)));
  }
  return found;
}

constexpr std::uint16_t outside_tcp = 7007;
constexpr std::uint16_t inside_tcp = 7008;

void listen(Scene& scene, std::uint16_t port) {
  lo_up(scene);
  const Endpoint at(AF_INET, port);
  Fd socket = inet_socket(AF_INET, SOCK_STREAM);
  const bool bound = ::bind(socket.get(), at.get(), at.size) == 0;
  scene.seen.result("listen", bound && ::listen(socket.get(), 4) == 0 ? 0 : errno);
  scene.seen.text("inet_diag", listed(ports(), std::to_string(port)));
  static_cast<void>(socket.release());
}

void listen_first(Scene& scene) {
  for (const char* module : {"inet_diag", "tcp_diag"}) {
    if (module_missing(scene, module, "listing TCP sockets")) return;
  }
  const auto tried = ports();
  if (!tried && tried.error().err == ENOENT) {
    return scene.skip(SkipReason::NoFeature, tried.error().str() + " (CONFIG_INET_DIAG)");
  }
  listen(scene, outside_tcp);
}

void look(Scene& scene, std::uint16_t port) {
  scene.seen.text("inet_diag", listed(ports(), std::to_string(port)));
}

constexpr std::array acts{
    Act{Side::Outside, "outside listens", listen_first},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s, outside_tcp); }},
    Act{Side::Inside, "inside listens", [](Scene& s) { listen(s, inside_tcp); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s, inside_tcp); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("the outside can listen", t.at("outside listens").errno_of("listen"));
  j.works_errno("the inside can listen", t.at("inside listens").errno_of("listen"));
  judge_private(j, "a TCP socket of the outside", t.at("outside listens").text_of("inet_diag"),
                t.at("inside looks").text_of("inet_diag"));
  judge_private(j, "a TCP socket of the inside", t.at("inside listens").text_of("inet_diag"),
                t.at("outside looks").text_of("inet_diag"));
  return j;
}

}  // namespace diag

}  // namespace

constinit const Probe netlink_ports{
    .family = "net",
    .name = "netlink_ports",
    .sentence = "a netlink port is taken and reached on one side only",
    .source = "netlink(7); net/netlink/af_netlink.c netlink_lookup(), netlink_insert()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::netlink_ports.why,
    .failure = manual::netlink_ports.failure,
    .by_hand = manual::netlink_ports.by_hand};

constinit const Probe tcp_diag{.family = "net",
                               .name = "tcp_diag",
                               .sentence = "sock_diag lists the TCP sockets of one's own side only",
                               .source =
                                   "sock_diag(7); net/ipv4/tcp_diag.c, net/ipv4/inet_diag.c "
                                   "inet_diag_dump_icsk()",
                               .first_kernel = "3.3",
                               .namespaces = {Kind::Net},
                               .ways = all_ways,
                               .privileges = all_privileges,
                               .acts = diag::acts,
                               .judge = diag::judge,
                               .why = manual::tcp_diag.why,
                               .failure = manual::tcp_diag.failure,
                               .by_hand = manual::tcp_diag.by_hand};

}  // namespace nsbench::probes
