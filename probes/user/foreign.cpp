// user: processes of ids that are not mapped are out of reach, and their messages show it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "probes/credentials.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

// Two processes that wait for their end: somebody's, and one of the outside's own ids.
void start_victims(Scene& scene) {
  if (!ids_are_mapped(scene, somebody)) return;
  static Further theirs(scene.seen, "theirs", Method::Clone, {},
                        {[](Observation& seen) { seen.result("become", become(somebody)); }});
  static Further mine(scene.seen, "own", Method::Clone, {}, {});
  theirs.look(scene.seen, "theirs");
  scene.seen.number("somebody's", theirs.pid());
  scene.seen.number("own", mine.pid());
  scene.seen.text("environ", theirs.file("environ"));
}

int read_memory(pid_t pid) {
  char byte = 0;
  iovec here{&byte, 1};
  iovec there{&byte, 1};  // the same address: the victim is a fork
  return static_cast<int>(::process_vm_readv(pid, &here, 1, &there, 1, 0));
}

void reach(Scene& scene) {
  const Observation& made = scene.saw("outside makes processes");
  const auto theirs = static_cast<pid_t>(made.number_of("somebody's"));
  Observation& seen = scene.seen;
  seen.call("kill", ::kill(theirs, 0));
  seen.call("process_vm_readv", read_memory(theirs));
  seen.call("open environ",
            Fd(::open(made.text_of("environ").c_str(), O_RDONLY | O_CLOEXEC)).get());
  const int nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(theirs));
  seen.call("setpriority", ::setpriority(PRIO_PROCESS, static_cast<id_t>(theirs), nice));
  seen.call("kill its own", ::kill(static_cast<pid_t>(made.number_of("own")), 0));
}

constexpr std::array reach_acts{
    Act{Side::Outside, "outside makes processes", start_victims},
    Act{Side::Inside, "inside reaches for them", reach},
};

Judgement judge_reach(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside reaches for them");
  j.works_errno("the victim becomes somebody",
                t.at("outside makes processes").errno_of("theirs become"));
  j.works_errno("a process of a mapped id can be signalled", seen.errno_of("kill its own"));
  j.isolated_errno("CAP_KILL inside does not reach somebody's", EPERM, seen.errno_of("kill"));
  j.isolated_errno("CAP_SYS_PTRACE inside does not read its memory", EPERM,
                   seen.errno_of("process_vm_readv"));
  j.isolated_errno("nor its environment", EACCES, seen.errno_of("open environ"));
  j.isolated_errno("CAP_SYS_NICE inside does not set its priority", EPERM,
                   seen.errno_of("setpriority"));
  return j;
}

// Credentials that a socket adds by itself are the real ids; those of SO_PEERCRED are effective.
void make_pair(Scene& scene) {
  if (!ids_are_mapped(scene, somebody)) return;
  const Result<std::array<int, 2>> ends = make_credential_sockets();
  if (!ends) return scene.broken(ends.error().str());
  scene.seen.number("outside's end", ends->front());
  scene.seen.number("inside's end", ends->back());
}

// Somebody who runs a set-user-ID program: real ids of somebody, effective ones of the outside.
void send_as_somebody(Scene& scene) {
  const int socket =
      static_cast<int>(scene.saw("outside makes sockets").number_of("outside's end"));
  in_child(scene, [socket](Observation& seen) {
    seen.call("setresgid", ::setresgid(somebody, static_cast<gid_t>(-1), static_cast<gid_t>(-1)));
    seen.call("setresuid", ::setresuid(somebody, static_cast<uid_t>(-1), static_cast<uid_t>(-1)));
    seen.call("send", ::send(socket, "i", 1, MSG_NOSIGNAL));
  });
}

