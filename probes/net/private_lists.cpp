// net: addresses, routes, rules and neighbours are known to the namespace in which they were made.
#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

// What one side makes: one of each family, and what that is called where it is listed.
struct Thing {
  std::string_view four;
  std::string_view six;
};

constexpr std::uint32_t own_table = 1000;
constexpr const char* wire = "nsb0";

// Whether one can send there: "no" where there is no route.
std::string reaches(int family, const std::string& address) {
  const Endpoint to(family, 9, address);
  const Fd socket = inet_socket(family, SOCK_DGRAM);
  if (::connect(socket.get(), to.get(), to.size) == 0) return "yes";
  return errno == ENETUNREACH ? "no" : errno_name(errno);
}

// Whether it is an address of this namespace.
std::string binds(int family, std::string_view network) {
  const Endpoint at(family, 0, std::string(network.substr(0, network.find('/'))));
  const Fd socket = inet_socket(family, SOCK_DGRAM);
  if (::bind(socket.get(), at.get(), at.size) == 0) return "yes";
  return errno == EADDRNOTAVAIL ? "no" : errno_name(errno);
}

struct Addresses {
  static constexpr bool needs_wire = false;
  static constexpr Thing outside{"192.0.2.1/32", "2001:db8::1/128"};
  static constexpr Thing inside{"192.0.2.2/32", "2001:db8::2/128"};
  static constexpr std::array four{"the IPv4 address by RTM_GETADDR", "the IPv4 address by bind()",
                                   "the IPv4 address in /proc/net/fib_trie"};
  static constexpr std::array six{"the IPv6 address by RTM_GETADDR", "the IPv6 address by bind()",
                                  "the IPv6 address in /proc/net/if_inet6"};
  static Status make(std::string_view what, int) { return rtnetlink::add_address("lo", what); }
  static void look4(Observation& seen, const Thing& thing) {
    seen.text(four[0], listed(rtnetlink::addresses(), thing.four));
    seen.text(four[1], binds(AF_INET, thing.four));
    const std::string bare(thing.four.substr(0, thing.four.find('/')));
    seen.text(four[2], written_in("/proc/self/net/fib_trie", bare + "\n"));
  }
  static void look6(Observation& seen, const Thing& thing) {
    seen.text(six[0], listed(rtnetlink::addresses(), thing.six));
    seen.text(six[1], binds(AF_INET6, thing.six));
    const char last = thing.six[thing.six.find('/') - 1];
    seen.text(six[2],
              written_in("/proc/self/net/if_inet6", fmt::format("20010db8{:023}{}", 0, last)));
  }
};

struct Routes {
  static constexpr bool needs_wire = false;
  static constexpr Thing outside{"198.51.100.0/24", "2001:db8:a::/48"};
  static constexpr Thing inside{"203.0.113.0/24", "2001:db8:b::/48"};
  static constexpr std::array four{
      "the IPv4 route in the main table", "the IPv4 route in a table of its own",
      "the IPv4 route by connect()", "the IPv4 route in /proc/net/route"};
  static constexpr std::array six{"the IPv6 route in the main table", "the IPv6 route by connect()",
                                  "the IPv6 route in /proc/net/ipv6_route"};
  static Status make(std::string_view what, int family) {
    if (family == AF_INET) {
      if (Status s = rtnetlink::add_route(what, "lo", own_table); !s) return s;
    }
    return rtnetlink::add_route(what, "lo", RT_TABLE_MAIN);
  }
  // An address of the network: 198.51.100.7, 2001:db8:a::7.
  static std::string host_in(std::string_view network) {
    std::string address(network.substr(0, network.find('/')));
    if (address.back() == '0') address.pop_back();
    return address + "7";
  }
  static void look4(Observation& seen, const Thing& thing) {
    const auto all = rtnetlink::routes(AF_INET);
    seen.text(four[0], listed(all, fmt::format("{} table {}", thing.four, int{RT_TABLE_MAIN})));
    seen.text(four[1], listed(all, fmt::format("{} table {}", thing.four, own_table)));
    seen.text(four[2], reaches(AF_INET, host_in(thing.four)));
    const Endpoint network(AF_INET, 0, std::string(thing.four.substr(0, thing.four.find('/'))));
    const std::uint32_t raw = reinterpret_cast<const sockaddr_in*>(network.get())->sin_addr.s_addr;
    seen.text(four[3], written_in("/proc/self/net/route", fmt::format("\t{:08X}\t", raw)));
  }
  static void look6(Observation& seen, const Thing& thing) {
    const auto all = rtnetlink::routes(AF_INET6);
    seen.text(six[0], listed(all, fmt::format("{} table {}", thing.six, int{RT_TABLE_MAIN})));
    seen.text(six[1], reaches(AF_INET6, host_in(thing.six)));
    const char site = thing.six[thing.six.find("::") - 1];
    seen.text(six[2], written_in("/proc/self/net/ipv6_route",
                                 fmt::format("20010db8000{}{:020} 30", site, 0)));
  }
};

