// ipc: POSIX message queues are known inside one namespace only.
#include <dirent.h>
#include <fcntl.h>
#include <mqueue.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "probes/ipc/probes.h"
#include "probes/sandbox/arena.h"

namespace nsbench::probes {

namespace {

// The queues that a mounted mqueue file system lists, sorted, comma-separated.
std::string queues_in(const std::string& path) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(path.c_str()), ::closedir);
  if (!dir) return "opendir: " + errno_name(errno);
  while (const dirent* entry = ::readdir(dir.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

void look(Observation& seen) { seen.text("queues in /dev/mqueue", queues_in("/dev/mqueue")); }

void try_open(Observation& seen, std::string_view step, const char* name, int flags) {
  mq_attr small{};
  small.mq_maxmsg = 1;
  small.mq_msgsize = 16;
  const mqd_t queue = ::mq_open(name, flags, 0600, &small);
  seen.call(step, queue);
  if (queue >= 0) ::mq_close(queue);
}

void make(Scene& scene, const char* name) {
  try_open(scene.seen, "create", name, O_RDWR | O_CREAT | O_EXCL);
  if (scene.seen.errno_of("create") == ENOSYS) {
    scene.skip(SkipReason::NoFeature, "the kernel has no POSIX queues (CONFIG_POSIX_MQUEUE)");
  }
  if (scene.seen.errno_of("create") == EMFILE) {
    scene.skip(SkipReason::Limit, "mq_open: EMFILE (RLIMIT_MSGQUEUE is used up)");
  }
}

void list(Scene& scene) {
  const std::string path = scratch_dir() + "/mqueue-of-" + std::to_string(::getpid());
  ::mkdir(path.c_str(), 0755);
  scene.seen.call("mount(mqueue)", ::mount("mqueue", path.c_str(), "mqueue", 0, nullptr));
  scene.seen.text("listed", queues_in(path));
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes", [](Scene& s) { make(s, "/nsb-outside"); }},
    Act{Side::Inside, "inside looks",
        [](Scene& s) { try_open(s.seen, "open", "/nsb-outside", O_RDWR); }},
    Act{Side::Inside, "inside makes", [](Scene& s) { make(s, "/nsb-inside"); }},
    Act{Side::Outside, "outside looks",
        [](Scene& s) { try_open(s.seen, "open", "/nsb-inside", O_RDWR); }},
    Act{Side::Sibling, "sibling looks",
        [](Scene& s) { try_open(s.seen, "open", "/nsb-inside", O_RDWR); }},
    Act{Side::Inside, "inside lists", list},
    Act{Side::Outside, "outside lists", list},
    Act{Side::Inside, "inside takes the same name", [](Scene& s) { make(s, "/nsb-outside"); }},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  j.works_errno("a queue can be made outside", t.at("outside makes").errno_of("create"));
  j.works_errno("a queue can be made inside", t.at("inside makes").errno_of("create"));
  j.works_errno("mqueue can be mounted inside", t.at("inside lists").errno_of("mount(mqueue)"));
  j.works_errno("mqueue can be mounted outside", t.at("outside lists").errno_of("mount(mqueue)"));
  j.isolated_errno("a queue of the outside is unknown inside", ENOENT,
                   t.at("inside looks").errno_of("open"));
  j.isolated_errno("a queue of the inside is unknown outside", ENOENT,
                   t.at("outside looks").errno_of("open"));
  j.isolated_errno("a queue of the inside is unknown to a sibling", ENOENT,
                   t.at("sibling looks").errno_of("open"));
  j.isolated_equal("mqueue mounted inside lists the inside's queues only", "nsb-inside",
                   t.at("inside lists").text_of("listed"));
  j.isolated_equal("mqueue mounted outside lists the outside's queues only", "nsb-outside",
                   t.at("outside lists").text_of("listed"));
  j.isolated_errno("a name used outside is free inside", 0,
                   t.at("inside takes the same name").errno_of("create"));
  return j;
}

}  // namespace

constinit const Probe mqueue{
    .family = "ipc",
    .name = "mqueue",
    .sentence = "POSIX message queues are known on the side that made them only",
    .source = "ipc_namespaces(7), mq_overview(7); ipc/mqueue.c do_mq_open()",
    .first_kernel = "2.6.30",
    .namespaces = {Kind::Ipc},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
    .why =
        "Audio and real-time software, and tests of it, open queues by fixed names. The names "
        "live in a file system of each ipc namespace's own.",
    .failure = "Somebody inside reads the messages of a queue outside, or fills it.",
    .by_hand =
        "# as root\n"
        "mkdir /tmp/q && mount -t mqueue none /tmp/q && touch /tmp/q/outside && ls /tmp/q\n"
        "unshare --ipc --mount sh -c 'mount -t mqueue none /tmp/q && ls /tmp/q'   # empty\n"
        "rm /tmp/q/outside && umount /tmp/q && rmdir /tmp/q",
};

}  // namespace nsbench::probes
