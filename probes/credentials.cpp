#include "probes/credentials.h"

#include <cerrno>
#include <cstring>

namespace nsbench {
namespace {

// One byte, with room for the credentials of somebody.
struct Message {
  Message() {
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  char byte = 'm';
  iovec data{&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))]{};
  msghdr header{};
};

}  // namespace

Result<std::array<int, 2>> make_credential_sockets() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::last("socketpair");
  }
  const int on = 1;
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  return ends;
}

Result<ucred> receive_sender(int socket) {
  Message message;
  if (::recvmsg(socket, &message.header, MSG_DONTWAIT) < 0) return Error::last("recvmsg");
  const cmsghdr* const header = CMSG_FIRSTHDR(&message.header);
  if (header == nullptr || header->cmsg_type != SCM_CREDENTIALS) return Error{"recvmsg", ENOMSG};
  ucred sender{};
  std::memcpy(&sender, CMSG_DATA(header), sizeof sender);
  return sender;
}

int send_signed(int socket, const ucred& who) {
  Message message;
  cmsghdr* const header = CMSG_FIRSTHDR(&message.header);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_CREDENTIALS;
  header->cmsg_len = CMSG_LEN(sizeof who);
  std::memcpy(CMSG_DATA(header), &who, sizeof who);
  return ::sendmsg(socket, &message.header, MSG_NOSIGNAL) < 0 ? errno : 0;
}

Result<ucred> peer_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return Error::last("getsockopt(SO_PEERCRED)");
  }
  return peer;
}

}  // namespace nsbench
