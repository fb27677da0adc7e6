// user: limits on what a user may have are counted for each user namespace.
#include <fmt/format.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include "probes/sandbox/fd.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"

namespace nsbench::probes {

namespace {

constexpr int limit = 3;
constexpr int outside_has = 6;  // more than the limit

int set_limit(__rlimit_resource resource, rlim_t value) {
  rlimit both{};
  if (::getrlimit(resource, &both) != 0) return errno;
  both.rlim_cur = value;
  return as_errno(::setrlimit(resource, &both));
}

// A process that waits for its end; the errno of making it.
int start_idle(std::vector<Child>& kept) {
  Result<Child> child = Child::fork([] {
    for (;;) ::pause();
    return 0;
  });
  if (!child) return child.error().err;
  kept.push_back(std::move(*child));
  return 0;
}

// How many of `limit` + 1 succeed, and what the next answers.
void take(Observation& seen, int (*one)()) {
  int had = 0;
  int err = 0;
  while (had <= limit && (err = one()) == 0) ++had;
  seen.number("had", had);
  seen.result("then", err);
}

// The same act outside, where the user has more than the limit already, and inside.
Judgement judge(const Transcript& t, int refusal, int expected) {
  Judgement j;
  const Observation& outside = t.at("outside takes");
  const Observation& inside = t.at("inside takes");
  j.works_errno("the limit can be set inside", inside.errno_of("limit"));
  j.works_equal("the outside has more than the limit", "0",
                std::to_string(outside.number_of("had under the limit")));
  j.works_errno("which it may, without the limit", outside.errno_of("take"));
  j.isolated_equal("what the user has outside does not count inside", std::to_string(expected),
                   std::to_string(inside.number_of("had")));
  j.rule_errno("the limit binds inside", refusal, inside.errno_of("then"));
  return j;
}

namespace processes {

int start_one() {
  static std::vector<Child> kept;
  return start_idle(kept);
}

void take_outside(Scene& scene) {
  int err = 0;
  for (int i = 0; i < outside_has && err == 0; ++i) err = start_one();
  scene.seen.result("take", err);
  in_child(scene, [](Observation& seen) {
    seen.result("limit", set_limit(RLIMIT_NPROC, limit));
    std::vector<Child> kept;
    const int refused = start_idle(kept);
    seen.number("had under the limit", static_cast<std::int64_t>(kept.size()));
    seen.result("refused", refused);
  });
  // Nobody is counted whose uid is root's in the initial user namespace.
  const bool initial = own_user_namespace() == "user:[4026531837]";
  if (!initial && scene.seen.number_of("had under the limit") != 0) {
    scene.skip(SkipReason::NoPrivilege, "this user's processes are not counted: root, outside");
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside takes", take_outside},
    Act{Side::Inside, "inside takes",
        [](Scene& s) {
          // This process; by setns, also the one that made the namespace and holds it.
          s.seen.number("already", s.recipe().method == Method::Setns ? 2 : 1);
          s.seen.result("limit", set_limit(RLIMIT_NPROC, limit));
          take(s.seen, start_one);
        }},
};

Judgement judge_processes(const Transcript& t) {
  const std::int64_t already = t.at("inside takes").number_of("already");
  return judge(t, EAGAIN, limit - static_cast<int>(already));
}

}  // namespace processes

namespace signals {

int queue_one() { return as_errno(::sigqueue(::getpid(), SIGRTMIN, sigval{})); }

int block() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGRTMIN);
  return as_errno(::sigprocmask(SIG_BLOCK, &set, nullptr));
}

void take_outside(Scene& scene) {
  block();
  int err = 0;
  for (int i = 0; i < outside_has && err == 0; ++i) err = queue_one();
  scene.seen.result("take", err);
  in_child(scene, [](Observation& seen) {
    seen.result("limit", set_limit(RLIMIT_SIGPENDING, limit));
    const int refused = queue_one();
    seen.number("had under the limit", refused == 0 ? 1 : 0);
    seen.result("refused", refused);
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside takes", take_outside},
    Act{Side::Inside, "inside takes",
        [](Scene& s) {
          block();
          s.seen.result("limit", set_limit(RLIMIT_SIGPENDING, limit));
          take(s.seen, queue_one);
        }},
};

Judgement judge_signals(const Transcript& t) { return judge(t, EAGAIN, limit); }

}  // namespace signals

namespace queues {

// As many bytes as `one` queue of the smallest size is charged are not known beforehand, so the
// limit is set in queues: what one costs is below this, and two cost more.
constexpr long message_size = 8192;
constexpr rlim_t enough_for_one = 12000;

int open_one() {
  static int next = 0;
  mq_attr attributes{};
  attributes.mq_maxmsg = 1;
  attributes.mq_msgsize = message_size;
  const std::string name = fmt::format("/nsb-{}-{}", ::getpid(), next++);
  return as_errno(
      ::mq_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600, &attributes));
}

void take_outside(Scene& scene) {
  int err = 0;
  for (int i = 0; i < outside_has && err == 0; ++i) err = open_one();
  if (err == ENOSYS) return scene.skip(SkipReason::NoFeature, "mq_open: ENOSYS");
  scene.seen.result("take", err);
  in_child(scene, [](Observation& seen) {
    seen.result("limit", set_limit(RLIMIT_MSGQUEUE, enough_for_one));
    const int refused = open_one();
    seen.number("had under the limit", refused == 0 ? 1 : 0);
    seen.result("refused", refused);
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside takes", take_outside},
    Act{Side::Inside, "inside takes",
        [](Scene& s) {
          s.seen.result("limit", set_limit(RLIMIT_MSGQUEUE, enough_for_one));
          take(s.seen, open_one);
        }},
};

Judgement judge_queues(const Transcript& t) { return judge(t, EMFILE, 1); }

}  // namespace queues

namespace memory {

// A locked segment of one page.
int lock_one() {
  const int segment = ::shmget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  if (segment < 0) return errno;
  const int err = as_errno(::shmctl(segment, SHM_LOCK, nullptr));
  if (err != 0) ::shmctl(segment, IPC_RMID, nullptr);
  return err;
}

int set_page_limit() {
  return set_limit(RLIMIT_MEMLOCK, static_cast<rlim_t>(limit) * ::sysconf(_SC_PAGESIZE));
}

void take_outside(Scene& scene) {
  int err = 0;
  for (int i = 0; i < outside_has && err == 0; ++i) err = lock_one();
  if (err == ENOSYS) return scene.skip(SkipReason::NoFeature, "shmget: ENOSYS");
  scene.seen.result("take", err);
  in_child(scene, [](Observation& seen) {
    seen.result("limit", set_page_limit());
    const int refused = lock_one();
    seen.number("had under the limit", refused == 0 ? 1 : 0);
    seen.result("refused", refused);
  });
}

constexpr std::array acts{
    Act{Side::Outside, "outside takes", take_outside},
    Act{Side::Inside, "inside takes",
        [](Scene& s) {
          s.seen.result("limit", set_page_limit());
          take(s.seen, lock_one);
        }},
};

Judgement judge_memory(const Transcript& t) { return judge(t, ENOMEM, limit); }

}  // namespace memory

constexpr std::array userns_only{Privilege::Userns};

constexpr Probe limit_probe(std::string_view name, std::string_view sentence,
                            std::span<const Privilege> privileges, std::span<const Act> acts,
                            Judgement (*judge)(const Transcript&), std::string_view by_hand) {
  return {.family = "user",
          .name = name,
          .sentence = sentence,
          .source = "user_namespaces(7), getrlimit(2); kernel/ucount.c inc_rlimit_ucounts()",
          .first_kernel = "5.14",
          .namespaces = {Kind::User},
          .ways = all_ways,
          .privileges = privileges,
          .acts = acts,
          .judge = judge,
          .why =
              "Containers whose processes have the same uid outside share the user's limits "
              "otherwise: one full container keeps all others from starting.",
          .failure =
              "Processes inside are refused because of what runs outside, or the other way "
              "round; or a limit does not bind them at all.",
          .by_hand = by_hand};
}

}  // namespace

constinit const Probe rlimit_nproc =
    limit_probe("rlimit_nproc", "RLIMIT_NPROC counts the processes of a user in one user namespace",
                userns_only,  // root's processes are never refused (kernel/fork.c copy_process())
                processes::acts, processes::judge_processes,
                "setpriv --reuid 4711 --regid 4711 --clear-groups bash -c 'for i in 1 2 3 4; do "
                "sleep 2 & done; (ulimit -u 3; sleep 0; true); unshare --user bash -c \"ulimit -u "
                "3; sleep 0 && echo inside\"'");
constinit const Probe rlimit_sigpending = limit_probe(
    "rlimit_sigpending", "RLIMIT_SIGPENDING counts the queued signals of a user in one namespace",
    all_privileges, signals::acts, signals::judge_signals,
    "grep SigQ /proc/self/status\n"
    "unshare --user grep SigQ /proc/self/status");
constinit const Probe rlimit_msgqueue = [] {
  Probe probe = limit_probe("rlimit_msgqueue",
                            "RLIMIT_MSGQUEUE counts the message queues of a user in one namespace",
                            all_privileges, queues::acts, queues::judge_queues,
                            "ulimit -q\n"
                            "unshare --user --ipc sh -c 'ulimit -q'");
  probe.arena = {Kind::Ipc};
  return probe;
}();

constinit const Probe rlimit_memlock = [] {
  Probe probe = limit_probe(
      "rlimit_memlock", "RLIMIT_MEMLOCK counts the shared memory a user locked in one namespace",
      userns_only,  // CAP_IPC_LOCK of the initial user namespace is above the limit
      memory::acts, memory::judge_memory,
      "ulimit -l\n"
      "unshare --user --ipc bash -c 'ulimit -l'");
  probe.arena = {Kind::Ipc};
  return probe;
}();

}  // namespace nsbench::probes
