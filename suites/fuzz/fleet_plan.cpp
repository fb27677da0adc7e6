// fleet.json, which can be anybody's: what is read is written and read the same, and no name in it
// leads out of the fleet's directory.
#include "reports/fuzz/check.h"
#include "suites/fleet/directory.h"
#include "suites/fleet/plan.h"

using namespace nsbench;
using namespace nsbench::fleet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Plan> plan = read_plan(fuzz::text_of(data, size));
  if (!plan) {
    fuzz::check(plan.error().str().find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const std::string text = plan_json(*plan);
  Result<Plan> again = read_plan(text);
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(plan_json(*again) == text, "what was read is written the same");
  const Directory directory{std::filesystem::path("/fleet")};
  for (const PlannedJob& job : plan->jobs) {
    for (const std::string& file :
         {directory.job_file(job), directory.report_file(job), directory.log_file(job)}) {
      fuzz::check(std::filesystem::path(file).lexically_normal().string().starts_with("/fleet/"),
                  "it is below the directory");
    }
  }
  const std::size_t jobs = again->jobs.size();
  take_over(*again, *plan);
  add_others(*again, *plan);
  fuzz::check(again->jobs.size() == jobs, "a plan adds nothing to itself");
  return 0;
}
