// pid: the pids of record locks' and descriptors' owners.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/helpers.h"
#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr off_t outer_byte = 10;
constexpr off_t inner_byte = 20;

std::string lock_file() { return scratch_dir() + "/locked"; }

struct flock lock_on(off_t byte) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = byte;
  lock.l_len = 1;
  return lock;
}

// Takes the lock and keeps it, with the descriptor, as long as the side lives.
void take_lock(Observation& seen, off_t byte) {
  Fd file(::open(lock_file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  struct flock lock = lock_on(byte);
  seen.call("F_SETLK", ::fcntl(file.get(), F_SETLK, &lock));
  file.release();
}

void ask_for_lock(Observation& seen, off_t byte) {
  // Closed by nobody: closing any descriptor of the file would give up the side's own lock.
  const int file = ::open(lock_file().c_str(), O_RDWR | O_CLOEXEC);
  struct flock lock = lock_on(byte);
  seen.call("F_GETLK", ::fcntl(file, F_GETLK, &lock));
  seen.text("conflict", lock.l_type == F_WRLCK ? "locked" : "free");
  seen.number("holder", lock.l_pid);
  // cppcheck-suppress resourceLeak ; see above
}

void own_descriptor(Observation& seen) {
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  seen.call("F_SETOWN", ::fcntl(null.get(), F_SETOWN, ::getpid()));
  seen.number("owned", ::fcntl(null.get(), F_GETOWN));
  seen.number("descriptor", null.release());
}

void inside_looks(Scene& scene) {
  ask_for_lock(scene.seen, outer_byte);
  const auto file = static_cast<int>(scene.saw("outside locks").number_of("descriptor"));
  f_owner_ex owner{F_OWNER_PID, -1};
  scene.seen.call("F_GETOWN_EX", ::fcntl(file, F_GETOWN_EX, &owner));
  scene.seen.number("owner", owner.pid);
  scene.seen.number("getpid", ::getpid());
  take_lock(scene.seen, inner_byte);
}

constexpr std::array acts{
    Act{Side::Outside, "outside locks",
        [](Scene& s) {
          take_lock(s.seen, outer_byte);
          own_descriptor(s.seen);
        }},
    Act{Side::Inside, "inside looks and locks", inside_looks},
    Act{Side::Outside, "outside looks",
        [](Scene& s) {
          s.seen.number("inside", s.inside_pid());
          ask_for_lock(s.seen, inner_byte);
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside looks and locks");
  const Observation& outside = t.at("outside looks");
  const auto number = [](const Observation& seen, std::string_view name) {
    return std::to_string(seen.number_of(name));
  };
  j.works_errno("a record can be locked outside", t.at("outside locks").errno_of("F_SETLK"));
  j.works_errno("a record can be locked inside", inside.errno_of("F_SETLK"));
  j.works_equal("a lock of the outside is seen inside", "locked", inside.text_of("conflict"));
  j.works_equal("a lock of the inside is seen outside", "locked", outside.text_of("conflict"));
  j.isolated_equal("F_GETLK inside shows 0 for a holder outside", "0", number(inside, "holder"));
  isolated_number(j, "F_GETLK outside shows the holder's number there", outside.number_of("inside"),
                  outside.number_of("holder"), inside.number_of("getpid"));
  j.works_errno("a descriptor can be owned", t.at("outside locks").errno_of("F_SETOWN"));
  j.works_equal("its owner is the outside", "1", number(t.at("outside locks"), "owned"));
  j.isolated_equal("F_GETOWN_EX inside shows 0 for an owner outside", "0", number(inside, "owner"));
  return j;
}

namespace list {

// The pids that a /proc/locks lists for the lock on this byte: "7"; "none".
std::string listed(const std::string& proc, off_t byte) {
  const Result<std::string> locks = read_small_file(proc + "/locks");
  struct stat info {};
  if (!locks || ::stat(lock_file().c_str(), &info) != 0) return "(not read)";
  return parse_lock_holder(*locks, info.st_ino, byte).value_or("none");
}

void inside_reads(Scene& scene) {
  take_lock(scene.seen, inner_byte);
  const std::string proc = mount_own_proc(scene);
  if (proc.empty()) return;
  scene.seen.number("getpid", ::getpid());
  scene.seen.text("outside's lock", listed(proc, outer_byte));
  scene.seen.text("own lock", listed(proc, inner_byte));
}

constexpr std::array acts{
    Act{Side::Outside, "outside locks",
        [](Scene& s) {
          take_lock(s.seen, outer_byte);
          s.seen.text("own lock", listed("/proc", outer_byte));
        }},
    Act{Side::Inside, "inside reads its list", inside_reads},
    Act{Side::Outside, "outside reads its list",
        [](Scene& s) {
          s.seen.number("inside", s.inside_pid());
          s.seen.number("inside's lock",
                        parse_number<std::int64_t>(listed("/proc", inner_byte)).value_or(-1));
        }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside reads its list");
  const Observation& outside = t.at("outside reads its list");
  j.works_errno("proc can be mounted inside", inside.errno_of("mount(proc)"));
  j.works_equal("a lock of the outside is listed there", "1",
                t.at("outside locks").text_of("own lock"));
  j.rule_equal("a lock of the inside is listed there, by its own number",
               std::to_string(inside.number_of("getpid")), inside.text_of("own lock"));
  j.isolated_equal("a lock of the outside is not listed inside", "none",
                   inside.text_of("outside's lock"));
  isolated_number(j, "a lock of the inside is listed outside, by its number there",
                  outside.number_of("inside"), outside.number_of("inside's lock"),
                  inside.number_of("getpid"));
  return j;
}

}  // namespace list

}  // namespace

constinit const Probe lock_pids{
    .family = "pid",
    .name = "lock_pids",
    .sentence = "F_GETLK and F_GETOWN_EX tell a pid in the caller's namespace, or 0",
    .source =
        "fcntl(2), fcntl_locking(2); fs/locks.c locks_translate_pid(), fs/fcntl.c "
        "f_getown_ex()",
    .first_kernel = "4.14",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Mail and database servers on a shared volume ask F_GETLK who holds a lock, and look at "
        "that process or even signal it. Before 4.14 the number was the holder's own.",
    .failure =
        "Somebody inside learns numbers of the outside, and a program takes a process that "
        "happens to have that number for the holder.",
    .by_hand =
        "flock() { python3 -c \"import fcntl,struct,sys,time; f=open('/tmp/l','w')\n"
        "$1\"; }\n"
        "flock 'fcntl.lockf(f, 2); time.sleep(5)' & sleep 1\n"
        "unshare --pid --fork python3 -c \"import fcntl,struct; f=open('/tmp/l','r+')\n"
        "asked = struct.pack('hhqqi', 1, 0, 0, 0, 0)\n"
        "print(struct.unpack('hhqqi', fcntl.fcntl(f, fcntl.F_GETLK, asked)))\"   # pid 0",
};

constinit const Probe proc_locks{
    .family = "pid",
    .name = "proc_locks",
    .sentence = "/proc/locks lists no lock of a process that this /proc does not show",
    .source = "proc_locks(5); fs/locks.c locks_show()",
    .first_kernel = "4.14",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = list::acts,
    .judge = list::judge,
    .why =
        "The list is the whole machine's. lslocks(8) inside must show the container's locks, "
        "not which files of the host are locked by whom.",
    .failure = "Somebody inside can watch which files of the host are in use, and by which pids.",
    .by_hand =
        "flock /tmp/l sleep 5 & sleep 1\n"
        "unshare --pid --fork --mount-proc cat /proc/locks   # the lock is not listed",
};

}  // namespace nsbench::probes
