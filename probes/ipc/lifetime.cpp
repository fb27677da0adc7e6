// ipc: a namespace's objects end with its last process. Nobody outside can see them, but they are
// charged to the user who made them, and the charge can be seen.
#include <fcntl.h>
#include <fmt/format.h>
#include <mqueue.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "probes/evidence.h"
#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"
#include "probes/nested.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

using std::chrono::milliseconds;

// A process that makes objects in an ipc namespace of its own, or, in the control, in the shared
// one, and keeps the namespace alive until it is told to end.
class Maker {
 public:
  // `make` runs in it and answers an errno, which goes to `seen` as "in a namespace".
  Maker(Observation& seen, bool own, int (*make)()) {
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    if (!ends) return;
    Result<Child> child = Child::fork([&] {
      ends->first.close();
      const int unshared = own ? calls::unshare(row(Kind::Ipc).flag) : 0;
      const int err = unshared == 0 ? make() : errno;
      if (!ends->second.send(std::to_string(err))) return 1;
      static_cast<void>(ends->second.receive());  // until it is killed, or the other end goes
      return 0;
    });
    if (!child) return;
    ends->second.close();
    const Result<std::string> answer = ends->first.receive(Deadline::in(milliseconds(4000)));
    if (answer) seen.result("in a namespace", parse_number<int>(*answer).value_or(-1));
    channel_ = std::move(ends->first);
    child_ = std::move(*child);
  }
  void end() { child_.kill(); }

 private:
  Channel channel_;
  Child child_;
};

// Tries until it succeeds: namespaces are freed by a worker thread of the kernel, some time after
// their last process (free_ipc()). In the control there is nothing to wait for.
int try_for_a_while(bool own, int (*attempt)()) {
  const Deadline deadline = Deadline::in(own ? milliseconds(4000) : milliseconds(0));
  for (;;) {
    const int err = attempt();
    if (err == 0 || deadline.passed()) return err;
    std::this_thread::sleep_for(milliseconds(1));
  }
}

void limit_to(__rlimit_resource resource, rlim_t limit) {
  rlimit both{};
  ::getrlimit(resource, &both);
  both.rlim_cur = limit;
  ::setrlimit(resource, &both);
}

// The life of one namespace as a user sees it whose limit allows for one object: `make` makes one
// and answers an errno. Played in a user namespace, which has counts of its own (since 5.14), so
// that nothing else of the same user counts.
void live_and_die(Scene& scene, void (*set_limit)(), int (*make)()) {
  const bool own = scene.recipe().namespaces.has(Kind::Ipc);
  static_cast<void>(in_nested_or_skip(scene, "user", {Kind::User}, [=](Observation& seen) {
    set_limit();
    Maker maker(seen, own, make);
    seen.result("beside it", make());
    maker.end();
    seen.result("after its end", try_for_a_while(own, make));
  }));
}

std::string outcome(int err) { return err < 0 ? "(not seen)" : errno_name(err); }

// `full`: how the kernel says that the limit is reached.
Judgement judge_life(const Observation& seen, const std::string& object, int full) {
  Judgement j;
  j.works_errno(object + " can be made in a namespace", seen.errno_of("user in a namespace"));
  const int beside = seen.errno_of("user beside it");
  j.works("while the namespace lives, its objects count for the user", errno_name(full),
          outcome(beside), beside == full);
  j.isolated_errno(object + " ends with its namespace", 0, seen.errno_of("user after its end"));
  return j;
}

namespace queue {

constexpr long message_size = 8192;
// A queue takes that for its one message, and some 200 bytes for itself.
constexpr rlim_t room_for_one = 12000;

void set_limit() { limit_to(RLIMIT_MSGQUEUE, room_for_one); }

int make() {
  mq_attr one{};
  one.mq_maxmsg = 1;
  one.mq_msgsize = message_size;
  const std::string name = fmt::format("/nsb-lifetime-{}", ::getpid());
  const mqd_t queue = ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &one);
  if (queue < 0) return errno;
  ::mq_close(queue);
  return 0;
}

constexpr std::array acts{
    Act{Side::Outside, "a namespace lives and dies",
        [](Scene& s) {
          live_and_die(s, set_limit, make);
          if (s.seen.errno_of("user in a namespace") == ENOSYS) {
            s.skip(SkipReason::NoFeature, "the kernel has no POSIX queues (CONFIG_POSIX_MQUEUE)");
          }
        }},
};

Judgement judge(const Transcript& t) {
  return judge_life(t.at("a namespace lives and dies"), "a POSIX message queue", EMFILE);
}

}  // namespace queue

namespace segment {

void set_limit() { limit_to(RLIMIT_MEMLOCK, static_cast<rlim_t>(3) * ::getpagesize()); }

// Locked memory is charged to the user. CAP_IPC_LOCK would lift the limit, but counts only in the
// initial user namespace.
int make() {
  const int id =
      ::shmget(IPC_PRIVATE, static_cast<std::size_t>(2) * ::getpagesize(), IPC_CREAT | mode);
  if (id < 0) return errno;
  if (::shmctl(id, SHM_LOCK, nullptr) == 0) return 0;
  const int refused = errno;
  ::shmctl(id, IPC_RMID, nullptr);
  return refused;
}

constexpr std::array acts{
    Act{Side::Outside, "a namespace lives and dies",
        [](Scene& s) {
          live_and_die(s, set_limit, make);
          if (s.seen.errno_of("user in a namespace") == ENOSYS) {
            s.skip(SkipReason::NoFeature, "the kernel has no System V IPC (CONFIG_SYSVIPC)");
          }
        }},
};

Judgement judge(const Transcript& t) {
  return judge_life(t.at("a namespace lives and dies"), "a locked segment", ENOMEM);
}

}  // namespace segment

