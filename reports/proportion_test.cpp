#include "reports/proportion.h"

#include <gmock/gmock.h>

namespace nsbench {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Series series(const std::string& id, double p50) {
  Series one;
  one.id = *CaseId::parse(id);
  one.samples = {p50, p50, p50};
  one.calls = 3;
  one.min = one.max = one.mean = p50;
  return one;
}

TEST(Proportions, AreOfTheMediansOfTheSameThing) {
  Report report;
  report.series = {series("network/tcp_rtt_bridge:unshare:root", 30'000),
                   series("network/tcp_rtt_lo:unshare:root", 20'000),
                   series("network/udp_rtt_veth:unshare:root", 90'000),
                   series("network/tcp_rtt_veth:unshare:root", 25'000)};
  const std::vector<InProportion> all = proportions_of(report);
  ASSERT_THAT(all, SizeIs(1));  // udp has no lo beside it
  EXPECT_EQ(all[0].what, "network/tcp_rtt");
  EXPECT_EQ(all[0].p50, 20'000);
  EXPECT_EQ(all[0].mebibytes, 0);
  ASSERT_THAT(all[0].over, SizeIs(2));
  EXPECT_EQ(all[0].over[0].link, "veth");
  EXPECT_DOUBLE_EQ(all[0].over[0].times_lo, 1.25);
  EXPECT_EQ(all[0].over[1].link, "bridge");
  EXPECT_EQ(all[0].over[1].p50, 30'000);
  EXPECT_DOUBLE_EQ(all[0].over[1].times_lo, 1.5);
}

TEST(Proportions, KeepPrivilegesApartAndKnowDeliveries) {
  Report report;
  report.series = {series("network/tcp_mib_lo:unshare:root", 100'000),
                   series("network/tcp_mib_veth:unshare:root", 150'000),
                   series("network/tcp_mib_lo:unshare:userns", 200'000),
                   series("network/tcp_mib_veth:unshare:userns", 220'000)};
  const std::vector<InProportion> all = proportions_of(report);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_DOUBLE_EQ(all[0].over.at(0).times_lo, 1.5);
  EXPECT_EQ(all[1].lo.privilege, Privilege::Userns);
  EXPECT_DOUBLE_EQ(all[1].over.at(0).times_lo, 1.1);
  EXPECT_EQ(all[0].mebibytes, 1);
}

TEST(Proportions, AreOfResultsAlone) {
  Report report;
  report.series = {series("network/tcp_rtt_lo:unshare:root", 20'000),
                   series("network/tcp_rtt_veth:unshare:root", 25'000),
                   series("links/tcp_rtt_lo:unshare:root", 1),
                   series("links/tcp_rtt_veth:unshare:root", 1)};
  Report failed = report;
  failed.series[1].failures = 1;
  EXPECT_THAT(proportions_of(failed), IsEmpty());
  failed = report;
  failed.series[0].skip = SkipReason::NoModule;
  EXPECT_THAT(proportions_of(failed), IsEmpty());
  failed = report;
  failed.series[0].samples = {0, 0, 0};  // no clock is that coarse: nothing can be divided by it
  EXPECT_THAT(proportions_of(failed), IsEmpty());
  EXPECT_THAT(proportions_of(report), SizeIs(1));
}

TEST(Proportions, CountedInstructionsHaveNoRate) {
  Report report;
  report.series = {series("network/udp_mib_lo:unshare:root", 20'000),
                   series("network/udp_mib_bridge:unshare:root", 25'000)};
  for (Series& one : report.series) one.unit = "instructions";
  ASSERT_THAT(proportions_of(report), SizeIs(1));
  EXPECT_EQ(proportions_of(report)[0].mebibytes, 0);
  EXPECT_EQ(proportions_of(report)[0].over.at(0).link, "bridge");
}

}  // namespace
}  // namespace nsbench
