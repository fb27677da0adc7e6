// ipc: semaphore adjustments (SEM_UNDO) and the namespace their semaphores are in.
#include <fcntl.h>
#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/support.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr std::uint64_t ipc_flag = row(Kind::Ipc).flag;
constexpr std::chrono::seconds patience{4};

// Leaves the ipc namespace as the recipe says; in the control, not at all. Answers an errno.
int leave(const Recipe& recipe, const Child& holder) {
  if (recipe.namespaces.empty()) return 0;
  if (recipe.method == Method::Unshare) return calls::unshare(ipc_flag) == 0 ? 0 : errno;
  if (recipe.variant == "pidfd") return calls::setns(holder.pidfd(), ipc_flag) == 0 ? 0 : errno;
  const Result<std::string> dir = proc_dir(holder);
  if (!dir) return dir.error().err;
  const Fd target(::open((*dir + "/ns/ipc").c_str(), O_RDONLY | O_CLOEXEC));
  return target.valid() && calls::setns(target.get(), ipc_flag) == 0 ? 0 : errno;
}

// Raises the semaphore so that it is lowered again at the process's end.
int raise_with_undo(int id) {
  sembuf up{.sem_num = 0, .sem_op = 1, .sem_flg = SEM_UNDO};
  return ::semop(id, &up, 1) == 0 ? 0 : errno;
}

// A process raises a semaphore, leaves the namespace and lives on; then the semaphore is looked at.
void leave_with_undo(Scene& scene) {
  const int id = make_object<Sem>(scene, "make", IPC_PRIVATE);
  if (scene.ended()) return;
  const Recipe& recipe = scene.recipe();
  Child holder;
  if (recipe.method == Method::Setns && !recipe.namespaces.empty()) {
    Result<Child> held = hold_open({Kind::Ipc}, Deadline::in(patience));
    if (!held) return scene.broken(held.error().str());
    holder = std::move(*held);
  }
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return scene.broken(ends.error().str());
  const auto tell = [&ends](int err) { return ends->second.send(std::to_string(err)).ok(); };
  const auto heard = [&ends] {
    const Result<std::string> text = ends->first.receive(Deadline::in(patience));
    return text ? parse_number<int>(*text).value_or(-1) : ETIMEDOUT;
  };
  Result<Child> child = Child::fork([&] {
    const bool told =
        tell(raise_with_undo(id)) && ends->second.receive() && tell(leave(recipe, holder));
    static_cast<void>(ends->second.receive());  // lives on, or its end would undo
    return told ? 0 : 1;
  });
  if (!child) return scene.broken(child.error().str());
  scene.seen.result("raise", heard());
  scene.seen.number("raised", Sem::read(id));
  if (!ends->first.send("leave")) return scene.broken("the process ended early");
  scene.seen.result("leave", heard());
  scene.seen.number("after", Sem::read(id));
}

constexpr std::array acts{
    Act{Side::Outside, "a process leaves", leave_with_undo},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("a process leaves");
  j.works_errno("a semaphore can be raised with SEM_UNDO", seen.errno_of("raise"));
  j.works_equal("and is raised", "1", std::to_string(seen.number_of("raised")));
  j.works_errno("the process can leave the namespace", seen.errno_of("leave"));
  j.isolated_equal("leaving the namespace undoes", "0", std::to_string(seen.number_of("after")));
  return j;
}

