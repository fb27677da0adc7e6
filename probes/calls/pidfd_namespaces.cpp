// calls: getting at another process's namespaces: by the ioctls of a pidfd, and with what rights.
#include <fcntl.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <string_view>

#include "probes/calls/probes.h"
#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};
constexpr std::array pidfd_way{Way{Method::Setns, "pidfd"}};

// PIDFD_GET_*_NAMESPACE of include/uapi/linux/pidfd.h, by the name of the link in /proc/PID/ns.
struct Request {
  std::string_view link;
  unsigned number;
};
constexpr std::array requests{
    Request{"cgroup", _IO(0xff, 1)}, Request{"ipc", _IO(0xff, 2)},
    Request{"mnt", _IO(0xff, 3)},    Request{"net", _IO(0xff, 4)},
    Request{"pid", _IO(0xff, 5)},    Request{"pid_for_children", _IO(0xff, 6)},
    Request{"time", _IO(0xff, 7)},   Request{"time_for_children", _IO(0xff, 8)},
    Request{"user", _IO(0xff, 9)},   Request{"uts", _IO(0xff, 10)},
};
constexpr Request uts_request = requests.back();

bool present(const Request& request) { return ns_file::link(request.link) != errno_name(ENOENT); }

bool has_ended(int pidfd) {
  pollfd end{.fd = pidfd, .events = POLLIN, .revents = 0};
  return ::poll(&end, 1, Deadline::in(patience).poll_ms()) == 1;
}

// A process with namespaces of its own, asked while it lives, as a zombie, and when it is gone.
void ask(Scene& scene) {
  Observation& seen = scene.seen;
  ns_file::record_kinds(seen);
  Result<Child> holder = hold_open(ns_file::present_kinds(), Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  const Result<std::string> dir = proc_dir(*holder);
  if (!dir) return scene.broken(dir.error().str());
  const Fd pidfd(::fcntl(holder->pidfd(), F_DUPFD_CLOEXEC, 3));
  for (const Request& request : requests) {
    if (!present(request)) continue;
    const std::string link(request.link);
    const int answer = ::ioctl(pidfd.get(), request.number, 0);
    seen.call(link, answer);
    seen.text(link + " asked", ns_file::name_of_answer(answer));
    seen.text(link + " is", ns_file::link(link, dir->substr(dir->rfind('/') + 1)));
  }
  seen.text("own uts", ns_file::link("uts"));
  seen.call("with an argument", ::ioctl(pidfd.get(), uts_request.number, 1));
  holder->begin_end();
  if (!has_ended(pidfd.get())) return scene.broken("a killed process does not end");
  seen.call("of a zombie", ::ioctl(pidfd.get(), uts_request.number, 0));
  holder->kill();
  seen.call("of none", ::ioctl(pidfd.get(), uts_request.number, 0));
}

constexpr std::array ask_acts{Act{Side::Outside, "outside asks", ask}};

Judgement judge_ask(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside asks");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen);
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  for (const Request& request : requests) {
    const std::string link(request.link);
    const Result<NamespaceSet> kind = NamespaceSet::parse(link.substr(0, link.find('_')));
    if (!kind || (kinds & *kind).empty()) continue;
    const std::string target = seen.text_of(link + " is");
    j.works_errno("the ioctl answers: " + link, seen.errno_of(link));
    j.works("the target's link can be read: " + link, "KIND:[inode]", target,
            target.find(":[") != std::string::npos);
    j.rule_equal("it is the target's namespace: " + link, target, seen.text_of(link + " asked"));
  }
  j.works("the target is not in the caller's uts namespace",
          "another than " + seen.text_of("own uts"), seen.text_of("uts is"),
          seen.text_of("own uts").starts_with("uts:[") &&
              seen.text_of("own uts") != seen.text_of("uts is"));
  j.rule_errno("an argument is refused", EINVAL, seen.errno_of("with an argument"));
  j.rule_errno("of a zombie", ESRCH, seen.errno_of("of a zombie"));
  j.rule_errno("of a process that was reaped", ESRCH, seen.errno_of("of none"));
  return j;
}

// Everything by which a process gets at another's namespaces; `who` is "with" or "without" rights.
void try_all_doors(Observation& seen, const std::string& who, const std::string& dir, int pidfd) {
  const std::string file = dir + "/ns/uts";
  const Result<std::string> link = read_link(file);
  seen.result("readlink " + who, link ? 0 : link.error().err);
  seen.call("open " + who, Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)).get());
  seen.call("setns " + who, calls::setns(pidfd, row(Kind::Uts).flag));
}

void try_ioctl(Observation& seen, const std::string& who, int pidfd) {
  seen.call("ioctl " + who, Fd(::ioctl(pidfd, uts_request.number, 0)).get());
}

