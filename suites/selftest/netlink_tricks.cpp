#include "suites/selftest/netlink_tricks.h"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace nsbench::selftest {

namespace {

constexpr const char* last_request = "netlink request";
constexpr const char* delivered = "netlink delivered";

std::optional<nlmsghdr> header_at(const Call& call, std::uint64_t address) {
  const std::string bytes = call.read(address, sizeof(nlmsghdr));
  nlmsghdr header{};
  if (bytes.size() != sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace

void note_request(Call& call) {
  if (call.number() != SYS_sendto) return;
  std::optional<nlmsghdr> header = header_at(call, call.arg(1));
  if (header && header->nlmsg_type < NLMSG_MIN_TYPE + 2) {  // NFNL_MSG_BATCH_BEGIN
    const auto second = header_at(call, call.arg(1) + NLMSG_ALIGN(header->nlmsg_len));
    if (second) header = second;
  }
  if (header) call.memory()[last_request] = std::to_string(header->nlmsg_type);
}

void add_to_dump(Call& call, std::uint16_t request, std::string_view message) {
  if (call.number() != SYS_recvfrom || call.result() < static_cast<long>(sizeof(nlmsghdr))) return;
  if (call.memory()[last_request] != std::to_string(request)) return;
  const auto header = header_at(call, call.arg(1));
  const auto size = static_cast<std::size_t>(call.result());
  if (!header || header->nlmsg_type == NLMSG_ERROR) return;
  if (size + message.size() > call.arg(2)) return;
  const std::string answer = call.read(call.arg(1), size);
  if (!call.write(call.arg(1), std::string(message) + answer)) return;
  call.set_result(static_cast<long>(message.size() + size));
  call.memory().erase(last_request);
}

void deliver_once(Call& call, std::string_view bytes) {
  if (call.number() != SYS_recvfrom || call.result() != -EAGAIN) return;
  if ((call.arg(3) & MSG_DONTWAIT) == 0 || !call.memory()[delivered].empty()) return;
  if (!call.write(call.arg(1), bytes)) return;
  call.set_result(static_cast<long>(bytes.size()));
  call.memory()[delivered] = "yes";
}

void change_answer(Call& call, int from, int to) {
  if (call.number() != SYS_recvfrom || call.result() < static_cast<long>(NLMSG_HDRLEN)) return;
  const auto header = header_at(call, call.arg(1));
  if (!header || header->nlmsg_type != NLMSG_ERROR) return;
  const std::string bytes = call.read(call.arg(1) + NLMSG_HDRLEN, sizeof(int));
  int error = 0;
  if (bytes.size() == sizeof error) std::memcpy(&error, bytes.data(), sizeof error);
  if (error != -from) return;
  error = -to;
  call.write(call.arg(1) + NLMSG_HDRLEN, {reinterpret_cast<const char*>(&error), sizeof error});
}

}  // namespace nsbench::selftest
