// net: a packet socket sees the frames of its own namespace (packet(7)).
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/net/looks.h"
#include "probes/net/manual.h"
#include "probes/net/probes.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/link_kinds.h"

namespace nsbench::probes {

namespace {

constexpr std::string_view outside_frame = "frame of the outside";
constexpr std::string_view inside_frame = "frame of the inside";
constexpr std::uint16_t port = 7003;

std::string own_inode(int fd) {
  struct stat info {};
  return ::fstat(fd, &info) == 0 ? std::to_string(info.st_ino) : "?";
}

// Whether /proc/net/packet lists the socket: the inode is the last of a line, with blanks after it
// where it is short.
std::string in_list(const std::string& inode) {
  return written_in("/proc/self/net/packet", fmt::format(" {:<6}\n", inode));
}

// A packet socket that takes every protocol on every link, and lives on.
void listen(Scene& scene) {
  lo_up(scene);
  const int fd = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL));
  scene.seen.call("socket(AF_PACKET)", fd);
  scene.seen.number("fd", fd);
  scene.seen.text("inode", own_inode(fd));
  scene.seen.text("in /proc/net/packet", in_list(own_inode(fd)));
}

void listen_first(Scene& scene) {
  if (packet_sockets_missing(scene)) return;
  listen(scene);
  const int err = scene.seen.errno_of("socket(AF_PACKET)");
  if (err == EPERM && !has_capability(CAP_NET_RAW)) {
    scene.skip(SkipReason::NoPrivilege, "this process has no CAP_NET_RAW");
  } else if (err == EAFNOSUPPORT) {
    scene.skip(SkipReason::NoFeature, "socket(AF_PACKET): EAFNOSUPPORT (CONFIG_PACKET)");
  }
}

// Sends a datagram to itself over lo. The frame has passed the packet sockets when sendto() returns
// (net/core/dev.c dev_queue_xmit_nit()).
void send_frame(Observation& seen, std::string_view text) {
  const Endpoint self(AF_INET, port);
  const Fd socket = inet_socket(AF_INET, SOCK_DGRAM);
  seen.call("bind", ::bind(socket.get(), self.get(), self.size));
  seen.call("send", ::sendto(socket.get(), text.data(), text.size(), 0, self.get(), self.size));
}

// Takes all frames that are there, and notes whose there were.
void read_frames(Observation& seen, std::int64_t fd) {
  bool of_outside = false;
  bool of_inside = false;
  std::array<char, 2048> frame{};
  for (;;) {
    const ssize_t got = ::recv(static_cast<int>(fd), frame.data(), frame.size(), MSG_DONTWAIT);
    if (got < 0) break;
    const std::string_view bytes(frame.data(), static_cast<std::size_t>(got));
    of_outside = of_outside || bytes.find(outside_frame) != std::string_view::npos;
    of_inside = of_inside || bytes.find(inside_frame) != std::string_view::npos;
  }
  seen.text("frames of the outside", of_outside ? "yes" : "no");
  seen.text("frames of the inside", of_inside ? "yes" : "no");
}

void look_at_list(Scene& scene, std::string_view act) {
  scene.seen.text("the other's in /proc/net/packet", in_list(scene.saw(act).text_of("inode")));
}

constexpr std::array acts{
    Act{Side::Outside, "outside listens", listen_first},
    Act{Side::Inside, "inside listens",
        [](Scene& s) {
          listen(s);
          look_at_list(s, "outside listens");
        }},
    Act{Side::Outside, "outside sends", [](Scene& s) { send_frame(s.seen, outside_frame); }},
    Act{Side::Inside, "inside sends", [](Scene& s) { send_frame(s.seen, inside_frame); }},
    Act{Side::Inside, "inside reads",
        [](Scene& s) { read_frames(s.seen, s.saw("inside listens").number_of("fd")); }},
    Act{Side::Outside, "outside reads",
        [](Scene& s) {
          read_frames(s.seen, s.saw("outside listens").number_of("fd"));
          look_at_list(s, "inside listens");
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside listens");
  const Observation& inside = t.at("inside listens");
  j.works_errno("a packet socket can be made outside", outside.errno_of("socket(AF_PACKET)"));
  j.works_errno("a packet socket can be made inside", inside.errno_of("socket(AF_PACKET)"));
  j.works_errno("the outside sends", t.at("outside sends").errno_of("send"));
  j.works_errno("the inside sends", t.at("inside sends").errno_of("send"));
  judge_private(j, "a frame of the outside", t.at("outside reads").text_of("frames of the outside"),
                t.at("inside reads").text_of("frames of the outside"));
  judge_private(j, "a frame of the inside", t.at("inside reads").text_of("frames of the inside"),
                t.at("outside reads").text_of("frames of the inside"));
  judge_private(j, "in /proc/net/packet the outside's socket",
                outside.text_of("in /proc/net/packet"),
                inside.text_of("the other's in /proc/net/packet"));
  judge_private(j, "in /proc/net/packet the inside's socket", inside.text_of("in /proc/net/packet"),
                t.at("outside reads").text_of("the other's in /proc/net/packet"));
  return j;
}

}  // namespace

constinit const Probe packet{
    .family = "net",
    .name = "packet",
    .sentence = "a packet socket sees no frame of the other side",
    .source = "packet(7), network_namespaces(7); net/packet/af_packet.c packet_rcv()",
    .first_kernel = "2.6.29",
    .namespaces = {Kind::Net},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why = manual::packet.why,
    .failure = manual::packet.failure,
    .by_hand = manual::packet.by_hand};

}  // namespace nsbench::probes
