#include "bench/path.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "bench/held.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::bench {
namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::uint16_t port = 7100;
// A network for benchmarks (RFC 2544).
constexpr const char* own_address = "198.18.0.1";
constexpr const char* peer_address = "198.18.0.2";
constexpr const char* lo_address = "127.0.0.1";

constexpr const char* own_link = "nsbown";
constexpr const char* peer_link = "nsbpeer";
constexpr const char* bridge = "nsbbr";
constexpr const char* own_port = "nsbport0";
constexpr const char* peer_port = "nsbport1";

sockaddr_in address_of(Line line) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, line == Line::Lo ? lo_address : peer_address, &address.sin_addr);
  return address;
}

const sockaddr* any(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int type_of(Transport transport) {
  return (transport == Transport::Tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC;
}

Status configure(const char* link, const char* address) {
  Status done = rtnetlink::add_address(link, fmt::format("{}/24", address));
  return done ? rtnetlink::set_up(link) : done;
}

Status running(const char* link) { return rtnetlink::wait_running(link, Deadline::in(patience)); }

Status plug(const char* port_link, const char* far_link) {
  Status done = rtnetlink::add_veth(port_link, far_link);
  if (done) done = rtnetlink::set_master(port_link, bridge);
  if (done) done = rtnetlink::set_up(port_link);
  return done;
}

// The peer's first words, so that each end knows the other's address; and that datagrams pass.
constexpr char hello = 'h';

Result<Fd> listener(Line line, Transport transport) {
  Fd socket(::socket(AF_INET, type_of(transport), 0));
  const sockaddr_in at = address_of(line);
  if (::bind(socket.get(), any(at), sizeof at) != 0) return Error::last("bind(the other end)");
  if (transport == Transport::Tcp && ::listen(socket.get(), 1) != 0) return Error::last("listen");
  return socket;
}

Status greet(int socket) {
  char answer = 0;
  if (::send(socket, &hello, 1, MSG_NOSIGNAL) != 1) return Error::last("send(hello)");
  if (::recv(socket, &answer, 1, 0) != 1) return Error::last("recv(hello)");
  return {};
}

// Waits for this end's hello, and answers it over what is connected then; invalid: errno says why.
Fd answer_greeting(Transport transport, Fd socket) {
  char word = 0;
  sockaddr_in from{};
  socklen_t size = sizeof from;
  auto* const address = reinterpret_cast<sockaddr*>(&from);
  if (transport == Transport::Tcp) {
    Fd one(::accept4(socket.get(), address, &size, SOCK_CLOEXEC));
    socket = std::move(one);
    if (::recv(socket.get(), &word, 1, 0) != 1) return Fd();
  } else {
    if (::recvfrom(socket.get(), &word, 1, 0, address, &size) != 1) return Fd();
    if (::connect(socket.get(), address, size) != 0) return Fd();
  }
  if (::send(socket.get(), &hello, 1, MSG_NOSIGNAL) != 1) return Fd();
  return socket;
}

// The other end's process.
int be_peer(Line line, Transport transport, Channel& channel,
            const std::function<int(int)>& serve) {
  const Status entered = line == Line::Lo ? Status{} : new_network();
  if (!send_status(channel, entered) || !entered || !channel.receive()) return 1;
  Status ready = line == Line::Lo ? Status{} : configure(peer_link, peer_address);
  if (ready && line != Line::Lo) ready = running(peer_link);
  Result<Fd> socket = ready ? listener(line, transport) : Result<Fd>(ready.error());
  if (!send_status(channel, socket ? Status{} : Status(socket.error())) || !socket) return 1;
  const Fd connected = answer_greeting(transport, std::move(*socket));
  if (!connected.valid()) return 1;
  send_at_once(transport, connected.get());
  return serve(connected.get());
}

}  // namespace

Status Path::open(Line line, Transport transport, const std::function<int(int)>& serve) {
  if (Status s = new_network(); !s) return s;
  if (Status s = rtnetlink::set_up("lo"); !s) return s;
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> peer = Child::fork([&] {
    ends->first.close();
    return be_peer(line, transport, ends->second, serve);
  });
  if (!peer) return peer.error();
  peer_ = std::move(*peer);
  to_peer_ = std::move(ends->first);
  ends->second.close();
  if (Status s = receive_status(to_peer_, Deadline::in(patience)); !s) return s;
  Status laid = line == Line::Veth ? lay_veth() : line == Line::Bridge ? lay_bridge() : Status{};
  if (laid) laid = to_peer_.send("wired");
  if (laid) laid = receive_status(to_peer_, Deadline::in(patience));
  if (laid && line != Line::Lo) laid = running(own_link);
  if (laid && line == Line::Bridge) laid = wait_for_ports();
  return laid ? connect(line, transport) : laid;
}

Status Path::lay_veth() {
  Status done = rtnetlink::add_veth(own_link, peer_link);
  if (done) done = rtnetlink::move_link(peer_link, rtnetlink::Where::pid(peer_.pid()));
  return done ? configure(own_link, own_address) : done;
}

// The bridge is in a third namespace, as the host's is.
Status Path::lay_bridge() {
  Result<NamespaceFds> own = NamespaceFds::open("/proc/self", {Kind::Net});
  if (!own) return own.error();
  own_ = std::move(*own);
  if (Status s = new_network(); !s) return s;
  Result<NamespaceFds> middle = NamespaceFds::open("/proc/self", {Kind::Net});
  if (!middle) return middle.error();
  middle_ = std::move(*middle);
  Status done = rtnetlink::add_link(bridge, "bridge");
  if (done) done = rtnetlink::set_up(bridge);
  if (done) done = plug(own_port, own_link);
  if (done) done = plug(peer_port, peer_link);
  if (done) done = rtnetlink::move_link(own_link, rtnetlink::Where::fd(own_.first()));
  if (done) done = rtnetlink::move_link(peer_link, rtnetlink::Where::pid(peer_.pid()));
  if (done) done = own_.join();
  return done ? configure(own_link, own_address) : done;
}

Status Path::wait_for_ports() const {
  Status done = middle_.join();
  for (const char* link : {own_port, peer_port, bridge}) {
    if (done) done = running(link);
  }
  const Status back = own_.join();
  return done ? back : done;
}

Status Path::connect(Line line, Transport transport) {
  socket_ = Fd(::socket(AF_INET, type_of(transport), 0));
  send_at_once(transport, socket_.get());
  limit_waits(socket_.get());
  const sockaddr_in to = address_of(line);
  if (::connect(socket_.get(), any(to), sizeof to) != 0)
    return Error::last("connect(the other end)");
  return greet(socket_.get());
}

void Path::close() {
  socket_.reset();
  peer_.kill();
}

}  // namespace nsbench::bench
