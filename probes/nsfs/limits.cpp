#include "probes/nsfs/limits.h"

#include <fmt/format.h>

#include <cerrno>
#include <thread>

#include "probes/helpers.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/files.h"

namespace nsbench::ns_limit {

namespace {

// The files belong to root of the user namespace that reads them (kernel/ucount.c), but a container
// may have /proc/sys mounted read-only.
int write_limit(Kind kind, int count) {
  const std::string file = fmt::format("/proc/sys/user/{}", row(kind).limit);
  return write_small_file(file, std::to_string(count)).error().err;
}

}  // namespace

void in_limited(Scene& scene, const std::function<void(Observation&)>& look) {
  const auto look_if_writable = [&look](Observation& seen) {
    constexpr int plenty = 100'000;
    seen.result("limit", write_limit(Kind::Uts, plenty));
    if (seen.errno_of("limit") == 0) look(seen);
  };
  if (!in_nested(scene, "limited", {Kind::User, Kind::Mnt}, look_if_writable)) return;
  if (scene.seen.errno_of("limited limit") == EROFS) {
    scene.skip(SkipReason::Policy, "/proc/sys/user is mounted read-only here");
  }
}

int allow(Kind kind, int count) { return write_limit(kind, count); }

int try_to_make(Kind kind) {
  Result<Child> child =
      Child::fork([kind] { return calls::unshare(row(kind).flag) == 0 ? 0 : errno; });
  if (!child) return child.error().err;
  const Result<ExitStatus> ended = child->wait();
  if (!ended) return ended.error().err;
  return ended->signal == 0 ? ended->code : -1;  // as what was not seen
}

int await_room(Kind kind) {
  constexpr std::chrono::seconds patience{3};
  for (const auto end = Deadline::in(patience);;) {
    const int refused = try_to_make(kind);
    if (refused != ENOSPC || end.passed()) return refused;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

}  // namespace nsbench::ns_limit
