#include "probes/sandbox/serial_line.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace nsbench {

Result<Fd> open_serial_line(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return Error::last(fmt::format("open({})", path));
  termios mode{};
  if (::tcgetattr(fd.get(), &mode) != 0) return fd;  // no terminal
  ::cfmakeraw(&mode);
  ::cfsetspeed(&mode, B115200);
  mode.c_cflag |= CLOCAL | CREAD;
  if (::tcsetattr(fd.get(), TCSANOW, &mode) != 0) {
    return Error::last(fmt::format("tcsetattr({})", path));
  }
  return fd;
}

Status write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd wait{.fd = fd, .events = POLLOUT, .revents = 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      return Error::last("write");
    }
  }
  return {};
}

}  // namespace nsbench
