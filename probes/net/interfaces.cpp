// net: the list of interfaces is the namespace's own.
#include <fmt/format.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/link_kinds.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

struct Link {
  const char* name;
  const char* address;
};
constexpr Link outside_link{"nsbout0", "192.0.2.1/32"};
constexpr Link inside_link{"nsbin0", "192.0.2.2/32"};

// What the kernel makes in every network namespace by itself (net.core.fb_tunnels_only_for_init_net
// is 0), where these drivers are there.
constexpr std::array born_links{"lo",      "tunl0",    "gre0", "gretap0", "erspan0",
                                "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0"};

ifreq request_for(std::string_view name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
  return request;
}

// The names that rtnetlink lists, comma-separated; those of them that no new namespace has; and
// whether lo is up.
void look(Observation& seen) {
  const Result<std::vector<rtnetlink::Link>> links = rtnetlink::links();
  seen.result("RTM_GETLINK", links ? 0 : links.error().err);
  if (!links) return;
  std::string names;
  std::string strangers;
  for (const rtnetlink::Link& link : *links) {
    names += (names.empty() ? "" : ",") + link.name;
    if (link.name == "lo") seen.text("lo", (link.flags & IFF_UP) != 0 ? "up" : "down");
    if (std::find(born_links.begin(), born_links.end(), link.name) == born_links.end()) {
      strangers += (strangers.empty() ? "" : ",") + link.name;
    }
  }
  seen.text("links", names);
  seen.text("links that no new namespace has", strangers);
}

// Whether SIOCGIFCONF lists it (netdevice(7)).
std::string in_ifconf(const Fd& socket, std::string_view name) {
  std::array<ifreq, 32> requests{};
  ifconf list{};
  list.ifc_len = sizeof requests;
  list.ifc_req = requests.data();
  if (::ioctl(socket.get(), SIOCGIFCONF, &list) != 0) return errno_name(errno);
  for (std::size_t i = 0; i < list.ifc_len / sizeof(ifreq); ++i) {
    if (requests[i].ifr_name == name) return "yes";
  }
  return "no";
}

// sysfs shows the links of the namespace in which it was mounted.
std::string in_sysfs(std::string_view name) {
  const std::string sys = fmt::format("{}/sys-{}", scratch_dir(), ns_file::link("net"));
  ::mkdir(sys.c_str(), 0755);
  if (::access((sys + "/class/net").c_str(), F_OK) != 0 &&
      ::mount("sysfs", sys.c_str(), "sysfs", 0, nullptr) != 0) {
    return "mount(sysfs): " + errno_name(errno);
  }
  return ::access(fmt::format("{}/class/net/{}", sys, name).c_str(), F_OK) == 0 ? "yes" : "no";
}

// A link by the five ways in which a program may learn of it.
void look_for(Observation& seen, const Link& link) {
  look(seen);
  const std::string links = "," + seen.text_of("links") + ",";
  seen.text("rtnetlink",
            links.find(fmt::format(",{},", link.name)) == std::string::npos ? "no" : "yes");
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(link.name);
  const int got = socket.valid() ? ::ioctl(socket.get(), SIOCGIFINDEX, &request) : -1;
  seen.text("SIOCGIFINDEX", got == 0 ? "yes" : errno == ENODEV ? "no" : errno_name(errno));
  seen.text("SIOCGIFCONF", in_ifconf(socket, link.name));
  seen.text("/proc/net/dev", written_in("/proc/self/net/dev", fmt::format("{}:", link.name)));
  seen.text("/sys/class/net", in_sysfs(link.name));
}

// Where the kernel can make no link without loading a module, lo itself is renamed: the two sides
// then differ as well.
constexpr std::string_view renamed_lo = "renamed lo";

// lo, or what it was renamed to: in a control the other side did so before.
Status rename_first(std::string_view name) {
  const Result<std::vector<rtnetlink::Link>> links = rtnetlink::links();
  if (!links) return links.error();
  return rtnetlink::rename_link(links->empty() ? "lo" : links->front().name, name);
}

// With an address, since SIOCGIFCONF lists no link without one.
Status make_link(const Link& link, std::string_view kind) {
  Status made = kind == renamed_lo ? rename_first(link.name) : rtnetlink::add_link(link.name, kind);
  if (!made) return made;
  return rtnetlink::add_address(link.name, link.address);
}

std::string kind_to_make() {
  for (const std::string_view kind : {"dummy", "bridge", "veth"}) {
    if (link_kind_ready(kind)) return std::string(kind);
  }
  return std::string(renamed_lo);
}

