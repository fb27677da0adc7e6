#include "bench/container_network.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "probes/sandbox/deadline.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::bench {
namespace {

using netlink::Message;
using netlink::Socket;

constexpr std::chrono::seconds patience{5};
constexpr const char* bridge = "nsbbr";
constexpr const char* inner_end = "nsbeth";
constexpr std::uint16_t port = 7200;
// A network for benchmarks (RFC 2544).
constexpr const char* gateway = "198.18.0.1";
constexpr int prefix = 16;

std::string container_address(std::size_t number) {
  constexpr std::size_t in_each = 250;
  return fmt::format("198.18.{}.{}/{}", 1 + number / in_each % in_each, 1 + number % in_each,
                     prefix);
}

Status add_address(Socket& socket, const char* link, const std::string& address) {
  Result<Message> request = rtnetlink::address_request(link, address);
  return request ? socket.acknowledged(*request, "RTM_NEWADDR") : Status(request.error());
}

Status set_up(Socket& socket, const std::string& link) {
  Message request = rtnetlink::up_request(link);
  return socket.acknowledged(request, "RTM_NEWLINK(up)");
}

ifreq request_for(const std::string& link) {
  ifreq request{};
  std::strncpy(request.ifr_name, link.c_str(), IFNAMSIZ - 1);
  return request;
}

Status running(Socket& requests, const Socket& events, std::string_view link) {
  return rtnetlink::wait_running(requests, events, link, Deadline::in(patience));
}

sockaddr_in gateway_address() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, gateway, &address.sin_addr);
  return address;
}

bool comes_in(int socket, sockaddr_in* from) {
  pollfd ready{.fd = socket, .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, Deadline::in(patience).poll_ms()) != 1) return false;
  char byte = 0;
  socklen_t size = sizeof *from;
  return ::recvfrom(socket, &byte, 1, 0, reinterpret_cast<sockaddr*>(from), &size) == 1;
}

bool goes_out(int socket, const sockaddr_in& to) {
  return ::sendto(socket, "?", 1, 0, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 1;
}

}  // namespace

Status ContainerNetwork::lay_bridge() {
  Result<Socket> requests = Socket::open(NETLINK_ROUTE);
  if (!requests) return requests.error();
  Result<Socket> events = Socket::open(NETLINK_ROUTE, RTMGRP_LINK);
  if (!events) return events.error();
  host_.emplace(std::move(*requests));
  events_.emplace(std::move(*events));
  Status done = rtnetlink::add_link(bridge, "bridge");
  if (done) done = rtnetlink::set_up("lo");
  if (done) done = rtnetlink::add_address(bridge, fmt::format("{}/{}", gateway, prefix));
  if (done) done = rtnetlink::set_up(bridge);
  if (!done) return done;
  const Result<rtnetlink::Link> link = rtnetlink::link(bridge);
  if (!link) return link.error();
  bridge_index_ = link->index;
  answerer_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const sockaddr_in at = gateway_address();
  if (::bind(answerer_.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
    return Error::last("bind(the bridge's address)");
  }
  return {};
}

Status ContainerNetwork::wire() {
  Result<Socket> requests = Socket::open(NETLINK_ROUTE);
  if (!requests) return requests.error();
  Result<Socket> events = Socket::open(NETLINK_ROUTE, RTMGRP_LINK);
  if (!events) return events.error();
  near_end_ = fmt::format("nsbp{}", made_);
  const std::string address = container_address(made_++);
  inside_.push_back(
      {.requests = std::move(*requests), .events = std::move(*events), .socket = Fd()});
  Inside& inside = inside_.back();
  Status done = connect_pair(inside, address);
  if (done) done = running(inside.requests, inside.events, inner_end);
  if (done) done = running(*host_, *events_, near_end_);
  if (done) done = running(*host_, *events_, bridge);
  if (!done) return done;
  inside.socket = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return ask(inside);
}

Status ContainerNetwork::connect_pair(Inside& inside, const std::string& address) {
  Message pair = rtnetlink::veth_request(near_end_, inner_end);
  if (Status s = host_->acknowledged(pair, "RTM_NEWLINK(veth)"); !s) return s;
  Message move = rtnetlink::move_request(inner_end, rtnetlink::Where::pid(::getpid()));
  if (Status s = host_->acknowledged(move, "RTM_NEWLINK(move)"); !s) return s;
  Message port_of = rtnetlink::master_request(near_end_, bridge_index_);
  if (Status s = host_->acknowledged(port_of, "RTM_NEWLINK(master)"); !s) return s;
  if (Status s = set_up(*host_, near_end_); !s) return s;
  if (Status s = set_up(inside.requests, "lo"); !s) return s;
  if (Status s = add_address(inside.requests, inner_end, address); !s) return s;
  if (Status s = set_up(inside.requests, inner_end); !s) return s;
  Result<Message> route = rtnetlink::default_route_request(gateway, inner_end);
  if (!route) return route.error();
  return inside.requests.acknowledged(*route, "RTM_NEWROUTE(default)");
}

// A datagram to the bridge's address, and one back.
Status ContainerNetwork::ask(const Inside& inside) const {
  sockaddr_in from{};
  if (!goes_out(inside.socket.get(), gateway_address())) return Error::last("sendto(the bridge)");
  if (!comes_in(answerer_.get(), &from)) return Error{"the network carries nothing out"};
  if (!goes_out(answerer_.get(), from)) return Error::last("sendto(the container)");
  if (!comes_in(inside.socket.get(), &from)) return Error{"the network carries nothing in"};
  return {};
}

void ContainerNetwork::let_go() { inside_.pop_back(); }

bool ContainerNetwork::has_near_end() const {
  ifreq request = request_for(near_end_);
  return ::ioctl(host_->fd(), SIOCGIFINDEX, &request) == 0 || errno != ENODEV;
}

}  // namespace nsbench::bench
