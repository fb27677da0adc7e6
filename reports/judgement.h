// From what was seen to a verdict: pure functions, the same for every probe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "reports/verdict.h"

namespace nsbench {

// One sentence that a probe's judge says about what was seen.
struct Statement {
  enum class Kind : std::uint8_t {
    Isolation,  // must hold inside fresh namespaces, and must NOT hold in the control
    Works,      // a legal act or a copy at birth: must hold in both
    Rule,  // a refusal or an answer that no shared namespace would change: the real case's only
  };
  Kind kind = Kind::Isolation;
  std::string text;      // the rule: "a host name set inside is not seen outside"
  std::string expected;  // what had to be seen
  std::string observed;  // what was seen
  bool holds = false;
  int err = 0;  // the errno that was seen, where the statement is about one
};

std::string_view id(Statement::Kind kind);  // "isolation", "works", "rule"

// What a judge returns. The helpers append a statement.
class Judgement {
 public:
  // `seen` must equal (or differ from) `value`.
  void isolated_equal(std::string text, std::string_view value, std::string_view seen);
  void isolated_differ(std::string text, std::string_view value, std::string_view seen);
  void isolated_errno(std::string text, int expected, int seen);
  void isolated(std::string text, std::string expected, std::string observed, bool holds);
  void works_errno(std::string text, int seen);  // success is expected
  void works_equal(std::string text, std::string_view value, std::string_view seen);
  void works(std::string text, std::string expected, std::string observed, bool holds);
  // The same for rules of the calls; beside a refusal stands the legal act, as a works_* statement.
  void rule_equal(std::string text, std::string_view value, std::string_view seen);
  void rule_differ(std::string text, std::string_view value, std::string_view seen);
  void rule_errno(std::string text, int expected, int seen);
  void rule(std::string text, std::string expected, std::string observed, bool holds);

  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }

  // What was demanded, what was seen, and whether the two agree.
  struct Comparison {
    std::string expected;
    std::string observed;
    bool holds = false;
    int err = 0;
  };

 private:
  void add(Statement::Kind kind, std::string text, Comparison found);
  std::vector<Statement> statements_;
};

// How a probe proves that it can fail.
enum class ControlKind : std::uint8_t {
  Leaks,     // it is played once more without its namespaces, and must then report a leak
  Positive,  // a rule of a call: the same act made legal succeeds, beside each refusal
};
std::string_view id(ControlKind control);  // "leaks", "positive"

// A verdict with what explains it.
struct Judged {
  VerdictKind verdict = VerdictKind::Broken;
  std::string expected;  // of the statement that decided
  std::string observed;
  int err = 0;
};

// A real case: Pass if every statement holds, else Fail. Broken where nothing was judged: without a
// statement, or, with a positive control, without a rule and a legal act beside it.
Judged judge_case(const Judgement& judgement, ControlKind control = ControlKind::Leaks);
// A control: Pass if every Works statement holds and no Isolation statement does ("it leaked in
// every direction"), else Broken; rules are not asked. No Isolation statement at all is Broken.
Judged judge_control(const Judgement& judgement);

}  // namespace nsbench