namespace flags {

constexpr std::uint64_t share_undo = CLONE_SYSVSEM;

int try_clone(Method method, std::uint64_t flags) {
  const Result<Child> child = Child::start(
      "clone", method == Method::Clone ? calls::clone : calls::clone3, flags, [] { return 0; });
  return child ? 0 : child.error().err;
}

void try_all(Scene& scene) {
  const Method method = scene.recipe().method;
  scene.seen.result("NEWIPC", try_clone(method, ipc_flag));
  scene.seen.result("SYSVSEM", try_clone(method, share_undo));
  scene.seen.result("both", try_clone(method, ipc_flag | share_undo));
  const Result<Child> child =
      Child::fork([] { return calls::unshare(ipc_flag | share_undo) == 0 ? 0 : 1; });
  if (!child) return scene.broken(child.error().str());
  const Result<ExitStatus> ended = const_cast<Child&>(*child).wait(Deadline::in(patience));
  scene.seen.text("unshare of both", ended ? ended->str() : ended.error().str());
}

constexpr std::array acts{
    Act{Side::Outside, "flags are tried", try_all},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("flags are tried");
  j.works_errno("a process can be made with CLONE_NEWIPC", seen.errno_of("NEWIPC"));
  j.works_errno("a process can be made with CLONE_SYSVSEM", seen.errno_of("SYSVSEM"));
  j.works_equal("unshare(CLONE_NEWIPC|CLONE_SYSVSEM) is legal", "exited with 0",
                seen.text_of("unshare of both"));
  j.rule_errno("a process can't be made with both", EINVAL, seen.errno_of("both"));
  return j;
}

}  // namespace flags

}  // namespace

constinit const Probe sem_undo{
    .family = "ipc",
    .name = "sem_undo",
    .sentence = "a process that leaves an ipc namespace undoes its semaphore operations first",
    .source = "unshare(2), semop(2); kernel/fork.c ksys_unshare(), kernel/nsproxy.c commit_nsset()",
    .first_kernel = "2.6.26",
    .namespaces = {Kind::Ipc},
    // A process that clone makes inside has no adjustments.
    .ways = std::span(all_ways).subspan(2),
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "SEM_UNDO releases a lock when its holder dies. The holder's list names semaphores of "
        "the namespace it was in, and means others in the next.",
    .failure =
        "A process that changes its namespace keeps a lock for ever, or lowers a semaphore of "
        "the namespace it goes to.",
    .by_hand =
        "# as root\n"
        "python3 - <<'END'\n"
        "import ctypes, os, time\n"
        "libc = ctypes.CDLL(None)\n"
        "semaphore = libc.semget(0, 1, 0o600)\n"
        "reader, writer = os.pipe()\n"
        "if os.fork() == 0:\n"
        "  libc.semop(semaphore, b'\\0\\0\\1\\0\\0\\x10', 1)   # +1 with SEM_UNDO\n"
        "  print(libc.semctl(semaphore, 0, 12), flush=True)   # GETVAL: 1\n"
        "  libc.unshare(0x08000000)   # CLONE_NEWIPC\n"
        "  os.write(writer, b'x'); time.sleep(1); os._exit(0)\n"
        "os.read(reader, 1)\n"
        "print(libc.semctl(semaphore, 0, 12))   # 0, though the process lives on\n"
        "libc.semctl(semaphore, 0, 0)   # IPC_RMID\n"
        "END",
};

constinit const Probe sysvsem_flags{
    .family = "ipc",
    .name = "sysvsem_flags",
    .sentence = "a process in a new ipc namespace can't share its maker's semaphore adjustments",
    .source = "clone(2) EINVAL; kernel/nsproxy.c copy_namespaces()",
    .first_kernel = "2.6.26",
    .namespaces = {Kind::Ipc},
    .ways = std::span(all_ways).first(2),  // the two calls that the rule is about
    .privileges = all_privileges,
    .acts = flags::acts,
    .judge = flags::judge,
    .why =
        "A list of adjustments that two namespaces share names semaphores of one of them by "
        "identifiers that mean others in the other.",
    .failure = "The end of a process inside changes semaphores outside.",
    .by_hand =
        "python3 - <<'END'\n"
        "import ctypes, platform\n"
        "clone = {'x86_64': 56, 'aarch64': 220}[platform.machine()]\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "print(libc.syscall(clone, 0x08000000 | 0x00040000 | 17, 0, 0, 0, 0))\n"
        "print(ctypes.get_errno())   # 22: EINVAL\n"
        "END",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