struct Rules {
  static constexpr bool needs_wire = false;
  static constexpr Thing outside{"4321", "4322"};  // priorities
  static constexpr Thing inside{"8765", "8766"};
  static constexpr std::array four{"the IPv4 rule"};
  static constexpr std::array six{"the IPv6 rule"};
  static Status make(std::string_view what, int family) {
    return rtnetlink::add_rule(family, static_cast<std::uint32_t>(std::stoul(std::string(what))),
                               own_table);
  }
  static std::string line(std::string_view priority) {
    return fmt::format("{} table {}", priority, own_table);
  }
  static void look4(Observation& seen, const Thing& thing) {
    seen.text(four[0], listed(rtnetlink::rules(AF_INET), line(thing.four)));
  }
  static void look6(Observation& seen, const Thing& thing) {
    seen.text(six[0], listed(rtnetlink::rules(AF_INET6), line(thing.six)));
  }
};

struct Neighbours {
  static constexpr bool needs_wire = true;
  static constexpr Thing outside{"192.0.2.11", "2001:db8::11"};
  static constexpr Thing inside{"192.0.2.12", "2001:db8::12"};
  static constexpr std::array four{"the IPv4 neighbour by RTM_GETNEIGH",
                                   "the IPv4 neighbour in /proc/net/arp"};
  static constexpr std::array six{"the IPv6 neighbour by RTM_GETNEIGH"};
  // lo has no neighbours: arp_constructor() makes them one, 0.0.0.0.
  static Status make(std::string_view what, int) { return rtnetlink::add_neighbour(what, wire); }
  static void look4(Observation& seen, const Thing& thing) {
    seen.text(four[0], listed(rtnetlink::neighbours(AF_INET), thing.four));
    seen.text(four[1], written_in("/proc/self/net/arp", std::string(thing.four) + " "));
  }
  static void look6(Observation& seen, const Thing& thing) {
    seen.text(six[0], listed(rtnetlink::neighbours(AF_INET6), thing.six));
  }
};

// A link that has neighbours, on both sides under the same name.
bool make_wire(Scene& scene) {
  const std::string kind = ready_kind(scene);
  if (kind.empty()) return false;
  scene.seen.text("kind", kind);
  const Status made = rtnetlink::add_link(wire, kind);
  scene.seen.result("make a link", made.error().err);
  return true;
}

template <class Subject>
void look(Observation& seen, const Thing& thing) {
  Subject::look4(seen, thing);
  seen.text("IPv6", has_ipv6() ? "yes" : "no");
  if (has_ipv6()) Subject::look6(seen, thing);
}

template <class Subject>
void make(Scene& scene, const Thing& thing) {
  scene.seen.result("make IPv4", Subject::make(thing.four, AF_INET).error().err);
  if (has_ipv6()) {
    scene.seen.result("make IPv6", Subject::make(thing.six, AF_INET6).error().err);
  }
}

template <class Subject>
void make_and_look(Scene& scene, const Thing& thing) {
  make<Subject>(scene, thing);
  look<Subject>(scene.seen, thing);
}

// Without a local table every address seems to be local (net/ipv4/fib_frontend.c
// __inet_dev_addr_type()); it comes with lo's own address.
template <class Subject>
void look_first(Scene& scene) {
  lo_up(scene);
  if (Subject::needs_wire) {
    const std::string kind = scene.saw("outside makes").text_of("kind");
    scene.seen.result("make a link", rtnetlink::add_link(wire, kind).error().err);
  }
  look<Subject>(scene.seen, Subject::outside);
}

