#include "probes/sandbox/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <string>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"

namespace nsbench {
namespace {

std::uint64_t set_of(const std::string& status, const char* name) {
  return std::stoull(field_of(status, name), nullptr, 16);
}

// /proc/self/status of a child that did this first.
template <class Act>
std::string status_after(Act act) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error().str();
  const Result<Child> child = Child::fork([&] {
    const Status done = act();
    const Result<std::string> status = read_small_file("/proc/self/status");
    return ends->second.send(done ? *status : done.error().str()) ? 0 : 1;
  });
  ends->second.close();
  const Result<std::string> status = ends->first.receive(Deadline::in(std::chrono::seconds(20)));
  return status ? *status : status.error().str();
}

TEST(CapabilitySets, AreWhatTheirNamesSay) {
  constexpr CapabilitySet two{CAP_CHOWN, CAP_CHECKPOINT_RESTORE};
  static_assert(two.has(CAP_CHOWN) && two.has(CAP_CHECKPOINT_RESTORE) && !two.has(CAP_KILL));
  static_assert(two - CapabilitySet{CAP_CHOWN} == CapabilitySet{CAP_CHECKPOINT_RESTORE});
  static_assert(!arena_capabilities.has(CAP_SYS_MODULE) && arena_capabilities.has(CAP_SYS_ADMIN));
  static_assert(!harness_capabilities.has(CAP_BPF) && harness_capabilities.has(CAP_SYS_MODULE));
}

TEST(Capabilities, ThoseThatAreNotKeptLeaveEverySet) {
  const std::string before = status_after([] { return Status(); });
  const std::string after = status_after([] { return keep_capabilities({CAP_CHOWN, CAP_KILL}); });
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    const bool setpcap = (set_of(before, "CapEff") >> CAP_SETPCAP & 1U) != 0;
    if (std::string(set) == "CapBnd" && !setpcap) continue;
    const std::uint64_t kept = CapabilitySet{CAP_CHOWN, CAP_KILL}.bits();
    EXPECT_EQ(set_of(after, set), set_of(before, set) & kept) << set;
  }
}

TEST(Capabilities, KeepingAllChangesNothing) {
  const std::string before = status_after([] { return Status(); });
  const std::string after = status_after([] { return keep_capabilities(CapabilitySet::all()); });
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd"}) {
    EXPECT_EQ(field_of(after, set), field_of(before, set)) << set;
  }
}

TEST(Capabilities, TheBoundingSetAloneLeavesTheOthers) {
  const std::string before = status_after([] { return Status(); });
  const std::string after = status_after([] { return limit_bounding_set({}); });
  EXPECT_EQ(field_of(after, "CapEff"), field_of(before, "CapEff"));
  if ((set_of(before, "CapEff") >> CAP_SETPCAP & 1U) == 0) GTEST_SKIP() << "no CAP_SETPCAP";
  EXPECT_EQ(set_of(after, "CapBnd"), 0U);
}

TEST(Capabilities, NoProgramGivesNewOnes) {
  EXPECT_EQ(field_of(status_after([] { return allow_no_new_privileges(); }), "NoNewPrivs"), "1");
}

}  // namespace
}  // namespace nsbench