template <class Try>
void try_as_two(Scene& scene, const Try& attempt) {
  // With all the outside's capabilities: who has fewer may not trace it (ptrace(2)).
  Result<Child> target = Child::fork([] { return ::pause(); });
  if (!target) return scene.broken(target.error().str());
  const Result<std::string> dir = proc_dir(*target);
  if (!dir) return scene.broken(dir.error().str());
  const int pidfd = target->pidfd();
  if (!in_child(scene, [&](Observation& seen) { attempt(seen, "with", *dir, pidfd); })) return;
  in_child(scene, [&](Observation& seen) {
    const Status dropped = drop_privilege();
    seen.result("drop", dropped.error().err);
    attempt(seen, "without", *dir, pidfd);
  });
}

constexpr std::array access_acts{
    Act{Side::Outside, "outside tries", [](Scene& s) { try_as_two(s, try_all_doors); }}};

constexpr std::array ioctl_acts{Act{Side::Outside, "outside tries", [](Scene& s) {
                                      try_as_two(s, [](Observation& seen, const std::string& who,
                                                       const std::string&,
                                                       int pidfd) { try_ioctl(seen, who, pidfd); });
                                    }}};

struct Refusal {
  std::string_view step;
  int err;
};

template <std::size_t N>
Judgement judge_refusals(const Transcript& t, const std::array<Refusal, N>& refusals) {
  Judgement j;
  const Observation& seen = t.at("outside tries");
  j.works_errno("privileges can be given up", seen.errno_of("drop"));
  for (const Refusal& refusal : refusals) {
    const std::string step(refusal.step);
    j.works_errno(step + " with the right to trace the target", seen.errno_of(step + " with"));
    j.rule_errno(step + " without that right", refusal.err, seen.errno_of(step + " without"));
  }
  return j;
}

Judgement judge_access(const Transcript& t) {
  return judge_refusals(
      t, std::array{Refusal{"readlink", EACCES}, Refusal{"open", EACCES}, Refusal{"setns", EPERM}});
}

Judgement judge_ioctl(const Transcript& t) {
  return judge_refusals(t, std::array{Refusal{"ioctl", EACCES}});
}

}  // namespace

constinit const Probe pidfd_namespaces{
    .family = "calls",
    .name = "pidfd_namespaces",
    .sentence = "PIDFD_GET_*_NAMESPACE opens the namespaces of the pidfd's process, and no other",
    .source = "PIDFD_GET_UTS_NAMESPACE(2const) and kin; fs/pidfs.c pidfd_ioctl()",
    .first_kernel = "6.11",
    .ways = pidfd_way,
    .privileges = all_privileges,
    .acts = ask_acts,
    .judge = judge_ask,
    .why = "With them a program needs no /proc, and no pid that may be reused meanwhile.",
    .failure = "A caller joins the namespaces of another process than the one it holds.",
    .by_hand = "unshare --uts --fork sleep 60 &\nls -l /proc/$(pgrep -n sleep)/ns",
    .control = ControlKind::Positive,
};

constinit const Probe ptrace_access{
    .family = "calls",
    .name = "ptrace_access",
    .sentence = "another process's namespaces are open to those who may trace it, and to no others",
    .source =
        "namespaces(7), setns(2); fs/proc/namespaces.c proc_ns_get_link(), "
        "kernel/nsproxy.c validate_nsset()",
    .first_kernel = "5.8",
    .ways = pidfd_way,
    .privileges = all_privileges,
    .acts = access_acts,
    .judge = judge_access,
    .why =
        "Which namespaces a process is in tells where it belongs, and an open one can be "
        "joined: both are for its own user and for those with CAP_SYS_PTRACE.",
    .failure = "Any local user can pin, name and compare the namespaces of root's services.",
    .by_hand = "setpriv --reuid 65534 --clear-groups readlink /proc/1/ns/uts; echo $?",
    .control = ControlKind::Positive,
    .arena = {Kind::Uts},
};

constinit const Probe pidfd_access{
    .family = "calls",
    .name = "pidfd_access",
    .sentence = "PIDFD_GET_UTS_NAMESPACE is EACCES without the right to trace the process",
    .source = "PIDFD_GET_UTS_NAMESPACE(2const); fs/pidfs.c pidfd_ioctl()",
    .first_kernel = "6.11",
    .ways = pidfd_way,
    .privileges = all_privileges,
    .acts = ioctl_acts,
    .judge = judge_ioctl,
    .why =
        "A pidfd can be had for any process by anybody, so the ioctl has to ask what opening "
        "/proc/PID/ns asks.",
    .failure = "Any local user can open the namespaces of root's services.",
    .by_hand = "setpriv --reuid 65534 --clear-groups readlink /proc/1/ns/uts; echo $?",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
