#include "suites/siege/memory.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "probes/sandbox/child.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/files.h"

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

// Of a file of one number, or of lines "field number".
Result<long> MemoryCgroup::number_in(const char* file, const char* field) const {
  const std::string path = fmt::format("{}/{}", directory_, file);
  Result<std::string> text = read_small_file(path);
  if (!text) return text.error();
  std::istringstream lines(*text);
  long number = 0;
  if (*field == '\0') {
    if (lines >> number) return number;
  } else {
    for (std::string word; lines >> word;) {
      if (word == field && lines >> number) return number;
    }
  }
  return Error{fmt::format("{} has no number {}", path, field)};
}

Result<long> MemoryCgroup::kills() const {
  return number_in(unified_ ? "memory.events" : "memory.oom_control", "oom_kill");
}

Status MemoryCgroup::set_limit(const std::string& bytes) const {
  return write_small_file(directory_ + (unified_ ? "/memory.max" : "/memory.limit_in_bytes"),
                          bytes);
}

Result<int> MemoryCgroup::run_out() const {
  const Result<long> before = kills();
  const Result<long> used = number_in(unified_ ? "memory.current" : "memory.usage_in_bytes", "");
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
