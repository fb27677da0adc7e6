// user: ids in what else the kernel answers: signals, System V objects, /proc.
#include <fmt/format.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <string>

#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/user/further.h"
#include "probes/user/probes.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

sigset_t the_signal() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR1);
  return set;
}

void block_signal() {
  const sigset_t set = the_signal();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
}

// The signal is pending already: kill() returns after it was sent.
void take_signal(Observation& seen) {
  const sigset_t set = the_signal();
  siginfo_t info{};
  const timespec no_time{};
  if (::sigtimedwait(&set, &info, &no_time) == SIGUSR1) {
    seen.number("sender of the signal", info.si_uid);
  }
}

void look_at_segment(Observation& seen, std::int64_t id) {
  shmid_ds segment{};
  if (seen.call("segment", ::shmctl(static_cast<int>(id), IPC_STAT, &segment)) < 0) return;
  seen.number("owner of the segment", segment.shm_perm.uid);
  seen.number("group of the segment", segment.shm_perm.gid);
  seen.number("creator of the segment", segment.shm_perm.cuid);
}

void look_at_process(Observation& seen, const std::string& who, pid_t pid) {
  const Result<std::string> status = read_small_file(fmt::format("/proc/{}/status", pid));
  if (!status) return;
  for (const char* field : {"Uid", "Gid"}) {
    const std::string text = field_of(*status, field);  // real, effective, saved, filesystem
    seen.number(fmt::format("{} of {}", field, who),
                parse_first_number<std::int64_t>(text).value_or(-1));
  }
}

void make_segment(Observation& seen) {
  const int id = ::shmget(IPC_PRIVATE, 1, IPC_CREAT | 0666);
  seen.call("make a segment", id);
  seen.number("segment made", id);
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes a segment",
        [](Scene& s) {
          s.seen.number("uid", ::geteuid());
          s.seen.number("gid", ::getegid());
          s.seen.number("pid", ::getpid());
          block_signal();  // also for the inside, which is forked from here
          make_segment(s.seen);
          if (s.seen.errno_of("make a segment") == ENOSYS) {
            s.skip(SkipReason::NoFeature, "shmget: ENOSYS");
          }
        }},
    Act{Side::Inside, "inside waits", [](Scene& s) { s.seen.number("pid", ::getpid()); }},
    Act{Side::Outside, "outside signals",
        [](Scene& s) { s.seen.call("kill", ::kill(s.inside_pid(), SIGUSR1)); }},
    Act{Side::Inside, "inside asks",
        [](Scene& s) {
          const Observation& made = s.saw("outside makes a segment");
          const auto outside = static_cast<pid_t>(made.number_of("pid"));
          take_signal(s.seen);
          look_at_segment(s.seen, made.number_of("segment made"));
          look_at_process(s.seen, "the outside", outside);
          make_segment(s.seen);
          s.seen.call("kill", ::kill(outside, SIGUSR1));
        }},
    Act{Side::Outside, "outside asks",
        [](Scene& s) {
          take_signal(s.seen);
          look_at_segment(s.seen, s.saw("inside asks").number_of("segment made"));
          look_at_process(s.seen, "the inside", s.inside_pid());
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& self = t.at("outside makes a segment");
  const Observation& inside = t.at("inside asks");
  const Observation& outside = t.at("outside asks");
  const auto number = [](const Observation& seen, const char* name) {
    return std::to_string(seen.number_of(name));
  };
  const std::string uid = std::to_string(inside_id(static_cast<uid_t>(self.number_of("uid"))));
  const std::string gid = std::to_string(inside_id(static_cast<gid_t>(self.number_of("gid"))));
  j.works_errno("the inside can look at a segment of the outside", inside.errno_of("segment"));
  j.works_errno("the inside can make one", inside.errno_of("make a segment"));
  j.works_errno("the inside can signal a process of its own uid outside", inside.errno_of("kill"));
  j.isolated_equal("si_uid of a signal from outside is mapped", uid,
                   number(inside, "sender of the signal"));
  j.isolated_equal("the owner of a segment is mapped", uid, number(inside, "owner of the segment"));
  j.isolated_equal("the group of a segment is mapped", gid, number(inside, "group of the segment"));
  j.isolated_equal("the creator of a segment is mapped", uid,
                   number(inside, "creator of the segment"));
  j.isolated_equal("Uid in /proc/PID/status is mapped", uid, number(inside, "Uid of the outside"));
  j.isolated_equal("Gid in /proc/PID/status is mapped", gid, number(inside, "Gid of the outside"));
  j.works_equal("si_uid of a signal from inside is the outer id", number(self, "uid"),
                number(outside, "sender of the signal"));
  j.works_equal("the owner of a segment made inside is the outer id", number(self, "uid"),
                number(outside, "owner of the segment"));
  j.works_equal("Uid of the inside is the outer id", number(self, "uid"),
                number(outside, "Uid of the inside"));
  j.works_equal("Gid of the inside is the outer id", number(self, "gid"),
                number(outside, "Gid of the inside"));
  return j;
}

}  // namespace

constinit const Probe ids_in_answers{
    .family = "user",
    .name = "ids_in_answers",
    .sentence = "signals, System V objects and /proc show ids through the map",
    .source =
        "user_namespaces(7), sigaction(2), shmctl(2), proc_pid_status(5); kernel/signal.c "
        "__send_signal_locked(), ipc/util.c kernel_to_ipc64_perm(), fs/proc/array.c "
        "task_state()",
    .first_kernel = "3.8",
    .namespaces = {Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Programs check who signalled them, who made an object and whose a process is. Each of "
        "these answers has a translation of its own in the kernel.",
    .failure = "Somebody is taken for another user, for root of the host in the worst case.",
    .by_hand =
        "grep Uid /proc/1/status; unshare --user --map-user=1000 grep Uid /proc/1/status\n"
        "ipcmk -M 1; ipcs -m -c; unshare --user --map-user=1000 ipcs -m -c\n"
        "ipcrm -m $(ipcs -m | awk '/0x/ { id = $2 } END { print id }')",
    .arena = {Kind::Ipc},
};

}  // namespace nsbench::probes
