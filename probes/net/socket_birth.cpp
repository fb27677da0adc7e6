// net: a socket stays in the namespace in which it was made (network_namespaces(7)).
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "probes/helpers.h"
#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::probes {

namespace {

constexpr unsigned outside_mtu = 60001;
constexpr std::string_view lo_mtu = "65536";  // drivers/net/loopback.c loopback_setup()
constexpr std::uint16_t port = 7004;

// The namespace that a socket is in, as the inode of the descriptor that SIOCGSKNS makes.
void see_namespace(Observation& seen, std::string_view whose, int socket) {
  const Fd space(::ioctl(socket, SIOCGSKNS));
  seen.result(fmt::format("SIOCGSKNS of {}", whose), space.valid() ? 0 : errno);
  struct stat info {};
  const bool known = space.valid() && ::fstat(space.get(), &info) == 0;
  seen.text(fmt::format("namespace of {}", whose), known ? std::to_string(info.st_ino) : "?");
}

// lo's MTU, asked through this socket.
void see_mtu(Observation& seen, std::string_view whose, int socket) {
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  const int got = ::ioctl(socket, SIOCGIFMTU, &request);
  seen.text(fmt::format("mtu through {}", whose),
            got == 0 ? std::to_string(request.ifr_mtu) : errno_name(errno));
}

void see_bind(Observation& seen, std::string_view whose, int socket) {
  const Endpoint at(AF_INET, port);
  seen.call(fmt::format("bind of {}", whose), ::bind(socket, at.get(), at.size));
}

void see_own_namespace(Observation& seen) {
  seen.text("own namespace", std::to_string(net_inode("self")));
}

void make_socket(Scene& scene) {
  lo_up(scene);
  scene.seen.result("mark lo", rtnetlink::set_mtu("lo", outside_mtu).error().err);
  Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  see_own_namespace(scene.seen);
  see_namespace(scene.seen, "it", socket.get());
  scene.seen.number("fd", socket.release());
}

// The inside inherits the outside's socket.
void use_inherited(Scene& scene) {
  lo_up(scene);
  const auto inherited = static_cast<int>(scene.saw("outside makes a socket").number_of("fd"));
  const Fd own = inet_socket(AF_INET, SOCK_DGRAM);
  see_own_namespace(scene.seen);
  see_namespace(scene.seen, "the inherited one", inherited);
  see_namespace(scene.seen, "its own", own.get());
  see_mtu(scene.seen, "the inherited one", inherited);
  see_mtu(scene.seen, "its own", own.get());
  see_bind(scene.seen, "the inherited one", inherited);
  see_bind(scene.seen, "its own", own.get());
}

// A process of the outside makes a socket and joins the inside.
void join_with_socket(Scene& scene) {
  const std::string file = fmt::format("/proc/{}/ns/net", scene.inside_pid());
  in_child(scene, [&file](Observation& seen) {
    const Fd before = inet_socket(AF_INET, SOCK_DGRAM);
    const Fd space(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    seen.call("setns", calls::setns(space.get(), CLONE_NEWNET));
    const Fd after = inet_socket(AF_INET, SOCK_DGRAM);
    see_namespace(seen, "the one made before", before.get());
    see_namespace(seen, "the one made after", after.get());
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a socket", make_socket},
    Act{Side::Inside, "inside uses it", use_inherited},
    Act{Side::Outside, "outside joins", join_with_socket},
};

// The namespace must be this one, and these two must not be the same.
void judge_between(Judgement& j, std::string text, const std::string& seen,
                   const std::string& this_one, const std::string& not_that) {
  j.isolated(std::move(text), fmt::format("'{}', not '{}'", this_one, not_that),
             fmt::format("'{}'", seen), seen == this_one && seen != not_that);
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside makes a socket");
  const Observation& inside = t.at("inside uses it");
  const Observation& joins = t.at("outside joins");
  const std::string home = outside.text_of("own namespace");
  const std::string away = inside.text_of("own namespace");
  j.works_equal("SIOCGSKNS names the namespace of a socket outside", home,
                outside.text_of("namespace of it"));
  j.works_equal("SIOCGSKNS names the namespace of a socket inside", away,
                inside.text_of("namespace of its own"));
  judge_between(j, "an inherited socket stays outside, and is not inside",
                inside.text_of("namespace of the inherited one"), home, away);
  j.works_equal("an inherited socket sees the outside's links", std::to_string(outside_mtu),
                inside.text_of("mtu through the inherited one"));
  j.isolated_equal("a socket of the inside does not see the outside's links", lo_mtu,
                   inside.text_of("mtu through its own"));
  j.works_errno("an inherited socket takes a port", inside.errno_of("bind of the inherited one"));
  j.isolated_errno("that port is taken outside, not inside", 0, inside.errno_of("bind of its own"));
  j.works_errno("the outside can join the inside", joins.errno_of("setns"));
  j.works_equal("a socket made before setns stays where it was", home,
                joins.text_of("namespace of the one made before"));
  judge_between(j, "a socket made after setns is in the namespace joined, not in the old one",
                joins.text_of("namespace of the one made after"), away, home);
  return j;
}

}  // namespace

constinit const Probe socket_birth{
    .family = "net",
    .name = "socket_birth",
    .sentence = "a socket stays in the namespace in which it was made",
    .source = "network_namespaces(7), socket(7), setns(2); net/socket.c sock_ioctl() SIOCGSKNS",
    .first_kernel = "4.10",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::socket_birth.why,
    .failure = manual::socket_birth.failure,
    .by_hand = manual::socket_birth.by_hand};

}  // namespace nsbench::probes
