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
  };
  Kind kind = Kind::Isolation;
  std::string text;      // the rule: "a host name set inside is not seen outside"
  std::string expected;  // what had to be seen
  std::string observed;  // what was seen
  bool holds = false;
  int err = 0;  // the errno that was seen, where the statement is about one
};

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

  [[nodiscard]] const std::vector<Statement>& statements() const { return statements_; }

 private:
  std::vector<Statement> statements_;
};

// A verdict with what explains it.
struct Judged {
  VerdictKind verdict = VerdictKind::Broken;
  std::string expected;  // of the statement that decided
  std::string observed;
  int err = 0;
};

// A real case: Pass if every statement holds, else Fail. No statement at all is Broken.
Judged judge_case(const Judgement& judgement);
// A control: Pass if every Works statement holds and no Isolation statement does ("it leaked in
// every direction"), else Broken. No Isolation statement at all is Broken.
Judged judge_control(const Judgement& judgement);

}  // namespace nsbench
