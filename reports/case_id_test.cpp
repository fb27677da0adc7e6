#include "reports/case_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsbench {
namespace {

using ::testing::HasSubstr;

TEST(CaseId, GoodOnesReadBackAsTheyAre) {
  for (const std::string text :
       {"net/interfaces:setns.pidfd:userns", "uts/hostname:clone:root",
        "uts/hostname:clone:root:control", "create/mnt/mounts=1000:clone3.vfork:root",
        "scaling/net/procs=4/depth=2:unshare:userns", "a/b/k=0:clone:root"}) {
    const Result<CaseId> id = CaseId::parse(text);
    ASSERT_TRUE(id.ok()) << id.error().str();
    EXPECT_EQ(id->str(), text);
  }
}

TEST(CaseId, PartsAreWhereTheyBelong) {
  const CaseId id = *CaseId::parse("create/mnt/mounts=1000:clone3.vfork:userns:control");
  EXPECT_EQ(id.family, "create");
  EXPECT_EQ(id.name, "mnt");
  ASSERT_EQ(id.params.size(), 1U);
  EXPECT_EQ(id.params[0].first, "mounts");
  EXPECT_EQ(id.params[0].second, "1000");
  EXPECT_EQ(id.method, Method::Clone3);
  EXPECT_EQ(id.variant, "vfork");
  EXPECT_EQ(id.privilege, Privilege::Userns);
  EXPECT_TRUE(id.control);
  EXPECT_EQ(id.subject(), "create/mnt/mounts=1000");
  EXPECT_EQ(id.way(), "clone3.vfork");
}

TEST(CaseId, AControlIsTheSameCaseBesideIt) {
  const CaseId id = *CaseId::parse("uts/hostname:clone:root");
  EXPECT_EQ(id.with_control(true).str(), "uts/hostname:clone:root:control");
  EXPECT_EQ(id.with_control(true).with_control(false), id);
  EXPECT_NE(id.with_control(true), id);
}

struct Bad {
  const char* text;
  const char* complaint;
};

class BadCaseId : public ::testing::TestWithParam<Bad> {};

TEST_P(BadCaseId, IsRefusedWithThePartThatIsWrong) {
  const Result<CaseId> id = CaseId::parse(GetParam().text);
  ASSERT_FALSE(id.ok()) << GetParam().text;
  EXPECT_THAT(id.error().str(), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadCaseId,
    ::testing::Values(Bad{"", "family/name:method:privilege"},
                      Bad{"uts/hostname", "family/name:method:privilege"},
                      Bad{"uts/hostname:clone", "family/name:method:privilege"},
                      Bad{"uts:clone:root", "has no name after its family"},
                      Bad{"/hostname:clone:root", "the family is empty"},
                      Bad{"uts/:clone:root", "the name is empty"},
                      Bad{"UTS/hostname:clone:root", "the family 'UTS' is not of"},
                      Bad{"uts/host-name:clone:root", "the name 'host-name' is not of"},
                      Bad{"uts/hostname:fork:root", "the method 'fork' is none of"},
                      Bad{"uts/hostname:clone.:root", "the method's variant is empty"},
                      Bad{"uts/hostname:clone.a.b:root", "the method's variant 'a.b'"},
                      Bad{"uts/hostname:clone:admin", "the privilege 'admin' is neither"},
                      Bad{"uts/hostname:clone:root:ctl", "only ':control' may follow"},
                      Bad{"uts/hostname:clone:root:control:x", "only ':control' may follow"},
                      Bad{"uts/hostname/10:clone:root", "'10' is not a parameter"},
                      Bad{"uts/hostname/=1:clone:root", "the parameter name is empty"},
                      Bad{"uts/hostname/a=:clone:root", "the parameter value is empty"},
                      Bad{"uts/hostname/a=1/a=2:clone:root", "'a' stands there twice"},
                      Bad{"uts/hostname/a=b=c:clone:root", "the parameter value 'b=c'"},
                      Bad{" uts/hostname:clone:root", "the family ' uts'"}));

TEST(CaseId, AHostileTextIsCutAndEscapedInTheError) {
  const std::string error = CaseId::parse("\x1b[2J" + std::string(100'000, 'x')).error().str();
  EXPECT_LT(error.size(), 400U);
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
  EXPECT_THAT(error, HasSubstr("\\x1b[2J"));
}

TEST(Method, NamesReadBack) {
  for (const Method method : all_methods) EXPECT_EQ(parse_method(id(method)), method);
  for (const Privilege who : all_privileges) EXPECT_EQ(parse_privilege(id(who)), who);
  EXPECT_EQ(parse_method("clone2"), std::nullopt);
}

}  // namespace
}  // namespace nsbench
