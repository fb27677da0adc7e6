// pid: the pids that unix(7) sockets tell of their peers.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/credentials.h"
#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/fd.h"

namespace nsbench::probes {

namespace {

// -1: not told.
pid_t pid_of(const Result<ucred>& who) { return who ? who->pid : -1; }

int end_of_pair(const Scene& scene, std::string_view name) {
  return static_cast<int>(scene.saw("outside sends").number_of(name));
}

void send_in(Scene& scene) {
  const Result<std::array<int, 2>> ends = make_credential_sockets();
  if (!ends) return scene.broken(ends.error().str());
  scene.seen.number("outer end", ends->front());
  scene.seen.number("inner end", ends->back());
  scene.seen.call("send", ::send(ends->front(), "m", 1, MSG_NOSIGNAL));
}

void answer(Scene& scene) {
  const int socket = end_of_pair(scene, "inner end");
  scene.seen.number("sender", pid_of(receive_sender(socket)));
  scene.seen.number("peer", pid_of(peer_of(socket)));
  scene.seen.number("getpid", ::getpid());
  scene.seen.call("send", ::send(socket, "m", 1, MSG_NOSIGNAL));
}

void read_answer(Scene& scene) {
  scene.seen.number("inside", scene.inside_pid());
  scene.seen.number("sender", pid_of(receive_sender(end_of_pair(scene, "outer end"))));
}

constexpr std::array acts{
    Act{Side::Outside, "outside sends", send_in},
    Act{Side::Inside, "inside answers", answer},
    Act{Side::Outside, "outside reads", read_answer},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside answers");
  const Observation& outside = t.at("outside reads");
  const auto number = [](const Observation& seen, std::string_view name) {
    return std::to_string(seen.number_of(name));
  };
  j.works_errno("a message can be sent in", t.at("outside sends").errno_of("send"));
  j.works_errno("a message can be sent out", inside.errno_of("send"));
  j.isolated_equal("SCM_CREDENTIALS of a sender outside have pid 0 inside", "0",
                   number(inside, "sender"));
  j.isolated_equal("SO_PEERCRED of a peer outside has pid 0 inside", "0", number(inside, "peer"));
  isolated_number(j, "SCM_CREDENTIALS of a sender inside have its number outside",
                  outside.number_of("inside"), outside.number_of("sender"),
                  inside.number_of("getpid"));
  return j;
}

namespace forged {

constexpr pid_t nobody = 30000;  // above all that a fresh namespace has given out

int send_as(pid_t pid) {
  const Result<std::array<int, 2>> ends = make_credential_sockets();
  if (!ends) return ends.error().err;
  const Fd ours(ends->front());
  const Fd theirs(ends->back());
  return send_signed(ours.get(), {.pid = pid, .uid = ::getuid(), .gid = ::getgid()});
}

void forge(Scene& scene) {
  Result<Child> other = Child::fork([] {
    for (;;) ::pause();
    return 0;
  });
  if (!other) return scene.broken(other.error().str());
  const pid_t pid = other->pid();
  scene.seen.result("as another", send_as(pid));
  scene.seen.result("as nobody", send_as(nobody));
  in_nested(scene, "below", {Kind::User}, [pid](Observation& seen) {
    seen.result("as itself", send_as(::getpid()));
    seen.result("as another", send_as(pid));
  });
}

constexpr std::array ways{Way{Method::Clone, ""}};
constexpr std::array acts{Act{Side::Inside, "inside forges", forge}};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("inside forges");
  j.works_errno("the owner of the pid namespace may send another's pid",
                seen.errno_of("as another"));
  j.works_errno("a user namespace below it can be made", seen.errno_of("below enter"));
  j.works_errno("a process there may send its own pid", seen.errno_of("below as itself"));
  j.rule_errno("root of the user namespace below may not send another's pid", EPERM,
               seen.errno_of("below as another"));
  j.rule_errno("a pid that nobody has can't be sent", ESRCH, seen.errno_of("as nobody"));
  return j;
}

}  // namespace forged

}  // namespace

constinit const Probe scm_pid{
    .family = "pid",
    .name = "scm_pid",
    .sentence = "SCM_CREDENTIALS and SO_PEERCRED tell the pid in the receiver's namespace, or 0",
    .source =
        "pid_namespaces(7) \"Miscellaneous\", unix(7); include/net/scm.h, net/core/sock.c "
        "cred_to_ucred()",
    .first_kernel = "2.6.36",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "D-Bus, systemd and polkit decide by the pid of a socket's peer what that may do. The "
        "sockets of such services are often mounted into containers.",
    .failure =
        "A process inside is taken for the process outside that has the same number, with "
        "that one's rights.",
    .by_hand =
        "python3 - <<'EOF'\n"
        "import ctypes, os, socket, struct\n"
        "ours, theirs = socket.socketpair()\n"
        "ctypes.CDLL(None).unshare(0x20000000)   # CLONE_NEWPID\n"
        "if os.fork() == 0:\n"
        "    cred = theirs.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)\n"
        "    print(struct.unpack('3i', cred))   # pid 0\n"
        "else: os.wait()\n"
        "EOF",
};

constinit const Probe forged_pid{
    .family = "pid",
    .name = "forged_pid",
    .sentence = "only the owner of the pid namespace may send another's pid in SCM_CREDENTIALS",
    .source = "unix(7), CVE-2013-4300 (fixed in 3.11); net/core/scm.c scm_check_creds()",
    .first_kernel = "3.8",
    .namespaces = {Kind::Pid},
    .ways = forged::ways,
    .privileges = all_privileges,
    .acts = forged::acts,
    .judge = forged::judge,
    .why =
        "In CVE-2013-4300 it was enough to be root of any user namespace, which everybody can "
        "be, to send the pid of a privileged process.",
    .failure =
        "Everybody who may make a user namespace can pass for any process towards services "
        "that trust these credentials.",
    .by_hand =
        "unshare --user --map-root-user python3 - <<'EOF'\n"
        "import socket, struct\n"
        "ours, theirs = socket.socketpair()\n"
        "cred = struct.pack('3i', 1, 0, 0)\n"
        "ours.sendmsg([b'm'], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, cred)])\n"
        "EOF",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
