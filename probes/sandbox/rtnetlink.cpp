#include "probes/sandbox/rtnetlink.h"

#include <fmt/format.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>

namespace nsbench::rtnetlink {

namespace {

using netlink::Message;

Status acknowledged(Message& message, const std::string& step) {
  return netlink::acknowledged(NETLINK_ROUTE, message, "rtnetlink " + step);
}

Result<ifinfomsg> header_of(std::string_view name) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(::if_nametoindex(std::string(name).c_str()));
  if (header.ifi_index == 0) return Error::last(fmt::format("if_nametoindex({})", name));
  return header;
}

Message creation() {
  return Message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, ifinfomsg{});
}

constexpr std::uint16_t link_flag(Where::By by) {
  return by == Where::By::Pid ? IFLA_NET_NS_PID : IFLA_NET_NS_FD;
}

constexpr std::uint16_t nsid_flag(Where::By by) {
  return by == Where::By::Pid ? NETNSA_PID : NETNSA_FD;
}

// struct rtgenmsg, padded as an attribute behind it wants it.
struct GenericHeader {
  rtgenmsg message{.rtgen_family = AF_UNSPEC};
  char padding[3]{};
};

}  // namespace

Link link_of(const netlink::Answer& message) {
  const auto info = message.body<ifinfomsg>();
  const std::string_view all = message.attributes(sizeof info);
  Link link{.index = info.ifi_index,
            .name = netlink::text_of(all, IFLA_IFNAME),
            .flags = info.ifi_flags,
            .kind = ""};
  if (const auto details = netlink::attribute(all, IFLA_LINKINFO)) {
    link.kind = netlink::text_of(*details, IFLA_INFO_KIND);
  }
  const auto operstate = netlink::attribute(all, IFLA_OPERSTATE);
  if (operstate && !operstate->empty()) {
    link.operstate = static_cast<unsigned char>(operstate->front());
  }
  link.mtu = netlink::number_of(all, IFLA_MTU).value_or(0);
  link.peer_nsid = static_cast<int>(netlink::number_of(all, IFLA_LINK_NETNSID).value_or(-1));
  return link;
}

Result<std::vector<Link>> links() {
  Message request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  const auto answers = netlink::dump(NETLINK_ROUTE, request, "rtnetlink RTM_GETLINK");
  if (!answers) return answers.error();
  std::vector<Link> found;
  for (const netlink::Answer& answer : *answers) {
    if (answer.type == RTM_NEWLINK) found.push_back(link_of(answer));
  }
  return found;
}

Result<Link> link(std::string_view name) {
  const Result<std::vector<Link>> all = links();
  if (!all) return all.error();
  for (const Link& one : *all) {
    if (one.name == name) return one;
  }
  return Error{fmt::format("rtnetlink RTM_GETLINK({})", name), ENODEV};
}

Status add_link(std::string_view name, std::string_view kind) {
  Message request = creation();
  request.text(IFLA_IFNAME, name);
  const std::size_t info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, kind);
  request.close(info);
  return acknowledged(request, fmt::format("RTM_NEWLINK({}, {})", name, kind));
}

netlink::Message veth_request(std::string_view name, std::string_view peer) {
  Message request = creation();
  request.text(IFLA_IFNAME, name);
  const std::size_t info = request.open(IFLA_LINKINFO);
  request.text(IFLA_INFO_KIND, "veth");
  const std::size_t data = request.open(IFLA_INFO_DATA);
  const std::size_t other = request.open(VETH_INFO_PEER);
  const ifinfomsg header{};
  request.raw({reinterpret_cast<const char*>(&header), sizeof header});
  request.text(IFLA_IFNAME, peer);
  request.close(other);
  request.close(data);
  request.close(info);
  return request;
}

netlink::Message deletion_request(std::string_view name) {
  Message request(RTM_DELLINK, NLM_F_ACK, ifinfomsg{});
  request.text(IFLA_IFNAME, name);
  return request;
}

netlink::Message up_request(std::string_view name) {
  ifinfomsg header{};
  header.ifi_flags = IFF_UP;
  header.ifi_change = IFF_UP;
  Message request(RTM_NEWLINK, NLM_F_ACK, header);
  request.text(IFLA_IFNAME, name);
  return request;
}

netlink::Message master_request(std::string_view name, int bridge_index) {
  Message request(RTM_NEWLINK, NLM_F_ACK, ifinfomsg{});
  request.text(IFLA_IFNAME, name).number(IFLA_MASTER, bridge_index);
  return request;
}

netlink::Message move_request(std::string_view name, Where target, std::string_view new_name) {
  ifinfomsg header{};
  // IFLA_IFNAME is the new name where there is an index, and the old one where there is none.
  header.ifi_index = static_cast<int>(::if_nametoindex(std::string(name).c_str()));
  Message request(RTM_NEWLINK, NLM_F_ACK, header);
  request.number(link_flag(target.by), target.value);
  const std::string_view text = header.ifi_index == 0 ? name : new_name;
  if (!text.empty()) request.text(IFLA_IFNAME, text);
  return request;
}

