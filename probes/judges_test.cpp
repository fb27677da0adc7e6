// Every probe's judge, with hand-made transcripts: it must pass what isolates, recognise its
// control, and notice each single leak.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "probes/leak_table.h"

namespace nsbench {
namespace {

std::string subject(const Probe& probe) { return fmt::format("{}/{}", probe.family, probe.name); }

// The transcript of all facts, as `value` chooses them; a fact without a value was not seen.
template <class Choose>
Transcript transcript(const LeakTable& table, Choose value) {
  Transcript t;
  for (const Act& act : table.probe->acts) {
    Entry entry{std::string(id(act.side)), std::string(act.name), {}};
    for (const SeenFact& fact : table.facts) {
      if (fact.act != act.name) continue;
      if (const Value* v = value(fact)) v->put(entry.seen, fact.name);
    }
    t.add(std::move(entry));
  }
  return t;
}

Transcript isolating(const LeakTable& table) {
  return transcript(table, [](const SeenFact& f) { return &f.isolated; });
}
Transcript leaking(const LeakTable& table) {
  return transcript(table, [](const SeenFact& f) { return &f.leaked; });
}

// The isolating one with this fact as given; null: not seen.
Transcript with_fact(const LeakTable& table, const SeenFact& changed, const Value* value) {
  return transcript(table, [&](const SeenFact& f) {
    return f.act == changed.act && f.name == changed.name ? value : &f.isolated;
  });
}

std::vector<SeenFact> all_leaks(const LeakTable& table) {
  std::vector<SeenFact> leaks = table.facts;
  leaks.insert(leaks.end(), table.further_leaks.begin(), table.further_leaks.end());
  std::erase_if(leaks, [](const SeenFact& f) { return f.isolated == f.leaked; });
  return leaks;
}

std::string name_of(const SeenFact& fact) { return fmt::format("{}: {}", fact.act, fact.name); }

class JudgeTest : public testing::TestWithParam<LeakTable> {
 protected:
  [[nodiscard]] const LeakTable& table() const { return GetParam(); }
  [[nodiscard]] Judgement judge(const Transcript& t) const { return table().probe->judge(t); }
};

TEST_P(JudgeTest, TheTableSpeaksOfTheProbesOwnActs) {
  for (const SeenFact& fact : table().facts) {
    const auto& acts = table().probe->acts;
    EXPECT_TRUE(std::any_of(acts.begin(), acts.end(), [&fact](const Act& act) {
      return act.name == fact.act;
    })) << name_of(fact);
  }
}

TEST_P(JudgeTest, PassesWhatIsolates) {
  const Judgement judgement = judge(isolating(table()));
  const Judged judged = judge_case(judgement, table().probe->control);
  EXPECT_EQ(id(judged.verdict), "pass") << judged.expected << ", saw " << judged.observed;
  EXPECT_EQ(id(judge_control(judgement).verdict), "broken") << "a control that isolates";
}

TEST_P(JudgeTest, RecognisesItsControl) {
  if (table().probe->control == ControlKind::Positive) GTEST_SKIP() << "has a positive control";
  const Judgement judgement = judge(leaking(table()));
  const Judged judged = judge_control(judgement);
  EXPECT_EQ(id(judged.verdict), "pass") << judged.expected << ", saw " << judged.observed;
  EXPECT_EQ(id(judge_case(judgement).verdict), "fail") << "a case that leaks";
}

TEST_P(JudgeTest, FailsForEverySingleLeak) {
  for (const SeenFact& leak : all_leaks(table())) {
    const Judged judged = judge_case(judge(with_fact(table(), leak, &leak.leaked)));
    EXPECT_EQ(id(judged.verdict), "fail") << name_of(leak);
  }
}

// Whether a single leak turns this statement, and no other, false.
bool can_fail_alone(const LeakTable& table, std::size_t statement) {
  for (const SeenFact& leak : all_leaks(table)) {
    const Judgement judgement = table.probe->judge(with_fact(table, leak, &leak.leaked));
    const std::vector<Statement>& all = judgement.statements();
    const auto broken = std::count_if(all.begin(), all.end(), [](auto& s) { return !s.holds; });
    if (broken != 1 || all.at(statement).holds) continue;
    const Judged judged = judge_case(judgement);
    return judged.verdict == VerdictKind::Fail &&
           judged.expected.find(all.at(statement).text) != std::string::npos;
  }
  return false;
}

TEST_P(JudgeTest, EveryStatementIsFailedByALeakOfItsOwn) {
  const Judgement judgement = judge(isolating(table()));
  for (std::size_t i = 0; i < judgement.statements().size(); ++i) {
    const Statement& statement = judgement.statements()[i];
    if (statement.kind == Statement::Kind::Works) continue;
    EXPECT_TRUE(can_fail_alone(table(), i)) << statement.text;
  }
}

// What was not seen must not pass for isolation.
TEST_P(JudgeTest, FailsWhenAFactWasNotSeen) {
  for (const SeenFact& fact : table().facts) {
    const Judged judged = judge_case(judge(with_fact(table(), fact, nullptr)));
    EXPECT_EQ(id(judged.verdict), "fail") << name_of(fact);
  }
  EXPECT_EQ(id(judge_case(judge(Transcript{})).verdict), "fail");
}

INSTANTIATE_TEST_SUITE_P(Probes, JudgeTest, testing::ValuesIn(leak_tables()), [](const auto& info) {
  return fmt::format("{}_{}", info.param.probe->family, info.param.probe->name);
});

TEST(LeakTables, ThereIsOneForEveryProbe) {
  std::vector<std::string> wanted;
  for (const Probe* probe : all_probes()) wanted.push_back(subject(*probe));
  std::vector<std::string> found;
  for (const LeakTable& table : leak_tables()) found.push_back(subject(*table.probe));
  EXPECT_THAT(found, testing::UnorderedElementsAreArray(wanted));
}

}  // namespace
}  // namespace nsbench
