#include "suites/fleet/testing/served.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <utility>

namespace nsbench::fleet::testing {

Fd listen_on_loopback(int& port) {
  Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  constexpr int waiting = 16;
  if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), waiting) != 0 ||
      ::getsockname(listener.get(), generic, &size) != 0) {
    return {};
  }
  port = ntohs(address.sin_port);
  return listener;
}

Fd next_peer(const Fd& listener) {
  sockaddr_in from{};
  socklen_t size = sizeof from;
  return Fd(::accept4(listener.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC));
}

std::string read_head(int peer) {
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n") && ::recv(peer, &byte, 1, 0) == 1) head += byte;
  return head;
}

Served::Served(Http& behind, std::string token)
    : behind_(behind), token_(std::move(token)), listener_(listen_on_loopback(port_)) {
  thread_ = std::thread([this] { serve(); });
}

Served::~Served() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  thread_.join();
}

std::string Served::url() const { return fmt::format("http://127.0.0.1:{}/", port_); }

void Served::serve() {
  for (;;) {
    const Fd peer = next_peer(listener_);
    if (!peer.valid()) return;
    answer(peer.get());
  }
}

void Served::answer(int peer) {
  const std::string head = read_head(peer);
  const std::size_t method = head.find(' ');
  const std::size_t path = head.find(' ', method + 1);
  if (method == std::string::npos || path == std::string::npos) return;
  Request request{.method = head.substr(0, method),
                  .path = head.substr(method + 2, path - method - 2)};  // without its first '/'
  const std::string length = "Content-Length: ";
  if (const std::size_t at = head.find(length); at != std::string::npos) {
    request.body.resize(std::stoul(head.substr(at + length.size())));
    std::size_t got = 0;
    while (got < request.body.size()) {
      const ssize_t more = ::recv(peer, request.body.data() + got, request.body.size() - got, 0);
      if (more <= 0) return;
      got += static_cast<std::size_t>(more);
    }
  }
  request.limit = std::size_t{1} << 30U;
  Result<Response> response = Response{403, R"({"detail":"Invalid token."})"};
  if (token_.empty() || head.find("Authorization: Token " + token_ + "\r\n") != std::string::npos) {
    response = behind_.send(request);
  }
  if (!response) return;  // the connection is closed
  const std::string text =
      fmt::format("HTTP/1.1 {} x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{}",
                  response->status, response->body.size(), response->body);
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t more = ::send(peer, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (more <= 0) return;
    sent += static_cast<std::size_t>(more);
  }
}

}  // namespace nsbench::fleet::testing