Status add_veth(std::string_view name, std::string_view peer) {
  Message request = veth_request(name, peer);
  return acknowledged(request, fmt::format("RTM_NEWLINK({}, veth, {})", name, peer));
}

Status delete_link(std::string_view name) {
  const Result<ifinfomsg> header = header_of(name);
  if (!header) return header.error();
  Message request(RTM_DELLINK, NLM_F_ACK, *header);
  return acknowledged(request, fmt::format("RTM_DELLINK({})", name));
}

Status rename_link(std::string_view name, std::string_view new_name) {
  const Result<ifinfomsg> header = header_of(name);
  if (!header) return header.error();
  Message request(RTM_NEWLINK, NLM_F_ACK, *header);
  request.text(IFLA_IFNAME, new_name);
  return acknowledged(request, fmt::format("rename({} to {})", name, new_name));
}

Status set_up(std::string_view name) {
  Result<ifinfomsg> header = header_of(name);
  if (!header) return header.error();
  header->ifi_flags = IFF_UP;
  header->ifi_change = IFF_UP;
  Message request(RTM_NEWLINK, NLM_F_ACK, *header);
  return acknowledged(request, fmt::format("up({})", name));
}

bool is_running(const Link& link) {
  constexpr unsigned if_oper_up = 6;  // of linux/if.h, which net/if.h collides with
  return (link.flags & IFF_UP) != 0 && link.operstate == if_oper_up;
}

Status wait_running(netlink::Socket& requests, const netlink::Socket& events, std::string_view name,
                    Deadline deadline) {
  const std::string step = fmt::format("rtnetlink {} is running", name);
  for (;;) {
    Message request(RTM_GETLINK, 0, ifinfomsg{});
    request.text(IFLA_IFNAME, name);
    const Result<netlink::Answer> now = requests.ask(request, step);
    if (!now) return now.error();
    if (is_running(link_of(*now))) return {};
    // Whatever happens to links is a reason to ask again; what happened since is waiting here.
    const auto any = [](const netlink::Answer&) { return true; };
    if (Status heard = events.wait_for(any, deadline, step); !heard) return heard;
  }
}

Status wait_running(std::string_view name, Deadline deadline) {
  Result<netlink::Socket> events = netlink::Socket::open(NETLINK_ROUTE, RTMGRP_LINK);
  if (!events) return events.error();
  Result<netlink::Socket> requests = netlink::Socket::open(NETLINK_ROUTE);
  if (!requests) return requests.error();
  return wait_running(*requests, *events, name, deadline);
}

Status set_mtu(std::string_view name, unsigned mtu) {
  const Result<ifinfomsg> header = header_of(name);
  if (!header) return header.error();
  Message request(RTM_NEWLINK, NLM_F_ACK, *header);
  request.number(IFLA_MTU, mtu);
  return acknowledged(request, fmt::format("mtu({}, {})", name, mtu));
}

Status set_master(std::string_view name, std::string_view bridge) {
  const Result<ifinfomsg> header = header_of(name);
  const Result<ifinfomsg> master = header_of(bridge);
  if (!header || !master) return header ? master.error() : header.error();
  Message request(RTM_NEWLINK, NLM_F_ACK, *header);
  request.number(IFLA_MASTER, master->ifi_index);
  return acknowledged(request, fmt::format("master({}, {})", name, bridge));
}

Status move_link(std::string_view name, Where target, std::string_view new_name) {
  const Result<ifinfomsg> header = header_of(name);
  if (!header) return header.error();
  Message request(RTM_NEWLINK, NLM_F_ACK, *header);
  request.number(link_flag(target.by), target.value);
  if (!new_name.empty()) request.text(IFLA_IFNAME, new_name);
  return acknowledged(request, fmt::format("move({})", name));
}

Status set_nsid(Where peer, int nsid) {
  Message request(RTM_NEWNSID, NLM_F_ACK, GenericHeader{});
  request.number(nsid_flag(peer.by), peer.value).number(NETNSA_NSID, nsid);
  return acknowledged(request, fmt::format("RTM_NEWNSID({})", nsid));
}

Result<int> nsid(Where peer) {
  const std::string step = "rtnetlink RTM_GETNSID";
  Message request(RTM_GETNSID, 0, GenericHeader{});
  request.number(nsid_flag(peer.by), peer.value);
  Result<netlink::Socket> socket = netlink::Socket::open(NETLINK_ROUTE);
  if (!socket) return socket.error();
  const Result<netlink::Answer> answer = socket->ask(request, step);
  if (!answer) return answer.error();
  const auto id = netlink::number_of(answer->attributes(sizeof(rtgenmsg)), NETNSA_NSID);
  if (!id) return Error{step + ": no NETNSA_NSID", EPROTO};
  return static_cast<int>(*id);
}

}  // namespace nsbench::rtnetlink
