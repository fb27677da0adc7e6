// net: what netlink multicasts about a namespace is heard in that namespace only (netlink(7)).
#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

// What one side changes: a link, an address, and with that a route.
struct Change {
  unsigned mtu;
  const char* address;
};
constexpr Change outside_change{60001, "192.0.2.1"};
constexpr Change inside_change{60002, "192.0.2.2"};

// A socket that lives on, its descriptor noted.
void open_ear(Scene& scene, int protocol, std::uint32_t groups) {
  Result<netlink::Socket> socket = netlink::Socket::open(protocol, groups);
  scene.seen.result("listen", socket ? 0 : socket.error().err);
  scene.seen.number("fd", socket ? socket->release() : -1);
}

// Everything that arrived there; nothing waits, since the kernel multicasts before it answers the
// request that made the change.
std::vector<netlink::Answer> heard(const Scene& scene, std::string_view act) {
  netlink::Socket socket(Fd(static_cast<int>(scene.saw(act).number_of("fd"))));
  std::vector<netlink::Answer> all = socket.pending();
  socket.release();
  return all;
}

void listen(Scene& scene) {
  lo_up(scene);
  open_ear(scene, NETLINK_ROUTE, RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE);
}

void change(Scene& scene, const Change& what) {
  scene.seen.result("change the link", rtnetlink::set_mtu("lo", what.mtu).error().err);
  const std::string address = fmt::format("{}/32", what.address);
  scene.seen.result("add an address", rtnetlink::add_address("lo", address).error().err);
}

bool is_link(const netlink::Answer& answer, const Change& what) {
  return answer.type == RTM_NEWLINK && rtnetlink::link_of(answer).mtu == what.mtu;
}

bool is_about(const netlink::Answer& answer, const Change& what, std::uint16_t type,
              std::size_t body, std::uint16_t attribute) {
  const Endpoint at(AF_INET, 0, what.address);
  const in_addr& address = reinterpret_cast<const sockaddr_in*>(at.get())->sin_addr;
  const std::string_view wanted(reinterpret_cast<const char*>(&address), sizeof address);
  return answer.type == type && netlink::attribute(answer.attributes(body), attribute) == wanted;
}

// Which events of this change there are.
void hear(Observation& seen, const std::vector<netlink::Answer>& all, const Change& what,
          std::string_view whose) {
  const auto some = [&all](auto wanted) {
    return std::any_of(all.begin(), all.end(), wanted) ? "yes" : "no";
  };
  seen.text(fmt::format("a link event of the {}", whose),
            some([&](const netlink::Answer& a) { return is_link(a, what); }));
  seen.text(fmt::format("an address event of the {}", whose), some([&](const netlink::Answer& a) {
              return is_about(a, what, RTM_NEWADDR, sizeof(ifaddrmsg), IFA_LOCAL);
            }));
  seen.text(fmt::format("a route event of the {}", whose), some([&](const netlink::Answer& a) {
              return is_about(a, what, RTM_NEWROUTE, sizeof(rtmsg), RTA_DST);
            }));
}

void hear_all(Scene& scene, std::string_view act) {
  const std::vector<netlink::Answer> all = heard(scene, act);
  hear(scene.seen, all, outside_change, "outside");
  hear(scene.seen, all, inside_change, "inside");
}

