// pid: the pids that IPC objects remember and their notifications tell, where the objects are
// shared and the pid namespaces are not.
#include <fcntl.h>
#include <fmt/format.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>

#include "probes/pid/probes.h"
#include "probes/pid/processes.h"

namespace nsbench::probes {

namespace {

void judge_outer_number(Judgement& j, const std::string& what, const Observation& outside,
                        const char* fact, const Observation& inside) {
  isolated_number(j, what + " tells the outside its number of a process inside",
                  outside.number_of("inside"), outside.number_of(fact), inside.number_of("getpid"));
}

constexpr const char* queue_name = "/nsb-notify";

mqd_t open_queue(Scene& scene) {
  mq_attr small{};
  small.mq_maxmsg = 1;
  small.mq_msgsize = 16;
  const mqd_t queue = ::mq_open(queue_name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &small);
  scene.seen.call("mq_open", queue);
  if (queue < 0 && errno == ENOSYS) {
    scene.skip(SkipReason::NoFeature, "the kernel has no POSIX queues (CONFIG_POSIX_MQUEUE)");
  }
  if (queue < 0 && errno == EMFILE) {
    scene.skip(SkipReason::Limit, "mq_open: EMFILE (RLIMIT_MSGQUEUE is used up)");
  }
  return queue;
}

// The next message to the queue, which must be empty, is to be told to this process.
void want_notice(Observation& seen, mqd_t queue) {
  hold_back(harmless);
  sigevent notice{};
  notice.sigev_notify = SIGEV_SIGNAL;
  notice.sigev_signo = harmless;
  seen.call("mq_notify", ::mq_notify(queue, &notice));
}

constexpr std::array notify_acts{
    Act{Side::Outside, "outside wants notice",
        [](Scene& s) { want_notice(s.seen, open_queue(s)); }},
    Act{Side::Inside, "inside sends",
        [](Scene& s) {
          s.seen.number("getpid", ::getpid());
          s.seen.call("mq_send", ::mq_send(open_queue(s), "m", 1, 0));
        }},
    Act{Side::Outside, "outside is told",
        [](Scene& s) {
          s.seen.number("inside", s.inside_pid());
          take(s.seen, "the", harmless);
          std::array<char, 16> message{};
          s.seen.call("mq_receive",
                      ::mq_receive(open_queue(s), message.data(), message.size(), nullptr));
        }},
    Act{Side::Inside, "inside wants notice", [](Scene& s) { want_notice(s.seen, open_queue(s)); }},
    Act{Side::Outside, "outside sends",
        [](Scene& s) { s.seen.call("mq_send", ::mq_send(open_queue(s), "m", 1, 0)); }},
    Act{Side::Inside, "inside is told", [](Scene& s) { take(s.seen, "the", harmless); }},
};

Judgement judge_notify(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside is told");
  const Observation& inside = t.at("inside is told");
  j.works_errno("mq_notify works outside", t.at("outside wants notice").errno_of("mq_notify"));
  j.works_errno("a message can be sent inside", t.at("inside sends").errno_of("mq_send"));
  judge_outer_number(j, "si_pid of mq_notify", outside, "the si_pid", t.at("inside sends"));
  j.works_errno("mq_notify works inside", t.at("inside wants notice").errno_of("mq_notify"));
  j.works_errno("a message can be sent outside", t.at("outside sends").errno_of("mq_send"));
  j.works_equal("the inside is told of it", "1", std::to_string(inside.number_of("the arrived")));
  j.isolated_equal("si_pid of mq_notify inside is 0 for a sender outside", "0",
                   std::to_string(inside.number_of("the si_pid")));
  return j;
}

namespace sysv {

// System V objects that this process made, and used last.
void make(Scene& scene) {
  const int shm = ::shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  scene.seen.call("shmget", shm);
  if (shm < 0 && errno == ENOSYS) {
    return scene.skip(SkipReason::NoFeature, "the kernel has no System V IPC (CONFIG_SYSVIPC)");
  }
  const int sem = ::semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  sembuf up{.sem_num = 0, .sem_op = 1, .sem_flg = 0};
  scene.seen.call("semop", ::semop(sem, &up, 1));
  const int msg = ::msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  struct {
    long type = 1;
    char text[4] = "msg";
  } message;
  scene.seen.call("msgsnd", ::msgsnd(msg, &message, sizeof message.text, IPC_NOWAIT));
  scene.seen.number("shm", shm);
  scene.seen.number("sem", sem);
  scene.seen.number("msg", msg);
  scene.seen.number("getpid", ::getpid());
}

void look(Scene& scene, std::string_view maker) {
  const auto id = [&](std::string_view name) {
    return static_cast<int>(scene.saw(maker).number_of(name));
  };
  shmid_ds segment{};
  const bool found = ::shmctl(id("shm"), IPC_STAT, &segment) == 0;
  scene.seen.number("shm_cpid", found ? segment.shm_cpid : -1);
  scene.seen.number("GETPID", ::semctl(id("sem"), 0, GETPID));
  msqid_ds queue{};
  const bool there = ::msgctl(id("msg"), IPC_STAT, &queue) == 0;
  scene.seen.number("msg_lspid", there ? queue.msg_lspid : -1);
  scene.seen.number("inside", scene.inside_pid());
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes", make},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s, "outside makes"); }},
    Act{Side::Inside, "inside makes", make},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s, "inside makes"); }},
};

