#include "probes/time/offsets.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"
#include "probes/sandbox/support.h"

namespace nsbench::probes {

namespace {

// What a kernel may say and still be reckoned with: 30,000 years, in milliseconds.
constexpr std::int64_t most_ms = 1'000'000'000'000'000;

constexpr std::int64_t milliseconds(const timespec& time) {
  const std::int64_t seconds = std::clamp<std::int64_t>(time.tv_sec, -most_ms, most_ms);
  return seconds * 1000 + time.tv_nsec / 1'000'000;
}

constexpr bool is_a_time(std::int64_t ms) { return ms >= 0 && ms <= most_ms; }

Status write_ahead(const Offsets& ahead) {
  const Result<Offsets> so_far = offsets_of_children();
  if (!so_far) return so_far.error();
  return write_small_file(offsets_file, records({so_far->monotonic + ahead.monotonic,
                                                 so_far->boottime + ahead.boottime}));
}

}  // namespace

std::string records(const Offsets& offsets) {
  return fmt::format("monotonic {} 0\nboottime {} 0\n", offsets.monotonic, offsets.boottime);
}

Result<Offsets> offsets_of_children() {
  const Result<std::string> text = read_small_file(offsets_file);
  if (!text) return text.error();
  const auto offsets = parse_timens_offsets(*text);
  const auto is_one = [](std::int64_t offset) { return offset >= -most_ms && offset <= most_ms; };
  if (!offsets || !is_one(offsets->monotonic) || !is_one(offsets->boottime)) {
    return Error{fmt::format("{} holds something else", offsets_file)};
  }
  return Offsets{offsets->monotonic, offsets->boottime};
}

void offset_children(Scene& scene, const Offsets& ahead) {
  if (!scene.recipe().namespaces.has(Kind::Time)) return;
  if (scene.seen.call("unshare", calls::unshare(row(Kind::Time).flag)) != 0) {
    const Error refusal = Error::last("unshare(CLONE_NEWTIME)");
    if (const auto skip = scene.support().explain(refusal, false)) {
      scene.skip(skip->reason, skip->text);
    }
    return;
  }
  const int err = write_ahead(ahead).error().err;
  scene.seen.result("write timens_offsets", err);
  if (err == EPERM && !has_capability(CAP_SYS_TIME)) {
    scene.skip(SkipReason::NoPrivilege, "this process has no CAP_SYS_TIME");
  }
}

int unshare_with_offsets(const Offsets& ahead) {
  if (calls::unshare(row(Kind::Time).flag) != 0) return errno;
  return write_ahead(ahead).error().err;
}

std::int64_t clock_ms(clockid_t clock) {
  timespec now{};
  return ::clock_gettime(clock, &now) == 0 ? milliseconds(now) : -1;
}

std::int64_t clock_ms_by_syscall(clockid_t clock) {
  timespec now{};
  return ::syscall(SYS_clock_gettime, clock, &now) == 0 ? milliseconds(now) : -1;
}

bool is_ahead(std::int64_t inside, std::int64_t ahead, std::int64_t before, std::int64_t after) {
  constexpr std::int64_t slack = 1000;
  return is_a_time(inside) && is_a_time(before) && is_a_time(after) && after >= before &&
         inside >= before + ahead * 1000 - slack && inside <= after + ahead * 1000 + slack;
}

std::string ahead_text(std::int64_t inside, std::int64_t before) {
  if (inside < 0 || before < 0) return "(not seen)";
  if (!is_a_time(inside) || !is_a_time(before)) return "(no time)";
  return fmt::format("{} s ahead", (inside - before) / 1000);
}

}  // namespace nsbench::probes
