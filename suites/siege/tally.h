// What all kills came to, as tables.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "suites/siege/attack.h"

namespace nsbench::siege {

class Tally {
 public:
  void add(const Scenario& scenario, Ending ending, const Outcome& outcome);
  [[nodiscard]] int kills() const { return kills_; }
  [[nodiscard]] int failed() const { return failed_; }
  // Scenarios by endings, in the order of their lists; then times, and what became of files.
  [[nodiscard]] std::string str(const std::vector<Scenario>& scenarios) const;

 private:
  struct Cell {
    int kills = 0;
    int failed = 0;
  };
  struct Row {
    std::vector<double> to_end;  // of what was asked to stop, in seconds
    std::vector<double> own;     // of these, less the time without a CPU
    std::vector<double> to_clean;
    int too_late = 0, too_early = 0;
    int between = 0;  // some reports were new and some old
    int temporaries = 0;
  };
  [[nodiscard]] std::string times(const std::vector<Scenario>& scenarios) const;

  std::map<std::pair<std::string, Ending>, Cell> cells_;
  std::map<std::string, Row> rows_;
  int kills_ = 0;
  int failed_ = 0;
  int ran_out_ = 0;  // processes that the kernel killed when memory ended
  int chosen_ = 0;   // how often it was nsbench itself
};

}  // namespace nsbench::siege
