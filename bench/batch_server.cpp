#include "bench/batch_server.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "bench/assembly.h"
#include "bench/stage.h"
#include "bench/worker.h"
#include "probes/sandbox/slow_machine.h"
#include "probes/sandbox/storm.h"

namespace nsbench::bench {
namespace {

constexpr std::chrono::milliseconds between_looks{100};
// More than a worker that is one has to say.
constexpr std::size_t most_notes = 256;

// What travels into the arena; both ends are one program.
struct Request {
  std::uint32_t case_index = 0;
  double seconds = 0;
};

std::string bytes_of(const Request& request) {
  std::array<char, sizeof(Request)> raw{};
  std::memcpy(raw.data(), &request, sizeof request);
  return {raw.data(), raw.size()};
}

// The stage: a Worker for each case that is asked for, made when it first is.
class Stage {
 public:
  Stage(StagePort& port, std::span<const BenchCase> cases, const Plants& plants)
      : port_(port), cases_(cases), plants_(plants) {
    ::sched_getaffinity(0, sizeof cpus_, &cpus_);
  }

  void serve() {
    for (;;) {
      const Result<std::string> bytes = port_.receive();
      Request request;
      if (!bytes || bytes->size() != sizeof request) return;
      std::memcpy(&request, bytes->data(), sizeof request);
      if (request.case_index >= cases_.size()) return;
      run(request);
    }
  }

 private:
  void run(const Request& request) {
    std::unique_ptr<Worker>& worker = workers_[request.case_index];
    if (worker == nullptr) {
      // The one before has tied this process to one CPU; each chooses for itself.
      ::sched_setaffinity(0, sizeof cpus_, &cpus_);
      worker = std::make_unique<Worker>(cases_.subspan(request.case_index, 1),
                                        [this](const WorkerMessage& message) { send(message); });
      worker->plant(plants_);
      if (Status ready = worker->set_up(); !ready) {
        worker.reset();
        return send(BatchEnds{.outcome = BatchEnds::Outcome::NotArranged,
                              .step = ready.error().step,
                              .err = ready.error().err});
      }
    }
    worker->run_batch(0, request.seconds);
  }

  void send(const WorkerMessage& message) {
    // Without a harness there is nothing left to do.
    if (!port_.send(encode(message))) ::_exit(1);
  }

  StagePort& port_;
  std::span<const BenchCase> cases_;
  const Plants& plants_;
  cpu_set_t cpus_{};  // that the process may run on
  std::map<std::uint32_t, std::unique_ptr<Worker>> workers_;
};

}  // namespace

BatchServer::BatchServer(Support support, std::uint64_t seed, std::vector<BenchCase> cases)
    : support_(std::move(support)), seeds_(seed), cases_(std::move(cases)) {}

Result<Series> BatchServer::run(const BenchCase& bench_case, double seconds, const Wait& wait) {
  SeriesBuilder obstacle(bench_case, 0, 1);
  if (const std::optional<Skip> skip = missing(bench_case, support_)) {
    obstacle.skip(*skip);
    return obstacle.take();
  }
  Error error;
  Arena* const arena = arena_of(bench_case.privilege, error);
  const auto place = std::find(cases_.begin(), cases_.end(), bench_case);
  if (arena == nullptr || place == cases_.end()) {
    obstacle.fail(arena == nullptr ? error : Error{"no such benchmark"}, support_);
    return obstacle.take();
  }
  const Request request{.case_index = static_cast<std::uint32_t>(place - cases_.begin()),
                        .seconds = seconds};
  // If it can't be sent, the worker is gone, and receiving says how.
  static_cast<void>(arena->send(bytes_of(request)).ok());
  const auto for_calls =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
  return receive(*arena, bench_case, Deadline::in(patience_here() * patience + 2 * for_calls),
                 wait);
}

Result<Series> BatchServer::receive(Arena& arena, const BenchCase& bench_case, Deadline deadline,
                                    const Wait& wait) {
  SeriesBuilder builder(bench_case, 0, seeds_());
  builder.begin(0);
  bool& has_worked = measured_[bench_case.id()];
  // A worker that came to no good end; the next batch gets another.
  const auto lost = [&](const Error& error) {
    if (has_worked) {
      builder.crash({fmt::format("{} while this benchmark ran", error.str())});
    } else {
      builder.fail(error, support_);
    }
    arenas_.erase(bench_case.privilege);
    return builder.take();
  };
  StormWatch storms(most_processes);
  std::size_t notes = 0;
  for (;;) {
    const std::array root{arena.pid()};
    if (const auto storm = storms.look(root)) return lost(Error{storm->str()});
    // However much it talks, a batch that does not end is one.
    if (deadline.passed()) return lost(Error{"the benchmarks' worker fell silent"});
    const Deadline next_look = Deadline::in(between_looks);
    if (!wait(arena.fd(), next_look)) {
      arenas_.erase(bench_case.privilege);
      return Error{"the batch was given up", ECANCELED};
    }
    const Result<std::string> bytes = arena.receive(next_look);
    if (!bytes && bytes.error().err == ETIMEDOUT) continue;
    if (!bytes) return lost(bytes.error());
    const Result<WorkerMessage> message = decode(*bytes);
    if (!message) return lost(message.error());
    if (const auto* note = std::get_if<Note>(&*message)) {
      if (++notes > most_notes) return lost(Error{"the worker has too much to say"});
      notes_.push_back(*note);
    } else if (const auto* times = std::get_if<BatchTimes>(&*message)) {
      if (Status added = builder.add(times->ns); !added) return lost(added.error());
    } else if (const auto* end = std::get_if<BatchEnds>(&*message)) {
      // What has worked once is not refused by the environment.
      if (has_worked && end->outcome != BatchEnds::Outcome::Measured) {
        builder.crash({end->step, end->err});
      } else {
        builder.end(*end, support_);
      }
      has_worked = has_worked || builder.has_batches();
      return builder.take();
    } else {
      return lost(Error{"the worker sent what was not asked for"});
    }
  }
}

Arena* BatchServer::arena_of(Privilege privilege, Error& obstacle) {
  const auto found = arenas_.find(privilege);
  if (found != arenas_.end()) return &found->second;
  std::vector<BenchCase> runnable = cases_;
  std::erase_if(runnable, [&](const BenchCase& c) {
    return c.privilege != privilege || missing(c, support_).has_value();
  });
  Result<Arena> arena = Arena::start(arena_for(privilege, runnable), [this](StagePort& port) {
    Stage(port, cases_, plants_).serve();
  });
  if (!arena) {
    obstacle = arena.error();
    return nullptr;
  }
  return &arenas_.emplace(privilege, std::move(*arena)).first->second;
}

std::vector<Note> BatchServer::take_notes() { return std::exchange(notes_, {}); }

}  // namespace nsbench::bench
