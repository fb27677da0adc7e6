#include "probes/sandbox/inet_netlink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "probes/sandbox/netlink.h"
#include "reports/number.h"

namespace nsbench::rtnetlink {

namespace {

using netlink::Answer;
using netlink::Message;

constexpr std::uint16_t creation = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;

// An address or a network as netlink has it.
struct Network {
  int family = 0;
  std::string bytes;
  std::uint8_t prefix = 0;
};

Result<Network> parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));
  Network found;
  found.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  found.bytes.resize(found.family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr));
  found.prefix = static_cast<std::uint8_t>(found.bytes.size() * 8);
  if (slash != std::string_view::npos) {
    const auto prefix = parse_number<std::uint8_t>(text.substr(slash + 1));
    if (!prefix) return Error{fmt::format("\"{}\" is no network", text), EINVAL};
    found.prefix = *prefix;
  }
  if (::inet_pton(found.family, address.c_str(), found.bytes.data()) != 1) {
    return Error{fmt::format("\"{}\" is no address", text), EINVAL};
  }
  return found;
}

std::string address_text(int family, std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  if (bytes.size() != size ||
      ::inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr)
    return "?";
  return text.data();
}

Result<unsigned> index_of(std::string_view link) {
  const unsigned index = ::if_nametoindex(std::string(link).c_str());
  if (index == 0) return Error::last(fmt::format("if_nametoindex({})", link));
  return index;
}

Status acknowledged(Message& message, const std::string& step) {
  return netlink::acknowledged(NETLINK_ROUTE, message, "rtnetlink " + step);
}

