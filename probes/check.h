// One check: a probe played by one recipe in an arena of its own, and what came of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "probes/probe.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/deadline.h"
#include "probes/sandbox/slow_machine.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"

namespace nsbench {

// What is checked: a probe, the way in, who goes in, and whether its namespaces are left out.
struct CheckCase {
  const Probe* probe = nullptr;
  Way way;
  Privilege privilege = Privilege::Root;
  bool control = false;

  [[nodiscard]] CaseId id() const;
  // What is entered: nothing in a control.
  [[nodiscard]] Recipe recipe() const;
};

// What happened in the arena: the acts' observations, and what ended the play early, if anything.
struct Played {
  Transcript transcript;
  std::optional<Skip> skip;
  std::string broken;
  std::optional<Error> refused;  // by the door
  [[nodiscard]] std::string encode() const;
  static Result<Played> decode(std::string_view bytes);
};

// How long a check may take. The stage's own deadline is the shorter one, so that it can still say
// which act hung.
struct CheckTimes {
  std::chrono::milliseconds stage = patience_here() * std::chrono::milliseconds{8'000};
  std::chrono::milliseconds whole = patience_here() * std::chrono::milliseconds{10'000};
};

// A check that is under way. Destroying it kills its arena.
class CheckRun {
 public:
  static CheckRun start(const CheckCase& what, const Support& support,
                        const CheckTimes& times = {});

  // Readable when the check has ended; -1 if it ended at once.
  [[nodiscard]] int fd() const { return arena_ ? arena_->fd() : -1; }
  [[nodiscard]] Deadline deadline() const { return deadline_; }
  [[nodiscard]] const CheckCase& what() const { return what_; }
  // Ends it for this reason, which is what finish() then says: it is Broken.
  void give_up(std::string reason);
  // The arena's first process; 0 if there is none.
  [[nodiscard]] pid_t pid() const { return arena_ ? arena_->pid() : 0; }
  // Waits for the end, at most until the deadline, and judges. Once.
  CaseResult finish();
  // The arena after finish(): at rest. Destroying it kills it and waits until it is gone; to end
  // many at once is cheaper, since the kernel tears their namespaces down together.
  std::optional<Arena> take_arena() { return std::exchange(arena_, std::nullopt); }
  // What was seen, after finish().
  [[nodiscard]] const Transcript& transcript() const { return transcript_; }

 private:
  CheckRun(const CheckCase& what, const Support& support, const CheckTimes& times)
      : what_(what), support_(&support), times_(times) {}
  void judge(const Result<std::string>& message, CaseResult& result);
  void excuse_userns_off(CaseResult& result) const;
  void excuse_refusal(CaseResult& result) const;
  void excuse_old_kernel(CaseResult& result) const;
  void judge_refusal(const Error& refusal, CaseResult& result) const;

  CheckCase what_;
  const Support* support_;
  CheckTimes times_;
  Deadline deadline_ = Deadline::in(times_.whole);
  std::optional<Arena> arena_;
  Transcript transcript_;
  std::optional<CaseResult> ended_;
  std::string given_up_;
  Deadline::Clock::time_point started_ = Deadline::Clock::now();
};

// Starts and finishes one check.
CaseResult check(const CheckCase& what, const Support& support, const CheckTimes& times = {});

}  // namespace nsbench