template <class Subject>
void make_first(Scene& scene) {
  lo_up(scene);
  // Rules, and tables other than main and local, are an option of the kernel.
  const auto rules = rtnetlink::rules(AF_INET);
  if (!rules && rules.error().err == EOPNOTSUPP) {
    return scene.skip(SkipReason::NoFeature,
                      rules.error().str() + " (CONFIG_IP_MULTIPLE_TABLES is off)");
  }
  if (Subject::needs_wire && !make_wire(scene)) return;
  make_and_look<Subject>(scene, Subject::outside);
}

template <class Subject>
constexpr std::array acts{
    Act{Side::Outside, "outside makes", make_first<Subject>},
    Act{Side::Inside, "inside looks", look_first<Subject>},
    Act{Side::Inside, "inside makes", [](Scene& s) { make_and_look<Subject>(s, Subject::inside); }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look<Subject>(s.seen, Subject::inside); }},
    Act{Side::Inside, "inside makes the same",
        [](Scene& s) { make<Subject>(s, Subject::outside); }},
};

// Whatever this kernel does not have, it has on neither side.
bool without_ipv6(const Transcript& t) {
  return t.at("outside makes").text_of("IPv6") == "no" &&
         t.at("inside looks").text_of("IPv6") == "no";
}

void judge_family(Judgement& j, const Transcript& t, std::span<const char* const> ways,
                  std::string_view make) {
  const Observation& outside = t.at("outside makes");
  const Observation& inside = t.at("inside makes");
  j.works_errno(fmt::format("the outside can {}", make), outside.errno_of(make));
  j.works_errno(fmt::format("the inside can {}", make), inside.errno_of(make));
  for (const char* way : ways) {
    judge_private(j, fmt::format("the outside's: {}", way), outside.text_of(way),
                  t.at("inside looks").text_of(way));
    judge_private(j, fmt::format("the inside's: {}", way), inside.text_of(way),
                  t.at("outside looks").text_of(way));
  }
  j.isolated_errno(fmt::format("the inside can {} as the outside did", make), 0,
                   t.at("inside makes the same").errno_of(make));
}

template <class Subject>
Judgement judge(const Transcript& t) {
  Judgement j;
  judge_family(j, t, Subject::four, "make IPv4");
  if (!without_ipv6(t)) judge_family(j, t, Subject::six, "make IPv6");
  return j;
}

template <class Subject>
constexpr Probe list_probe(std::string_view name, std::string_view sentence,
                           std::string_view source, const Manual& text) {
  return {.family = "net",
          .name = name,
          .sentence = sentence,
          .source = source,
          .first_kernel = "2.6.29",
          .namespaces = {Kind::Net},
          .ways = all_ways,
          .privileges = all_privileges,
          .acts = acts<Subject>,
          .judge = judge<Subject>,
          .why = text.why,
          .failure = text.failure,
          .by_hand = text.by_hand};
}

}  // namespace

constinit const Probe addresses = list_probe<Addresses>(
    "addresses", "an IPv4 or IPv6 address belongs to the side that took it only",
    "network_namespaces(7), rtnetlink(7); net/ipv4/devinet.c inet_dump_ifaddr(), "
    "net/ipv6/addrconf.c",
    manual::addresses);
constinit const Probe routes = list_probe<Routes>(
    "routes", "the routing tables are the side's own",
    "network_namespaces(7), rtnetlink(7); net/ipv4/fib_frontend.c inet_dump_fib(), "
    "net/ipv6/ip6_fib.c",
    manual::routes);
constinit const Probe routing_rules =
    list_probe<Rules>("routing_rules", "the rules that choose a routing table are the side's own",
                      "network_namespaces(7), rtnetlink(7); net/core/fib_rules.c fib_nl_dumprule()",
                      manual::routing_rules);
constinit const Probe neighbours = list_probe<Neighbours>(
    "neighbours", "a neighbour is known to the side that learnt it only",
    "network_namespaces(7), rtnetlink(7), arp(7); net/core/neighbour.c neigh_dump_table()",
    manual::neighbours);

}  // namespace nsbench::probes
