#include "suites/siege/attack.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <thread>
#include <utility>

#include "probes/sandbox/elapsed.h"
#include "reports/file.h"
#include "reports/json.h"
#include "suites/plan.h"
#include "suites/siege/kept_files.h"

namespace nsbench::siege {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// On a machine that is not busy; a second is what is promised, and the table shows what it was.
constexpr double most_seconds_to_stop = 5;
constexpr milliseconds forever{600'000};
constexpr milliseconds consequences{1500};  // of a child's death; then it is asked to stop
constexpr milliseconds usual_end{20'000};   // of what is let go on
constexpr const char* filler = "filler";

// How many times as long as it should a process takes here, in a session of its own: what is
// promised is promised of a machine that has a CPU to spare.
double how_busy() {
  constexpr double enough = 0.02;
  const auto start = Clock::now();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setsid();
    timespec used{};
    do {
      ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    } while (used.tv_sec == 0 && used.tv_nsec < 20'000'000);
    ::_exit(0);
  }
  if (pid < 0 || ::waitpid(pid, nullptr, 0) != pid) return 1;
  return std::max(seconds_since(start) / enough, 1.0);
}

std::string replaced(std::string word, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = word.find(what)) != std::string::npos;) {
    word.replace(at, what.size(), by);
  }
  return word;
}

int signal_of(Ending ending) {
  switch (ending) {
    case Ending::Kill:
    case Ending::KillGroup:
      return SIGKILL;
    case Ending::Term:
      return SIGTERM;
    case Ending::Hup:
    case Ending::Terminal:
      return SIGHUP;
    case Ending::Int:
    case Ending::FullDisk:
    case Ending::ChildKilled:
    case Ending::MemoryEnds:
      break;
  }
  return SIGINT;
}

bool strikes_children(Ending ending) {
  return ending == Ending::ChildKilled || ending == Ending::MemoryEnds;
}

bool is_killed(Ending ending) { return ending == Ending::Kill || ending == Ending::KillGroup; }

// Something that it started, at a moment; none if there is nothing.
void kill_a_child(const Besieged& run, std::mt19937_64& random) {
  const std::vector<pid_t> pids = run.descendants();
  if (pids.empty()) return;
  ::kill(pids[std::uniform_int_distribution<std::size_t>(0, pids.size() - 1)(random)], SIGKILL);
}

// A file system of four MiB, until the end of this.
class SmallDisk {
 public:
  explicit SmallDisk(const std::string& place) : place_(place) {
    mounted_ = ::mount("small", place.c_str(), "tmpfs", 0, "size=4m,mode=755") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(place_.c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool ok() const { return mounted_; }

 private:
  const std::string& place_;
  bool mounted_ = false;
};

}  // namespace

Attacks::Attacks(const Ground& ground, std::string kernels)
    : ground_(ground), kernels_(std::move(kernels)) {}

std::string Attacks::missing(const Scenario& scenario) const {
  if (scenario.as_nobody && ::geteuid() != 0) return "it is all without root's rights here";
  if (scenario.needs.empty()) return "";
  const std::string kernel = replaced(scenario.needs, "{kernels}", kernels_);
  if (!fs::exists(kernel)) return kernel + " is not there (ci/fetch-kernels.sh)";
  const std::string init = ground_.program + "-static";
  if (!fs::exists(init)) return init + " is not built";
  return "";
}

std::string Attacks::missing(Ending ending) const {
  if (ending != Ending::MemoryEnds || ground_.memory) return "";
  return "there is no memory cgroup of our own here";
}

std::vector<std::string> Attacks::words(const Scenario& scenario,
                                        const std::string& reports) const {
  std::vector<std::string> all{ground_.program};
  for (std::string word : scenario.words) {
    word = replaced(std::move(word), "{reports}", reports);
    word = replaced(std::move(word), "{inputs}", ground_.inputs);
    word = replaced(std::move(word), "{kernels}", kernels_);
    all.push_back(replaced(std::move(word), "{nsbench}", ground_.program));
  }
  return all;
}

Status Attacks::run_whole(const std::vector<std::string>& words, bool as_nobody) const {
  std::vector<std::string> argv{ground_.program};
  argv.insert(argv.end(), words.begin(), words.end());
  Result<Besieged> run = Besieged::start({.argv = argv, .as_nobody = as_nobody});
  if (!run) return run.error();
  const std::optional<End> end = run->wait(forever);
  if (!end || end->signal != 0 || end->code == 2) {
    return Error{fmt::format("nsbench {} {}: {}", words.front(), end ? end->str() : "hangs",
                             end ? end->err : "")};
  }
  return {};
}

Status Attacks::prepare() const {
  const std::string old = ground_.inputs + "/old";
  const Status small =
      run_whole({"run", "--checks-only", "--filter", "^uts/hostname", "--json=" + old + ".json",
                 "--report", "junit:" + old + ".xml", "--report", "ktap:" + old + ".ktap",
                 "--report", "html:" + old + ".html", "--report", "markdown:" + old + ".md",
                 "--report", "text:" + old + ".txt"},
                false);
  if (!small) return small.error();
  const Status database = run_whole({"history", "add", "--db", old + ".db", old + ".json"}, false);
  if (!database) return database.error();
  const Status big = run_whole({"run", "--checks-only", "--filter", "^(uts|ipc|time)/",
                                "--json=" + ground_.inputs + "/big.json"},
                               false);
  if (!big) return big.error();
  return {};
}

// The old files stand where new ones are to be written, all of who writes them.
Status Attacks::lay_out(const Scenario& scenario, const std::string& directory) const {
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, failed)) {
    fs::remove_all(entry.path(), failed);
  }
  const uid_t owner = scenario.as_nobody ? 65534 : ::geteuid();
  if (::chown(directory.c_str(), owner, owner) != 0) return Error::last("chown " + directory);
  for (const std::string& name : scenario.outputs) {
    const std::string to = directory + "/" + name;
    fs::copy_file(old_file(ground_.inputs, name), to, failed);
    if (failed) return Error{fmt::format("copy to {}", to), failed.value()};
    if (::chown(to.c_str(), owner, owner) != 0) return Error::last("chown " + to);
  }
  return {};
}

