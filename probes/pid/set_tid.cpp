// pid: clone3's set_tid chooses the child's numbers, for those who may.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <span>
#include <string>
#include <vector>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/files.h"

namespace nsbench::probes {

namespace {

// Numbers that fit an exit status, and that nobody in a fresh namespace has come to yet.
constexpr pid_t inner = 201;
constexpr pid_t outer = 233;
constexpr pid_t another = 215;
constexpr int taken_as_told = 50;
constexpr int other_number = 51;

// A child with the numbers wanted. It ends at once, with a status that says whether getpid() is the
// innermost of them.
void make(Observation& seen, const std::string& name, std::uint64_t flags,
          const std::vector<pid_t>& pids) {
  const pid_t made = calls::clone3_with_pids(flags, pids.data(), pids.size());
  if (made == 0) ::_exit(::getpid() == pids.front() ? taken_as_told : other_number);
  seen.call(name, made);
  if (made < 0) return;
  int status = 0;
  ::waitpid(made, &status, 0);
  seen.number(name + " returned", made);
  seen.number(name + " status", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

// A child with the two numbers, as the outside's /proc shows it; its status file tells.
void make_for_both(Observation& seen, const std::vector<pid_t>& pids) {
  const pid_t made = calls::clone3_with_pids(0, pids.data(), pids.size());
  seen.call("both", made);
  if (made == 0) {
    for (;;) ::pause();
  }
  if (made < 0) return;
  const Result<std::string> status = read_small_file(fmt::format("/proc/{}/status", pids.back()));
  seen.text("NSpid", status ? field_of(*status, "NSpid") : status.error().str());
  make(seen, "taken", 0, {pids.front()});
  ::kill(made, SIGKILL);
  ::waitpid(made, nullptr, 0);
}

void choose(Scene& scene) {
  const bool fresh = !scene.recipe().namespaces.empty();
  // In a control the next level out is not the arena's: its numbers are left alone.
  const std::vector<pid_t> both = fresh ? std::vector{inner, outer} : std::vector{inner};
  in_child(scene, [&](Observation& seen) {
    make_for_both(seen, both);
    make(seen, "one", 0, {another});
    make(seen, "first", CLONE_NEWPID, {1, another});
    make(seen, "not first", CLONE_NEWPID, {5, another});
    make(seen, "zero", 0, {0});
    make(seen, "too deep", 0, std::vector<pid_t>(33, another));
  });
  in_nested(scene, "below", {Kind::User},
            [](Observation& seen) { make(seen, "one", 0, {another}); });
}

constexpr std::array ways{Way{Method::Clone3, ""}};
constexpr std::array acts{Act{Side::Inside, "inside chooses pids", choose}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside chooses pids");
  const auto number = [&seen](std::string_view name) {
    return std::to_string(seen.number_of(name));
  };
  j.works_errno("a child can be given a number", seen.errno_of("one"));
  j.rule_equal("its parent knows it by that number", std::to_string(another),
               number("one returned"));
  j.rule_equal("and so does the child", std::to_string(taken_as_told), number("one status"));
  j.works_errno("a child can be given a number in each namespace", seen.errno_of("both"));
  j.isolated_equal("it has both numbers, each in its namespace",
                   fmt::format("{}\t{}", outer, inner), seen.text_of("NSpid"));
  j.works_errno("the first process of a new namespace may be given 1", seen.errno_of("first"));
  j.rule_equal("which it then is", std::to_string(taken_as_told), number("first status"));
  j.rule_equal("beside the number wanted outside", std::to_string(another),
               number("first returned"));
  j.rule_errno("the first process can't be given any other", EINVAL, seen.errno_of("not first"));
  j.rule_errno("a number that is in use can't be had", EEXIST, seen.errno_of("taken"));
  j.rule_errno("0 is no number", EINVAL, seen.errno_of("zero"));
  j.rule_errno("more numbers than there can be levels are refused", EINVAL,
               seen.errno_of("too deep"));
  j.works_errno("a user namespace below can be made", seen.errno_of("below enter"));
  j.rule_errno("root of a user namespace below may not choose", EPERM, seen.errno_of("below one"));
  return j;
}

namespace beyond {

// Three levels: the inside's, the arena's, and one that neither owns.
void choose_too_far(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    make(seen, "two levels", 0, {inner, outer});
    make(seen, "three levels", 0, {inner, outer, outer});
  });
}

constexpr std::array privileges{Privilege::Userns};  // root owns all levels
constexpr std::array acts{Act{Side::Inside, "inside chooses pids", choose_too_far}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside chooses pids");
  j.works_errno("numbers in the namespaces that one owns can be chosen",
                seen.errno_of("two levels"));
  j.rule_errno("a number in a namespace above those can't", EPERM, seen.errno_of("three levels"));
  return j;
}

}  // namespace beyond

}  // namespace

constinit const Probe set_tid{
    .family = "pid",
    .name = "set_tid",
    .sentence = "clone3's set_tid gives the wanted pid in each namespace, to its owner only",
    .source = "clone(2) \"The set_tid array\"; kernel/pid.c alloc_pid()",
    .first_kernel = "5.5",
    .namespaces = {Kind::Pid},
    .ways = ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Checkpoint and restore (CRIU) brings processes back with the pids that they had. In "
        "the hands of others, chosen pids would be a way to stand in for an ended process.",
    .failure =
        "A container can't be restored, or an unprivileged process takes the pid that some "
        "other program still holds for its own child's.",
    .by_hand =
        "# set_tid has no command. ns_last_pid is the older way to the same:\n"
        "unshare --pid --fork --mount-proc sh -c\\\n"
        "  'echo 200 > /proc/sys/kernel/ns_last_pid; sh -c \"echo \\$\\$\"; true'   # 201",
};

constinit const Probe set_tid_above{
    .family = "pid",
    .name = "set_tid_above",
    .sentence = "set_tid can't choose a number in a pid namespace above those that one owns",
    .source = "clone(2) \"The set_tid array\"; kernel/pid.c alloc_pid()",
    .first_kernel = "5.5",
    .namespaces = {Kind::Pid},
    .ways = ways,
    .privileges = beyond::privileges,
    .acts = beyond::acts,
    .judge = beyond::judge,
    .why =
        "Everybody who may make a user namespace owns the pid namespaces in it, but not the "
        "one that it was made in.",
    .failure =
        "An unprivileged process picks its children's pids on the host, and can stand in "
        "for a process there that has ended.",
    .by_hand =
        "# set_tid has no command; nsbench rerun shows the calls:\n"
        "nsbench rerun pid/set_tid_above:clone3:userns",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
