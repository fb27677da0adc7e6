// calls: who moves when namespaces are changed, and who shares them.
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "probes/calls/probes.h"
#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};

void record_links(Observation& seen, const std::string& whose, std::string_view process) {
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    const std::string name(row(kind).name);
    seen.text(whose + name, ns_file::link(name, process));
  }
}

// A link was read, and it is not the one of before.
void rule_moved(Judgement& j, const std::string& text, const std::string& before,
                const std::string& after) {
  j.rule(text, "another than " + before, after,
         after.find(":[") != std::string::npos && after != before);
}

// A child and a thread of a process inside.
void look_with_kin(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  record_links(scene.seen, "", "self");
  in_child(scene, [](Observation& seen) {
    record_links(seen, "child's ", "self");
    std::thread([&seen] { record_links(seen, "thread's ", "thread-self"); }).join();
  });
}

constexpr std::array kin_acts{
    Act{Side::Outside, "outside looks", [](Scene& s) { record_links(s.seen, "", "self"); }},
    Act{Side::Inside, "inside looks with its kin", look_with_kin},
};

Judgement judge_kin(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside looks");
  const Observation& inside = t.at("inside looks with its kin");
  const NamespaceSet kinds = ns_file::recorded_kinds(inside);
  j.works("/proc/self/ns has files", "at least one", inside.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    const std::string own = inside.text_of(name);
    j.works("the outside's link can be read: " + name, name + ":[inode]", outside.text_of(name),
            outside.text_of(name).starts_with(name + ":["));
    j.rule_equal("a forked child shares " + name, own, inside.text_of("child's " + name));
    j.rule_equal("a thread shares " + name, own, inside.text_of("thread's " + name));
    j.isolated_differ("what they share is not the outside's " + name, outside.text_of(name),
                      inside.text_of("child's " + name));
  }
  return j;
}

// The process that unshares, with a child of before. It reports its child's pid and what unshare
// answered, and stays.
int unshare_when_told(Channel& channel) {
  Result<Child> child = Child::fork([] { return ::pause(); });
  if (!child || !channel.send(std::to_string(child->pid()))) return 1;
  if (!channel.receive(Deadline::in(patience))) return 1;
  const int err = calls::unshare(ns_file::present_kinds().flags()) == 0 ? 0 : errno;
  if (!channel.send(std::to_string(err))) return 1;
  return channel.receive() ? 0 : 1;  // until the other end is closed
}

// Everybody concerned, as seen from outside.
struct Bystanders {
  const Child* mover;
  const Child* sibling;
  int child;  // a pidfd

  void look(Observation& seen, const std::string& when) const {
    const auto text = [&](const std::string& who, Kind kind, const Fd& ns) {
      seen.text(who + " " + std::string(row(kind).name) + " " + when, ns_file::name_of(ns.get()));
    };
    for (const Kind kind : ns_file::present_kinds().kinds()) {
      text("own", kind, ns_file::open(kind, *mover));
      text("parent", kind, ns_file::open(kind));
      text("child", kind, ns_file::open_of(kind, child));
      text("sibling", kind, ns_file::open(kind, *sibling));
    }
  }
};

void unshare_beside_others(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return scene.broken(ends.error().str());
  Result<Child> sibling = Child::fork([] { return ::pause(); });
  Result<Child> mover = Child::fork([&ends] {
    ends->first.close();
    return unshare_when_told(ends->second);
  });
  if (!sibling || !mover) return scene.broken("fork failed");
  ends->second.close();
  const Result<std::string> child_pid = ends->first.receive(Deadline::in(patience));
  if (!child_pid) return scene.broken("the child to be: " + child_pid.error().str());
  const Fd child(calls::pidfd_open(parse_number<pid_t>(*child_pid).value_or(-1)));
  const Bystanders all{&*mover, &*sibling, child.get()};
  all.look(scene.seen, "before");
  if (!ends->first.send("go")) return scene.broken("the process that unshares is gone");
  const Result<std::string> err = ends->first.receive(Deadline::in(patience));
  scene.seen.result("unshare", err ? parse_number<int>(*err).value_or(-1) : err.error().err);
  all.look(scene.seen, "after");
}

constexpr std::array unshare_acts{
    Act{Side::Outside, "outside has a child that unshares", unshare_beside_others}};

