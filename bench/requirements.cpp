#include "bench/requirements.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/sandbox/link_kinds.h"

namespace nsbench::bench {
namespace {

constexpr std::uint64_t kilobyte = 1024;
constexpr std::uint64_t megabyte = 1024 * kilobyte;
// Of the machine's memory a benchmark takes no more than half of what is free.
constexpr std::uint64_t share_of_memory = 2;
// Beside what is held, a batch makes some.
constexpr std::uint64_t beside = 512;

// What a live one takes, generously: net 215 kB, a process in a pid namespace 60 kB.
constexpr std::uint64_t bytes_each(Kind kind) {
  switch (kind) {
    case Kind::Net:
      return 256 * kilobyte;
    case Kind::Pid:
    case Kind::User:
      return 128 * kilobyte;
    default:
      return 16 * kilobyte;
  }
}

std::uint64_t number_of(const std::string& text) {
  const std::size_t digits = text.find_first_not_of(' ');
  std::uint64_t number = 0;
  if (digits == std::string::npos) return Room::unlimited;
  const auto parsed = std::from_chars(text.data() + digits, text.data() + text.size(), number);
  return parsed.ec == std::errc{} ? number : Room::unlimited;
}

std::uint64_t number_in(const std::string& path) {
  const Result<std::string> text = read_small_file(path);
  return text ? number_of(*text) : Room::unlimited;
}

std::uint64_t free_memory() {
  const Result<std::string> meminfo = read_small_file("/proc/meminfo");
  const std::uint64_t kilobytes =
      meminfo ? number_of(field_of(*meminfo, "MemAvailable")) : Room::unlimited;
  return kilobytes == Room::unlimited ? kilobytes : kilobytes * kilobyte;
}

std::uint64_t hard_limit(decltype(RLIMIT_NOFILE) resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_max == RLIM_INFINITY) return Room::unlimited;
  return limit.rlim_max;
}

std::optional<Skip> above(std::uint64_t wanted, std::uint64_t limit, std::string_view name) {
  if (wanted <= limit) return std::nullopt;
  return Skip{SkipReason::Limit, fmt::format("needs {}; {} is {}", wanted, name, limit)};
}

std::optional<Skip> live_too_big(const BenchCase& bench_case, const Room& room) {
  const std::uint64_t count = bench_case.value_or(0);
  const Kind kind = bench_case.workload->namespaces.kinds().front();
  const bool processes = kind == Kind::Pid || kind == Kind::User;
  if (auto s = above(count + beside, room.namespaces, fmt::format("user.{}", row(kind).limit))) {
    return s;
  }
  if (auto s =
          above(count * bytes_each(kind), room.memory / share_of_memory, "half of MemAvailable")) {
    return s;
  }
  if (processes) return above(count + beside, room.processes, "the limit of processes");
  return above(count + beside / 4, room.descriptors, "RLIMIT_NOFILE");
}

}  // namespace

Room Room::look(NamespaceSet set) {
  Room room;
  room.memory = free_memory();
  room.descriptors = hard_limit(RLIMIT_NOFILE);
  room.processes = std::min(hard_limit(RLIMIT_NPROC), number_in("/proc/sys/kernel/pid_max"));
  room.mounts = number_in("/proc/sys/fs/mount-max");
  for (const Kind kind : set.kinds()) {
    room.namespaces =
        std::min(room.namespaces, number_in(fmt::format("/proc/sys/user/{}", row(kind).limit)));
  }
  return room;
}

std::optional<Skip> too_big(const BenchCase& bench_case, const Room& room) {
  if (!bench_case.value) return std::nullopt;
  const std::string_view parameter = bench_case.workload->curve.parameter;
  const std::uint64_t value = bench_case.value_or(0);
  if (parameter == "live" && value > 0) return live_too_big(bench_case, room);
  if (parameter == "mounts") return above(value + 1, room.mounts, "fs.mount-max");
  if (parameter == "resident_mb") {
    return above(value * megabyte, room.memory / share_of_memory, "half of MemAvailable");
  }
  return std::nullopt;
}

std::optional<Skip> missing_here(const BenchCase& bench_case) {
  std::string_view kinds = bench_case.workload->link_kinds;
  while (!kinds.empty()) {
    const std::string_view kind = kinds.substr(0, kinds.find(','));
    if (!link_kind_ready(kind)) {
      return Skip{SkipReason::NoModule,
                  fmt::format("links of the kind {} can't be made without loading a module", kind)};
    }
    kinds.remove_prefix(std::min(kind.size() + 1, kinds.size()));
  }
  if (!bench_case.value) return std::nullopt;
  return too_big(bench_case, Room::look(bench_case.workload->namespaces));
}

std::optional<Skip> met_a_limit(const BenchCase& bench_case, const Error& refusal) {
  const bool deep = bench_case.workload->curve.parameter == "depth" && bench_case.value_or(0) > 1;
  if (!deep || (refusal.err != ENOSPC && refusal.err != EUSERS)) return std::nullopt;
  return Skip{
      SkipReason::Limit,
      fmt::format("{}: the arena is nested already, and 32 levels is the most", refusal.str())};
}

}  // namespace nsbench::bench
