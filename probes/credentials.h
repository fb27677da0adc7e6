// unix(7) sockets over which the kernel tells, with each message, who sent it.
#pragma once

#include <sys/socket.h>

#include <array>

#include "reports/result.h"

namespace nsbench {

// A connected pair that takes credentials with each message; errors by errno.
Result<std::array<int, 2>> make_credential_sockets();
// Takes the message that waits; its sender as the kernel translates it for the reader. Errors: that
// of recvmsg(2) (EAGAIN: there is none), ENOMSG if no credentials came with the message.
Result<ucred> receive_sender(int socket);
// Sends a message signed as `who`, which the kernel has to believe. 0 or the errno.
int send_signed(int socket, const ucred& who);
// Who connected, by SO_PEERCRED; errors by errno.
Result<ucred> peer_of(int socket);

}  // namespace nsbench
