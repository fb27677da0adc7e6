// nsbench worker: runs single batches for a controller that speaks suites/lockstep/protocol.h with
// it over standard input and output.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/batch_server.h"
#include "bench/plant.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/serial_line.h"
#include "probes/sandbox/support.h"
#include "reports/statistics.h"
#include "suites/cli/command.h"
#include "suites/cli/layout.h"
#include "suites/cli/rights.h"
#include "suites/environment.h"
#include "suites/lockstep/facts.h"
#include "suites/lockstep/protocol.h"

namespace nsbench::cli {

namespace {

using lockstep::BatchResult;
using lockstep::LineReader;
using lockstep::Message;

// The way to the controller. Standard input and output, kept from everything else: what anyone
// prints goes to standard error.
class Controller {
 public:
  static Result<Controller> take_over() {
    Controller controller;
    controller.in_ = Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    controller.out_ = Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
    return controller.keep_to_itself();
  }

  // A serial line, which carries both ways.
  static Result<Controller> on_line(const std::string& path) {
    Controller controller;
    Result<Fd> line = open_serial_line(path);
    if (!line) return line.error();
    controller.in_ = std::move(*line);
    controller.out_ = Fd(::fcntl(controller.in_.get(), F_DUPFD_CLOEXEC, 3));
    return controller.keep_to_itself();
  }

  // False: nobody reads.
  [[nodiscard]] bool say(const Message& message) const {
    return write_all(out_.get(), encode(message)).ok();
  }

  // The next line; nothing at the end of the input.
  std::optional<std::string> hear() {
    std::string line;
    for (;;) {
      const LineReader::Got got = lines_.next(line);
      if (got == LineReader::Got::Line) return line;
      if (got == LineReader::Got::TooLong) return "";
      if (!read_more()) return std::nullopt;
    }
  }

  // Until `fd` is readable or the deadline has passed; false if the controller is gone first. What
  // it says meanwhile is read later.
  bool wait(int fd, Deadline deadline) {
    std::array<pollfd, 2> waits{};
    while (!gone_) {
      waits[0] = {.fd = fd, .events = POLLIN, .revents = 0};
      waits[1] = {.fd = in_.get(), .events = POLLIN, .revents = 0};
      const int ready = ::poll(waits.data(), waits.size(), deadline.poll_ms());
      if (ready == 0 || waits[0].revents != 0) return true;
      if (ready > 0 && waits[1].revents != 0) read_more();
    }
    return false;
  }

 private:
  Result<Controller> keep_to_itself() {
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!in_.valid() || !out_.valid() || !nothing.valid() ||
        ::dup2(nothing.get(), STDIN_FILENO) < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
      return Error::last("dup2(standard input and output)");
    }
    return std::move(*this);
  }

  bool read_more() {
    std::array<char, lockstep::max_line> block{};
    ssize_t got = 0;
    do {
      got = ::read(in_.get(), block.data(), block.size());
    } while (got < 0 && errno == EINTR);
    if (got > 0) lines_.feed({block.data(), static_cast<std::size_t>(got)});
    // One that talks on and on without an answer is none of ours.
    gone_ = gone_ || got <= 0 || lines_.size() > 16 * lockstep::max_line;
    return !gone_;
  }

  Fd in_, out_;
  LineReader lines_;
  bool gone_ = false;
};

// Of many times, the same share each: one from each of the equal parts of the sorted times.
std::vector<double> choose(const std::vector<double>& sorted, double phase) {
  const std::size_t count = std::min(sorted.size(), BatchResult::max_samples);
  std::vector<double> chosen;
  for (std::size_t i = 0; i < count; ++i) {
    const double place = (static_cast<double>(i) + phase) / static_cast<double>(count) *
                         static_cast<double>(sorted.size());
    chosen.push_back(sorted[std::min(static_cast<std::size_t>(place), sorted.size() - 1)]);
  }
  return chosen;
}

void measured(Series& series, double phase, BatchResult& result) {
  std::sort(series.samples.begin(), series.samples.end());
  const Batch& batch = series.batches.front();
  const SeriesStatistics statistics = statistics_of(series);
  result.outcome = BatchResult::Outcome::Measured;
  result.unit = series.unit;
  result.n = series.calls;
  result.calls_per_timing = series.calls_per_timing;
  result.p25 = batch.p25;
  result.p50 = statistics.p50;
  result.p90 = statistics.p90;
  result.p99 = statistics.p99;
  result.min = series.min;
  result.max = series.max;
  result.mean = series.mean;
  result.cpu = batch.cpu;
  result.seconds = batch.seconds;
  result.drain = batch.drain;
  result.drained = series.drained;
  result.samples = choose(series.samples, phase);
}

class WorkerProgram {
 public:
  WorkerProgram(Controller controller, const Support& support, bench::Plants plants,
                std::optional<Warning> warning)
      : controller_(std::move(controller)),
        warning_(std::move(warning)),
        support_(support),
        cases_(all_bench_cases()),
        server_(support, random_()) {
    server_.plant(std::move(plants));
  }

