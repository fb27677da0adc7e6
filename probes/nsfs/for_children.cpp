// nsfs: pid_for_children and time_for_children, the two links about the processes to come.
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};

template <Kind kind>
std::string own_link() {
  return ns_file::link(row(kind).name);
}

template <Kind kind>
std::string link_for_children() {
  return ns_file::link(std::string(row(kind).name) + "_for_children");
}

// The call that the case is about, made by this process: its children will be inside.
int change(const Recipe& recipe, const Child& holder, const Fd& target) {
  const std::uint64_t flags = recipe.namespaces.flags();
  if (recipe.method == Method::Unshare) return calls::unshare(flags);
  if (recipe.namespaces.empty()) return 0;  // a control
  return recipe.variant == "pidfd" ? calls::setns(holder.pidfd(), flags)
                                   : calls::setns(target.get(), flags);
}

// What the two links and the first child say. A child that only waits is looked at from here.
template <Kind kind>
void look_around(Observation& seen, const Recipe& recipe, const Child& holder, const Fd& target) {
  const bool pid_by_unshare = recipe.method == Method::Unshare && kind == Kind::Pid;
  const bool moved_too = recipe.method == Method::Setns && kind == Kind::Time;
  seen.text("own before", own_link<kind>());
  seen.call("the call", change(recipe, holder, target));
  seen.text("own", own_link<kind>());
  seen.text("own is to be",
            moved_too ? ns_file::name_of(target.get()) : seen.text_of("own before"));
  seen.text("for children at once", link_for_children<kind>());
  Result<Child> child = Child::fork([] { return ::pause(); });
  seen.text("child's", child ? ns_file::name_of(ns_file::open(kind, *child).get()) : "none");
  seen.text("for children", link_for_children<kind>());
  // Nothing is linked before the first process is there (proc_ns_readlink()).
  seen.text("at once is to be", pid_by_unshare ? "ENOENT" : seen.text_of("for children"));
}

template <Kind kind>
void change_and_look(Scene& scene) {
  const Recipe& recipe = scene.recipe();
  const bool joins = recipe.method == Method::Setns;
  Result<Child> holder =
      hold_open(joins ? recipe.namespaces : NamespaceSet{}, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  const Fd target = ns_file::open(kind, *holder);
  if (!target.valid()) return scene.broken("open(/proc/HOLDER/ns): " + errno_name(errno));
  in_child(scene, [&](Observation& seen) { look_around<kind>(seen, recipe, *holder, target); });
}

template <Kind kind>
Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside changes its children's");
  const std::string name(row(kind).name);
  const std::string link = name + "_for_children";
  const std::string before = seen.text_of("own before");
  j.works_errno("the call succeeds", seen.errno_of("the call"));
  j.works("the caller's own link can be read", name + ":[inode]", before,
          before.starts_with(name + ":["));
  j.rule_equal("the " + name + " namespace of the caller itself is as the manual says",
               seen.text_of("own is to be"), seen.text_of("own"));
  j.rule_equal(link + " at once is as the manual says", seen.text_of("at once is to be"),
               seen.text_of("for children at once"));
  j.works_equal("the first child is where " + link + " points", seen.text_of("for children"),
                seen.text_of("child's"));
  j.isolated_differ(link + " is another namespace than before", before,
                    seen.text_of("for children"));
  const Observation& inside = t.at("inside looks");
  j.works_equal("both links of a process that was born inside agree", inside.text_of("own"),
                inside.text_of("for children"));
  return j;
}

template <Kind kind>
constexpr std::array acts{
    Act{Side::Outside, "outside changes its children's", change_and_look<kind>},
    // The door's way in, for comparison.
    Act{Side::Inside, "inside looks",
        [](Scene& s) {
          s.seen.text("own", own_link<kind>());
          s.seen.text("for children", link_for_children<kind>());
        }},
};

constexpr std::array ways{Way{Method::Unshare, ""}, Way{Method::Setns, ""},
                          Way{Method::Setns, "pidfd"}};

template <Kind kind>
constexpr Probe for_children_probe(std::string_view name, std::string_view sentence) {
  return {.family = "nsfs",
          .name = name,
          .sentence = sentence,
          .source =
              "namespaces(7), unshare(2), setns(2); kernel/pid_namespace.c "
              "pidns_for_children_get(), kernel/time/namespace.c timens_install()",
          .first_kernel = kind == Kind::Pid ? "4.12" : "5.6",
          .namespaces = {kind},
          .ways = ways,
          .privileges = all_privileges,
          .acts = acts<kind>,
          .judge = judge<kind>,
          .why =
              "A process can't change its own pid, nor its clocks under the vDSO's hands, so "
              "unshare changes what its children get. Runtimes fork once more and rely on it.",
          .failure = "A container's first process is started in the namespace of the host.",
          .by_hand =
              "unshare --pid sh -c 'readlink /proc/$$/ns/pid /proc/$$/ns/pid_for_children'\n"
              "unshare --time sh -c 'readlink /proc/$$/ns/time "
              "/proc/$$/ns/time_for_children; readlink /proc/self/ns/time'"};
}

}  // namespace

constinit const Probe pid_for_children = for_children_probe<Kind::Pid>(
    "pid_for_children",
    "unshare and setns of a pid namespace change pid_for_children and leave one's own");
constinit const Probe time_for_children = for_children_probe<Kind::Time>(
    "time_for_children",
    "unshare of a time namespace changes time_for_children alone; setns changes one's own as well");

}  // namespace nsbench::probes
