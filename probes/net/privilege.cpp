// net: what a process may change in a network namespace that another user namespace owns: nothing.
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr std::array one_way{Way{Method::Clone3, ""}};
// Both families of ways in: those that make the user namespace, and those that join it.
constexpr std::array two_ways{Way{Method::Clone3, ""}, Way{Method::Setns, ""}};

// What needs CAP_NET_ADMIN or CAP_NET_RAW in the user namespace that owns the network namespace.
constexpr std::array privileged_acts{"raw socket",      "packet socket",  "change a link",
                                     "bring a link up", "add an address", "add a route",
                                     "add a rule",      "add a link"};

int raw_socket(int family, int type, int protocol) {
  const Fd socket(::socket(family, type | SOCK_CLOEXEC, protocol));
  return socket.valid() ? 0 : errno;
}

int bring_up_by_ioctl(const char* name) {
  const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  ifreq request{};
  std::memcpy(request.ifr_name, name, std::strlen(name));
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

// The refusal comes before the kind is looked up, so no module is loaded for it; where it should
// succeed, a kind that is there is asked for ("" if there is none).
void try_all(Observation& seen, const std::string& kind) {
  seen.result("raw socket", raw_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
  seen.result("packet socket", raw_socket(AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL)));
  seen.result("change a link", rtnetlink::set_mtu("lo", 60003).error().err);
  seen.result("bring a link up", bring_up_by_ioctl("lo"));
  seen.result("add an address", rtnetlink::add_address("lo", "192.0.2.9/32").error().err);
  seen.result("add a route",
              rtnetlink::add_route("198.51.100.0/24", "lo", RT_TABLE_MAIN).error().err);
  seen.result("add a rule", rtnetlink::add_rule(AF_INET, 4321, RT_TABLE_MAIN).error().err);
  seen.result("add a link", rtnetlink::add_link("nsb0", kind).error().err);
}

std::string kind_or_skip(Scene& scene) {
  if (packet_sockets_missing(scene)) return "";
  return ready_kind(scene);
}

constexpr std::array acts{
    Act{Side::Outside, "outside knows a kind",
        [](Scene& s) { s.seen.text("kind", kind_or_skip(s)); }},
    Act{Side::Inside, "inside tries",
        [](Scene& s) {
          s.seen.text("net", std::to_string(net_inode("self")));
          try_all(s.seen, s.saw("outside knows a kind").text_of("kind"));
        }},
    Act{Side::Inside, "inside tries in its own",
        [](Scene& s) {
          const std::string kind = s.saw("outside knows a kind").text_of("kind");
          in_nested(s, "own", {Kind::Net}, [&kind](Observation& seen) { try_all(seen, kind); });
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside tries");
  const Observation& own = t.at("inside tries in its own");
  j.works_errno("a network namespace of its own can be made", own.errno_of("own enter"));
  for (const char* act : privileged_acts) {
    j.works_errno(fmt::format("\"{}\" is allowed in the own network namespace", act),
                  own.errno_of(fmt::format("own {}", act)));
    j.rule_errno(fmt::format("\"{}\" is refused in the outside's", act), EPERM,
                 inside.errno_of(act));
  }
  return j;
}

namespace moves {

// A link is moved by who may change both namespaces: the one it is in, and the one it goes to.
void move_out(Scene& scene) {
  if (!needs_kind(scene, "veth")) return;
  const auto outside = rtnetlink::Where::pid(1);  // the arena's first process
  scene.seen.result("make a pair", rtnetlink::add_veth("nsb0", "nsb1").error().err);
  scene.seen.result("move it out", rtnetlink::move_link("nsb1", outside).error().err);
}

constexpr std::array acts{
    Act{Side::Outside, "outside is there",
        [](Scene& s) { s.seen.number("net", net_inode("self")); }},
    Act{Side::Inside, "inside moves a link out", move_out},
    Act{Side::Inside, "inside moves a link on",
        [](Scene& s) {
          const auto self = rtnetlink::Where::pid(::getpid());
          s.seen.number("net", net_inode("self"));
          in_nested(s, "nested", {Kind::Net}, [&self](Observation& seen) {
            seen.result("make a pair", rtnetlink::add_veth("nsb2", "nsb3").error().err);
            seen.result("move it", rtnetlink::move_link("nsb3", self).error().err);
          });
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& out = t.at("inside moves a link out");
  const Observation& on = t.at("inside moves a link on");
  j.works_errno("the inside can make links of its own", out.errno_of("make a pair"));
  j.works_errno("a namespace of the same owner can be made", on.errno_of("nested enter"));
  j.works_errno("a link moves between namespaces of the same owner", on.errno_of("nested move it"));
  j.rule_errno("a link does not move to a namespace of another owner", EPERM,
               out.errno_of("move it out"));
  return j;
}

}  // namespace moves

}  // namespace

constinit const Probe net_no_privilege{
    .family = "net",
    .name = "no_privilege",
    .sentence = "a user namespace has no rights over a network namespace that it does not own",
    .source =
        "user_namespaces(7), capabilities(7); net/core/rtnetlink.c rtnetlink_rcv_msg(), "
        "net/ipv4/af_inet.c inet_create(), net/packet/af_packet.c packet_create()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = two_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::no_privilege.why,
    .failure = manual::no_privilege.failure,
    .by_hand = manual::no_privilege.by_hand,
    .control = ControlKind::Positive,
    .arena = {Kind::Net}};

constinit const Probe move_privilege{
    .family = "net",
    .name = "move_privilege",
    .sentence = "a link can't be moved into a network namespace of another owner",
    .source = "rtnetlink(7); net/core/rtnetlink.c rtnl_link_get_net_capable()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User, Kind::Net},
    .ways = one_way,
    .privileges = all_privileges,
    .acts = moves::acts,
    .judge = moves::judge,
    .why = manual::move_privilege.why,
    .failure = manual::move_privilege.failure,
    .by_hand = manual::move_privilege.by_hand,
    .control = ControlKind::Positive};

}  // namespace nsbench::probes
