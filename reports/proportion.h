// How long a path takes in proportion to lo in the same report: what a machine's load and clock do
// to all of them alike falls out of that.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reports/case_id.h"
#include "reports/report.h"

namespace nsbench {

// One thing that was timed over lo, and over other links as well.
struct InProportion {
  struct Over {
    std::string link;  // "veth", "bridge"
    double p50 = 0;
    double times_lo = 0;  // by how much that is lo's
  };
  CaseId lo;         // network/tcp_rtt_lo:unshare:root
  std::string what;  // "network/tcp_rtt"
  std::string unit;  // of every p50, as of Series
  double p50 = 0;    // lo's
  std::vector<Over> over;
  // How much was delivered in each of these times; 0 where it is no delivery (or no time).
  double mebibytes = 0;
};

// Of the benchmarks of the family network that are results, by way and privilege; in the order of
// lo's series in the report. What has nothing beside lo is left out.
std::vector<InProportion> proportions_of(const Report& report);

}  // namespace nsbench
