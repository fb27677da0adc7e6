#include "reports/judgement.h"

#include <fmt/format.h>

#include <algorithm>

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

std::string rule(const Statement& statement) {
  return fmt::format("{}: {}", statement.text, statement.expected);
}

Judged judged(VerdictKind verdict, const Statement& decisive) {
  return {verdict, rule(decisive), decisive.observed, decisive.err};
}

}  // namespace

void Judgement::isolated_equal(std::string text, std::string_view value, std::string_view seen) {
  isolated(std::move(text), quoted(value), quoted(seen), value == seen);
}

void Judgement::isolated_differ(std::string text, std::string_view value, std::string_view seen) {
  isolated(std::move(text), fmt::format("anything but '{}'", value), quoted(seen), value != seen);
}

void Judgement::isolated_errno(std::string text, int expected, int seen) {
  statements_.push_back({Statement::Kind::Isolation, std::move(text), outcome(expected),
                         outcome(seen), expected == seen, real_errno(seen)});
}

void Judgement::isolated(std::string text, std::string expected, std::string observed, bool holds) {
  statements_.push_back({Statement::Kind::Isolation, std::move(text), std::move(expected),
                         std::move(observed), holds, 0});
}

void Judgement::works_errno(std::string text, int seen) {
  statements_.push_back({Statement::Kind::Works, std::move(text), outcome(0), outcome(seen),
                         seen == 0, real_errno(seen)});
}

void Judgement::works_equal(std::string text, std::string_view value, std::string_view seen) {
  works(std::move(text), quoted(value), quoted(seen), value == seen);
}

void Judgement::works(std::string text, std::string expected, std::string observed, bool holds) {
  statements_.push_back({Statement::Kind::Works, std::move(text), std::move(expected),
                         std::move(observed), holds, 0});
}

Judged judge_case(const Judgement& judgement) {
  const std::vector<Statement>& all = judgement.statements();
  if (all.empty()) return {VerdictKind::Broken, "at least one statement", "the judge made none", 0};
  for (const Statement& statement : all) {
    if (!statement.holds) return judged(VerdictKind::Fail, statement);
  }
  return judged(VerdictKind::Pass, all.front());
}

Judged judge_control(const Judgement& judgement) {
  const Statement* leak = nullptr;
  for (const Statement& statement : judgement.statements()) {
    const bool isolation = statement.kind == Statement::Kind::Isolation;
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
