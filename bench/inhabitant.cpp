#include "bench/inhabitant.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "bench/held.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

constexpr int between_looks_ms = 500;

[[noreturn]] void stay(int ready, int released) {
  stay_tied_to_parent();
  char byte = 0;
  if (::write(ready, &byte, 1) == 1) {
    while (::read(released, &byte, 1) < 0 && errno == EINTR) {
    }
  }
  ::_exit(0);
}

}  // namespace

Status Inhabitant::prepare() {
  for (Pipe* pipe : {&ready_, &release_}) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
    pipe->read = Fd(ends[0]);
    pipe->write = Fd(ends[1]);
  }
  return {};
}

bool Inhabitant::settle(std::uint64_t flags) {
  // The child has no heap, so maybe neither `this`.
  const int ready = ready_.write.get();
  const int released = release_.read.get();
  const pid_t pid = calls::clone3(flags, nullptr);
  if (pid == 0) stay(ready, released);
  pid_ = pid;
  return pid > 0;
}

Status Inhabitant::wait_until_inside() const {
  // The end that it writes to is open here as well, so its death is no end of file.
  pollfd told{.fd = ready_.read.get(), .events = POLLIN, .revents = 0};
  while (::poll(&told, 1, between_looks_ms) <= 0) {
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG) == 0 &&
        ended.si_pid == pid_) {
      return Error{"the process inside ended too early"};
    }
  }
  char byte = 0;
  return ::read(ready_.read.get(), &byte, 1) == 1 ? Status{} : Status(Error::last("read(pipe)"));
}

Status Inhabitant::leave() const {
  const bool told = ::write(release_.write.get(), "", 1) == 1;
  const Status ended = ended_well(pid_);
  return told ? ended : Status(Error{"the process inside could not be let go"});
}

}  // namespace nsbench::bench
