// What a probe is: acts that look, and a judge that decides on what they saw.
//
// A probe is one file of its family, or one row in it:
//   - acts are played in order, each on its side: outside (the arena), inside (the namespaces under
//     test) and sibling (a second entry by the same recipe). An act arranges, acts and looks; it
//     never judges. It may read what earlier acts saw, on any side.
//   - the judge is a pure function of what all acts saw. The same probe is also played with its
//     namespaces left out, the control; there every Isolation statement must be false.
//   - a rule of the calls themselves (what must be refused) has no such control: its statements are
//     rules, and beside each refusal the same act made legal must succeed (ControlKind::Positive).
//   - its family's leak_tables.cpp holds, for every probe, what its acts see where the kernel
//   isolates and where
//     it leaks: the judge is tested with that.
//
//   PASS  outside "before"  nodename=nsb-out      FAIL  outside "before"  nodename=nsb-out
//         inside "renames"  sethostname=ok              inside "renames"  sethostname=ok
//         outside "after"   nodename=nsb-out            outside "after"   nodename=nsb-in
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "probes/sandbox/namespace_set.h"
#include "probes/sandbox/recipe.h"
#include "probes/sandbox/support.h"
#include "reports/judgement.h"
#include "reports/observation.h"

namespace nsbench {

enum class Side : std::uint8_t { Outside, Inside, Sibling };
std::string_view id(Side side);  // "outside", "inside", "sibling"

// What an act works with.
class Scene {
 public:
  // What the stage tells a side before an act.
  struct Facts {
    Recipe recipe;  // what is entered: nothing in a control, but its method is the case's
    pid_t inside_pid = 0;
    pid_t sibling_pid = 0;
    const Support* support = nullptr;  // what the harness found before the check
  };
  Scene(const Transcript& so_far, const Facts& facts) : so_far_(so_far), facts_(facts) {}

  Observation seen;  // what this act sees goes here
  // What earlier acts saw.
  [[nodiscard]] const Observation& saw(std::string_view act) const { return so_far_.at(act); }
  // The inside's process as the arena numbers it; 0 before it was entered.
  [[nodiscard]] pid_t inside_pid() const { return facts_.inside_pid; }
  // The same of the sibling.
  [[nodiscard]] pid_t sibling_pid() const { return facts_.sibling_pid; }
  [[nodiscard]] const Recipe& recipe() const { return facts_.recipe; }
  // The evidence for a skip, as the harness found it: it is not gathered again in the arena, where
  // what the check itself changed would count.
  [[nodiscard]] const Support& support() const { return *facts_.support; }

  // The case can't be played here, for a reason of the closed list; with evidence in `text`.
  void skip(SkipReason reason, std::string text) { skip_ = Skip{reason, std::move(text)}; }
  // Something of the probe's own making went wrong, which says nothing about the kernel.
  void broken(std::string text) { broken_ = std::move(text); }
  [[nodiscard]] const std::optional<Skip>& skipped() const { return skip_; }
  [[nodiscard]] const std::string& trouble() const { return broken_; }
  [[nodiscard]] bool ended() const { return skip_.has_value() || !broken_.empty(); }

 private:
  const Transcript& so_far_;
  const Facts& facts_;
  std::optional<Skip> skip_;
  std::string broken_;
};

struct Act {
  Side side = Side::Outside;
  std::string_view name;  // unique within the probe; the judge asks for it
  void (*play)(Scene&) = nullptr;
};

struct Probe {
  std::string_view family;  // the namespace it belongs to: "uts"
  std::string_view name;
  std::string_view sentence;      // what must hold
  std::string_view source;        // man page section, kernel function or CVE
  std::string_view first_kernel;  // with the rule
  NamespaceSet namespaces;        // what is entered; left out in the control
  std::span<const Way> ways;
  std::span<const Privilege> privileges;
  std::span<const Act> acts;
  Judgement (*judge)(const Transcript&) = nullptr;
  // Looks at the namespaces the caller is in, changing nothing: what nsprobe shows. Null where
  // there is nothing to see without acting.
  void (*look)(Observation&) = nullptr;

  // For `nsbench explain`, as whole sentences; by_hand is shell commands, one a line.
  std::string_view why;      // who relies on the rule, and what went wrong where it did not hold
  std::string_view failure;  // what a failure means: what somebody inside can then do
  std::string_view by_hand;  // how to see it with everyday tools

  ControlKind control = ControlKind::Leaks;
  // Kinds that the arena must have of its own besides `namespaces`: what the acts change outside.
  // With Kind::User, and as an unprivileged user, the outside is root of a user namespace though
  // the inside enters a further one.
  NamespaceSet arena;
  // Of `arena`, the kinds that this kernel has are enough; else it takes a kernel with all of them.
  bool arena_if_present = false;
  // Most of its time (0.1 s and more) is waiting: for a clock, or for the kernel to free something.
  bool waits = false;
  // The arena is in a cgroup of its own, whose directories are below scratch_dir() (cgroup.h).
  bool own_cgroup = false;
  // It looks at figures of the whole machine: nothing may run beside it.
  bool alone = false;
};

// Every probe, by family in the order of the manual.
std::span<const Probe* const> all_probes();
// "family/name"; null if there is none.
const Probe* find_probe(std::string_view subject);

}  // namespace nsbench
