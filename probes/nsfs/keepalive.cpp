// nsfs: what keeps a namespace alive when no process is in it, and that nothing else does.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/helpers.h"
#include "probes/nsfs/limits.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"
#include "probes/sandbox/arena.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/enter.h"

namespace nsbench::probes {

namespace {

constexpr std::chrono::seconds patience{5};

// The errno of joining a namespace by its file, in a process of its own; -1, as for what was not
// seen, if a signal ended that.
int join(int fd) {
  Result<Child> child = Child::fork([fd] { return calls::setns(fd, 0) == 0 ? 0 : errno; });
  if (!child) return child.error().err;
  const Result<ExitStatus> ended = child->wait();
  if (!ended) return ended.error().err;
  return ended->signal == 0 ? ended->code : -1;
}

// With room for one: a namespace of this kind is made, kept by `keeper` alone, found still there,
// and let go. False if it stays then.
template <class Keeper>
bool keep_one(Observation& seen, Kind kind) {
  const std::string name(row(kind).name);
  const int own = kind == Kind::Mnt ? 1 : 0;  // of the limited process
  seen.result(name + " limit", ns_limit::allow(kind, 1 + own));
  Result<Child> holder = hold_open({kind}, Deadline::in(patience));
  seen.result(name + " made", holder ? 0 : holder.error().err);
  if (!holder) return true;
  Keeper keeper(kind, *holder);
  const std::string before = keeper.name();
  holder->kill();
  seen.result(name + " another", ns_limit::try_to_make(kind));
  seen.number(name + " is the same", keeper.name() == before ? 1 : 0);
  seen.result(name + " joined", join(keeper.fd()));
  keeper.let_go();
  const int room = ns_limit::await_room(kind);
  seen.result(name + " room", room);
  return room == 0;
}

// An open descriptor.
class OpenFile {
 public:
  OpenFile(Kind kind, const Child& holder) : ns_(ns_file::open(kind, holder)) {}
  [[nodiscard]] std::string name() const { return ns_file::name_of(ns_.get()); }
  [[nodiscard]] int fd() const { return ns_.get(); }
  void let_go() { ns_.reset(); }

