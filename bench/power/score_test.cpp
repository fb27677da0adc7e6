#include "bench/power/score.h"

#include <gmock/gmock.h>

namespace nsbench::power {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

Judged judged(const char* case_id, double size, Finding finding, double ratio, bool load = false) {
  return {.setting = {.case_id = *CaseId::parse(case_id),
                      .planted = size == 0 ? Planted::Nothing : Planted::Spin,
                      .size = size,
                      .load = load},
          .finding = finding,
          .code = "",
          .ratio = ratio,
          .busy = load ? 0.9 : 0.25};
}

constexpr const char* uts = "create/uts:unshare:root";
constexpr const char* net = "create/net:unshare:root";

TEST(Tally, CountsWhatWasSaid) {
  Tally tally;
  EXPECT_EQ(tally.typical_ratio(), 1);
  tally.add(judged(uts, 0, Finding::Same, 1.001));
  tally.add(judged(uts, 0, Finding::Slower, 1.02));
  tally.add(judged(uts, 0, Finding::Faster, 0.9));
  tally.add(judged(uts, 0, Finding::CannotTell, 1.004));
  tally.add(judged(uts, 0, Finding::Failed, 7));
  EXPECT_EQ(tally.trials, 4U);
  EXPECT_EQ(tally.alarms(), 2U);
  EXPECT_EQ(tally.cannot_tell, 1U);
  EXPECT_EQ(tally.failed, 1U);
  EXPECT_NEAR(tally.typical_ratio(), 1.0025, 1e-12);
}

TEST(Proportion, SaysHowSureItIs) {
  EXPECT_EQ(proportion_text(0, 300), "0 of 300 = 0.0 % (0.0 to 1.2)");
  EXPECT_EQ(proportion_text(0, 0), "none");
}

TEST(Tables, CountFalseAlarmsEitherWayAndOnlySlowerAsFound) {
  const std::vector<Judged> all{
      judged(uts, 0, Finding::Same, 1),        judged(uts, 0, Finding::Faster, 0.95),
      judged(net, 0, Finding::CannotTell, 1),  judged(uts, 0.03, Finding::Slower, 1.031),
      judged(uts, 0.03, Finding::Same, 1.005), judged(net, 0.03, Finding::Faster, 0.97),
      judged(net, 0.1, Finding::Failed, 1),
  };
  const std::string text = to_markdown(all);
  EXPECT_THAT(text, HasSubstr("identical kernels called different: 1 of 3 = 33.3 %"));
  EXPECT_THAT(text, ContainsRegex("[|] create/uts:unshare:root +[|] 1/2 .1-99 %., -2.5 %"));
  EXPECT_THAT(text, HasSubstr("| 1/2 (1-99 %), +1.8 %"));
  EXPECT_THAT(text, HasSubstr("| 0/1 (0-98 %), -3.0 % | -"));
  EXPECT_THAT(text, HasSubstr("False alarm: create/uts:unshare:root: faster, -5.0 %\n"));
  EXPECT_THAT(text, HasSubstr("Missed: create/uts:unshare:root +3 %: same, +0.5 %\n"));
  EXPECT_THAT(text, HasSubstr("Missed: create/net:unshare:root +3 %: faster, -3.0 %\n"));
  EXPECT_THAT(text, HasSubstr("1 failed, and are left out."));
}

TEST(Tables, LoadsStandApartAndTogether) {
  const std::vector<Judged> all{judged(uts, 0, Finding::Same, 1),
                                judged(uts, 0, Finding::Slower, 1.02, true),
                                judged(net, 0.05, Finding::Slower, 1.05, true)};
  const std::string text = to_markdown(all);
  EXPECT_THAT(text, ContainsRegex("[|] create/uts:unshare:root +[|] 1/2 .1-99 %., .1.0 %"));
  EXPECT_THAT(text,
              HasSubstr("| all, without load of our own (CPUs 25 % busy) | 0/1 (0-98 %), +0.0 %"));
  EXPECT_THAT(text, HasSubstr("| all, under load (CPUs 90 % busy) "));
  EXPECT_THAT(text, HasSubstr("| 1/1 (2-100 %), +2.0 % "));
  EXPECT_THAT(text, HasSubstr("| 1/1 (2-100 %), +5.0 % |\n"));
  EXPECT_THAT(text, HasSubstr("False alarm: create/uts:unshare:root under load: slower, +2.0 %"));
}

TEST(Tables, FiltersAreNotSpins) {
  Judged filtered = judged(uts, 512, Finding::Slower, 1.09);
  filtered.setting.planted = Planted::Seccomp;
  const std::string text = to_markdown(std::vector{
      judged(uts, 0, Finding::Same, 1), judged(uts, 0.03, Finding::Slower, 1.03), filtered});
  EXPECT_THAT(text, HasSubstr("filter of 512: found"));
  EXPECT_THAT(text, HasSubstr("1/1 (2-100 %), +9.0 %"));
}

TEST(Json, HasEachTrialInItsPlace) {
  const std::string text =
      to_json(std::vector{judged(uts, 0, Finding::Same, 1), judged(net, 0.05, Finding::Slower, 2)});
  EXPECT_LT(text.find("\"same\""), text.find("\"slower\""));
  EXPECT_EQ(to_json({}), "[]\n");
}

}  // namespace
}  // namespace nsbench::power
