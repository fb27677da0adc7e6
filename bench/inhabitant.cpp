#include "bench/inhabitant.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"

namespace nsbench::bench {
namespace {

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
  char byte = 0;
  ssize_t got = 0;
  do {
    got = ::read(ready_.read.get(), &byte, 1);
  } while (got < 0 && errno == EINTR);
  return got == 1 ? Status{} : Status(Error::last("read(pipe)"));
}

Status Inhabitant::leave() const {
  const bool told = ::write(release_.write.get(), "", 1) == 1;
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  return told ? Status{} : Status(Error{"the process inside could not be let go"});
}

}  // namespace nsbench::bench
