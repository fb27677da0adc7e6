#include "suites/siege/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench::siege {

namespace {

constexpr std::chrono::seconds patience{10};
constexpr long room = 8L << 20U;         // bytes above what is in use
constexpr std::size_t step = 1U << 18U;  // bytes
constexpr std::size_t most = 1U << 30U;  // bytes; it is swapped out, or there is no limit

}  // namespace

std::optional<MemoryCgroup> MemoryCgroup::among(const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    const bool unified = std::filesystem::exists(directory + "/memory.max");
    if (!unified && !std::filesystem::exists(directory + "/memory.limit_in_bytes")) continue;
    // Swap would make it last; there may be none.
    static_cast<void>(
        write_small_file(directory + (unified ? "/memory.swap.max" : "/memory.swappiness"), "0")
            .ok());
    return MemoryCgroup(directory, unified);
  }
  return std::nullopt;
}

Result<long> MemoryCgroup::bytes_in_use() const {
  const std::string path = directory_ + (unified_ ? "/memory.current" : "/memory.usage_in_bytes");
  const Result<std::string> text = read_small_file(path);
  if (!text) return text.error();
  if (const std::optional<long> bytes = parse_number<long>(*text)) return *bytes;
  return Error{fmt::format("{} is no number", path)};
}

Result<long> MemoryCgroup::kills() const {
  constexpr std::string_view field = "oom_kill ";
  const std::string path = directory_ + (unified_ ? "/memory.events" : "/memory.oom_control");
  const Result<std::string> text = read_small_file(path);
  if (!text) return text.error();
  for (const std::string_view line : split_lines(*text)) {
    if (!line.starts_with(field)) continue;
    if (const auto count = parse_number<long>(line.substr(field.size()))) return *count;
  }
  return Error{fmt::format("{} has no number {}", path, trimmed(std::string(field)))};
}

Status MemoryCgroup::set_limit(const std::string& bytes) const {
  return write_small_file(directory_ + (unified_ ? "/memory.max" : "/memory.limit_in_bytes"),
                          bytes);
}

Result<int> MemoryCgroup::run_out() const {
  const Result<long> before = kills();
  const Result<long> used = bytes_in_use();
  if (!before) return before.error();
  if (!used) return used.error();
  if (Status lowered = set_limit(std::to_string(*used + room)); !lowered) return lowered.error();
  Result<Child> eater = Child::fork([&] {
    for (std::size_t eaten = 0; eaten < most; eaten += step) {
      void* const more =
          ::mmap(nullptr, step, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (more == MAP_FAILED) return 1;
      std::memset(more, 1, step);
      if (const Result<long> now = kills(); !now || *now != *before) return 0;
    }
    return 1;
  });
  if (eater) static_cast<void>(eater->wait(Deadline::in(patience)).ok());
  if (Status lifted = set_limit(unified_ ? "max" : "-1"); !lifted) return lifted.error();
  if (!eater) return eater.error();
  eater->kill();
  const Result<long> after = kills();
  if (!after) return after.error();
  return static_cast<int>(*after - *before);
}

// Half of the limit counts for it: more than whoever allocates can have (proc(5), oom_score_adj).
void MemoryCgroup::offer_oneself() {
  static_cast<void>(write_small_file("/proc/self/oom_score_adj", "500").ok());
}

}  // namespace nsbench::siege