  ExitCode run() {
    if (!introduce()) return ExitCode::Unknown;  // with what this process was given
    keep_rights_of_harness();
    while (const std::optional<std::string> line = controller_.hear()) {
      const Result<Message> message = lockstep::decode(*line);
      if (!message) return refuse(message.error().str());
      if (std::holds_alternative<lockstep::Bye>(*message)) {
        return controller_.say(lockstep::Bye{}) ? ExitCode::Ok : ExitCode::Unknown;
      }
      const auto* const run = std::get_if<lockstep::RunBatch>(&*message);
      if (run == nullptr) return refuse("only a worker says that");
      if (!answer(*run)) return ExitCode::Unknown;
    }
    return ExitCode::Unknown;
  }

 private:
  bool introduce() {
    const KernelInfo kernel = look_at_kernel();
    bool heard = controller_.say(lockstep::Hello{.nsbench = NSBENCH_VERSION,
                                                 .workload = workload_version,
                                                 .build = build_type,
                                                 .kernel = kernel.release,
                                                 .clock = kernel.clock});
    for (const lockstep::About& fact : lockstep::facts_of(kernel, look_at_environment(support_))) {
      heard = heard && controller_.say(fact);
    }
    if (warning_) {
      heard = heard && controller_.say(lockstep::Note{warning_->code, warning_->text});
    }
    return heard;
  }

  bool answer(const lockstep::RunBatch& run) {
    BatchResult result;
    result.batch = run.batch;
    result.case_id = run.case_id;
    const auto known = std::find_if(cases_.begin(), cases_.end(), [&run](const BenchCase& c) {
      return c.id().str() == run.case_id;
    });
    if (known == cases_.end()) {
      result.outcome = BatchResult::Outcome::Broken;
      result.error = "nsbench " NSBENCH_VERSION " has no such benchmark";
      return controller_.say(result);
    }
    Result<Series> series = server_.run(*known, run.seconds, [this](int fd, Deadline deadline) {
      return controller_.wait(fd, deadline);
    });
    if (!series) return false;
    fill(*series, result);
    for (const bench::Note& note : server_.take_notes()) {
      if (!controller_.say(lockstep::Note{note.code, note.text})) return false;
    }
    return controller_.say(result);
  }

  void fill(Series& series, BatchResult& result) {
    if (series.is_result() && !series.batches.empty()) {
      return measured(series, std::uniform_real_distribution<double>(0, 1)(random_), result);
    }
    result.outcome = series.skip           ? BatchResult::Outcome::Skipped
                     : series.failures > 0 ? BatchResult::Outcome::Failed
                                           : BatchResult::Outcome::Broken;
    if (series.skip) result.skip = id(*series.skip);
    result.error = series.error.empty() ? "no call was timed" : series.error;
  }

  ExitCode refuse(const std::string& why) {
    complain(why);
    static_cast<void>(controller_.say(lockstep::Bye{why}));
    return ExitCode::Usage;
  }

  Controller controller_;
  std::optional<Warning> warning_;
  Support support_;
  std::mt19937_64 random_{std::random_device{}()};
  std::vector<BenchCase> cases_;
  bench::BatchServer server_;
};

struct WorkerOptions {
  std::vector<std::string> plants;
  int seccomp_instructions = 0;
  std::string channel;  // a serial line, in place of standard input and output
};

Result<bench::Plants> plants_of(const WorkerOptions& options) {
  bench::Plants plants{.spins = {}, .seccomp_instructions = options.seccomp_instructions};
  for (const std::string& text : options.plants) {
    Result<bench::Plant> plant = bench::Plant::parse(text);
    if (!plant) return plant.error();
    plants.spins.push_back(std::move(*plant));
  }
  return plants;
}

ExitCode work(const WorkerOptions& options) {
  Result<bench::Plants> plants = plants_of(options);
  if (!plants) {
    complain(plants.error().str());
    return ExitCode::Usage;
  }
  std::optional<Warning> warning = fix_address_space_layout();
  Result<Controller> controller =
      options.channel.empty() ? Controller::take_over() : Controller::on_line(options.channel);
  if (!controller) {
    complain(controller.error().str());
    return ExitCode::Usage;
  }
  ::signal(SIGPIPE, SIG_IGN);
  return WorkerProgram(std::move(*controller), Support::look(), std::move(*plants),
                       std::move(warning))
      .run();
}

}  // namespace

Action add_worker(CLI::App& app) {
  const auto options = std::make_shared<WorkerOptions>();
  // For bench/power: in the manual, and not among the everyday options.
  app.add_option("--plant", options->plants)->type_name("REGEX=3%")->group("");
  app.add_option("--plant-seccomp", options->seccomp_instructions)
      ->check(CLI::Range(2, 4096))
      ->group("");
  // For nsbench boot.
  app.add_option("--channel", options->channel)->type_name("DEVICE")->group("");
  return [options](const std::string&) { return work(*options); };
}

}  // namespace nsbench::cli