void make_first(Scene& scene) {
  const std::string kind = kind_to_make();
  // A link that is up could not be renamed before Linux 6.3.
  if (kind != renamed_lo) lo_up(scene);
  const Status made = make_link(outside_link, kind);
  if (made.error().err == EPERM && !has_capability(CAP_NET_ADMIN)) {
    return scene.skip(SkipReason::NoPrivilege, "this process has no CAP_NET_ADMIN");
  }
  scene.seen.text("kind", kind);
  scene.seen.result("make", made.error().err);
  look_for(scene.seen, outside_link);
}

void make(Scene& scene, const Link& link) {
  const std::string kind = scene.saw("outside makes a link").text_of("kind");
  scene.seen.result("make", make_link(link, kind).error().err);
}

constexpr std::array list_acts{
    Act{Side::Outside, "outside makes a link", make_first},
    Act{Side::Inside, "inside looks", [](Scene& s) { look_for(s.seen, outside_link); }},
    Act{Side::Inside, "inside makes a link",
        [](Scene& s) {
          make(s, inside_link);
          look_for(s.seen, inside_link);
        }},
    Act{Side::Outside, "outside looks", [](Scene& s) { look_for(s.seen, inside_link); }},
    Act{Side::Sibling, "sibling looks", [](Scene& s) { look_for(s.seen, inside_link); }},
};

constexpr std::array five_ways{"rtnetlink", "SIOCGIFINDEX", "SIOCGIFCONF", "/proc/net/dev",
                               "/sys/class/net"};

void judge_unseen(Judgement& j, const Observation& maker, const Observation& other,
                  const std::string& rule) {
  for (const char* way : five_ways) {
    // A masked /sys can't be mounted again; then there is nothing to look at that way.
    if (maker.text_of(way).starts_with("mount(") || other.text_of(way).starts_with("mount("))
      continue;
    j.works_equal(fmt::format("the maker of a link sees it through {}", way), "yes",
                  maker.text_of(way));
    j.isolated_equal(fmt::format("{} through {}", rule, way), "no", other.text_of(way));
  }
}

Judgement judge_list(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside makes a link");
  const Observation& inside = t.at("inside makes a link");
  j.works_errno("a link can be made outside", outside.errno_of("make"));
  j.works_errno("a link can be made inside", inside.errno_of("make"));
  judge_unseen(j, outside, t.at("inside looks"), "a link of the outside is not seen inside");
  judge_unseen(j, inside, t.at("outside looks"), "a link of the inside is not seen outside");
  judge_unseen(j, inside, t.at("sibling looks"), "a link of the inside is not seen by a sibling");
  j.isolated_equal("a new namespace has a lo of its own, and it is down", "down",
                   t.at("inside looks").text_of("lo"));
  j.isolated_equal("a new namespace lists lo and the kernel's own fallback tunnels only", "",
                   t.at("inside looks").text_of("links that no new namespace has"));
  return j;
}

constexpr std::array name_acts{
    Act{Side::Outside, "outside makes a link",
        [](Scene& s) {
          if (!ready_kind(s).empty()) make_first(s);
        }},
    Act{Side::Inside, "inside takes the same name", [](Scene& s) { make(s, outside_link); }},
    Act{Side::Sibling, "sibling takes the same name", [](Scene& s) { make(s, outside_link); }},
};

Judgement judge_names(const Transcript& t) {
  Judgement j;
  j.works_errno("a link can be made outside", t.at("outside makes a link").errno_of("make"));
  j.isolated_errno("a name used outside is free inside", 0,
                   t.at("inside takes the same name").errno_of("make"));
  j.isolated_errno("a name used inside is free for a sibling", 0,
                   t.at("sibling takes the same name").errno_of("make"));
  return j;
}

constexpr Probe net_probe(std::string_view name, std::string_view sentence,
                          std::span<const Act> acts, Judgement (*judge)(const Transcript&),
                          const Manual& text) {
  return {
      .family = "net",
      .name = name,
      .sentence = sentence,
      .source = "network_namespaces(7); net/core/rtnetlink.c rtnl_dump_ifinfo(), net/core/dev.c",
      .first_kernel = "2.6.29",
      .namespaces = {Kind::Net},
      .ways = all_ways,
      .privileges = all_privileges,
      .acts = acts,
      .judge = judge,
      .look = look,
      .why = text.why,
      .failure = text.failure,
      .by_hand = text.by_hand};
}

}  // namespace

constinit const Probe interfaces =
    net_probe("interfaces", "an interface is listed on the side that made it only", list_acts,
              judge_list, manual::interfaces);
constinit const Probe interface_names =
    net_probe("interface_names", "the same interface name can live on both sides", name_acts,
              judge_names, manual::interface_names);

}  // namespace nsbench::probes
