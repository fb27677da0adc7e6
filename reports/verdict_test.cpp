#include "reports/verdict.h"

#include <gtest/gtest.h>

namespace nsbench {
namespace {

TEST(Verdict, NamesReadBack) {
  for (const VerdictKind kind :
       {VerdictKind::Pass, VerdictKind::Fail, VerdictKind::Skip, VerdictKind::Broken}) {
    EXPECT_EQ(parse_verdict(id(kind)), kind);
  }
  EXPECT_EQ(id(VerdictKind::Broken), "broken");
  EXPECT_EQ(parse_verdict("PASS"), std::nullopt);
  EXPECT_EQ(parse_verdict(""), std::nullopt);
}

TEST(SkipReason, NamesReadBack) {
  for (const SkipReasonName& known : skip_reasons) {
    EXPECT_EQ(parse_skip_reason(id(known.reason)), known.reason);
    EXPECT_EQ(title(known.reason), known.title);
  }
  EXPECT_EQ(id(SkipReason::UserNamespacesOff), "userns-off");
  EXPECT_EQ(parse_skip_reason("because"), std::nullopt);
}

}  // namespace
}  // namespace nsbench
