#include "probes/sandbox/storm.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "probes/sandbox/files.h"

namespace nsbench {

namespace {

constexpr std::chrono::milliseconds between_looks{100};

// Of the process, by /proc/PID/stat: "PID (NAME) STATE PPID ..."; the name may hold anything.
pid_t parent_of(pid_t pid) {
  const Result<std::string> stat = read_small_file(fmt::format("/proc/{}/stat", pid));
  const std::size_t name_ends = stat ? stat->rfind(") ") : std::string::npos;
  if (name_ends == std::string::npos || name_ends + 4 >= stat->size()) return 0;
  pid_t parent = 0;
  std::from_chars(stat->data() + name_ends + 4, stat->data() + stat->size(), parent);
  return parent;
}

std::map<pid_t, pid_t> parents_of_all() {
  std::map<pid_t, pid_t> parents;
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  while (const dirent* entry = proc ? ::readdir(proc.get()) : nullptr) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    std::from_chars(name.data(), name.data() + name.size(), pid);
    if (pid > 0) parents.emplace(pid, parent_of(pid));
  }
  return parents;
}

}  // namespace

StormWatch::StormWatch(std::size_t most) : most_(most) {}

std::string StormWatch::Storm::str() const {
  return fmt::format("a storm of forks: {} processes", processes);
}

std::optional<StormWatch::Storm> StormWatch::look(std::span<const pid_t> roots) {
  if (!next_.passed()) return std::nullopt;
  next_ = Deadline::in(between_looks);
  const Result<std::string> loadavg = read_small_file("/proc/loadavg");
  const std::optional<std::size_t> now = loadavg ? threads_in_loadavg(*loadavg) : std::nullopt;
  if (!now) return std::nullopt;
  calm_ = std::min(*now, calm_.value_or(*now));
  if (*now - *calm_ <= most_) return std::nullopt;
  const std::vector<std::size_t> counts = count_descendants(roots);
  const auto largest = std::max_element(counts.begin(), counts.end());
  if (largest == counts.end() || *largest <= most_ / 2) return std::nullopt;  // somebody else's
  return Storm{static_cast<std::size_t>(largest - counts.begin()), *largest};
}

std::optional<std::size_t> threads_in_loadavg(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  std::size_t threads = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data() + slash + 1, end, threads).ec != std::errc{}) return std::nullopt;
  return threads;
}

std::vector<std::size_t> count_descendants(std::span<const pid_t> roots) {
  const std::map<pid_t, pid_t> parents = parents_of_all();
  std::map<pid_t, std::size_t> place;  // of the root above, once it is known
  constexpr std::size_t none = SIZE_MAX;
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (roots[i] > 0) place.emplace(roots[i], i);
  }
  std::vector<std::size_t> counts(roots.size(), 0);
  for (const auto& [pid, unused] : parents) {
    std::vector<pid_t> line;  // from the process up
    pid_t at = pid;
    while (!place.contains(at) && parents.contains(at) && line.size() < parents.size()) {
      line.push_back(at);
      at = parents.at(at);
    }
    const auto known = place.find(at);
    const std::size_t root = known == place.end() ? none : known->second;
    for (const pid_t one : line) place.emplace(one, root);
    if (root != none && !line.empty()) ++counts[root];
  }
  return counts;
}

}  // namespace nsbench
