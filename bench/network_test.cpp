// What the benchmarks of the family network lay: looked at from a batch's process, behind its begin
// and a call.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <sys/socket.h>

#include <functional>
#include <set>
#include <string>

#include "bench/held.h"
#include "bench/operation.h"
#include "bench/stage.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/inet_netlink.h"
#include "probes/sandbox/rtnetlink.h"

namespace nsbench::bench {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;

using Look = std::function<std::string()>;

BenchCase case_of(const std::string& id) {
  for (const BenchCase& bench_case : all_bench_cases()) {
    if (bench_case.id().str() == id) return bench_case;
  }
  ADD_FAILURE() << "no benchmark " << id;
  return {};
}

// What `look` sees after so many calls of the case, with either privilege; "skip".
std::string look_after(int calls, const std::string& subject, const Look& look) {
  const Support support = Support::look();
  for (const char* as : {"root", "userns"}) {
    const BenchCase bench_case = case_of(fmt::format("{}:unshare:{}", subject, as));
    if (missing(bench_case, support)) continue;
    Result<Arena> arena =
        Arena::start(arena_for(bench_case.privilege, {&bench_case, 1}), [&](StagePort& port) {
          const auto operation = make_operation(bench_case, Stopwatch::calibrate());
          Status done = operation->begin();
          for (int i = 0; i < calls && done; ++i) {
            const Timing took = operation->time_one();
            if (!took) done = took.error();
          }
          static_cast<void>(port.send(done ? look() : done.error().str()).ok());
          operation->end();
        });
    if (!arena) return arena.error().str();
    const Result<std::string> seen = arena->receive(Deadline::in(patience_to_arrange));
    return seen ? *seen : seen.error().str();
  }
  return "skip";
}

// "lo nsbown", without the fallback tunnels that some kernels make.
std::string links() {
  const Result<std::vector<rtnetlink::Link>> all = rtnetlink::links();
  if (!all) return all.error().str();
  std::set<std::string> names;
  for (const rtnetlink::Link& one : *all) {
    if (one.name == "lo" || one.name.starts_with("nsb")) names.insert(one.name);
  }
  return fmt::format("{}", fmt::join(names, " "));
}

TEST(Network, EachThatWasMadeIsAPortUntilTheBatchEnds) {
  EXPECT_THAT(look_after(3, "network/create_and_wire", links),
              AnyOf("skip", "lo nsbbr nsbp0 nsbp1 nsbp2"));
}

TEST(Network, AContainerHasItsAddressAndItsDefaultRoute) {
  // Behind a call of teardown's the process is in the next one.
  EXPECT_THAT(look_after(1, "network/teardown",
                         [] {
                           const auto addresses = rtnetlink::addresses();
                           const auto routes = rtnetlink::routes(AF_INET);
                           return addresses && routes ? fmt::format("{}; {}; {}", links(),
                                                                    fmt::join(*addresses, " "),
                                                                    fmt::join(*routes, ", "))
                                                      : "no answer";
                         }),
              AnyOf("skip", AllOf(HasSubstr("lo nsbeth; "), HasSubstr("198.18.1.2/16"),
                                  HasSubstr("default/0 table 254"))));
}

TEST(Network, OverLoBothEndsAreInOneNamespace) {
  EXPECT_THAT(look_after(1, "network/tcp_rtt_lo", links), AnyOf("skip", "lo"));
}

// Whether the other end of the link is in another namespace, which has a number then.
std::string other_end() {
  const Result<rtnetlink::Link> link = rtnetlink::link("nsbown");
  if (!link) return link.error().str();
  return fmt::format("{} {}", links(), link->peer_nsid >= 0 ? "elsewhere" : "here");
}

TEST(Network, OverAPairTheOtherEndIsInANamespaceOfItsOwn) {
  EXPECT_THAT(look_after(1, "network/udp_rtt_veth", other_end),
              AnyOf("skip", "lo nsbown elsewhere"));
}

TEST(Network, OverABridgeThePortsAreInAThird) {
  EXPECT_THAT(look_after(1, "network/udp_mib_bridge", other_end),
              AnyOf("skip", "lo nsbown elsewhere"));
}

}  // namespace
}  // namespace nsbench::bench