namespace place {

constexpr const char* limit = "/proc/sys/user/max_ipc_namespaces";

// Objects of every kind, with contents and with nobody who would remove them.
int fill() {
  const int shm = Shm::get(IPC_PRIVATE, mode);
  const int sem = Sem::get(IPC_PRIVATE, mode);
  const int msg = Msg::get(IPC_PRIVATE, mode);
  const bool filled = Shm::write(shm, 1) == 0 && Sem::write(sem, 1) == 0 && Msg::write(msg, 3) == 0;
  return filled && queue::make() == 0 ? 0 : errno;
}

int enter_one() { return calls::unshare(row(Kind::Ipc).flag) == 0 ? 0 : errno; }

void live_and_die_in_the_only_place(Scene& scene) {
  if (!in_nested_or_skip(scene, "user", {Kind::User}, [](Observation& seen) {
        seen.result("limit", write_small_file(limit, "1").error().err);
        Maker maker(seen, true, fill);
        seen.result("beside it", enter_one());
        maker.end();
        seen.result("after its end", try_for_a_while(true, enter_one));
      })) {
    return;
  }
  if (const int err = scene.seen.errno_of("user limit"); err != 0) {
    skip_if_unwritable(scene, limit, err);
  }
  if (scene.seen.errno_of("user in a namespace") == ENOSYS) {
    scene.skip(SkipReason::NoFeature, "the kernel lacks System V IPC or POSIX queues");
  }
}

constexpr std::array acts{
    Act{Side::Outside, "a namespace lives and dies", live_and_die_in_the_only_place},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("a namespace lives and dies");
  j.works_errno("user.max_ipc_namespaces can be set below", seen.errno_of("user limit"));
  j.works_errno("a namespace can be filled with objects", seen.errno_of("user in a namespace"));
  const int beside = seen.errno_of("user beside it");
  j.works("while it lives it takes the only place", errno_name(ENOSPC), outcome(beside),
          beside == ENOSPC);
  j.rule_errno("a namespace full of objects is freed after its last process", 0,
               seen.errno_of("user after its end"));
  return j;
}

}  // namespace place

// The acts unshare by themselves, since the namespace has to end while they look.
constexpr std::array by_hand_only{Way{Method::Unshare, ""}};

}  // namespace

constinit const Probe mqueue_lifetime{
    .family = "ipc",
    .name = "mqueue_lifetime",
    .sentence = "POSIX message queues end with the last process of their namespace",
    .source = "ipc_namespaces(7), getrlimit(2) RLIMIT_MSGQUEUE; ipc/namespace.c free_ipc_ns()",
    .first_kernel = "2.6.30",
    .namespaces = {Kind::Ipc},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = queue::acts,
    .judge = queue::judge,
    .why =
        "A container that is killed removes nothing. What it leaves in kernel memory must go "
        "with its namespace.",
    .failure =
        "Queues that nobody can name any more keep kernel memory, and the user's limit used "
        "up, until the machine is restarted.",
    .by_hand =
        "# as root: the user's limit has room for one queue, and three are made in turn\n"
        "for i in 1 2 3; do\n"
        "  unshare --ipc --mount prlimit --msgqueue=100000 sh -c '\n"
        "    mount -t mqueue none /mnt && touch /mnt/q && ls /mnt'; sleep 0.2\n"
        "done",
};

constinit const Probe shm_lifetime{
    .family = "ipc",
    .name = "shm_lifetime",
    .sentence = "shared memory segments end with the last process of their namespace",
    .source = "ipc_namespaces(7), getrlimit(2) RLIMIT_MEMLOCK; ipc/shm.c shm_exit_ns()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Ipc},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = segment::acts,
    .judge = segment::judge,
    .why =
        "A database that is killed leaves its segments, which may be most of the machine's "
        "memory. In a container they must go with it.",
    .failure = "Memory that no process can reach any more stays in use until a restart.",
    .by_hand =
        "grep Shmem: /proc/meminfo\n"
        "unshare --map-root-user --ipc perl -e '\n"
        "  $id = shmget(0, 100<<20, 0600); shmwrite($id, \"x\" x (100<<20), 0, 100<<20);\n"
        "  print grep /Shmem:/, `cat /proc/meminfo`'   # 100 MB more\n"
        "sleep 1; grep Shmem: /proc/meminfo   # as before",
};

constinit const Probe ipc_lifetime{
    .family = "ipc",
    .name = "lifetime",
    .sentence = "a namespace full of objects is freed after its last process has ended",
    .source = "ipc_namespaces(7), namespaces(7); ipc/namespace.c free_ipc_ns()",
    .first_kernel = "4.9",
    .namespaces = {Kind::Ipc},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = place::acts,
    .judge = place::judge,
    .why =
        "Freeing goes object by object before the namespace gives its place back. An object "
        "that stays keeps the namespace.",
    .failure = "Every container that ends leaves a namespace behind, until there may be no more.",
    .by_hand =
        "unshare --map-root-user sh -c '\n"
        "  echo 1 > /proc/sys/user/max_ipc_namespaces\n"
        "  for i in 1 2 3; do unshare --ipc ipcmk --queue; sleep 0.2; done'",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