void receive_and_forge(Scene& scene) {
  const int socket = static_cast<int>(scene.saw("outside makes sockets").number_of("inside's end"));
  const Result<ucred> sender = receive_sender(socket);
  scene.seen.result("recvmsg", sender ? 0 : sender.error().err);
  if (!sender) return;
  scene.seen.number("uid", sender->uid);
  scene.seen.number("gid", sender->gid);
  scene.seen.number("overflow id", overflow_id());
  scene.seen.result("forge uid", send_signed(socket, {::getpid(), somebody, ::getgid()}));
  scene.seen.result("forge gid", send_signed(socket, {::getpid(), ::getuid(), somebody}));
  scene.seen.result("send its own", send_signed(socket, {::getpid(), ::getuid(), ::getgid()}));
}

constexpr std::array scm_acts{
    Act{Side::Outside, "outside makes sockets", make_pair},
    Act{Side::Outside, "somebody sends", send_as_somebody},
    Act{Side::Inside, "inside receives and forges", receive_and_forge},
};

Judgement judge_scm(const Transcript& t) {
  Judgement j;
  const Observation& sent = t.at("somebody sends");
  const Observation& seen = t.at("inside receives and forges");
  const std::string overflow = std::to_string(seen.number_of("overflow id"));
  j.works_errno("a process can have a real uid of its own", sent.errno_of("setresuid"));
  j.works_errno("and a real gid", sent.errno_of("setresgid"));
  j.works_errno("it can send", sent.errno_of("send"));
  j.works_errno("a process inside can send its own ids", seen.errno_of("send its own"));
  j.isolated_equal("the inside sees the real uid, which is not mapped", overflow,
                   std::to_string(seen.number_of("uid")));
  j.isolated_equal("the inside sees the real gid, which is not mapped", overflow,
                   std::to_string(seen.number_of("gid")));
  j.isolated_errno("CAP_SETUID inside does not forge a uid that is not mapped", EINVAL,
                   seen.errno_of("forge uid"));
  j.isolated_errno("CAP_SETGID inside does not forge a gid that is not mapped", EINVAL,
                   seen.errno_of("forge gid"));
  return j;
}

}  // namespace

constinit const Probe foreign_processes{
    .family = "user",
    .name = "foreign_processes",
    .sentence = "capabilities inside do not reach processes outside that are somebody else's",
    .source =
        "user_namespaces(7), kill(2), ptrace(2); kernel/signal.c kill_ok_by_cred(), "
        "kernel/ptrace.c __ptrace_may_access()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = root_only,  // an unprivileged process can't start one of somebody else
    .acts = reach_acts,
    .judge = judge_reach,
    .why =
        "A user namespace without a pid namespace sees every process of the host. Only the owner "
        "of each process keeps root inside away from it.",
    .failure = "Root inside kills processes of the host's users, or reads secrets out of them.",
    .by_hand =
        "setpriv --reuid 4711 --regid 4711 --clear-groups sleep 9 & sleep 1\n"
        "p=$(pgrep -u 4711 sleep)\n"
        "unshare --user --map-root-user sh -c \"kill -0 $p; cat /proc/$p/environ; renice 0 "
        "$p\"",
};

constinit const Probe real_ids{
    .family = "user",
    .name = "real_ids",
    .sentence = "a socket's credentials are the sender's real ids, mapped; others can't be forged",
    .source =
        "unix(7), CVE-2013-1979 (fixed in 3.8.11 and 3.9); include/net/scm.h scm_set_cred(), "
        "net/core/scm.c __scm_send()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = root_only,  // with one mapped id, real and effective ids can't differ
    .acts = scm_acts,
    .judge = judge_scm,
    .why =
        "Daemons such as D-Bus and systemd ask the socket who sends. In CVE-2013-1979 the "
        "effective uid of a set-user-ID program that merely wrote was taken for the sender's.",
    .failure = "An unprivileged user speaks to daemons of the host as root.",
    .by_hand =
        "unshare --user --map-root-user python3 -c \"import socket, struct, os; a, b = "
        "socket.socketpair(socket.AF_UNIX); a.sendmsg([b'x'], [(socket.SOL_SOCKET, "
        "socket.SCM_CREDENTIALS, struct.pack('iII', os.getpid(), 4711, 0))])\"",
};

}  // namespace nsbench::probes
