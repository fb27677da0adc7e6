// accuracy: holds nsbench's times against those of a plain C loop of the same call
// (bench/reference.c). Both make their batches in one arena, on one CPU, in turn: A B B A.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <regex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "bench/accuracy/ratio.h"
#include "bench/drain.h"
#include "bench/pace.h"
#include "bench/stage.h"
#include "bench/worker.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/support.h"
#include "reports/pattern.h"
#include "reports/statistics.h"

namespace nsbench::accuracy {
namespace {

struct Options {
  // What reference.c can do: no vfork-like clone, no curves.
  std::string filter =
      "^(create|join)/(?!usual)[a-z_]*:(clone|clone3|unshare|setns(.pidfd)?):root$";
  std::string reference;
  std::size_t pairs = 40;
  double seconds = 0.05;
  double limit = 0.02;
  std::size_t calls_per_timing = 0;
  std::uint64_t seed = 1;
};

// The C program, and the two ends of a line to it.
class Reference {
 public:
  static Result<Reference> start(const std::string& path) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (::pipe2(to.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
    const Fd in(to[0]);
    Reference reference;
    reference.out_ = Fd(to[1]);
    if (::pipe2(from.data(), O_CLOEXEC) != 0) return Error::last("pipe2");
    reference.in_ = Fd(from[0]);
    const Fd out(from[1]);
    Result<Child> child = Child::fork([&] {
      ::dup2(in.get(), STDIN_FILENO);
      ::dup2(out.get(), STDOUT_FILENO);
      ::execl(path.c_str(), path.c_str(), "--here", nullptr);
      return 127;
    });
    if (!child) return child.error();
    reference.child_ = std::move(*child);
    const Result<std::string> hello = reference.line();
    if (!hello || !hello->starts_with("hello "))
      return Error{fmt::format("{} says no hello", path)};
    return reference;
  }

  // The p50 of one batch, ns.
  Result<double> run(const CaseId& id, double seconds) {
    const std::string request =
        fmt::format("run batch={} case={} seconds={}\n", ++batch_, id.str(), seconds);
    if (::write(out_.get(), request.data(), request.size()) < 0) return Error::last("write");
    Result<std::string> answer = line();
    if (!answer) return answer.error();
    const std::size_t p50 = answer->find(" p50=");
    if (answer->find(" outcome=measured ") == std::string::npos || p50 == std::string::npos) {
      return Error{*answer};
    }
    return std::strtod(answer->c_str() + p50 + 5, nullptr);
  }

 private:
  Result<std::string> line() {
    std::string text;
    for (char c = 0; ::read(in_.get(), &c, 1) == 1; text += c) {
      if (c == '\n') return text;
    }
    return Error{"the reference has ended"};
  }

  Fd out_, in_;
  Child child_;
  std::uint64_t batch_ = 0;
};

// In the arena. Sends "INDEX NSBENCH REFERENCE", a pair each, and "INDEX ! WHY" for a case that
// can't go on.
class Stage {
 public:
  Stage(StagePort& port, std::span<const BenchCase> cases, const Options& options)
      : port_(port),
        cases_(cases),
        options_(options),
        worker_(cases, [this](const bench::WorkerMessage& message) { hear(message); }),
        gone_(cases.size()) {}

  Status run() {
    if (options_.calls_per_timing != 0) worker_.fix_calls_per_timing(options_.calls_per_timing);
    if (Status ready = worker_.set_up(); !ready) return ready;
    Result<Reference> reference = Reference::start(options_.reference);
    if (!reference) return reference.error();
    reference_ = std::move(*reference);
    std::mt19937_64 random(options_.seed);
    for (std::size_t round = 0; round <= options_.pairs / 2; ++round) {
      for (const std::size_t index : bench::shuffled(cases_.size(), random)) {
        if (!gone_[index]) run_two_pairs(index, round == 0);
      }
    }
    return {};
  }

 private:
  void hear(const bench::WorkerMessage& message) {
    if (const auto* times = std::get_if<bench::BatchTimes>(&message)) {
      times_.insert(times_.end(), times->ns.begin(), times->ns.end());
    }
  }

  void run_two_pairs(std::size_t index, bool warm_up) {
    const double first = ours(index);
    std::array<double, 2> reference{};
    for (double& p50 : reference) p50 = theirs(index);
    const double last = ours(index);
    if (gone_[index] || warm_up) return;
    tell(fmt::format("{} {} {}", index, first, reference[0]));
    tell(fmt::format("{} {} {}", index, last, reference[1]));
  }

  double ours(std::size_t index) {
    if (gone_[index]) return 0;
    times_.clear();
    const bench::BatchSummary batch = worker_.run_batch(index, options_.seconds);
    if (!batch.failure.empty()) give_up(index, batch.failure);
    std::sort(times_.begin(), times_.end());
    return quantile(times_, 0.5);
  }

  double theirs(std::size_t index) {
    if (gone_[index]) return 0;
    const Result<double> p50 = reference_.run(cases_[index].id(), options_.seconds);
    if (!p50) give_up(index, p50.error().str());
    if (cases_[index].workload->leaves_dropped) {
      static_cast<void>(drain_.wait(cases_[index].workload->namespaces));
    }
    return p50 ? *p50 : 0;
  }

