// Lies about network namespaces: what is listed, reached, heard and allowed in them.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <linux/unix_diag.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "probes/sandbox/netlink.h"
#include "suites/selftest/lie.h"
#include "suites/selftest/netlink_tricks.h"

namespace nsbench::selftest {

namespace {

using netlink::Message;

constexpr std::array netlink_calls{long{SYS_sendto}, long{SYS_recvfrom}};
constexpr std::array receive_call{long{SYS_recvfrom}};
constexpr std::array send_call{long{SYS_sendto}};
constexpr std::array write_call{long{SYS_write}};
constexpr std::array open_call{long{SYS_openat}};
constexpr std::array ioctl_call{long{SYS_ioctl}};
constexpr std::array connect_call{long{SYS_connect}};
constexpr std::array bind_call{long{SYS_bind}};
constexpr std::array socket_call{long{SYS_socket}};
constexpr std::array file_calls{long{SYS_openat}, long{SYS_read}, long{SYS_write}};
#ifdef SYS_poll
constexpr std::array poll_call{long{SYS_poll}};
#else
constexpr std::array poll_call{long{SYS_ppoll}};
#endif
#ifdef SYS_access
constexpr std::array access_call{long{SYS_access}};
#else
constexpr std::array access_call{long{SYS_faccessat}};
#endif
constexpr std::array death_calls{long{SYS_kill}, long{SYS_sendto}, long{SYS_recvfrom}};

bool is_inside(const Call& call) { return call.side() == Side::Inside; }

std::string bytes_of(const char* address) {
  in_addr four{};
  ::inet_pton(AF_INET, address, &four);
  return {reinterpret_cast<const char*>(&four), sizeof four};
}

// What the outside has and the inside must not see, as a dump would have it.
std::string link_message(const char* name, unsigned mtu) {
  Message one(RTM_NEWLINK, 0, ifinfomsg{});
  return std::string(one.text(IFLA_IFNAME, name).number(IFLA_MTU, mtu).finish(0));
}

std::string address_message_of(const char* address, std::uint8_t prefix) {
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = prefix;
  Message one(RTM_NEWADDR, 0, body);
  return std::string(one.bytes(IFA_LOCAL, bytes_of(address)).finish(0));
}
std::string address_message() { return address_message_of("192.0.2.1", 32); }
std::string siblings_address_message() { return address_message_of("192.0.2.3", 24); }

std::string default_route_message() {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_table = RT_TABLE_MAIN;
  Message one(RTM_NEWROUTE, 0, body);
  return std::string(one.bytes(RTA_GATEWAY, bytes_of("192.0.2.1")).finish(0));
}

std::string route_message() {
  rtmsg body{};
  body.rtm_family = AF_INET;
  body.rtm_dst_len = 24;
  body.rtm_table = RT_TABLE_MAIN;
  Message one(RTM_NEWROUTE, 0, body);
  return std::string(one.bytes(RTA_DST, bytes_of("198.51.100.0")).finish(0));
}

std::string rule_message() {
  fib_rule_hdr body{};
  body.family = AF_INET;
  Message one(RTM_NEWRULE, 0, body);
  return std::string(one.number(FRA_PRIORITY, 4321U).number(FRA_TABLE, 1000U).finish(0));
}

std::string neighbour_message() {
  ndmsg body{};
  body.ndm_family = AF_INET;
  Message one(RTM_NEWNEIGH, 0, body);
  return std::string(one.bytes(NDA_DST, bytes_of("192.0.2.11")).finish(0));
}

std::string table_message() {
  Message one((NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_NEWTABLE, 0, nfgenmsg{});
  return std::string(one.text(NFTA_TABLE_NAME, "nsbench-outside").finish(0));
}

std::string unix_message() {
  Message one(SOCK_DIAG_BY_FAMILY, 0, unix_diag_msg{});
  constexpr std::string_view name("\0nsbench-outside-stream", 23);  // abstract
  return std::string(one.bytes(UNIX_DIAG_NAME, name).finish(0));
}

std::string tcp_message() {
  inet_diag_msg body{};
  body.id.idiag_sport = htons(7007);
  return std::string(Message(SOCK_DIAG_BY_FAMILY, 0, body).finish(0));
}

constexpr std::uint16_t get_table = (NFNL_SUBSYS_NFTABLES << 8U) | NFT_MSG_GETTABLE;

// The dump that answers this request has the outside's as well.
template <std::uint16_t request, std::string (*message)()>
void leak_into_dump(Call& call) {
  if (is_inside(call)) add_to_dump(call, request, message());
}

void leak_link(Call& call) {
  if (is_inside(call)) add_to_dump(call, RTM_GETLINK, link_message("nsbout0", 1500));
}

void leak_link_event(Call& call) {
  if (is_inside(call)) deliver_once(call, link_message("lo", 60001));
}

void leak_frame(Call& call) {
  if (is_inside(call)) deliver_once(call, "frame of the outside");
}

void leak_uevent(Call& call) {
  if (is_inside(call)) deliver_once(call, "move@/devices/virtual/net/nsbout0");
}

// lo is up from birth: the flag in the answer's fixed body.
void raise_lo(Call& call) {
  nlmsghdr header{};
  ifinfomsg info{};
  const std::string bytes = call.read(call.arg(1), NLMSG_HDRLEN + sizeof info);
  if (!is_inside(call) || call.result() < 0 || bytes.size() < NLMSG_HDRLEN + sizeof info) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.nlmsg_type != RTM_NEWLINK) return;
  std::memcpy(&info, bytes.data() + NLMSG_HDRLEN, sizeof info);
  info.ifi_flags |= IFF_UP;
  call.write(call.arg(1) + NLMSG_HDRLEN, {reinterpret_cast<const char*>(&info), sizeof info});
}

template <int from, int to>
void answer_inside(Call& call) {
  if (is_inside(call)) change_answer(call, from, to);
}
template <int from, int to>
void answer_outside(Call& call) {
  if (call.side() == Side::Outside) change_answer(call, from, to);
}

// The inside's calls that fail with `err` succeed.
template <int err>
void forgive_inside(Call& call) {
  if (is_inside(call) && call.result() == -err) call.set_result(0);
}
template <int err>
void forgive_outside(Call& call) {
  if (call.side() == Side::Outside && call.result() == -err) call.set_result(0);
}

// A datagram that nobody took: as many bytes as were sent.
void deliver_nowhere(Call& call) {
  if (is_inside(call) && call.result() == -ECONNREFUSED) {
    call.set_result(static_cast<long>(call.arg(2)));
  }
}

template <std::uint64_t request>
void know_foreign_link(Call& call) {
  if (is_inside(call) && call.arg(1) == request && call.result() == -ENODEV) call.set_result(0);
}

void list_foreign_link(Call& call) {
  if (!is_inside(call) || call.arg(1) != SIOCGIFCONF || call.result() != 0) return;
  ifconf list{};
  const std::string bytes = call.read(call.arg(2), sizeof list);
  if (bytes.size() != sizeof list) return;
  std::memcpy(&list, bytes.data(), sizeof list);
  ifreq one{};
  std::memcpy(one.ifr_name, "nsbout0", 8);
  call.write(reinterpret_cast<std::uint64_t>(list.ifc_req),
             {reinterpret_cast<const char*>(&one), sizeof one});
  list.ifc_len = sizeof one;
  call.write(call.arg(2), {reinterpret_cast<const char*>(&list), sizeof list});
}

// "/proc/self/net/dev" of the inside is that of the outside, which is PID 1.
void open_outsides_proc_net(Call& call) {
  const std::string path = call.text(call.arg(1));
  constexpr std::string_view own = "/proc/self/net/";
  if (!is_inside(call) || !path.starts_with(own)) return;
  call.write(call.arg(1), "/proc/1/net/" + path.substr(own.size()) + std::string(1, '\0'));
}

// "/proc/42/net/dev" shows the namespace of who reads it.
void open_readers_proc_net(Call& call) {
  const std::string path = call.text(call.arg(1));
  const std::size_t net = path.find("/net/");
  if (call.side() != Side::Outside || !path.starts_with("/proc/") || net == std::string::npos)
    return;
  if (path.starts_with("/proc/sys")) return;
  call.write(call.arg(1), "/proc/1" + path.substr(net) + std::string(1, '\0'));
}

void show_in_sysfs(Call& call) {
  const int path = call.number() == SYS_faccessat ? 1 : 0;
  if (is_inside(call) && call.result() == -ENOENT &&
      call.text(call.arg(path)).find("/class/net/nsb") != std::string::npos) {
    call.set_result(0);
  }
}

// The port of an internet address in the inside's call; 0 if it is none.
int port_of(const Call& call) {
  sockaddr_in at{};
  const std::string bytes = call.read(call.arg(1), sizeof at);
  if (bytes.size() < sizeof at) return 0;
  std::memcpy(&at, bytes.data(), sizeof at);
  return at.sin_family == AF_INET || at.sin_family == AF_INET6 ? ntohs(at.sin_port) : 0;
}

template <int port>
void take_port(Call& call) {
  if (is_inside(call) && call.result() == 0 && port_of(call) == port) {
    call.set_result(-EADDRINUSE);
  }
}

// Of the two that wait for a datagram, its sender and its receiver, the receiver has it.
void deliver_everywhere(Call& call) {
  if (!is_inside(call) || call.arg(1) != 2) return;
  std::array<pollfd, 2> waits{};
  const std::string bytes = call.read(call.arg(0), sizeof waits);
  if (bytes.size() != sizeof waits) return;
  std::memcpy(waits.data(), bytes.data(), sizeof waits);
  waits[0].revents = 0;
  waits[1].revents = POLLIN;
  call.write(call.arg(0), {reinterpret_cast<const char*>(waits.data()), sizeof waits});
}

// Sockets with a path are refused to who was refused an abstract one before: to another namespace.
void refuse_paths(Call& call) {
  const std::string bytes = call.read(call.arg(1), sizeof(sa_family_t) + 1);
  sa_family_t family = AF_UNSPEC;
  if (!is_inside(call) || bytes.size() < sizeof family + 1) return;
  std::memcpy(&family, bytes.data(), sizeof family);
  if (family != AF_UNIX) return;
  if (bytes.back() == '\0' && call.result() == -ECONNREFUSED) call.memory()["apart"] = "yes";
  if (bytes.back() == '/' && !call.memory()["apart"].empty()) call.set_result(-ECONNREFUSED);
}

// What the inside writes to a sysctl is what the outside then reads there.
void remember_sysctl(Call& call) {
  if (!is_inside(call) || call.number() != SYS_write) return;
  const std::string file = call.file_of(call.arg(0));
  if (file.starts_with("/proc/sys/net/")) {
    call.memory()[file] = call.read(call.arg(1), static_cast<std::size_t>(call.arg(2)));
  }
}
void show_sysctl(Call& call) {
  if (call.side() != Side::Outside || call.number() != SYS_read || call.result() <= 0) return;
  const std::string value = call.memory()[call.file_of(call.arg(0))];
  if (!value.empty() && call.write(call.arg(1), value)) {
    call.set_result(static_cast<long>(value.size()));
  }
}

// Whatever sysctl is opened for writing can be: nothing comes of it.
void open_all_sysctls(Call& call) {
  const std::string path = call.text(call.arg(1));
  if ((call.arg(2) & O_ACCMODE) != O_WRONLY || !path.starts_with("/proc/sys/")) return;
  if (is_inside(call)) call.write(call.arg(1), std::string_view("/dev/null\0", 10));
}

// The second socket asked about is in the namespace of the first.
void confuse_sockets(Call& call) {
  if (call.arg(1) != SIOCGSKNS) return;
  std::string& first = call.memory()["socket of " + std::to_string(call.pid())];
  if (first.empty()) {
    first = std::to_string(call.arg(0));
  } else {
    call.set_arg(0, std::stoull(first));
  }
}

// The outside's ip_forward can't be switched off.
void forward_always(Call& call) {
  if (call.side() == Side::Outside && call.file_of(call.arg(0)).ends_with("/ipv4/ip_forward")) {
    call.write(call.arg(1), "1");
  }
}

void share_default_route(Call& call) {
  if (call.side() == Side::Outside) add_to_dump(call, RTM_GETROUTE, default_route_message());
}

// Calls of the inside that are lost on the way.
void lose_calls(Call& call) {
  sa_family_t family = AF_UNSPEC;
  const std::string bytes = call.read(call.arg(1), sizeof family);
  if (bytes.size() == sizeof family) std::memcpy(&family, bytes.data(), sizeof family);
  if (is_inside(call) && family == AF_INET) call.answer(-EHOSTUNREACH);
}

// After the inside was killed, its end of the pair is listed for ever.
void note_death(Call& call) {
  if (call.number() == SYS_kill) call.memory()["killed"] = "yes";
  note_request(call);
}
void keep_dead_link(Call& call) {
  if (call.side() != Side::Outside || call.memory()["killed"].empty()) return;
  add_to_dump(call, RTM_GETLINK, link_message("nsbnear0", 1500));
}

// From the request with IFLA_NET_NS_PID on.
void note_move(Call& call) {
  note_request(call);
  if (call.number() != SYS_sendto || call.side() != Side::Outside) return;
  constexpr std::string_view names_target("\x08\x00\x13\x00", 4);
  const std::string request = call.read(call.arg(1), static_cast<std::size_t>(call.arg(2)));
  if (request.find(names_target) != std::string::npos) call.memory()["moved"] = "yes";
}
void keep_moved_link(Call& call) {
  if (call.side() == Side::Outside && !call.memory()["moved"].empty()) {
    add_to_dump(call, RTM_GETLINK, link_message("nsbfar0", 1500));
  }
}

// Datagrams of the probes' own that are taken and lost.
void lose_datagrams(Call& call) {
  if (is_inside(call) && call.arg(2) == 7 && call.read(call.arg(1), 7) == "nsbench") call.answer(7);
}

void drop_everywhere(Call& call) {
  if (call.side() == Side::Outside && call.arg(2) == 3 && call.read(call.arg(1), 3) == "nsb") {
    call.answer(-EPERM);
  }
}

// A packet socket for all: what they get is another socket, which they don't use.
void give_packet_socket(Call& call) {
  const bool raw = (call.arg(1) & 0xFU) == SOCK_RAW && call.arg(0) == AF_INET;
  if (!is_inside(call) || (call.arg(0) != AF_PACKET && !raw)) return;
  call.set_arg(0, AF_INET);
  call.set_arg(1, SOCK_DGRAM | SOCK_CLOEXEC);
  call.set_arg(2, 0);
}

// The number that the outside gave is everybody's.
void share_nsid(Call& call) {
  nlmsghdr header{};
  const std::string bytes = call.read(call.arg(1), 64);
  if (!is_inside(call) || call.result() < 0 || bytes.size() < sizeof header) return;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.nlmsg_type != RTM_NEWNSID) return;
  const std::uint64_t number = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(rtgenmsg)) + RTA_LENGTH(0);
  call.write(call.arg(1) + number, std::string_view("\x07\0\0\0", 4));
}

