// Memory that ends, so that the kernel kills somebody.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "reports/result.h"

namespace nsbench::siege {

// The siege's memory cgroup, of version 1 or 2.
class MemoryCgroup {
 public:
  // The one of these cgroup directories that has a limit of memory; nothing: there is none.
  static std::optional<MemoryCgroup> among(const std::vector<std::string>& directories);

  // For what is besieged, before it is executed: the kernel chooses it, or what it starts, and not
  // the siege. Needs no privilege.
  static void offer_oneself();

  // Lowers the limit to a little above what is in use, allocates until the kernel kills, and lifts
  // it again. How many it killed; 0: it did not within ten seconds.
  [[nodiscard]] Result<int> run_out() const;

 private:
  MemoryCgroup(std::string directory, bool unified)
      : directory_(std::move(directory)), unified_(unified) {}
  [[nodiscard]] Result<long> bytes_in_use() const;
  [[nodiscard]] Result<long> kills() const;
  [[nodiscard]] Status set_limit(const std::string& bytes) const;

  std::string directory_;
  bool unified_;
};

}  // namespace nsbench::siege