Judgement judge_unshare(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside has a child that unshares");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen);
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  j.works_errno("unshare of every kind succeeds", seen.errno_of("unshare"));
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    const auto link = [&](const std::string& who, const std::string& when) {
      return seen.text_of(who + " " + name + " " + when);
    };
    const bool for_children = kind == Kind::Pid || kind == Kind::Time;
    j.works("the link of the one who unshares can be read: " + name, name + ":[inode]",
            link("own", "before"), link("own", "before").starts_with(name + ":["));
    if (for_children) {
      j.rule_equal("unshare leaves one's own " + name + ", which is for children",
                   link("own", "before"), link("own", "after"));
    } else {
      rule_moved(j, "unshare moves the one who calls it: " + name, link("own", "before"),
                 link("own", "after"));
    }
    for (const char* who : {"parent", "child", "sibling"}) {
      j.rule_equal("unshare does not move its " + std::string(who) + ": " + name,
                   link(who, "before"), link(who, "after"));
      j.works_equal("before, they shared: " + std::string(who) + ", " + name, link("own", "before"),
                    link(who, "before"));
    }
  }
  return j;
}

// A thread may leave its process's namespaces but for user and pid (unshare(2)).
constexpr NamespaceSet for_threads{Kind::Uts, Kind::Ipc, Kind::Net, Kind::Cgroup, Kind::Mnt};

void unshare_in_a_thread(Observation& seen) {
  const NamespaceSet kinds = ns_file::present_kinds() & for_threads;
  record_links(seen, "before ", "self");
  std::thread([&] {
    seen.call("unshare", calls::unshare(kinds.flags()));
    record_links(seen, "thread's ", "thread-self");
  }).join();
  record_links(seen, "after ", "self");
}

constexpr std::array thread_acts{
    Act{Side::Outside, "outside has a thread that unshares", [](Scene& s) {
          ns_file::record_kinds(s.seen);
          in_child(s, unshare_in_a_thread);
        }}};

Judgement judge_thread(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside has a thread that unshares");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen) & for_threads;
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  j.works_errno("a thread can unshare", seen.errno_of("unshare"));
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    const std::string before = seen.text_of("before " + name);
    j.works("the process's link can be read: " + name, name + ":[inode]", before,
            before.starts_with(name + ":["));
    rule_moved(j, "the thread is in another " + name, before, seen.text_of("thread's " + name));
    j.rule_equal("its process is not: " + name, before, seen.text_of("after " + name));
  }
  return j;
}

constexpr std::array unshare_way{Way{Method::Unshare, ""}};

}  // namespace

constinit const Probe sharing{
    .family = "calls",
    .name = "sharing",
    .sentence = "a forked child and a thread share all namespaces of their process",
    .source = "namespaces(7), clone(2); kernel/nsproxy.c copy_namespaces()",
    .first_kernel = "5.6",
    .namespaces = NamespaceSet::all(),
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = kin_acts,
    .judge = judge_kin,
    .why = "A container is entered once; everything that it starts is to be inside.",
    .failure = "A process started inside runs outside, with the container's rights or the host's.",
    .by_hand =
        "unshare --uts sh -c 'readlink /proc/self/ns/uts; sh -c \"readlink "
        "/proc/self/ns/uts\"'",
    .arena = {Kind::User},
};

constinit const Probe unshare_own{
    .family = "calls",
    .name = "unshare_own",
    .sentence = "unshare moves the process that calls it, and not its parent, child or sibling",
    .source = "unshare(2), namespaces(7); kernel/nsproxy.c unshare_nsproxy_namespaces()",
    .first_kernel = "3.8",
    .ways = unshare_way,
    .privileges = all_privileges,
    .acts = unshare_acts,
    .judge = judge_unshare,
    .why =
        "Processes share one nsproxy until one of them changes it; the one who changes must get "
        "a copy.",
    .failure = "A helper that isolates itself takes its service along, or the host's init.",
    .by_hand =
        "readlink /proc/$$/ns/uts\nunshare --uts readlink /proc/self/ns/uts\n"
        "readlink /proc/$$/ns/uts",
    .control = ControlKind::Positive,
};

constinit const Probe thread_own{
    .family = "calls",
    .name = "thread_own",
    .sentence = "unshare in a thread moves that thread alone",
    .source = "unshare(2), namespaces(7); kernel/fork.c ksys_unshare()",
    .first_kernel = "4.6",
    .ways = unshare_way,
    .privileges = all_privileges,
    .acts = thread_acts,
    .judge = judge_thread,
    .why =
        "Go programs such as runc and CNI plug-ins lock a thread, unshare or setns there, and "
        "carry on elsewhere on other threads.",
    .failure = "The network of a whole daemon is switched while it sets up one container.",
    .by_hand =
        "python3 -c 'import os, threading\n"
        "t = threading.Thread(target=lambda: (os.unshare(0x04000000), "
        "print(os.readlink(\"/proc/thread-self/ns/uts\"))))\n"
        "t.start(); t.join(); print(os.readlink(\"/proc/self/ns/uts\"))'",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
