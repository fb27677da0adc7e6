#include "suites/selftest/traced_run.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <set>
#include <utility>

#include "probes/sandbox/channel.h"
#include "reports/json.h"
#include "suites/runner.h"
#include "suites/selftest/call_trap.h"
#include "suites/selftest/tracer.h"

namespace nsbench::selftest {

namespace {

// Longer than a check's own deadline and the end of its arena.
constexpr std::chrono::seconds last_check{20};

// In the answer: the report as JSON by the subject, then a line by the tracer: this, and a number
// or what went wrong.
constexpr std::string_view changes_mark = "\nchanges ";
constexpr std::string_view error_mark = "\nerror ";

volatile std::sig_atomic_t time_is_up = 0;

void note_when_time_is_up(std::chrono::seconds time) {
  struct sigaction action {};
  action.sa_handler = [](int) { time_is_up = 1; };
  ::sigaction(SIGALRM, &action, nullptr);
  ::alarm(static_cast<unsigned>(time.count()));
}

// Whether a case failed for good: no control is still to come that would turn that into "went wrong
// alike" (settle_controls()).
class FirstFailure {
 public:
  explicit FirstFailure(const Plan& plan) {
    for (const CheckCase& one : plan.checks) {
      if (one.control) unsettled_.insert(one.id().with_control(false));
    }
  }
  bool operator()(const CaseResult& result) {
    const CaseId real = result.id.with_control(false);
    if (result.id.control) {
      if (result.verdict == VerdictKind::Pass) unsettled_.erase(real);
    } else if (result.verdict == VerdictKind::Fail) {
      if (!works_alone(result)) return true;
      failed_.insert(real);
    }
    return failed_.contains(real) && !unsettled_.contains(real);
  }

 private:
  static bool works_alone(const CaseResult& result) {
    return !result.statements.empty() &&
           std::all_of(result.statements.begin(), result.statements.end(), [](const Statement& s) {
             return s.holds || s.kind == Statement::Kind::Works;
           });
  }
  std::set<CaseId> unsettled_;  // their controls did not pass yet
  std::set<CaseId> failed_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 65536> chunk{};
  ::lseek(fd, 0, SEEK_SET);
  for (;;) {
    const ssize_t got = ::read(fd, chunk.data(), chunk.size());
    if (got <= 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
  }
}

// The subject: what nsbench does anyway, as soon as the tracer is there.
int run_subject(const TracedSpec& spec, const Support& support, Channel& tracer, int answer) {
  if (!tracer.receive()) return 1;
  tracer.close();
  if (Status s = trap_calls(spec.calls); !s) {
    return write_all(answer, fmt::format("{}{}\n", error_mark, s.error().str())) ? 2 : 1;
  }
  note_when_time_is_up(spec.time);
  Report report;
  RunnerOptions options;
  options.jobs = spec.jobs;
  options.stop = &time_is_up;
  if (spec.until_first) options.is_enough = FirstFailure(*spec.plan);
  run_plan(*spec.plan, options, support, report);
  return write_all(answer, to_json(report)) ? 0 : 1;
}

Result<std::uint64_t> trace(const TracedSpec& spec, const Support& support, Deadline deadline,
                            int answer) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> subject = Child::fork([&] {
    ends->first.close();
    return run_subject(spec, support, ends->second, answer);
  });
  if (!subject) return subject.error();
  Tracer tracer(spec.lie);
  if (Status s = tracer.seize(*subject); !s) return s.error();
  if (Status s = ends->first.send("traced"); !s) return s.error();
  const Result<ExitStatus> ended = tracer.run(std::move(*subject), deadline);
  if (!ended) return ended.error();
  if (ended->signal != 0 || ended->code != 0) {
    return Error{fmt::format("the traced nsbench {}", ended->str())};
  }
  return tracer.changes();
}

Result<TracedResult> parse(const std::string& answer) {
  if (const std::size_t mark = answer.rfind(error_mark); mark != std::string::npos) {
    std::string what = answer.substr(mark + error_mark.size());
    return Error{what.substr(0, what.find('\n'))};
  }
  const std::size_t mark = answer.rfind(changes_mark);
  if (mark == std::string::npos) return Error{"the tracer ended without a word"};
  TracedResult result;
  const std::string number = answer.substr(mark + changes_mark.size());
  std::from_chars(number.data(), number.data() + number.size(), result.changes);
  Result<Report> report = from_json(std::string_view(answer).substr(0, mark));
  if (!report) return report.error();
  result.cases = std::move(report->cases);
  result.interrupted = report->run.interrupted;
  return result;
}

}  // namespace

Result<TracedRun> TracedRun::start(const TracedSpec& spec, const Support& support) {
  TracedRun run;
  run.answer_ = Fd(::memfd_create("nsbench-selftest", MFD_CLOEXEC));
  if (!run.answer_.valid()) return Error::last("memfd_create");
  run.deadline_ = Deadline::in(spec.time + 2 * last_check);
  Result<Child> tracer = Child::fork([&spec, &support, answer = run.answer_.get()] {
    const Result<std::uint64_t> changes =
        trace(spec, support, Deadline::in(spec.time + last_check), answer);
    const std::string line = changes ? fmt::format("{}{}\n", changes_mark, *changes)
                                     : fmt::format("{}{}\n", error_mark, changes.error().str());
    return write_all(answer, line) ? 0 : 1;
  });
  if (!tracer) return tracer.error();
  run.tracer_ = std::move(*tracer);
  return run;
}

bool TracedRun::over() const {
  pollfd end{.fd = fd(), .events = POLLIN, .revents = 0};
  return deadline_.passed() || ::poll(&end, 1, 0) > 0;
}

Result<TracedResult> TracedRun::finish() {
  const Result<ExitStatus> ended = tracer_.wait(deadline_);
  if (!ended) tracer_.kill();
  if (!ended) return ended.error();
  if (ended->signal != 0) return Error{fmt::format("the tracer {}", ended->str())};
  return parse(read_all(answer_.get()));
}

}  // namespace nsbench::selftest