constexpr std::array acts{
    Act{Side::Outside, "outside listens", listen},
    Act{Side::Inside, "inside listens", listen},
    Act{Side::Outside, "outside changes", [](Scene& s) { change(s, outside_change); }},
    Act{Side::Inside, "inside changes", [](Scene& s) { change(s, inside_change); }},
    Act{Side::Inside, "inside hears", [](Scene& s) { hear_all(s, "inside listens"); }},
    Act{Side::Outside, "outside hears", [](Scene& s) { hear_all(s, "outside listens"); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  for (const std::string_view side : {"outside", "inside"}) {
    const std::string_view other = side == "outside" ? "inside" : "outside";
    const Observation& changes = t.at(fmt::format("{} changes", side));
    j.works_errno(fmt::format("the {} can listen", side),
                  t.at(fmt::format("{} listens", side)).errno_of("listen"));
    j.works_errno(fmt::format("the {} can change a link", side),
                  changes.errno_of("change the link"));
    j.works_errno(fmt::format("the {} can add an address", side),
                  changes.errno_of("add an address"));
    for (const char* event : {"a link event", "an address event", "a route event"}) {
      const std::string fact = fmt::format("{} of the {}", event, side);
      judge_private(j, fact, t.at(fmt::format("{} hears", side)).text_of(fact),
                    t.at(fmt::format("{} hears", other)).text_of(fact));
    }
  }
  return j;
}

namespace uevents {

constexpr std::string_view outside_name = "nsbout0";
constexpr std::string_view inside_name = "nsbin0";

void listen(Scene& scene) { open_ear(scene, NETLINK_KOBJECT_UEVENT, 1); }

// lo, whatever it is called by now, gets another name: a "move" event of the device.
void rename(Scene& scene, std::string_view name) {
  const auto links = rtnetlink::links();
  if (!links || links->empty()) return scene.broken("no link to rename");
  scene.seen.result("rename", rtnetlink::rename_link(links->front().name, name).error().err);
}

// An event is one text: "move@/devices/virtual/net/nsbout0" and lines of "NAME=value" after it.
void hear(Scene& scene, std::string_view act) {
  const auto fd = static_cast<int>(scene.saw(act).number_of("fd"));
  std::string all;
  std::array<char, 8192> event{};
  for (ssize_t got = 0; got >= 0; got = ::recv(fd, event.data(), event.size(), MSG_DONTWAIT)) {
    all.append(event.data(), static_cast<std::size_t>(got));
  }
  for (const std::string_view name : {outside_name, inside_name}) {
    const bool there = all.find(fmt::format("/net/{}", name)) != std::string::npos;
    scene.seen.text(fmt::format("event of {}", name), there ? "yes" : "no");
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside listens", listen},
    Act{Side::Inside, "inside listens", listen},
    Act{Side::Outside, "outside renames", [](Scene& s) { rename(s, outside_name); }},
    Act{Side::Inside, "inside renames", [](Scene& s) { rename(s, inside_name); }},
    Act{Side::Inside, "inside hears", [](Scene& s) { hear(s, "inside listens"); }},
    Act{Side::Outside, "outside hears", [](Scene& s) { hear(s, "outside listens"); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("the outside can listen", t.at("outside listens").errno_of("listen"));
  j.works_errno("the inside can listen", t.at("inside listens").errno_of("listen"));
  j.works_errno("the outside can rename lo", t.at("outside renames").errno_of("rename"));
  j.works_errno("the inside can rename lo", t.at("inside renames").errno_of("rename"));
  judge_private(j, "the uevent of a device of the outside",
                t.at("outside hears").text_of("event of nsbout0"),
                t.at("inside hears").text_of("event of nsbout0"));
  judge_private(j, "the uevent of a device of the inside",
                t.at("inside hears").text_of("event of nsbin0"),
                t.at("outside hears").text_of("event of nsbin0"));
  return j;
}

}  // namespace uevents

}  // namespace

constinit const Probe link_events{
    .family = "net",
    .name = "link_events",
    .sentence = "rtnetlink tells of links, addresses and routes on their own side only",
    .source = "rtnetlink(7), netlink(7); net/netlink/af_netlink.c do_one_broadcast()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::link_events.why,
    .failure = manual::link_events.failure,
    .by_hand = manual::link_events.by_hand};

constinit const Probe device_uevents{
    .family = "net",
    .name = "device_uevents",
    .sentence = "the uevents of a network device are heard on its own side only",
    .source =
        "netlink(7) NETLINK_KOBJECT_UEVENT; lib/kobject_uevent.c uevent_net_broadcast_tagged()",
    .first_kernel = "2.6.35",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = uevents::acts,
    .judge = uevents::judge,
    .why = manual::device_uevents.why,
    .failure = manual::device_uevents.failure,
    .by_hand = manual::device_uevents.by_hand};

}  // namespace nsbench::probes