constexpr std::array lies{
    Lie{"links_in_every_dump", "RTM_GETLINK lists the links of other namespaces", "net/interfaces",
        "^net/interfaces", netlink_calls, note_request, leak_link},
    Lie{"links_by_index", "SIOCGIFINDEX finds the links of other namespaces", "net/interfaces",
        "^net/interfaces", ioctl_call, nullptr, know_foreign_link<SIOCGIFINDEX>},
    Lie{"links_in_ifconf", "SIOCGIFCONF lists the links of other namespaces", "net/interfaces",
        "^net/interfaces", ioctl_call, nullptr, list_foreign_link},
    Lie{"links_in_proc", "/proc/net/dev lists the links of another namespace", "net/interfaces",
        "^net/(interfaces|proc_net)", open_call, open_outsides_proc_net},
    Lie{"links_in_sysfs", "a sysfs lists the links of every namespace", "net/interfaces",
        "^net/(interfaces|sysfs_mounter)", access_call, nullptr, show_in_sysfs},
    Lie{"lo_is_born_up", "a new namespace's lo is up", "net/interfaces",
        "^net/interfaces:", receive_call, nullptr, raise_lo},
    Lie{"link_names_are_global", "a link's name must be unique in the machine", "net/interfaces",
        "^net/interface_names", receive_call, nullptr, answer_inside<0, EEXIST>},
    Lie{"addresses_in_every_dump", "RTM_GETADDR lists the addresses of other namespaces",
        "net/addresses", "^net/addresses", netlink_calls, note_request,
        leak_into_dump<RTM_GETADDR, address_message>},
    Lie{"foreign_addresses_can_be_bound", "an address of another namespace can be bound",
        "net/addresses", "^net/addresses", bind_call, nullptr, forgive_inside<EADDRNOTAVAIL>},
    Lie{"addresses_are_global", "an address must be unique in the machine", "net/addresses",
        "^net/addresses", receive_call, nullptr, answer_inside<0, EEXIST>},
    Lie{"routes_in_every_dump", "RTM_GETROUTE lists the routes of other namespaces", "net/routes",
        "^net/routes", netlink_calls, note_request, leak_into_dump<RTM_GETROUTE, route_message>},
    Lie{"routes_are_used_by_all", "what another namespace has a route to can be reached",
        "net/routes", "^net/(routes|bridge)", connect_call, nullptr, forgive_inside<ENETUNREACH>},
    Lie{"rules_in_every_dump", "RTM_GETRULE lists the rules of other namespaces",
        "net/routing_rules", "^net/routing_rules", netlink_calls, note_request,
        leak_into_dump<RTM_GETRULE, rule_message>},
    Lie{"neighbours_in_every_dump", "RTM_GETNEIGH lists the neighbours of other namespaces",
        "net/neighbours", "^net/neighbours", netlink_calls, note_request,
        leak_into_dump<RTM_GETNEIGH, neighbour_message>},
    Lie{"proc_net_is_the_first_ones", "/proc/net shows the namespace of the first process",
        "net/addresses",
        "^net/(addresses|routes|neighbours|tcp_ports|udp_ports|unix_abstract|packet)", open_call,
        open_outsides_proc_net},
    Lie{"proc_net_is_the_readers", "/proc/PID/net shows the namespace of who reads it",
        "net/proc_net", "^net/proc_net", open_call, open_readers_proc_net},
    Lie{"nftables_in_every_dump", "nf_tables lists the tables of other namespaces", "net/nftables",
        "^net/nftables", netlink_calls, note_request, leak_into_dump<get_table, table_message>},
    Lie{"nftables_drop_for_all", "a chain drops the packets of other namespaces", "net/nftables",
        "^net/nftables", send_call, drop_everywhere},
    Lie{"listeners_are_global", "a TCP listener is reached from other namespaces", "net/ports",
        "^net/tcp_ports", connect_call, nullptr, forgive_inside<ECONNREFUSED>},
    Lie{"ports_are_global", "a port must be unique in the machine", "net/ports",
        "^net/(tcp|udp)_ports", bind_call, nullptr, take_port<7001>},
    Lie{"datagrams_arrive_everywhere", "a UDP datagram reaches other namespaces", "net/ports",
        "^net/udp_ports", poll_call, nullptr, deliver_everywhere},
    Lie{"tcp_diag_lists_all", "inet_diag lists the sockets of other namespaces", "net/ports",
        "^net/tcp_diag", netlink_calls, note_request,
        leak_into_dump<SOCK_DIAG_BY_FAMILY, tcp_message>},
    Lie{"abstract_sockets_are_global",
        "an abstract socket of another namespace can be connected to", "net/unix_abstract",
        "^net/unix_abstract", connect_call, nullptr, forgive_inside<ECONNREFUSED>},
    Lie{"abstract_datagrams_are_global", "an abstract socket of another namespace takes datagrams",
        "net/unix_abstract", "^net/unix_abstract", send_call, nullptr, deliver_nowhere},
    Lie{"path_sockets_are_private", "a socket with a path is refused to other namespaces",
        "net/unix_abstract", "^net/unix_abstract", connect_call, nullptr, refuse_paths},
    Lie{"unix_diag_lists_all", "unix_diag lists the sockets of other namespaces",
        "net/unix_abstract", "^net/unix_diag", netlink_calls, note_request,
        leak_into_dump<SOCK_DIAG_BY_FAMILY, unix_message>},
    Lie{"frames_pass_to_all", "a packet socket sees the frames of other namespaces", "net/packet",
        "^net/packet", receive_call, nullptr, leak_frame},
    Lie{"link_events_for_all", "rtnetlink tells of the links of other namespaces", "net/packet",
        "^net/link_events", receive_call, nullptr, leak_link_event},
    Lie{"uevents_for_all", "uevents tell of the devices of other namespaces", "net/packet",
        "^net/device_uevents", receive_call, nullptr, leak_uevent},
    Lie{"netlink_ports_are_global", "a netlink port of another namespace is reached",
        "net/netlink_ports", "^net/netlink_ports", send_call, nullptr, deliver_nowhere},
    Lie{"sysctls_are_global", "a sysctl below net is the same in every namespace", "net/sysctls",
        "^net/(sysctls|somaxconn|default_ttl|unprivileged_ports)", file_calls, remember_sysctl,
        show_sysctl},
    Lie{"low_ports_for_all", "a low port needs no privilege in any namespace", "net/sysctls",
        "^net/unprivileged_ports", bind_call, nullptr, forgive_outside<EACCES>},
    Lie{"every_sysctl_is_writable", "any process may open any sysctl for writing", "net/sysctls",
        "^net/(sysctl_globals|foreign_sysctl)", open_call, open_all_sysctls},
    Lie{"net_sysctls_have_no_owner", "any process may write the sysctls of a network namespace",
        "net/proc_sys_owner", "^net/proc_sys", open_call, open_all_sysctls},
    Lie{"sockets_follow_their_process", "a socket is where its process is", "net/socket_birth",
        "^net/socket_birth", ioctl_call, confuse_sockets},
    Lie{"links_outlive_their_namespace", "a dead namespace's pair stays listed", "net/death",
        "^net/death", death_calls, note_death, keep_dead_link},
    Lie{"moved_links_stay", "a link that was moved is still listed where it was", "net/veth",
        "^net/veth", netlink_calls, note_move, keep_moved_link},
    // One case each: they wait for what never comes.
    Lie{"pairs_lose_datagrams", "a pair carries nothing out of a namespace", "net/veth",
        "^net/veth:clone3:root", send_call, lose_datagrams},
    Lie{"bridges_lose_datagrams", "a bridge carries nothing out of a namespace", "net/veth",
        "^net/bridge:clone3:root", send_call, lose_datagrams},
    Lie{"bridges_lose_calls", "a bridge carries no TCP out of a namespace", "net/container",
        "^net/container:clone3:root", connect_call, lose_calls},
    Lie{"packets_are_always_forwarded", "packets are forwarded whatever ip_forward says",
        "net/container", "^net/container", write_call, forward_always},
    Lie{"default_routes_are_everybodys", "a default route is in every namespace's table",
        "net/container", "^net/container", netlink_calls, note_request, share_default_route},
    Lie{"siblings_addresses_are_listed", "RTM_GETADDR lists the addresses on the same bridge",
        "net/container", "^net/container", netlink_calls, note_request,
        leak_into_dump<RTM_GETADDR, siblings_address_message>},
    Lie{"packet_sockets_for_all", "raw and packet sockets need no privilege", "net/no_privilege",
        "^net/no_privilege", socket_call, give_packet_socket},
    Lie{"rtnetlink_for_all", "changes by rtnetlink need no privilege", "net/no_privilege",
        "^net/(no_privilege|move_privilege)", receive_call, nullptr, answer_inside<EPERM, 0>},
    Lie{"link_ioctls_for_all", "SIOCSIFFLAGS needs no privilege", "net/no_privilege",
        "^net/no_privilege", ioctl_call, nullptr, forgive_inside<EPERM>},
    Lie{"nsids_are_global", "the number of a namespace is the same in all others", "net/nsid",
        "^net/nsid", receive_call, nullptr, share_nsid},
    Lie{"nsids_change", "a namespace can be numbered twice", "net/nsid", "^net/nsid", receive_call,
        nullptr, answer_outside<EEXIST, 0>},
    Lie{"everything_moves", "lo and bridges can be moved", "net/link_moves", "^net/link_moves",
        receive_call, nullptr, answer_outside<EINVAL, 0>},
    Lie{"names_collide_on_the_way", "a link can be moved to where its name is taken",
        "net/link_moves", "^net/link_moves", receive_call, nullptr, answer_outside<EEXIST, 0>},
};

}  // namespace

std::span<const Lie> net_lies() { return lies; }

}  // namespace nsbench::selftest