  void give_up(std::size_t index, const std::string& why) {
    gone_[index] = true;
    tell(fmt::format("{} ! {}", index, why));
  }

  void tell(const std::string& line) {
    if (!port_.send(line)) ::_exit(1);
  }

  StagePort& port_;
  std::span<const BenchCase> cases_;
  const Options& options_;
  bench::Worker worker_;
  bench::Drain drain_;
  Reference reference_;
  std::vector<double> times_;
  std::vector<bool> gone_;
};

struct Found {
  std::vector<Pair> pairs;
  std::string obstacle;
};

void note(const std::string& message, std::vector<Found>& found) {
  std::size_t end = 0;
  const std::size_t index = std::stoul(message, &end);
  const std::string rest = message.substr(end + 1);
  if (rest.starts_with("!")) {
    found.at(index).obstacle = rest.substr(2);
    return;
  }
  Pair pair;
  pair.nsbench = std::stod(rest, &end);
  pair.reference = std::stod(rest.substr(end));
  found.at(index).pairs.push_back(pair);
}

const char* word(Answer answer) {
  switch (answer) {
    case Answer::Within:
      return "within";
    case Answer::Beyond:
      return "BEYOND";
    case Answer::Unsure:
      return "unsure";
  }
  return "";
}

// True if nothing was beyond the limit.
bool print(std::span<const BenchCase> cases, const std::vector<Found>& found, double limit) {
  bool good = true;
  fmt::print("{:<34}{:>12}{:>12}{:>8}   {:<17}{:>6}\n", "", "nsbench ns", "C loop ns", "ratio",
             "95 %", "pairs");
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string name = cases[i].id().str();
    if (found[i].pairs.empty()) {
      fmt::print("{:<34}not compared: {}\n", name, found[i].obstacle);
      continue;
    }
    const Ratio ratio = ratio_of(found[i].pairs);
    const Answer answer = judge(ratio, limit);
    good = good && answer != Answer::Beyond;
    fmt::print("{:<34}{:>12.1f}{:>12.1f}{:>8.3f}   {:.3f} to {:.3f}   {:>6} {}\n", name,
               ratio.nsbench, ratio.reference, ratio.median, ratio.low, ratio.high, ratio.pairs,
               word(answer));
  }
  return good;
}

std::vector<BenchCase> chosen(const std::regex& filter, const Support& support) {
  std::vector<BenchCase> cases = all_bench_cases();
  std::erase_if(cases, [&](const BenchCase& c) {
    return !std::regex_search(c.id().str(), filter) || bench::missing(c, support).has_value();
  });
  return cases;
}

int run(const Options& options) {
  const Result<std::regex> filter = parse_pattern(options.filter);
  if (!filter) {
    fmt::print(stderr, "accuracy: --filter {}\n", filter.error().str());
    return 2;
  }
  const std::vector<BenchCase> cases = chosen(*filter, Support::look());
  const bool mixed = std::any_of(cases.begin(), cases.end(), [&](const BenchCase& c) {
    return c.privilege != cases.front().privilege;
  });
  if (cases.empty() || mixed) {
    fmt::print(stderr, "accuracy: --filter must leave cases of one privilege that can run here\n");
    return 2;
  }
  Result<Arena> arena =
      Arena::start(bench::arena_for(cases.front().privilege, cases), [&](StagePort& port) {
        if (Status s = Stage(port, cases, options).run(); !s) {
          port.fail(s.error());
        } else {
          static_cast<void>(port.send("done").ok());
        }
      });
  std::vector<Found> found(cases.size());
  Error error = arena ? Error{} : arena.error();
  while (arena) {
    const Result<std::string> message = arena->receive(Deadline::in(std::chrono::seconds(60)));
    if (!message) error = message.error();
    if (!message || *message == "done") break;
    note(*message, found);
  }
  const bool good = print(cases, found, options.limit);
  if (!error.step.empty()) {
    fmt::print(stderr, "accuracy: {}\n", error.str());
    return 3;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace nsbench::accuracy

int main(int argc, char** argv) {
  nsbench::accuracy::Options options;
  const std::string self = argv[0];
  options.reference = self.substr(0, self.rfind('/') + 1) + "reference";
  CLI::App app("Holds nsbench's times against those of a plain C loop of the same calls");
  app.add_option("--filter", options.filter, "Cases whose id matches, all of one privilege")
      ->capture_default_str();
  app.add_option("--pairs", options.pairs, "Pairs of batches per case")->capture_default_str();
  app.add_option("--seconds", options.seconds, "Of a batch's calls")->capture_default_str();
  app.add_option("--limit", options.limit, "Ratios this near to 1 are within")
      ->capture_default_str();
  app.add_option("--calls-per-timing", options.calls_per_timing,
                 "Of nsbench, where a call can be repeated (default: its own choice)");
  app.add_option("--reference", options.reference, "The C program")->capture_default_str();
  app.add_option("--seed", options.seed, "Of the order of cases")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return nsbench::accuracy::run(options);
}