// But for so little that it depends what still fits.
Status Attacks::fill_disk(std::mt19937_64& random) const {
  struct statvfs room {};
  if (::statvfs(ground_.small.c_str(), &room) != 0) return Error::last("statvfs");
  const auto free = static_cast<std::int64_t>(room.f_bfree * room.f_bsize);
  const std::int64_t left = std::uniform_int_distribution<std::int64_t>(0, 200'000)(random);
  const std::string path = ground_.small + "/" + filler;
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  if (!file.valid() ||
      ::posix_fallocate(file.get(), 0, std::max<std::int64_t>(free - left, 1)) != 0) {
    return Error::last("fill " + path);
  }
  return {};
}

// A few of what it started are killed, by us or by the kernel, and it is let go on for a while.
std::optional<End> Attacks::strike_children(Besieged& run, const Scenario& scenario, Ending ending,
                                            std::mt19937_64& random, Outcome& outcome) const {
  std::optional<End> end;
  const int strikes = ending == Ending::MemoryEnds ? 1 : 4;
  for (int i = 0; i < strikes && !end; ++i) {
    if (ending == Ending::ChildKilled) {
      kill_a_child(run, random);
    } else if (const Result<int> killed = ground_.memory->run_out(); !killed || *killed == 0) {
      outcome.failures.push_back(killed ? "memory did not end" : killed.error().str());
    } else {
      outcome.ran_out += *killed;
    }
    end = run.wait(milliseconds(50));
  }
  if (!end) end = run.wait(scenario.whole ? usual_end : consequences);
  outcome.chosen = end && end->signal == SIGKILL && outcome.ran_out > 0;
  return end;
}

Outcome Attacks::make(const Scenario& scenario, Ending ending, std::mt19937_64& random) {
  Outcome outcome;
  const auto fail = [&outcome](std::string what) {
    outcome.failures.push_back(std::move(what));
    return outcome;
  };
  std::optional<SmallDisk> small;
  if (ending == Ending::FullDisk && !small.emplace(ground_.small).ok()) {
    return fail("a small file system can't be mounted");
  }
  const std::string& reports = small ? ground_.small : ground_.reports;
  if (Status laid = lay_out(scenario, reports); !laid) return fail(laid.error().str());
  if (small) {
    if (Status filled = fill_disk(random); !filled) return fail(filled.error().str());
  }
  const testing::HostState before = testing::look_at_host(ground_.view);
  outcome.busy = how_busy();
  outcome.moment = std::uniform_real_distribution<double>(0, scenario.span)(random);
  Result<Besieged> run = Besieged::start({.argv = words(scenario, reports),
                                          .as_nobody = scenario.as_nobody,
                                          .terminal = ending == Ending::Terminal});
  if (!run) return fail(run.error().str());
  const auto ms = [](double seconds) {
    return milliseconds(static_cast<std::int64_t>(seconds * 1000));
  };
  std::optional<End> end = run->wait(ms(outcome.moment));
  outcome.too_late = end.has_value();
  const bool listened = !end && run->listens_to(signal_of(ending));
  if (!end && strikes_children(ending)) {
    end = strike_children(*run, scenario, ending, random, outcome);
  }
  // What ends by itself soon may write to the full disk by itself.
  const bool to_its_end = ending == Ending::FullDisk && scenario.manner == Manner::AtOnce;
  if (!end && to_its_end) end = run->wait(usual_end);
  if (!end) {
    const auto asked = Clock::now();
    const double waited_before = run->waited_for_cpu();
    if (ending == Ending::Terminal) {
      run->close_terminal();
    } else if (ending == Ending::KillGroup) {
      run->send_to_group(SIGKILL);
    } else {
      run->send(signal_of(ending));
    }
    end = run->wait(forever);
    const double took = seconds_since(asked);
    outcome.busy = std::max(outcome.busy, how_busy());
    if (end && listened) {
      outcome.end_seconds = took;
      const double waited = run->waited_for_cpu() - waited_before;
      outcome.own_seconds = std::max(*outcome.end_seconds - waited, 0.0);
    }
  }
  if (!end) {
    run->send(SIGKILL);
    end = run->wait(forever);
    outcome.failures.emplace_back("it hangs");
  }
  const auto ended = Clock::now();
  if (const std::string left = testing::lasting_differences(before, ground_.view); !left.empty()) {
    outcome.failures.push_back("left: " + left);
    ::kill(-1, SIGKILL);  // the next one starts with nothing
  }
  outcome.clean_seconds = seconds_since(ended);
  const KeptFiles kept = look_at_files(ground_.program, reports, scenario.outputs, ground_.inputs,
                                       is_killed(ending) || outcome.chosen, small ? filler : "");
  outcome.old_files = kept.old;
  outcome.fresh_files = kept.fresh;
  outcome.temporaries = kept.temporaries;
  outcome.failures.insert(outcome.failures.end(), kept.troubles.begin(), kept.troubles.end());
  if (end && outcome.failures.empty()) {
    judge_end(scenario, ending, listened, *end, reports, outcome);
  }
  return outcome;
}

void Attacks::judge_end(const Scenario& scenario, Ending ending, bool listened, const End& end,
                        const std::string& reports, Outcome& outcome) {
  const auto fail = [&](const std::string& what) {
    outcome.failures.push_back(fmt::format("it {}: {}{}{}", end.str(), what,
                                           end.err.empty() ? "" : "; it said: ", end.err));
  };
  const int sent = signal_of(ending);
  if (outcome.chosen) return;
  if (end.signal != 0) {
    // By the signal that it did not listen to: nothing of its was lost.
    if (end.signal != sent || outcome.too_late) return fail("by no signal of ours");
    if (is_killed(ending)) return;
    if (listened) return fail("it had said that it would end in order");
    outcome.too_early = scenario.manner == Manner::Orderly;
    return;
  }
  if (ending == Ending::FullDisk && end.code == 2) {
    const bool named = std::any_of(
        scenario.outputs.begin(), scenario.outputs.end(),
        [&](const std::string& name) { return end.err.find(name) != std::string::npos; });
    const bool told =
        end.err.find("ENOSPC") != std::string::npos || end.err.find("full") != std::string::npos;
    if (!named || !told) fail("it does not say which file met a full disk");
    return;
  }
  // A closed terminal can't be written to, and that is an error.
  const bool can_fail = ending == Ending::Terminal || strikes_children(ending);
  if (end.code > 3 || end.code < 0 || (end.code == 2 && !can_fail)) return fail("why?");
  if (outcome.own_seconds.value_or(0) > most_seconds_to_stop * outcome.busy) {
    fail(fmt::format(
        "{:.1f} s after it was asked to, {:.1f} s of them without a CPU, where all takes {:.1f} "
        "times "
        "as long",
        *outcome.end_seconds, *outcome.end_seconds - *outcome.own_seconds, outcome.busy));
  }
  if (!scenario.json.empty()) judge_report(scenario, ending, end, reports, outcome);
}

void Attacks::judge_report(const Scenario& scenario, Ending ending, const End& end,
                           const std::string& reports, Outcome& outcome) {
  const Result<std::string> text = read_file(reports + "/" + scenario.json);
  const Result<std::string> before = read_file(old_file(ground_.inputs, scenario.json));
  if (!text || !before) return outcome.failures.push_back(scenario.json + " can't be read");
  if (*text == *before) {
    if (scenario.may_know_nothing || outcome.too_late || end.code == 2) return;
    return outcome.failures.push_back(
        fmt::format("it {}, and did not write {}: {}", end.str(), scenario.json, end.err));
  }
  const Result<Report> report = from_json(*text);
  if (!report) return outcome.failures.push_back(report.error().str());
  judge_verdicts(scenario, *report, outcome);
  const bool asked = outcome.end_seconds.has_value();
  if (report->run.interrupted) {
    const bool failed_before =
        end.code == 1 &&
        std::any_of(report->cases.begin(), report->cases.end(),
                    [](const CaseResult& one) { return one.verdict == VerdictKind::Fail; });
    if (end.code == 3 || failed_before || (ending == Ending::Terminal && end.code == 2)) return;
    return outcome.failures.push_back(fmt::format("it was interrupted, and {}", end.str()));
  }
  if (!asked || strikes_children(ending)) return;
  // The signal came when everything was known.
  const auto lacks = [](const Series& series) { return !series.is_result() && !series.skip; };
  const bool all_checked = !scenario.is_honest || report->cases.size() == all_check_cases().size();
  if (!all_checked || std::any_of(report->series.begin(), report->series.end(), lacks) ||
      (report->cases.empty() && report->series.empty())) {
    outcome.failures.push_back(scenario.json + " is not whole, and does not say so");
  }
}

// Whether these cases fail when nobody disturbs them: they are run once more, alone.
Status Attacks::learn_verdicts(const std::vector<CaseId>& cases, bool as_nobody) {
  std::string filter;
  for (const CaseId& id : cases) {
    if (!honest_[as_nobody].contains(id)) filter += (filter.empty() ? "^(" : "|") + id.str();
  }
  if (filter.empty()) return {};
  const std::string path = ground_.cwd + "/honest.json";
  Status ran = run_whole(
      {"run", "--checks-only", "--filter", filter + ")(:control)?$", "--json=" + path}, as_nobody);
  if (!ran) return ran;
  const Result<std::string> text = read_file(path);
  std::error_code ignored;
  fs::remove(path, ignored);
  if (!text) return text.error();
  const Result<Report> report = from_json(*text);
  if (!report) return report.error();
  for (const CaseResult& one : report->cases) honest_[as_nobody][one.id] = one.verdict;
  return {};
}

// A case that was disturbed is broken, and never said to fail where it does not by itself.
void Attacks::judge_verdicts(const Scenario& scenario, const Report& report, Outcome& outcome) {
  // A run that was ended early had no time to run again what failed.
  if (!scenario.is_honest || report.run.interrupted) return;
  std::vector<CaseId> failed;
  for (const CaseResult& one : report.cases) {
    if (one.verdict == VerdictKind::Fail && !one.id.control) failed.push_back(one.id);
    if (one.verdict == VerdictKind::Broken) ++outcome.broken;
  }
  if (Status learnt = learn_verdicts(failed, scenario.as_nobody); !learnt) {
    return outcome.failures.push_back(learnt.error().str());
  }
  const std::map<CaseId, VerdictKind>& honest = honest_[scenario.as_nobody];
  for (const CaseResult& one : report.cases) {
    if (one.verdict != VerdictKind::Fail || one.id.control) continue;
    const auto known = honest.find(one.id);
    if (known != honest.end() && known->second == VerdictKind::Fail) continue;
    outcome.failures.push_back(
        fmt::format("{} is said to fail, which it does not: {}", one.id.str(), one.observed));
  }
}

}  // namespace nsbench::siege
