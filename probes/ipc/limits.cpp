// ipc: a limit set inside is kept to inside, and only there.
#include <fcntl.h>
#include <fmt/format.h>
#include <mqueue.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/evidence.h"
#include "probes/helpers.h"
#include "probes/ipc/objects.h"
#include "probes/ipc/probes.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::probes {

namespace {

struct Setting {
  const char* path;
  const char* value;
};

template <const auto& settings>
void set_limits(Scene& scene) {
  for (const Setting& setting : settings) {
    const int err = write_small_file(setting.path, setting.value).error().err;
    scene.seen.result(setting.path, err);
    if (err != 0) skip_if_unwritable(scene, setting.path, err);
  }
}

// What is tried on both sides, with how the side that has the limit answers.
struct Attempt {
  const char* name;
  int refusal;
};

template <const auto& attempts>
Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside tries");
  const Observation& outside = t.at("outside tries");
  j.works_errno("what is below the limits works inside", inside.errno_of("within the limits"));
  for (const Attempt& attempt : attempts) {
    const int seen = inside.errno_of(attempt.name);
    j.rule(fmt::format("{} is over the inside's limit there", attempt.name),
           errno_name(attempt.refusal), seen < 0 ? "(not seen)" : errno_name(seen),
           seen == attempt.refusal);
    j.isolated_errno(fmt::format("{} is within the outside's limits", attempt.name), 0,
                     outside.errno_of(attempt.name));
  }
  return j;
}

namespace sysv {

constexpr std::array settings{
    Setting{"/proc/sys/kernel/shmmax", "65536"}, Setting{"/proc/sys/kernel/shmmni", "1"},
    Setting{"/proc/sys/kernel/msgmax", "16"},    Setting{"/proc/sys/kernel/msgmni", "1"},
    Setting{"/proc/sys/kernel/sem", "2 8 8 1"},
};
constexpr std::array attempts{
    Attempt{"a segment of 64 KiB and a byte", EINVAL}, Attempt{"a second segment", ENOSPC},
    Attempt{"a message of 32 bytes", EINVAL},          Attempt{"a second queue", ENOSPC},
    Attempt{"a set of three semaphores", EINVAL},      Attempt{"a second set", ENOSPC},
};

long send(int queue, std::size_t size) {
  struct {
    long type = 1;
    char text[32] = {};
  } message;
  return ::msgsnd(queue, &message, size, IPC_NOWAIT);
}

void try_all(Scene& scene) {
  constexpr int flags = IPC_CREAT | mode;
  Observation& seen = scene.seen;
  seen.call("a segment of 64 KiB and a byte", ::shmget(IPC_PRIVATE, 65537, flags));
  seen.call("a set of three semaphores", ::semget(IPC_PRIVATE, 3, flags));
  const int queue = Msg::get(IPC_PRIVATE, mode);
  const bool made =
      Shm::get(IPC_PRIVATE, mode) >= 0 && Sem::get(IPC_PRIVATE, mode) >= 0 && send(queue, 16) == 0;
  seen.call("within the limits", made ? 0 : -1);
  seen.call("a message of 32 bytes", send(queue, 32));
  seen.call("a second segment", Shm::get(IPC_PRIVATE, mode));
  seen.call("a second queue", Msg::get(IPC_PRIVATE, mode));
  seen.call("a second set", Sem::get(IPC_PRIVATE, mode));
}

constexpr std::array acts{
    Act{Side::Inside, "inside sets limits", set_limits<settings>},
    Act{Side::Inside, "inside tries", try_all},
    Act{Side::Outside, "outside tries", try_all},
};

}  // namespace sysv

namespace posix {

constexpr std::array settings{
    Setting{"/proc/sys/fs/mqueue/queues_max", "1"},
    Setting{"/proc/sys/fs/mqueue/msg_max", "2"},
    Setting{"/proc/sys/fs/mqueue/msgsize_max", "256"},
};
constexpr std::array attempts{
    Attempt{"a queue of three messages", EINVAL},
    Attempt{"a queue of messages of 300 bytes", EINVAL},
    Attempt{"a second queue", ENOSPC},
};

int open_queue(std::string_view side, int number, long messages, long size) {
  mq_attr wanted{};
  wanted.mq_maxmsg = messages;
  wanted.mq_msgsize = size;
  const std::string name = fmt::format("/nsb-{}-{}", side, number);
  const mqd_t queue = ::mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &wanted);
  if (queue >= 0) ::mq_close(queue);
  // cppcheck-suppress deallocret ; its sign is what is asked for
  return queue;
}

// As a process without CAP_SYS_RESOURCE, which would lift the limits.
void try_all(Scene& scene, std::string_view side) {
  in_child(scene, [side](Observation& seen) {
    if (const Status dropped = drop_privilege(); !dropped) {
      return seen.result("drop", dropped.error().err);
    }
    seen.call("a queue of three messages", open_queue(side, 1, 3, 16));
    seen.call("a queue of messages of 300 bytes", open_queue(side, 2, 1, 300));
    seen.call("within the limits", open_queue(side, 3, 2, 256));
    seen.call("a second queue", open_queue(side, 4, 1, 16));
  });
}

constexpr std::array acts{
    Act{Side::Inside, "inside sets limits", set_limits<settings>},
    Act{Side::Inside, "inside tries", [](Scene& s) { try_all(s, "inside"); }},
    Act{Side::Outside, "outside tries", [](Scene& s) { try_all(s, "outside"); }},
};

}  // namespace posix

}  // namespace

constinit const Probe sysv_limits{
    .family = "ipc",
    .name = "sysv_limits",
    .sentence = "limits of System V IPC that are set inside bind the inside, and nobody outside",
    .source = "ipc_namespaces(7), sysvipc(7); ipc/shm.c newseg(), ipc/msg.c, ipc/sem.c newary()",
    .first_kernel = "2.6.19",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = sysv::acts,
    .judge = judge<sysv::attempts>,
    .why = "That a file shows a number does not mean that the kernel counts with it.",
    .failure = "Somebody inside limits what services outside may make, or is bound by nothing.",
    .by_hand =
        "# as root\n"
        "unshare --ipc sh -c '\n"
        "  echo 1 > /proc/sys/kernel/msgmni; ipcmk --queue; ipcmk --queue'   # No space left\n"
        "id=$(ipcmk --queue | grep -o '[0-9]*$'); ipcrm --queue-id $id   # works",
};

constinit const Probe mqueue_limits{
    .family = "ipc",
    .name = "mqueue_limits",
    .sentence = "limits of POSIX queues that are set inside bind the inside, and nobody outside",
    .source = "mq_overview(7); ipc/mqueue.c mqueue_create_attr(), mq_attr_ok()",
    .first_kernel = "2.6.30",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = posix::acts,
    .judge = judge<posix::attempts>,
    .why =
        "Queues are kernel memory that is not swapped. The limits are what keeps one container "
        "from taking it all.",
    .failure = "Somebody inside forbids queues to the outside, or is bound by nothing.",
    .by_hand =
        "# as root\n"
        "unshare --ipc --mount sh -c '\n"
        "  echo 1 > /proc/sys/fs/mqueue/queues_max; mount -t mqueue none /mnt; cd /mnt\n"
        "  chmod 1777 .; setpriv --reuid 65534 touch a; setpriv --reuid 65534 touch b'",
};

}  // namespace nsbench::probes