 private:
  Fd ns_;
};

// A bind mount of /proc/PID/ns/NAME, as ip-netns(8) makes it.
class BindMount {
 public:
  BindMount(Kind kind, const Child& holder)
      : path_(scratch_dir() + "/kept-" + std::string(row(kind).name)) {
    const Fd file(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    const Fd ns = ns_file::open(kind, holder);
    const std::string source = fmt::format("/proc/self/fd/{}", ns.get());
    if (::mount(source.c_str(), path_.c_str(), nullptr, MS_BIND, nullptr) != 0) path_.clear();
    reopen();
  }
  [[nodiscard]] std::string name() {
    reopen();
    std::string name = ns_file::name_of(ns_.get());
    ns_.reset();  // the mount alone shall keep it
    return name;
  }
  [[nodiscard]] int fd() {
    reopen();
    return ns_.get();
  }
  void let_go() {
    ns_.reset();
    if (!path_.empty()) ::umount2(path_.c_str(), MNT_DETACH);
  }

 private:
  void reopen() { ns_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)); }
  std::string path_;
  Fd ns_;
};

// A mount namespace can be mounted in an older one only (fs/namespace.c mnt_ns_loop()), and since
// 6.18 the kernel tells age by an id that each processor counts by itself.
void stay_on_one_processor() {
  const int here = ::sched_getcpu();
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(here < 0 ? 0 : here, &one);
  static_cast<void>(::sched_setaffinity(0, sizeof one, &one));
}

template <class Keeper>
void keep_each(Scene& scene) {
  ns_file::record_kinds(scene.seen);
  stay_on_one_processor();
  ns_limit::in_limited(scene, [](Observation& seen) {
    for (const Kind kind : ns_file::present_kinds().kinds()) {
      if (!keep_one<Keeper>(seen, kind)) return;  // each would wait as long for its room
    }
  });
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside keeps");
  const NamespaceSet kinds = ns_file::recorded_kinds(seen);
  j.works("/proc/self/ns has files", "at least one", seen.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    const auto result = [&](const std::string& what) {
      return seen.errno_of("limited " + name + " " + what);
    };
    j.works_errno("a limit of one can be set: " + name, result("limit"));
    j.works_errno("one can be made: " + name, result("made"));
    j.rule_errno("it is there without a process, so that there is no room: " + name, ENOSPC,
                 result("another"));
    j.works_equal("it is the one that was made: " + name, "1",
                  std::to_string(seen.number_of("limited " + name + " is the same")));
    j.works_errno("it can be joined: " + name, result("joined"));
    j.rule_errno("it is gone when nothing refers to it, and there is room: " + name, 0,
                 result("room"));
  }
  return j;
}

template <class Keeper>
constexpr std::array acts{Act{Side::Outside, "outside keeps", keep_each<Keeper>}};

// Makes the last one of a chain, hands out a descriptor of it, and stays. Its exit status is the
// errno of making it.
int offer(Kind last, std::pair<Channel, Channel>& ends) {
  ends.first.close();
  Result<Child> inner = hold_open({last}, Deadline::in(patience));
  if (!inner) return inner.error().err;
  const Fd ns = ns_file::open(last, *inner);
  if (!ns.valid() || !send_fd(ends.second.fd(), ns.get())) return errno;
  return ends.second.receive() ? 0 : 1;  // until the other end is closed
}

// A chain: of a user namespace, the child and what that owns; only the last is held.
void hold_the_last(Observation& seen, Kind last) {
  const std::string name(row(last).name);
  const NamespaceSet middle{last == Kind::Pid ? Kind::Pid : Kind::User};
  Fd kept;
  std::string middle_name;
  {
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    if (!ends) return;
    Result<Member> outer = enter(
        {.namespaces = middle, .method = Method::Clone3, .variant = "", .privilege = {}},
        [&] { return offer(last, *ends); }, Deadline::in(patience));
    seen.result(name + " made", outer ? 0 : outer.error().err);
    if (!outer) return;
    ends->second.close();
    kept = receive_fd(ends->first.fd());
    middle_name = ns_file::name_of(ns_file::open(middle.kinds().front(), outer->child).get());
    // It reaps its own child: a zombie still holds its user namespace.
    ends->first.close();
    const Result<ExitStatus> ended = outer->wait(Deadline::in(patience));
    seen.result(name + " last made", kept.valid() ? 0 : ended ? ended->code : -1);
  }
  const unsigned request = last == Kind::Uts ? ns_file::get_userns : ns_file::get_parent;
  seen.text(name + "'s middle", middle_name);
  seen.text(name + "'s asked", ns_file::name_of_answer(::ioctl(kept.get(), request)));
  seen.result(name + " another", ns_limit::try_to_make(middle.kinds().front()));
  kept.reset();
  ns_limit::allow(middle.kinds().front(), 1);  // so that there is room only when all are gone
  seen.result(name + " room", ns_limit::await_room(middle.kinds().front()));
}

constexpr std::array chain_ends{Kind::User, Kind::Pid, Kind::Uts};

// Each in a user namespace of its own: the kernel counts down the ones of before a little later.
void hold_chains(Scene& scene) {
  for (const Kind last : chain_ends) {
    ns_limit::in_limited(scene, [last](Observation& seen) {
      // A chain of two of a kind counts twice.
      ns_limit::allow(last == Kind::Pid ? Kind::Pid : Kind::User, last == Kind::Uts ? 1 : 2);
      hold_the_last(seen, last);
    });
    const std::string room = "limited " + std::string(row(last).name) + " room";
    if (scene.ended() || scene.seen.errno_of(room) != 0) return;
  }
}

constexpr std::array chain_acts{Act{Side::Outside, "outside keeps the last", hold_chains}};

Judgement judge_chains(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside keeps the last");
  for (const Kind last : chain_ends) {
    const std::string name = "limited " + std::string(row(last).name);
    const std::string what = last == Kind::Uts
                                 ? "the owner of a uts namespace"
                                 : "the parent of a " + std::string(row(last).name) + " namespace";
    const std::string middle = seen.text_of(name + "'s middle");
    j.works_errno("a chain of two can be made: " + what, seen.errno_of(name + " made"));
    j.works_errno("so can the last of them: " + what, seen.errno_of(name + " last made"));
    j.works("the first has a name: " + what, "KIND:[inode]", middle,
            middle.find(":[") != std::string::npos);
    j.rule_equal("it is found through the last: " + what, middle, seen.text_of(name + "'s asked"));
    j.rule_errno("it still counts: " + what, ENOSPC, seen.errno_of(name + " another"));
    j.rule_errno("it is gone with the last: " + what, 0, seen.errno_of(name + " room"));
  }
  return j;
}

constexpr std::array one_way{Way{Method::Clone3, ""}};

constexpr Probe keepalive_probe(std::string_view name, std::string_view sentence,
                                std::span<const Act> its_acts,
                                Judgement (*its_judge)(const Transcript&),
                                std::string_view by_hand) {
  return {.family = "nsfs",
          .name = name,
          .sentence = sentence,
          .source =
              "namespaces(7), \"Namespace lifetime\"; fs/nsfs.c nsfs_evict(), "
              "kernel/ucount.c inc_ucount()",
          .first_kernel = "4.9",
          .ways = one_way,
          .privileges = all_privileges,
          .acts = its_acts,
          .judge = its_judge,
          .why =
              "Runtimes keep a pod's network by a bind mount or a descriptor while its "
              "processes come and go, and count on the memory when they let go of it.",
          .failure =
              "A namespace vanishes under those who hold it, or it stays for ever and the "
              "machine runs out of memory and of its limits.",
          .by_hand = by_hand,
          .control = ControlKind::Positive,
          .waits = true};  // for the kernel to free them
}

}  // namespace

constinit const Probe keepalive_fd = keepalive_probe(
    "keepalive_fd", "an open descriptor alone keeps a namespace, which goes when it is closed",
    acts<OpenFile>, judge,
    "unshare --user --map-root-user bash -c 'echo 1 > /proc/sys/user/max_uts_namespaces; "
    "exec 3< <(:); unshare --uts sleep 1 & sleep .2; exec 3< /proc/$!/ns/uts; wait; "
    "unshare --uts true; exec 3<&-; unshare --uts echo room again'");
constinit const Probe keepalive_bind = keepalive_probe(
    "keepalive_bind", "a bind mount alone keeps a namespace, which goes when it is unmounted",
    acts<BindMount>, judge,
    "touch /tmp/kept\nunshare --uts=/tmp/kept hostname kept\nnsenter --uts=/tmp/kept hostname\n"
    "umount /tmp/kept\nrm /tmp/kept");
constinit const Probe keepalive_child = keepalive_probe(
    "keepalive_child",
    "a namespace keeps its parent and its owning user namespace, and lets go of them with itself",
    chain_acts, judge_chains,
    "unshare --user --map-root-user unshare --user --map-root-user sleep 60 &\n"
    "lsns --type user --tree");

}  // namespace nsbench::probes
