// net: the list of interfaces is the namespace's own.
#include <fmt/format.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "probes/net/probes.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr const char* outside_link = "nsbout0";
constexpr const char* inside_link = "nsbin0";

ifreq request_for(std::string_view name) {
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
  return request;
}

// The names that rtnetlink lists, comma-separated; and whether lo is up.
void look(Observation& seen) {
  const Result<std::vector<rtnetlink::Link>> links = rtnetlink::links();
  seen.result("RTM_GETLINK", links ? 0 : links.error().err);
  if (!links) return;
  std::string names;
  for (const rtnetlink::Link& link : *links) {
    names += (names.empty() ? "" : ",") + link.name;
    if (link.name == "lo") seen.text("lo", (link.flags & IFF_UP) != 0 ? "up" : "down");
  }
  seen.text("links", names);
}

// A link by the four ways in which a program may learn of it.
void look_for(Observation& seen, const char* name) {
  look(seen);
  const std::string links = "," + seen.text_of("links") + ",";
  seen.text("rtnetlink", links.find(fmt::format(",{},", name)) == std::string::npos ? "no" : "yes");
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(name);
  const int got = socket.valid() ? ::ioctl(socket.get(), SIOCGIFINDEX, &request) : -1;
  seen.text("SIOCGIFINDEX", got == 0 ? "yes" : errno == ENODEV ? "no" : errno_name(errno));
  const Result<std::string> dev = read_small_file("/proc/self/net/dev");
  seen.text("/proc/net/dev", !dev ? dev.error().str()
                             : dev->find(fmt::format("{}:", name)) == std::string::npos ? "no"
                                                                                        : "yes");
  // sysfs shows the links of the namespace in which it was mounted.
  const std::string sys = fmt::format("{}/sys-{}", scratch_dir(), ::getpid());
  ::mkdir(sys.c_str(), 0755);
  if (::access((sys + "/class/net").c_str(), F_OK) != 0 &&
      ::mount("sysfs", sys.c_str(), "sysfs", 0, nullptr) != 0) {
    seen.text("/sys/class/net", "mount(sysfs): " + errno_name(errno));
    return;
  }
  const bool there = ::access(fmt::format("{}/class/net/{}", sys, name).c_str(), F_OK) == 0;
  seen.text("/sys/class/net", there ? "yes" : "no");
}

// Whether asking for a link of this kind could make the kernel load a module, and so change the
// host: not if it is loaded (or built in with parameters), or if there are no modules to load.
bool would_load_module(const std::string& kind) {
  if (::access(("/sys/module/" + kind).c_str(), F_OK) == 0) return false;
  utsname name{};
  ::uname(&name);
  const std::string modules = fmt::format("/lib/modules/{}", name.release);
  if (::access(modules.c_str(), F_OK) != 0 || ::access("/proc/modules", F_OK) != 0) return false;
  const Result<std::string> builtin = read_small_file(modules + "/modules.builtin");
  return !builtin || builtin->find(fmt::format("/{}.ko", kind)) == std::string::npos;
}

// Kinds of link to make, the cheapest first. Where the kernel has none, lo itself is renamed: the
// two sides then differ as well.
constexpr std::string_view renamed_lo = "renamed lo";

Status make_link(std::string_view name, std::string_view kind) {
  return kind == renamed_lo ? rtnetlink::rename_link(rtnetlink::links()->front().name, name)
                            : rtnetlink::add_link(name, kind);
}

void set_up(const char* name) {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request = request_for(name);
  request.ifr_flags = IFF_UP;
  ::ioctl(socket.get(), SIOCSIFFLAGS, &request);
}

void make_first(Scene& scene) {
  for (const std::string_view kind : {std::string_view("dummy"), std::string_view("bridge"),
                                      std::string_view("veth"), renamed_lo}) {
    if (kind != renamed_lo && would_load_module(std::string(kind))) continue;
    const Status made = make_link(outside_link, kind);
    if (!made && made.error().err == EOPNOTSUPP) continue;
    if (made.error().err == EPERM && !has_capability(CAP_NET_ADMIN)) {
      return scene.skip(SkipReason::NoPrivilege, "this process has no CAP_NET_ADMIN");
    }
    scene.seen.text("kind", kind);
    scene.seen.result("make", made.error().err);
    set_up("lo");
    return look_for(scene.seen, outside_link);
  }
}

void make(Scene& scene, const char* name) {
  const std::string kind = scene.saw("outside makes a link").text_of("kind");
  scene.seen.result("make", make_link(name, kind).error().err);
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

constexpr std::array four_ways{"rtnetlink", "SIOCGIFINDEX", "/proc/net/dev", "/sys/class/net"};

void judge_unseen(Judgement& j, const Observation& maker, const Observation& other,
                  const std::string& rule) {
  for (const char* way : four_ways) {
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
  return j;
}

constexpr std::array name_acts{
    Act{Side::Outside, "outside makes a link",
        [](Scene& s) {
          make_first(s);
          if (s.seen.text_of("kind") == renamed_lo) {
            s.skip(SkipReason::NoModule, "no dummy, bridge or veth without loading a module");
          }
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
                          std::span<const Act> acts, Judgement (*judge)(const Transcript&)) {
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
      .look = look};
}

}  // namespace

constinit const Probe interfaces = net_probe(
    "interfaces", "an interface is listed on the side that made it only", list_acts, judge_list);
constinit const Probe interface_names = net_probe(
    "interface_names", "the same interface name can live on both sides", name_acts, judge_names);

}  // namespace nsbench::probes
