#include "suites/hostile/environment.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <map>
#include <optional>
#include <regex>

#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"

namespace nsbench::testing {

namespace {

// Without a name, so that an environment without /tmp has it as well.
Fd output_file() { return Fd(::memfd_create("output", MFD_CLOEXEC)); }

std::string text_of(const Fd& file) {
  std::string text;
  std::array<char, 65536> block{};
  ::lseek(file.get(), 0, SEEK_SET);
  for (ssize_t got = 0; (got = ::read(file.get(), block.data(), block.size())) > 0;) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::vector<std::string> words_of(const Surroundings& where,
                                  const std::vector<std::string>& command) {
  std::vector<std::string> words = where.by;
  if (!where.shell.empty()) {
    for (const char* word : {"sh", "-ec"}) words.emplace_back(word);
    words.push_back(where.shell + "\nexec \"$@\"");
    words.emplace_back("sh");
  }
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

int become_it(const Surroundings& where, const std::vector<std::string>& words, int out, int err) {
  constexpr int not_prepared = 126;
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  close_all_but(-1);
  if (where.prepare) {
    if (Status prepared = where.prepare(); !prepared) {
      fmt::print(stderr, "the test can't prepare it: {}\n", prepared.error().str());
      return not_prepared;
    }
  }
  return become(words);
}

std::string beginning(const std::string& text, std::size_t enough) {
  return text.size() <= enough ? text : text.substr(0, enough) + "[...]";
}

const Lost* lost_as(const std::vector<Lost>& lost, const std::string& id) {
  for (const Lost& one : lost) {
    if (std::regex_search(id, std::regex(one.cases))) return &one;
  }
  return nullptr;
}

std::string text_of(VerdictKind verdict, const std::optional<SkipReason>& skip) {
  return skip ? fmt::format("{} ({})", id(verdict), id(*skip)) : std::string(id(verdict));
}

// Empty, if what a case came to there is in order.
std::string trouble_of(const CaseResult& there, const CaseResult& here,
                       const std::vector<Lost>& all_lost) {
  const Lost* const lost = lost_as(all_lost, there.id.str());
  if (there.verdict == VerdictKind::Skip) {
    if (there.skip == here.skip) return "";
    if (lost == nullptr) return "is not expected to be lost";
    const bool known =
        std::find(lost->reasons.begin(), lost->reasons.end(), there.skip) != lost->reasons.end();
    return known ? "" : "is lost for a reason that is not expected";
  }
  if (there.verdict != here.verdict) return "has another verdict";
  if (lost != nullptr && lost->all && here.verdict == VerdictKind::Pass)
    return "is expected to be lost";
  return "";
}

std::string trouble_of(const Series& there, const std::vector<Lost>& all_lost) {
  if (there.is_result()) return "";
  if (!there.skip) return "neither has a result nor is skipped";
  const Lost* const lost = lost_as(all_lost, there.id.str());
  if (lost == nullptr) return "is not expected to be lost";
  const bool known =
      std::find(lost->reasons.begin(), lost->reasons.end(), there.skip) != lost->reasons.end();
  return known ? "" : "is lost for a reason that is not expected";
}

}  // namespace

std::string Ended::str() const {
  const std::string how = hung          ? "hung"
                          : signal != 0 ? fmt::format("was killed by signal {}", signal)
                                        : fmt::format("exited with {}", exit_code);
  return fmt::format("nsbench {} after {:.1f} s\n-- its standard error:\n{}\n-- its output:\n{}",
                     how, took.count(), beginning(err, 3000), beginning(out, 600));
}

Ended run_there(const Surroundings& where, const std::vector<std::string>& command,
                std::chrono::seconds deadline) {
  using Clock = std::chrono::steady_clock;
  const std::vector<std::string> words = words_of(where, command);
  const Fd out = output_file();
  const Fd err = output_file();
  const Clock::time_point start = Clock::now();
  Ended ended;
  Result<Child> child = Child::fork([&] { return become_it(where, words, out.get(), err.get()); });
  if (!child) {
    ended.err = child.error().str();
    return ended;
  }
  Result<ExitStatus> status = child->wait(Deadline::in(deadline));
  ended.took = Clock::now() - start;
  if (!status) {
    ended.hung = true;
    ::kill(-child->pid(), SIGKILL);
    status = child->kill();
  }
  ended.signal = status->signal;
  if (status->signal == 0) ended.exit_code = status->code;
  ended.out = text_of(out);
  ended.err = text_of(err);
  return ended;
}

void expect_the_same_but(const std::vector<Lost>& lost, const Report& there, const Report& here) {
  EXPECT_EQ(there.cases.size(), here.cases.size());
  EXPECT_EQ(there.series.size(), here.series.size());
  std::map<std::string, const CaseResult*> known;
  for (const CaseResult& one : here.cases) known[one.id.str()] = &one;
  constexpr int enough = 20;
  int told = 0;
  const auto tell = [&told](const std::string& text) {
    if (++told <= enough) ADD_FAILURE() << text;
  };
  for (const CaseResult& one : there.cases) {
    const auto before = known.find(one.id.str());
    if (before == known.end()) {
      tell(one.id.str() + " is not among the cases here");
      continue;
    }
    const std::string trouble = trouble_of(one, *before->second, lost);
    if (trouble.empty()) continue;
    tell(fmt::format("{} {}: {} here, {} there: {}", one.id.str(), trouble,
                     text_of(before->second->verdict, before->second->skip),
                     text_of(one.verdict, one.skip), one.observed));
  }
  for (const Series& one : there.series) {
    const std::string trouble = trouble_of(one, lost);
    if (!trouble.empty()) tell(fmt::format("{} {}: {}", one.id.str(), trouble, one.error));
  }
  EXPECT_LE(told, enough) << "and more of them";
}

std::string missing_program(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    Surroundings quiet;
    if (run_there(quiet, {"sh", "-c", "command -v \"$1\"", "sh", name}).exit_code != 0) {
      return name + " is not installed";
    }
  }
  return "";
}

}  // namespace nsbench::testing
