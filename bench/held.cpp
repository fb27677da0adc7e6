#include "bench/held.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <string>
#include <utility>

#include "probes/sandbox/enter.h"

namespace nsbench::bench {

// The errno goes first: what reads it may have to tell the environment's refusals from others.
Status send_status(Channel& channel, const Status& status) {
  return channel.send(status ? "ok"
                             : fmt::format("{} {}", status.error().err, status.error().step));
}

Status receive_status(Channel& channel, Deadline deadline) {
  const Result<std::string> text = channel.receive(deadline);
  if (!text) return text.error();
  if (*text == "ok") return {};
  Error error;
  const char* const end = text->data() + text->size();
  const auto parsed = std::from_chars(text->data(), end, error.err);
  error.step.assign(parsed.ptr < end ? parsed.ptr + 1 : end, end);
  return error;
}

Result<Child> sleeper_after(const std::function<Status()>& prepare, Deadline deadline) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> child = Child::fork([&]() -> int {
    ends->first.close();
    const Status prepared = prepare();
    if (!send_status(ends->second, prepared) || !prepared) return 1;
    for (;;) ::pause();
  });
  if (!child) return child.error();
  ends->second.close();
  if (Status ready = receive_status(ends->first, deadline); !ready) return ready.error();
  return child;
}

Result<Fd> descriptor_made_by_child(Kind kind, const std::function<Status()>& prepare,
                                    Deadline deadline) {
  const Result<Child> child = sleeper_after(prepare, deadline);
  if (!child) return child.error();
  const Result<std::string> dir = proc_dir(*child);
  if (!dir) return dir.error();
  Fd fd(::open(fmt::format("{}/ns/{}", *dir, row(kind).name).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return Error::last(fmt::format("open(/proc/PID/ns/{})", row(kind).name));
  return fd;
}

void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

const char* made_by_unshare(Kind kind) {
  return kind == Kind::Time ? "time_for_children" : row(kind).name.data();
}

void sleep_until_killed() {
  stay_tied_to_parent();
  for (;;) ::pause();
}

int reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

Status ended_well(pid_t pid) {
  const int status = reap(pid);
  if (status < 0) return Error::last("waitpid");
  if (status == 0) return {};
  return Error{WIFSIGNALED(status) ? "the process inside was killed" : "the process inside failed"};
}

}  // namespace nsbench::bench
