// nsfs: the ioctls that translate pids between pid namespaces.
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"

namespace nsbench::probes {

namespace {

void translate(Observation& seen, const std::string& name, int fd, unsigned request, long pid) {
  const int answer = ::ioctl(fd, request, pid);
  seen.call(name, answer);
  seen.number(name + " is", answer);
}

// Asks the inside's pid namespace for the inside's process, and for a process of the outside.
void look(Scene& scene) {
  const Fd ns = ns_file::open(Kind::Pid, std::to_string(scene.inside_pid()));
  const Fd wrong = ns_file::open(Kind::Uts);
  const long inner = scene.saw("inside tells its pid").number_of("pid");
  Observation& seen = scene.seen;
  seen.number("inside's pid outside", scene.inside_pid());
  translate(seen, "pid in", ns.get(), ns_file::get_pid_in_pidns, scene.inside_pid());
  translate(seen, "tgid in", ns.get(), ns_file::get_tgid_in_pidns, scene.inside_pid());
  translate(seen, "pid from", ns.get(), ns_file::get_pid_from_pidns, inner);
  translate(seen, "tgid from", ns.get(), ns_file::get_tgid_from_pidns, inner);
  translate(seen, "outside's in", ns.get(), ns_file::get_pid_in_pidns, ::getpid());
  translate(seen, "of a uts namespace", wrong.get(), ns_file::get_pid_in_pidns, ::getpid());
}

constexpr std::array acts{
    Act{Side::Inside, "inside tells its pid", [](Scene& s) { s.seen.number("pid", ::getpid()); }},
    Act{Side::Outside, "outside asks", look},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside asks");
  const auto number = [&seen](std::string_view name) {
    return std::to_string(seen.number_of(name));
  };
  const std::string inner = std::to_string(t.at("inside tells its pid").number_of("pid"));
  for (const char* which : {"pid", "tgid"}) {
    const std::string what(which);
    j.works_errno("NS_GET_" + what + "_IN_PIDNS answers", seen.errno_of(what + " in"));
    j.works_equal("the inside's " + what + " in its namespace is what it calls itself", inner,
                  number(what + " in is"));
    j.works_equal("and translated back it is the outside's number", number("inside's pid outside"),
                  number(what + " from is"));
  }
  j.isolated_errno("a process of the outside has no pid inside", ESRCH,
                   seen.errno_of("outside's in"));
  j.rule_errno("other namespaces translate no pids", EINVAL, seen.errno_of("of a uts namespace"));
  return j;
}

}  // namespace

constinit const Probe pid_translation{
    .family = "nsfs",
    .name = "pid_translation",
    .sentence = "NS_GET_PID_IN_PIDNS and its kin translate pids, and know no pid of the outside",
    .source = "fs/nsfs.c ns_ioctl(), include/uapi/linux/nsfs.h",
    .first_kernel = "6.11",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "Monitors and file systems in user space that serve containers translate pids with "
        "these ioctls and then look at /proc/PID or send signals.",
    .failure = "A signal or a question meant for a process in a container goes to another one.",
    .by_hand =
        "unshare --pid --fork --mount-proc sleep 60 &\n"
        "grep NSpid /proc/$(pgrep -n sleep)/status",
};

}  // namespace nsbench::probes
