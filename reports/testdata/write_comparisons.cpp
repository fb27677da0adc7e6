// Writes sample comparisons, for the test that holds them against their schema.
#include <cstdio>
#include <string>
#include <vector>

#include "reports/comparison_json.h"
#include "reports/file.h"
#include "reports/testdata/sample_sides.h"

int main(int argc, char** argv) {
  using namespace nsbench;
  if (argc != 3) {
    std::fputs("usage: write_comparisons LOCKSTEP.json RUNS.json\n", stderr);
    return 2;
  }
  const SampleSides sides = sample_sides();
  SampleRuns runs = in_turn({{}, {.id = "join/uts:setns:root"}}, 3);
  runs.now.front().kernel.splats = {{"oops", "Oops: 0002 [#1] PREEMPT SMP", ""}};
  const Result<Comparison> comparisons[] = {
      compare(std::vector{sides.base}, std::vector{sides.now, sides.null}, {}),
      compare(runs.base, runs.now, {})};
  for (int i = 0; i < 2; ++i) {
    const Status written = comparisons[i] ? write_file(argv[i + 1], to_json(*comparisons[i]))
                                          : Status(comparisons[i].error());
    if (written) continue;
    std::fprintf(stderr, "write_comparisons: %s\n", written.error().str().c_str());
    return 1;
  }
  return 0;
}
