// nsfs: every namespace file tells its type, and setns checks it.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::array clone_way{Way{Method::Clone, ""}};
constexpr std::array setns_way{Way{Method::Setns, ""}};

void ask_types(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    const Fd ns = ns_file::open(kind);
    const int type = ::ioctl(ns.get(), ns_file::get_nstype);
    scene.seen.call(row(kind).name, type);
    scene.seen.number(std::string(row(kind).name) + " type", type);
  }
}

void ask_others(Scene& scene) {
  const Fd file(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  const Fd directory(::open("/proc/self/ns", O_RDONLY | O_CLOEXEC));
  Fd closed = ns_file::open(Kind::Uts);
  const int number = closed.get();
  closed.reset();
  scene.seen.call("a file", ::ioctl(file.get(), ns_file::get_nstype));
  scene.seen.call("a directory", ::ioctl(directory.get(), ns_file::get_nstype));
  scene.seen.call("a closed descriptor", ::ioctl(number, ns_file::get_nstype));
}

constexpr std::array type_acts{
    Act{Side::Outside, "outside asks namespaces", ask_types},
    Act{Side::Outside, "outside asks other files", ask_others},
};

Judgement judge_types(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside asks namespaces");
  const Observation& others = t.at("outside asks other files");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen);
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    j.works_errno("NS_GET_NSTYPE of " + name, seen.errno_of(name));
    j.rule_equal("the type of " + name + " is its CLONE_NEW* flag", std::to_string(row(kind).flag),
                 std::to_string(seen.number_of(name + " type")));
  }
  for (const char* what : {"a file", "a directory"}) {
    j.rule_errno(std::string("NS_GET_NSTYPE of ") + what, ENOTTY, others.errno_of(what));
  }
  j.rule_errno("NS_GET_NSTYPE of a closed descriptor", EBADF,
               others.errno_of("a closed descriptor"));
  return j;
}

// Where setns to this kind can be seen: the children's link, for the two that children enter.
std::string moved_link(Kind kind) {
  return ns_file::link(kind == Kind::Pid ? "pid_for_children" : row(kind).name);
}

Kind other_than(Kind kind) { return kind == Kind::Uts ? Kind::Ipc : Kind::Uts; }

// Joins one namespace: with the wrong type, with the right one or, in another process, with none.
void join(Observation& seen, Kind kind, int fd) {
  const std::string name(row(kind).name);
  const std::string before = moved_link(kind);
  seen.call(name + " as another", calls::setns(fd, row(other_than(kind)).flag));
  seen.number(name + " stays", moved_link(kind) == before ? 1 : 0);
  seen.call(name + " as such", calls::setns(fd, row(kind).flag));
  seen.number(name + " is joined", moved_link(kind) == ns_file::name_of(fd) ? 1 : 0);
}

void join_untyped(Observation& seen, Kind kind, int fd) {
  const std::string name(row(kind).name);
  seen.call(name + " untyped", calls::setns(fd, 0));
  seen.number(name + " is joined untyped", moved_link(kind) == ns_file::name_of(fd) ? 1 : 0);
}

void join_all(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  const NamespaceSet kinds = ns_file::present_kinds();
  Result<Child> holder = hold_open(kinds, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  for (const Kind kind : kinds.kinds()) {
    const Fd ns = ns_file::open(kind, *holder);
    if (!in_child(scene, [&](Observation& seen) { join(seen, kind, ns.get()); })) return;
    if (!in_child(scene, [&](Observation& seen) { join_untyped(seen, kind, ns.get()); })) return;
  }
}

constexpr std::array join_acts{Act{Side::Outside, "outside joins", join_all}};

Judgement judge_join(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside joins");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen);
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  const auto is = [&seen](const std::string& what) { return std::to_string(seen.number_of(what)); };
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    j.rule_errno("setns to " + name + " with another type", EINVAL,
                 seen.errno_of(name + " as another"));
    j.rule_equal("and nothing changes: " + name, "1", is(name + " stays"));
    j.works_errno("setns to " + name + " with its type", seen.errno_of(name + " as such"));
    j.works_equal("and it is joined: " + name, "1", is(name + " is joined"));
    j.works_errno("setns to " + name + " with type 0", seen.errno_of(name + " untyped"));
    j.works_equal("and it is joined so too: " + name, "1", is(name + " is joined untyped"));
  }
  return j;
}

}  // namespace

constinit const Probe nstype{
    .family = "nsfs",
    .name = "nstype",
    .sentence = "NS_GET_NSTYPE answers the CLONE_NEW* flag for each kind; other files have no type",
    .source = "ioctl_nsfs(2); fs/nsfs.c ns_ioctl()",
    .first_kernel = "4.11",
    .ways = clone_way,
    .privileges = all_privileges,
    .acts = type_acts,
    .judge = judge_types,
    .why =
        "A program that is handed a descriptor has no other way to know what it is about to "
        "join.",
    .failure = "nsenter and runtimes join a namespace of another kind than they were asked to.",
    .by_hand = "lsns --output NS,TYPE",
    .control = ControlKind::Positive,
};

constinit const Probe setns_type{
    .family = "nsfs",
    .name = "setns_type",
    .sentence = "setns refuses a namespace of another type than asked for, and takes any with 0",
    .source = "setns(2); kernel/nsproxy.c SYSCALL_DEFINE2(setns)",
    .first_kernel = "3.8",
    .ways = setns_way,
    .privileges = all_privileges,
    .acts = join_acts,
    .judge = judge_join,
    .why =
        "A program that joins by a path it was given names the type it expects, so that "
        "whoever controls the path can't make it join something else.",
    .failure = "A privileged helper is led into a namespace of a kind that it never meant to join.",
    .by_hand =
        "unshare --uts --fork sleep 60 &\n"
        "nsenter --uts=/proc/$(pgrep -n sleep)/ns/ipc true; echo $?",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
