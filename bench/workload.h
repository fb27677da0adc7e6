// The benchmarks as data: what is timed, by which call, and as which case.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "probes/sandbox/recipe.h"
#include "reports/case_id.h"

namespace nsbench {

namespace bench {
class Operation;
class Stopwatch;
}  // namespace bench

struct BenchCase;

// Which suites have a benchmark (suites/suite.h): Core is in all of them and gets the most time.
enum class Tier : std::uint8_t { Core, Standard, Curve };
std::string_view id(Tier tier);  // "core", "standard", "curve"

// The same operation at several values of what its cost may grow with, each a case of its own:
// "create/mnt/mounts=1000:unshare:root".
struct Curve {
  std::string_view parameter;            // "mounts"; empty: no curve
  std::span<const std::int64_t> values;  // in rising order
};

// One row: one operation on one set of namespaces. To add a benchmark of an existing family is to
// add a row to its file.
struct Workload {
  // Makes the operation that times a case of this row (operation.h).
  using Make = std::unique_ptr<bench::Operation> (*)(const BenchCase&, const bench::Stopwatch&);

  std::string_view family;  // "create", "join"
  std::string_view name;    // "net", "all", "none": unique in the family, but for curves
  NamespaceSet namespaces;  // that a call makes or enters
  std::span<const Way> ways;
  Make make = nullptr;
  std::string_view sentence;      // what is timed, and what is kept out of it
  std::string_view dominated_by;  // where in the kernel the time goes: its functions
  // Commands to see something of it by hand, one a line. What stands in braces is filled in by
  // by_hand(): {options} of unshare(1), {name}, {flag}, {limit} of the kind.
  std::string_view by_hand;
  std::string_view source;       // where the operation is described: manual page, kernel file
  Tier tier = Tier::Standard;    // of all ways but `core`
  std::string_view core = {};    // the way whose case is Core: "unshare", "clone3.vfork"
  Curve curve = {};              // empty: one case for each way and privilege
  bool leaves_dropped = true;    // the calls leave dropped namespaces behind, to be waited for
  bool alone = false;            // needs the machine in a state that would change others' times
  std::string_view unit = "ns";  // of what Operation::time_one() answers: "ns" or "bytes"
  // How many sets of namespaces a call makes; 0: none, only what the batch begins with is dropped.
  std::size_t made_per_call = 1;
  bool value_multiplies = false;     // so many times the curve's value
  std::string_view link_kinds = {};  // kinds of link that must be there: "veth,bridge"
};

// In the order in which they are shown: families.cpp lists the families.
std::vector<const Workload*> all_workloads();

// "create/net", "create/mnt/mounts" for a curve: unique.
std::string subject(const Workload& workload);
std::string by_hand(const Workload& workload);

// One workload by one way with one privilege, and at one value of its curve: what a Series is made
// of.
struct BenchCase {
  const Workload* workload = nullptr;
  Way way;
  Privilege privilege = Privilege::Root;
  std::optional<std::int64_t> value{};  // of the workload's curve

  // "create/net:clone3:root", "join/net:setns.pidfd:userns"
  [[nodiscard]] CaseId id() const;
  [[nodiscard]] Tier tier() const;
  // The curve's value, or `otherwise` where there is none.
  [[nodiscard]] std::size_t value_or(std::size_t otherwise) const;

  friend bool operator==(const BenchCase&, const BenchCase&) = default;
};

// How many sets of its namespaces one call of the case leaves behind.
std::size_t made_per_call(const BenchCase& bench_case);

// Every workload by every way it has, with every privilege, at every value.
std::vector<BenchCase> all_bench_cases();

}  // namespace nsbench
