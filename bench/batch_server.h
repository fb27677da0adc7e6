// Runs single batches of benchmark cases on request, for a driver that decides their order itself.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "bench/plant.h"
#include "bench/protocol.h"
#include "bench/workload.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"

namespace nsbench::bench {

// One long-lived worker process per privilege, started with its first batch, in an arena of its
// own, tied to one CPU like run_session()'s. Between batches it sleeps. The caller must be
// single-threaded; all of it ends with the BatchServer, or with its process.
class BatchServer {
 public:
  // Waits until `fd` is readable or the deadline has passed: true. False: gives the batch up.
  using Wait = std::function<bool(int fd, Deadline deadline)>;

  // `seed` chooses the samples that are kept; `cases` are those that can be asked for.
  BatchServer(Support support, std::uint64_t seed,
              std::vector<BenchCase> cases = all_bench_cases());

  // For one batch beside its calls, and the processes that a worker may have at once: as in
  // SessionOptions (bench/session.h).
  std::chrono::seconds patience{30};
  std::size_t most_processes = 16'000;

  // Slows cases down on purpose; before the first run().
  void plant(Plants plants) { plants_ = std::move(plants); }

  // One batch of the case, with `seconds` for its calls and what undoes them, as a series of one
  // batch. What stands in the way is told as by run_session(): `skip`, `error`, `failures`. A
  // worker that died, hung or forked without end is replaced at the next request. Answers within
  // forty seconds (slow_machine.h: or more) beyond what the batch takes. An Error: the batch was
  // given up, and its worker is gone.
  Result<Series> run(const BenchCase& bench_case, double seconds, const Wait& wait);

  // What the report should warn of, since the last call; each code comes once from each worker.
  std::vector<Note> take_notes();

 private:
  Result<Series> receive(Arena& arena, const BenchCase& bench_case, Deadline deadline,
                         const Wait& wait);
  Arena* arena_of(Privilege privilege, Error& obstacle);

  Support support_;
  Plants plants_;
  std::mt19937_64 seeds_;
  std::vector<BenchCase> cases_;  // workers know a case by its place in this
  std::map<Privilege, Arena> arenas_;
  std::map<CaseId, bool> measured_;  // cases that have worked
  std::vector<Note> notes_;
};

}  // namespace nsbench::bench
