// pid: a /proc mounted inside lists the namespace's own processes and no others.
#include <dirent.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "probes/pid/probes.h"
#include "probes/pid/processes.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"

namespace nsbench::probes {

namespace {

constexpr const char* victim = "nsb-victim";  // at most 15 characters: it is a comm

std::vector<std::string> pids_in(const std::string& proc) {
  std::vector<std::string> pids;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(proc.c_str()), ::closedir);
  if (!dir) return pids;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) != 0) {
      pids.emplace_back(entry->d_name);
    }
  }
  return pids;
}

int count_victims(const std::string& proc) {
  int count = 0;
  for (const std::string& pid : pids_in(proc)) {
    const Result<std::string> comm = read_small_file(fmt::format("{}/{}/comm", proc, pid));
    if (comm && trimmed(*comm) == victim) ++count;
  }
  return count;
}

void look_at(Observation& seen, const std::string& proc) {
  seen.number("processes", static_cast<std::int64_t>(pids_in(proc).size()));
  seen.number("getpid", ::getpid());
  const Result<std::string> self = read_link(proc + "/self");
  seen.text("self", self ? *self : self.error().str());
  const Result<std::string> load = read_small_file(proc + "/loadavg");
  seen.number("last pid", load ? parse_last_pid(*load).value_or(-1) : -1);
  const Result<std::string> last = read_small_file("/proc/sys/kernel/ns_last_pid");
  seen.text("ns_last_pid", last ? trimmed(*last) : last.error().str());
}

void look(Observation& seen) { look_at(seen, "/proc"); }

// A process to be seen, and enough pids used up that the two sides' last pids can't be the same.
void arrange(Scene& scene) {
  constexpr int used_up = 40;
  for (int i = 0; i < used_up; ++i) {
    Result<Child> child = Child::fork([] { return 0; });
    if (!child || !child->wait()) return scene.broken("fork failed");
  }
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return scene.broken(ends.error().str());
  Result<Child> child = Child::fork([&ends] {
    ::prctl(PR_SET_NAME, victim);
    static_cast<void>(ends->second.send("named"));
    for (;;) ::pause();
    return 0;
  });
  if (!child) return scene.broken(child.error().str());
  if (Result<std::string> named = ends->first.receive(); !named) {
    return scene.broken("the victim: " + named.error().str());
  }
  child->disown();
  scene.seen.number("victims", count_victims("/proc"));
  look_at(scene.seen, "/proc");
}

void mount_and_look(Scene& scene) {
  const std::string proc = mount_own_proc(scene);
  if (proc.empty()) return;
  scene.seen.number("victims", count_victims(proc));
  look_at(scene.seen, proc);
}

constexpr std::array acts{
    Act{Side::Outside, "outside has a victim", arrange},
    Act{Side::Inside, "inside mounts proc", mount_and_look},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& outside = t.at("outside has a victim");
  const Observation& inside = t.at("inside mounts proc");
  j.works_errno("proc can be mounted inside", inside.errno_of("mount(proc)"));
  j.works_equal("the outside lists its process", "1", std::to_string(outside.number_of("victims")));
  j.rule_equal("/proc/self is the reader", std::to_string(inside.number_of("getpid")),
               inside.text_of("self"));
  j.isolated_equal("a proc mounted inside lists no process of the outside", "0",
                   std::to_string(inside.number_of("victims")));
  const std::int64_t last_outside = outside.number_of("last pid");
  const std::int64_t last_inside = inside.number_of("last pid");
  j.isolated("the last pid in /proc/loadavg is the namespace's own",
             fmt::format("from 1 to below {}", last_outside), std::to_string(last_inside),
             last_inside >= 1 && last_inside < last_outside);
  // The file needs CONFIG_CHECKPOINT_RESTORE; where it is missing there is nothing to judge.
  if (outside.text_of("ns_last_pid").starts_with("open(")) return j;
  const auto ns_last_inside = parse_number<std::int64_t>(inside.text_of("ns_last_pid"));
  const auto ns_last_outside = parse_number<std::int64_t>(outside.text_of("ns_last_pid"));
  j.isolated("/proc/sys/kernel/ns_last_pid is the namespace's own",
             fmt::format("from 1 to below {}", outside.text_of("ns_last_pid")),
             inside.text_of("ns_last_pid"),
             ns_last_inside && ns_last_outside && *ns_last_inside >= 1 &&
                 *ns_last_inside < *ns_last_outside);
  return j;
}

}  // namespace

constinit const Probe proc_view{
    .family = "pid",
    .name = "proc_view",
    .sentence = "a /proc mounted inside lists no process of the outside",
    .source = "pid_namespaces(7), proc(5); fs/proc/base.c proc_pid_readdir(), fs/proc/loadavg.c",
    .first_kernel = "2.6.24",
    .namespaces = {Kind::Pid},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
    .why =
        "ps, top and pkill inside work on /proc. The host's processes, with their command "
        "lines, environments and open files, must not be there.",
    .failure =
        "Somebody inside reads what runs on the host and how it was started, passwords on "
        "command lines among it.",
    .by_hand =
        "unshare --pid --fork --mount-proc ps aux\n"
        "unshare --pid --fork --mount-proc cat /proc/loadavg /proc/sys/kernel/ns_last_pid\n"
        "cat /proc/loadavg /proc/sys/kernel/ns_last_pid",
};

}  // namespace nsbench::probes
