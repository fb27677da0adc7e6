// net: the sysctls below net are the namespace's own, and what is global can't be written from it.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/net/sysctl.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

std::string sysctl_file(std::string_view name) { return fmt::format("/proc/sys/net/{}", name); }

bool sysctls_are_masked(Scene& scene) {
  struct statvfs info {};
  if (::statvfs("/proc/sys/net", &info) != 0 || (info.f_flag & ST_RDONLY) == 0) return false;
  scene.skip(SkipReason::Policy, "/proc/sys is mounted read-only here (statvfs: ST_RDONLY)");
  return true;
}

namespace {

// A sysctl and what each side writes to it.
struct Knob {
  std::string_view name;
  std::string_view outside;
  std::string_view inside;
};

std::string value_of(const Knob& knob) {
  const Result<std::string> value = read_small_file(sysctl_file(knob.name));
  return value ? trimmed(*value) : value.error().str();
}

std::string write_fact(const Knob& knob) { return fmt::format("write {}", knob.name); }

struct Common {
  static constexpr std::array knobs{Knob{"ipv4/ip_forward", "1", "0"}};
  static void effect(Scene&) {}
  static void judge_effect(Judgement&, const Transcript&) {}
};

struct Somaxconn {
  static constexpr std::array knobs{Knob{"core/somaxconn", "1234", "4321"}};
  static void effect(Scene&) {}
  static void judge_effect(Judgement&, const Transcript&) {}
};

// A socket takes over its namespace's (ip(7), IP_TTL).
struct DefaultTtl {
  static constexpr std::array knobs{Knob{"ipv4/ip_default_ttl", "33", "44"}};
  static void effect(Scene& scene) {
    const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
    int ttl = -1;
    socklen_t size = sizeof ttl;
    scene.seen.call("getsockopt", ::getsockopt(socket.get(), IPPROTO_IP, IP_TTL, &ttl, &size));
    scene.seen.number("ttl of a socket", ttl);
  }
  static void judge_effect(Judgement& j, const Transcript& t) {
    const auto ttl = [&t](std::string_view act) {
      return std::to_string(t.at(act).number_of("ttl of a socket"));
    };
    j.works_equal("a socket of the inside has the inside's ttl", "44", ttl("inside sets"));
    j.isolated_equal("a socket of the outside has the outside's ttl", "33", ttl("outside looks"));
    j.isolated_equal("a socket of the inside still has the inside's ttl", "44",
                     ttl("inside looks"));
  }
};

bool drop_all_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

// Older kernels, 6.1 among them but not 6.12, hide net.core in a namespace that another user
// namespace than the first owns (net/core/sysctl_net_core.c sysctl_core_net_init()).
bool is_hidden(Scene& scene, const Knob& knob) {
  if (!knob.name.starts_with("core/") || scene.recipe().privilege != Privilege::Userns)
    return false;
  if (KernelRelease::running() >= KernelRelease{6, 12}) return false;
  if (::access(sysctl_file(knob.name).c_str(), F_OK) == 0) return false;
  scene.skip(SkipReason::KernelTooOld,
             sysctl_file(knob.name) + " is not shown in user namespaces by kernels before 6.12");
  return true;
}

// Below it a port needs CAP_NET_BIND_SERVICE (ip(7)).
struct UnprivilegedPorts {
  static constexpr std::array knobs{Knob{"ipv4/ip_unprivileged_port_start", "1024", "80"}};
  static void effect(Scene& scene) {
    in_child(scene, [](Observation& seen) {
      seen.text("without capabilities", drop_all_capabilities() ? "yes" : "no");
      const Endpoint at(AF_INET, 80);
      const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
      seen.call("bind port 80", ::bind(socket.get(), at.get(), at.size));
    });
  }
  static void judge_effect(Judgement& j, const Transcript& t) {
    j.works_errno("port 80 is free to all inside", t.at("inside sets").errno_of("bind port 80"));
    j.isolated_errno("port 80 still needs a privilege outside", EACCES,
                     t.at("outside looks").errno_of("bind port 80"));
    j.isolated_errno("port 80 is still free to all inside", 0,
                     t.at("inside looks").errno_of("bind port 80"));
  }
};

template <class Subject>
void look(Scene& scene) {
  for (const Knob& knob : Subject::knobs) scene.seen.text(knob.name, value_of(knob));
  Subject::effect(scene);
}

template <class Subject>
void set(Scene& scene, std::string_view Knob::*value) {
  if (sysctls_are_masked(scene)) return;
  for (const Knob& knob : Subject::knobs) {
    if (is_hidden(scene, knob)) return;
    const Status written = write_small_file(sysctl_file(knob.name), knob.*value);
    scene.seen.result(write_fact(knob), written.error().err);
  }
  look<Subject>(scene);
}

template <class Subject>
constexpr std::array acts{
    Act{Side::Outside, "outside sets", [](Scene& s) { set<Subject>(s, &Knob::outside); }},
    Act{Side::Inside, "inside sets", [](Scene& s) { set<Subject>(s, &Knob::inside); }},
    Act{Side::Outside, "outside looks", look<Subject>},
    Act{Side::Outside, "outside sets again", [](Scene& s) { set<Subject>(s, &Knob::outside); }},
    Act{Side::Inside, "inside looks", look<Subject>},
};

template <class Subject>
Judgement judge(const Transcript& t) {
  Judgement j;
  for (const Knob& knob : Subject::knobs) {
    const Observation& inside = t.at("inside sets");
    j.works_errno(fmt::format("{} can be written outside", knob.name),
                  t.at("outside sets").errno_of(write_fact(knob)));
    j.works_errno(fmt::format("{} can be written inside", knob.name),
                  inside.errno_of(write_fact(knob)));
    j.works_equal(fmt::format("{} is inside what was written there", knob.name), knob.inside,
                  inside.text_of(knob.name));
    j.isolated_equal(fmt::format("{} written inside is not changed outside", knob.name),
                     knob.outside, t.at("outside looks").text_of(knob.name));
    j.isolated_equal(fmt::format("{} written outside is not changed inside", knob.name),
                     knob.inside, t.at("inside looks").text_of(knob.name));
  }
  Subject::judge_effect(j, t);
  return j;
}

template <class Subject>
constexpr Probe sysctl_probe(std::string_view name, std::string_view sentence,
                             std::string_view source, std::string_view first_kernel,
                             const Manual& text) {
  return {.family = "net",
          .name = name,
          .sentence = sentence,
          .source = source,
          .first_kernel = first_kernel,
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

constinit const Probe net_sysctls = sysctl_probe<Common>(
    "sysctls", "net.ipv4.ip_forward is the side's own",
    "network_namespaces(7); net/ipv4/devinet.c devinet_init_net()", "2.6.29", manual::sysctls);
constinit const Probe somaxconn = sysctl_probe<Somaxconn>(
    "somaxconn", "net.core.somaxconn is the side's own",
    "listen(2), network_namespaces(7); net/core/sysctl_net_core.c sysctl_core_net_init()", "2.6.29",
    manual::somaxconn);
constinit const Probe default_ttl = sysctl_probe<DefaultTtl>(
    "default_ttl", "net.ipv4.ip_default_ttl is the side's own",
    "ip(7); net/ipv4/sysctl_net_ipv4.c ipv4_sysctl_init_net()", "4.6", manual::default_ttl);
constinit const Probe unprivileged_ports = sysctl_probe<UnprivilegedPorts>(
    "unprivileged_ports", "net.ipv4.ip_unprivileged_port_start is the side's own",
    "ip(7); net/ipv4/af_inet.c __inet_bind(), inet_port_requires_bind_service()", "4.11",
    manual::unprivileged_ports);

}  // namespace nsbench::probes