constexpr std::array numbers{"shm_cpid", "GETPID", "msg_lspid"};

Judgement judge(const Transcript& t) {
  Judgement j;
  for (const char* act : {"outside makes", "inside makes"}) {
    for (const char* call : {"shmget", "semop", "msgsnd"}) {
      j.works_errno(fmt::format("{}: {}", act, call), t.at(act).errno_of(call));
    }
  }
  for (const char* number : numbers) {
    j.isolated_equal(fmt::format("{} inside is 0 for a process outside", number), "0",
                     std::to_string(t.at("inside looks").number_of(number)));
    judge_outer_number(j, number, t.at("outside looks"), number, t.at("inside makes"));
  }
  return j;
}

}  // namespace sysv

}  // namespace

constinit const Probe mq_notify_pid{
    .family = "pid",
    .name = "mq_notify_pid",
    .sentence = "si_pid of mq_notify is the sender's number in the receiver's namespace, or 0",
    .source = "mq_notify(3), pid_namespaces(7); ipc/mqueue.c __do_notify()",
    .first_kernel = "2.6.36",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = notify_acts,
    .judge = judge_notify,
    .why =
        "A queue can be shared where the processes are not visible to each other. The notice "
        "tells who sent, and servers look at that process.",
    .failure =
        "A server takes the sender for another process, with that one's rights, or learns a "
        "number of the outside.",
    .by_hand =
        "# mq_notify(3) has no command. unshare --pid --fork shares the queues:\n"
        "unshare --pid --fork readlink /proc/self/ns/ipc; readlink /proc/self/ns/ipc",
    .arena = {Kind::Ipc},
};

constinit const Probe sysv_pids{
    .family = "pid",
    .name = "sysv_pids",
    .sentence = "System V objects tell pids in the caller's namespace, or 0",
    .source = "shmctl(2), semctl(2), msgctl(2); ipc/shm.c, ipc/sem.c, ipc/msg.c pid_vnr()",
    .first_kernel = "4.17",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = sysv::acts,
    .judge = sysv::judge,
    .why =
        "Databases ask shm_cpid and GETPID whether the server that made an object still lives. "
        "Before 4.17 they got the number that the maker had in its own namespace.",
    .failure =
        "A server inside takes its own live object for a dead process's, or removes that of "
        "a process that is alive outside.",
    .by_hand =
        "id=$(ipcmk -M 4096 | grep -o '[0-9]*$')\n"
        "ipcs -m -p; unshare --pid --fork ipcs -m -p   # cpid, then 0\n"
        "ipcrm -m $id",
    .arena = {Kind::Ipc},
};

}  // namespace nsbench::probes
