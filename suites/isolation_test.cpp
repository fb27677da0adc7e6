// Every probe by every way and with every privilege as a GoogleTest case of its own, each with its
// control: for people who live in gtest. --gtest_filter='uts/*' and the like work as ever.
#include <gtest/gtest.h>

#include <string>

#include "probes/check.h"
#include "probes/sandbox/support.h"
#include "reports/report.h"
#include "suites/catalog.h"
#include "suites/plan.h"

namespace nsbench {
namespace {

class IsolationTest : public ::testing::Test {
 public:
  IsolationTest(const CheckCase& what, const Support& support) : what_(what), support_(support) {}

  void TestBody() override {
    const CaseResult result = check(what_, support_);
    switch (result.verdict) {
      case VerdictKind::Pass:
        return;
      case VerdictKind::Skip:
        GTEST_SKIP() << title(*result.skip) << ": " << result.observed;
      case VerdictKind::Fail:
        // These tests are of the checks: a hole that is known and fixed elsewhere is the kernel's.
        if (is_about_a_fix(*what_.probe)) {
          GTEST_SKIP() << "this kernel lacks a fix: " << what_.probe->source;
        }
        [[fallthrough]];
      case VerdictKind::Broken:
        FAIL() << id(result.verdict) << ": expected " << result.expected << "\nobserved "
               << result.observed << "\nnsbench rerun " << result.id.str();
    }
  }

 private:
  CheckCase what_;
  const Support& support_;
};

// "uts/hostname" is the suite, "setns.pidfd:userns" the test.
void register_all(const Support& support) {
  for (const CheckCase& what : all_check_cases()) {
    const CaseId case_id = what.id();
    const std::string name = case_id.str().substr(case_id.subject().size() + 1);
    ::testing::RegisterTest(
        case_id.subject().c_str(), name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [what, &support]() -> ::testing::Test* { return new IsolationTest(what, support); });
  }
}

}  // namespace
}  // namespace nsbench

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const nsbench::Support support = nsbench::Support::look();
  nsbench::register_all(support);
  return RUN_ALL_TESTS();
}
