#include "reports/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "reports/result.h"

namespace nsbench {
namespace {

std::string quoted(std::string_view value) { return fmt::format("'{}'", value); }

// 0 reads as success; Observation::errno_of() gives -1 for a call that was not seen at all.
std::string outcome(int err) {
  if (err < 0) return "(not seen)";
  return err == 0 ? "success" : errno_name(err);
}

int real_errno(int err) { return std::max(err, 0); }

std::string rule_of(const Statement& statement) {
  return fmt::format("{}: {}", statement.text, statement.expected);
}

Judged judged(VerdictKind verdict, const Statement& decisive) {
  return {verdict, rule_of(decisive), decisive.observed, decisive.err};
}

using Kind = Statement::Kind;
using Comparison = Judgement::Comparison;

Comparison equal(std::string_view value, std::string_view seen) {
  return {quoted(value), quoted(seen), value == seen};
}
Comparison differ(std::string_view value, std::string_view seen) {
  return {fmt::format("anything but '{}'", value), quoted(seen), value != seen};
}
Comparison ended(int expected, int seen) {
  return {outcome(expected), outcome(seen), expected == seen, real_errno(seen)};
}

}  // namespace

void Judgement::isolated_equal(std::string text, std::string_view value, std::string_view seen) {
  add(Kind::Isolation, std::move(text), equal(value, seen));
}
void Judgement::isolated_differ(std::string text, std::string_view value, std::string_view seen) {
  add(Kind::Isolation, std::move(text), differ(value, seen));
}
void Judgement::isolated_errno(std::string text, int expected, int seen) {
  add(Kind::Isolation, std::move(text), ended(expected, seen));
}
void Judgement::isolated(std::string text, std::string expected, std::string observed, bool holds) {
  add(Kind::Isolation, std::move(text), {std::move(expected), std::move(observed), holds});
}

void Judgement::works_errno(std::string text, int seen) {
  add(Kind::Works, std::move(text), ended(0, seen));
}
void Judgement::works_equal(std::string text, std::string_view value, std::string_view seen) {
  add(Kind::Works, std::move(text), equal(value, seen));
}
void Judgement::works(std::string text, std::string expected, std::string observed, bool holds) {
  add(Kind::Works, std::move(text), {std::move(expected), std::move(observed), holds});
}

void Judgement::rule_equal(std::string text, std::string_view value, std::string_view seen) {
  add(Kind::Rule, std::move(text), equal(value, seen));
}
void Judgement::rule_differ(std::string text, std::string_view value, std::string_view seen) {
  add(Kind::Rule, std::move(text), differ(value, seen));
}
void Judgement::rule_errno(std::string text, int expected, int seen) {
  add(Kind::Rule, std::move(text), ended(expected, seen));
}
void Judgement::rule(std::string text, std::string expected, std::string observed, bool holds) {
  add(Kind::Rule, std::move(text), {std::move(expected), std::move(observed), holds});
}

void Judgement::add(Statement::Kind kind, std::string text, Comparison found) {
  statements_.push_back({kind, std::move(text), std::move(found.expected),
                         std::move(found.observed), found.holds, found.err});
}

std::string_view id(Statement::Kind kind) {
  constexpr std::array names{std::string_view("isolation"), std::string_view("works"),
                             std::string_view("rule")};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view id(ControlKind control) {
  return control == ControlKind::Positive ? "positive" : "leaks";
}

Judged judge_case(const Judgement& judgement, ControlKind control) {
  const std::vector<Statement>& all = judgement.statements();
  if (all.empty()) return {VerdictKind::Broken, "at least one statement", "the judge made none", 0};
  for (const Statement& statement : all) {
    if (!statement.holds) return judged(VerdictKind::Fail, statement);
  }
  const auto any = [&all](Statement::Kind kind) {
    return std::any_of(all.begin(), all.end(),
                       [kind](const Statement& s) { return s.kind == kind; });
  };
  if (control == ControlKind::Positive && !(any(Kind::Rule) && any(Kind::Works))) {
    return {VerdictKind::Broken, "a rule, and a legal act beside it", "the judge made no pair", 0};
  }
  return judged(VerdictKind::Pass, all.front());
}

Judged judge_control(const Judgement& judgement) {
  const Statement* leak = nullptr;
  for (const Statement& statement : judgement.statements()) {
    if (statement.kind == Kind::Rule) continue;
    const bool isolation = statement.kind == Kind::Isolation;
    if (!isolation && !statement.holds) return judged(VerdictKind::Broken, statement);
    if (isolation && statement.holds) {
      return {VerdictKind::Broken,
              fmt::format("{}: must not hold while the namespace is shared", statement.text),
              statement.observed, statement.err};
    }
    if (isolation && leak == nullptr) leak = &statement;
  }
  if (leak == nullptr) {
    return {VerdictKind::Broken, "at least one statement about isolation", "the judge made none",
            0};
  }
  return {VerdictKind::Pass,
          fmt::format("{}: must not hold while the namespace is shared", leak->text),
          leak->observed, leak->err};
}

}  // namespace nsbench