// Asks for all of one sort, and turns each answer into a text; an empty one is left out.
template <class Body>
Result<std::vector<std::string>> texts(std::uint16_t request_type, const Body& body,
                                       std::string (*text)(const Answer&), const char* step) {
  Message request(request_type, NLM_F_DUMP, body);
  const auto answers = netlink::dump(NETLINK_ROUTE, request, fmt::format("rtnetlink {}", step));
  if (!answers) return answers.error();
  std::vector<std::string> found;
  for (const Answer& answer : *answers) {
    std::string one = text(answer);
    if (!one.empty()) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace

std::string address_of(const Answer& answer) {
  const auto body = answer.body<ifaddrmsg>();
  const std::string_view all = answer.attributes(sizeof body);
  auto value = netlink::attribute(all, IFA_LOCAL);
  if (!value) value = netlink::attribute(all, IFA_ADDRESS);
  if (!value) return "";
  return fmt::format("{}/{}", address_text(body.ifa_family, *value), body.ifa_prefixlen);
}

std::string route_of(const Answer& answer) {
  const auto body = answer.body<rtmsg>();
  const std::string_view all = answer.attributes(sizeof body);
  const std::uint32_t table = netlink::number_of(all, RTA_TABLE).value_or(body.rtm_table);
  const auto value = netlink::attribute(all, RTA_DST);
  if (table == RT_TABLE_LOCAL) return "";
  return fmt::format("{}/{} table {}", value ? address_text(body.rtm_family, *value) : "default",
                     body.rtm_dst_len, table);
}

std::string rule_of(const Answer& answer) {
  const auto body = answer.body<fib_rule_hdr>();
  const std::string_view all = answer.attributes(sizeof body);
  return fmt::format("{} table {}", netlink::number_of(all, FRA_PRIORITY).value_or(0),
                     netlink::number_of(all, FRA_TABLE).value_or(body.table));
}

std::string neighbour_of(const Answer& answer) {
  const auto body = answer.body<ndmsg>();
  const auto value = netlink::attribute(answer.attributes(sizeof body), NDA_DST);
  return value ? address_text(body.ndm_family, *value) : "";
}

Result<Message> address_request(std::string_view link, std::string_view address) {
  const Result<Network> network = parse(address);
  if (!network) return network.error();
  const Result<unsigned> index = index_of(link);
  if (!index) return index.error();
  ifaddrmsg body{};
  body.ifa_family = static_cast<std::uint8_t>(network->family);
  body.ifa_prefixlen = network->prefix;
  body.ifa_flags = network->family == AF_INET6 ? IFA_F_NODAD : 0;
  body.ifa_index = *index;
  Message request(RTM_NEWADDR, creation, body);
  request.bytes(IFA_LOCAL, network->bytes).bytes(IFA_ADDRESS, network->bytes);
  // SIOCGIFCONF goes by the label.
  if (network->family == AF_INET) request.text(IFA_LABEL, link);
  return request;
}

Status add_address(std::string_view link, std::string_view address) {
  Result<Message> request = address_request(link, address);
  if (!request) return request.error();
  return acknowledged(*request, fmt::format("RTM_NEWADDR({}, {})", link, address));
}

Result<std::vector<std::string>> addresses() {
  return texts(RTM_GETADDR, ifaddrmsg{}, address_of, "RTM_GETADDR");
}

Status add_route(std::string_view destination, std::string_view link, std::uint32_t table) {
  const Result<Network> network = parse(destination);
  if (!network) return network.error();
  const Result<unsigned> index = index_of(link);
  if (!index) return index.error();
  rtmsg body{};
  body.rtm_family = static_cast<std::uint8_t>(network->family);
  body.rtm_dst_len = network->prefix;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = network->family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  Message request(RTM_NEWROUTE, creation, body);
  request.bytes(RTA_DST, network->bytes).number(RTA_OIF, *index).number(RTA_TABLE, table);
  return acknowledged(request, fmt::format("RTM_NEWROUTE({}, {})", destination, link));
}

Result<Message> default_route_request(std::string_view gateway, std::string_view link) {
  const Result<Network> by = parse(gateway);
  if (!by) return by.error();
  const Result<unsigned> index = index_of(link);
  if (!index) return index.error();
  rtmsg body{};
  body.rtm_family = static_cast<std::uint8_t>(by->family);
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_STATIC;
  body.rtm_scope = RT_SCOPE_UNIVERSE;
  body.rtm_type = RTN_UNICAST;
  Message request(RTM_NEWROUTE, creation, body);
  request.bytes(RTA_GATEWAY, by->bytes).number(RTA_OIF, *index);
  return request;
}

Status add_default_route(std::string_view gateway, std::string_view link) {
  Result<Message> request = default_route_request(gateway, link);
  if (!request) return request.error();
  return acknowledged(*request, fmt::format("RTM_NEWROUTE(default, {}, {})", gateway, link));
}

Result<std::vector<std::string>> routes(int family) {
  rtmsg body{};
  body.rtm_family = static_cast<std::uint8_t>(family);
  return texts(RTM_GETROUTE, body, route_of, "RTM_GETROUTE");
}

Status add_rule(int family, std::uint32_t priority, std::uint32_t table) {
  fib_rule_hdr body{};
  body.family = static_cast<std::uint8_t>(family);
  body.action = FR_ACT_TO_TBL;
  Message request(RTM_NEWRULE, creation, body);
  request.number(FRA_PRIORITY, priority).number(FRA_TABLE, table);
  return acknowledged(request, fmt::format("RTM_NEWRULE({})", priority));
}

Result<std::vector<std::string>> rules(int family) {
  fib_rule_hdr body{};
  body.family = static_cast<std::uint8_t>(family);
  return texts(RTM_GETRULE, body, rule_of, "RTM_GETRULE");
}

Status add_neighbour(std::string_view address, std::string_view link) {
  const Result<Network> network = parse(address);
  if (!network) return network.error();
  const Result<unsigned> index = index_of(link);
  if (!index) return index.error();
  ndmsg body{};
  body.ndm_family = static_cast<std::uint8_t>(network->family);
  body.ndm_ifindex = static_cast<int>(*index);
  body.ndm_state = NUD_PERMANENT;
  Message request(RTM_NEWNEIGH, creation, body);
  request.bytes(NDA_DST, network->bytes);
  request.bytes(NDA_LLADDR, std::string_view("\x02\x00\x5e\x10\x00\x01", 6));
  return acknowledged(request, fmt::format("RTM_NEWNEIGH({}, {})", address, link));
}

Result<std::vector<std::string>> neighbours(int family) {
  ndmsg body{};
  body.ndm_family = static_cast<std::uint8_t>(family);
  return texts(RTM_GETNEIGH, body, neighbour_of, "RTM_GETNEIGH");
}

}  // namespace nsbench::rtnetlink
