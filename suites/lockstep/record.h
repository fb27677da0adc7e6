// What one side of a measurement in lock step has answered, as it grows into a report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "reports/case_id.h"
#include "reports/report.h"
#include "reports/statistics.h"
#include "suites/lockstep/protocol.h"

namespace nsbench::lockstep {

// When and where in the measurement a batch was taken.
struct Place {
  double t = 0;
  std::int64_t pair = -1;
  std::int64_t start = 0;
};

class SideRecord {
 public:
  SideRecord(const std::string& side, std::span<const CaseId> cases, std::uint64_t seed);

  // Who answers. Of several starts the first counts.
  void meet(const Hello& hello);
  void learn(std::span<const About> facts);
  void warn(const Warning& warning);  // each code once

  void add(std::size_t case_index, const BatchResult& result, const Place& place);
  void add_warmup(std::size_t case_index) { ++entries_[case_index].series.warmup_batches; }
  // A result that is no measurement.
  void refuse(std::size_t case_index, const BatchResult& result);
  void crash(std::size_t case_index, const std::string& error);
  // Why a case without batches has none.
  void leave_out(std::size_t case_index, const std::string& reason);

  [[nodiscard]] const RunInfo& run() const { return report_.run; }
  // With the rest of the run's context; the record is done with.
  Report take();

 private:
  struct Entry {
    Series series;
    SampleStore store;
    double sum = 0;  // over `series.calls`
  };

  Report report_;
  std::vector<Entry> entries_;
  bool met_ = false;
  bool learned_ = false;
};

}  // namespace nsbench::lockstep
