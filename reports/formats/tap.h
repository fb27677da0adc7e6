// The Test Anything Protocol in two dialects: KTAP, which the kernel's own tools speak
// (Documentation/dev-tools/ktap.rst), and TAP 13, as kselftest's runner and prove know it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

enum class Tap : unsigned char { Ktap, Tap13 };

// Makes the lines one by one, so that they can be printed while a run goes on. Every answer is
// whole lines, each ending in a newline.
class TapLines {
 public:
  // `planned` results are going to follow.
  TapLines(Tap dialect, std::size_t planned, std::string indent = "")
      : dialect_(dialect), planned_(planned), indent_(std::move(indent)) {}

  // What a policy knew: XFAIL. Not owned; null for none.
  void judged_by(const Ruling* judged) { judged_ = judged; }

  // The version, the plan, and what it is about.
  [[nodiscard]] std::string begin(const Report& report) const;
  // One result, with diagnostics before it. Of a check, its control must be settled already.
  std::string result(const CaseResult& result);
  std::string result(const Series& series);
  // Whether the kernel was well: "kernel/is_well". One result, where splats::is_told() alone.
  std::string kernel(const KernelInfo& kernel);
  // A result about the run itself that is not as it should be.
  std::string broken(std::string_view name, std::string_view why);
  // That no more is to come, fewer than were planned.
  [[nodiscard]] std::string bail_out(std::string_view why) const;
  // The sums, as kselftest prints them.
  [[nodiscard]] std::string end() const;

  [[nodiscard]] std::size_t given() const { return pass_ + fail_ + xfail_ + skip_ + error_; }
  [[nodiscard]] bool all_hold() const { return fail_ + error_ == 0; }

 private:
  std::string line(std::string_view result, std::string_view name, std::string_view directive = "");
  [[nodiscard]] std::string note(std::string_view text) const;

  std::string known_failure(const CaseId& id);
  [[nodiscard]] std::string note_of(const CaseId& id) const;

  const Ruling* judged_ = nullptr;
  Tap dialect_;
  std::size_t planned_;
  std::string indent_;
  std::size_t pass_ = 0, fail_ = 0, xfail_ = 0, xpass_ = 0, skip_ = 0, error_ = 0;
};

// All results of saved reports; controls have none of their own. A known failure holds: "ok #
// XFAIL". KTAP nests several reports, one subtest each; TAP 13 knows no nesting and has all in one
// sequence.
std::string to_tap(std::span<const Report> reports, Tap dialect, const Judging& by = {});

}  // namespace nsbench
