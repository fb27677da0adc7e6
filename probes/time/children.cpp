// time: whom unshare(CLONE_NEWTIME) and setns put into a time namespace, and when.
#include <fcntl.h>
#include <fmt/format.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>
#include <utility>

#include "probes/helpers.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "probes/time/offsets.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

constexpr Offsets ahead{100'000, 200'000};
constexpr std::uint64_t time_flag = row(Kind::Time).flag;

std::string link_of(const char* name) {
  const Result<std::string> link = read_link(fmt::format("/proc/self/ns/{}", name));
  return link ? *link : link.error().str();
}

void look(Observation& seen) {
  seen.number("CLOCK_MONOTONIC", clock_ms(CLOCK_MONOTONIC));
  seen.number("CLOCK_MONOTONIC by syscall", clock_ms_by_syscall(CLOCK_MONOTONIC));
  seen.text("time", link_of("time"));
  seen.text("time_for_children", link_of("time_for_children"));
}

void unshare_and_look(Scene& scene) {
  look(scene.seen);
  offset_children(scene, ahead);
}

void look_as_child(Scene& scene) { in_child(scene, look); }

constexpr std::array acts{
    Act{Side::Outside, "outside unshares", unshare_and_look},
    Act{Side::Outside, "outside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Outside, "a child looks", look_as_child},
    Act{Side::Inside, "inside looks", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "a child of the inside looks", look_as_child},
    Act{Side::Outside, "outside looks again", [](Scene& s) { look(s.seen); }},
};

void judge_shifted(Judgement& j, const Transcript& t, std::string_view act,
                   std::string_view clock) {
  const std::int64_t value = t.at(act).number_of(clock);
  const std::int64_t before = t.at("outside unshares").number_of(clock);
  const std::int64_t after = t.at("outside looks again").number_of(clock);
  j.isolated(fmt::format("{}: {} is the namespace's", act, clock),
             fmt::format("{} s ahead", ahead.monotonic), ahead_text(value, before),
             is_ahead(value, ahead.monotonic, before, after));
}

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& before = t.at("outside unshares");
  const Observation& outside = t.at("outside looks");
  const Observation& child = t.at("a child looks");
  for (const char* clock : {"CLOCK_MONOTONIC", "CLOCK_MONOTONIC by syscall"}) {
    const std::int64_t start = before.number_of(clock);
    const std::int64_t own = outside.number_of(clock);
    j.rule(fmt::format("the {} of the process that unshares stays", clock),
           "it went on by less than a minute", ahead_text(own, start),
           start >= 0 && own >= start && own < start + 60'000);
    for (const char* act : {"a child looks", "inside looks", "a child of the inside looks"}) {
      judge_shifted(j, t, act, clock);
    }
  }
  j.rule_equal("the process that unshares stays in its namespace", before.text_of("time"),
               outside.text_of("time"));
  const std::string next = outside.text_of("time_for_children");
  j.isolated("a child is in another one, its parent's time_for_children",
             "anything but " + outside.text_of("time"),
             fmt::format("{}, where time_for_children is {}", child.text_of("time"), next),
             next.starts_with("time:[") && outside.find("time") != nullptr &&
                 next != outside.text_of("time") && next == child.text_of("time"));
  j.rule_equal("as its own children will be", child.text_of("time"),
               child.text_of("time_for_children"));
  return j;
}

namespace threads {

// A second thread that waits until it may end.
class SecondThread {
 public:
  SecondThread() {
    Result<std::pair<Channel, Channel>> ends = Channel::pair();
    if (!ends) return;
    ends_ = std::move(*ends);
    err_ = ::pthread_create(&thread_, nullptr, look_and_wait, this);
    if (err_ == 0) link_ = ends_.first.receive(Deadline::in(std::chrono::seconds(4)));
  }
  SecondThread(const SecondThread&) = delete;
  SecondThread& operator=(const SecondThread&) = delete;
  ~SecondThread() {
    ends_.first.close();
    if (err_ == 0) ::pthread_join(thread_, nullptr);
  }
  [[nodiscard]] int err() const { return err_; }
  // The time namespace that it says it is in.
  [[nodiscard]] std::string link() const { return link_ ? *link_ : link_.error().str(); }

 private:
  static void* look_and_wait(void* self) {
    Channel& channel = static_cast<SecondThread*>(self)->ends_.second;
    const Result<std::string> link = read_link("/proc/thread-self/ns/time");
    static_cast<void>(channel.send(link ? *link : link.error().str()));
    static_cast<void>(channel.receive());
    return nullptr;
  }
  std::pair<Channel, Channel> ends_;
  pthread_t thread_{};
  int err_ = EAGAIN;
  Result<std::string> link_ = Error{"no thread"};
};

int join(const Fd& target) { return calls::setns(target.get(), time_flag) == 0 ? 0 : errno; }

void try_setns(Scene& scene) {
  const Result<Child> holder = hold_open({Kind::Time}, Deadline::in(std::chrono::seconds(4)));
  if (!holder) return scene.broken(holder.error().str());
  const Result<std::string> dir = proc_dir(*holder);
  if (!dir) return scene.broken(dir.error().str());
  const Result<std::string> link = read_link(*dir + "/ns/time");
  scene.seen.text("target", link ? *link : link.error().str());
  const Fd target(::open((*dir + "/ns/time").c_str(), O_RDONLY | O_CLOEXEC));
  in_child(scene, [&target](Observation& seen) {
    const SecondThread second;
    seen.result("thread", second.err());
    seen.result("setns with a thread", join(target));
  });
  in_child(scene, [&target](Observation& seen) {
    seen.result("setns", join(target));
    seen.text("time", link_of("time"));
    seen.text("time_for_children", link_of("time_for_children"));
  });
}

// Threads of one process share their memory, and with it the page that the vDSO reads.
void try_thread(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    seen.result("unshare", calls::unshare(time_flag) == 0 ? 0 : errno);
    const SecondThread second;
    seen.result("thread after unshare", second.err());
    seen.text("thread's time", second.link());
    seen.text("time", link_of("time"));
  });
}

constexpr std::array acts{
    Act{Side::Outside, "setns is tried", try_setns},
    Act{Side::Outside, "a thread is tried", try_thread},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("setns is tried");
  const Observation& other = t.at("a thread is tried");
  j.works_errno("a thread can be made", seen.errno_of("thread"));
  j.works_errno("a process of one thread joins a time namespace", seen.errno_of("setns"));
  j.works_equal("and is in it at once", seen.text_of("target"), seen.text_of("time"));
  j.works_equal("as its children will be", seen.text_of("target"),
                seen.text_of("time_for_children"));
  j.rule_errno("a process of two threads can't join one", EUSERS,
               seen.errno_of("setns with a thread"));
  j.works_errno("a time namespace can be made", other.errno_of("unshare"));
  // Up to 6.2 the thread was refused; since then it stays where its process is.
  const int made = other.errno_of("thread after unshare");
  const std::string process = other.text_of("time");
  const std::string thread = other.text_of("thread's time");
  j.rule("a thread that is made then is not in the new one", process + ", or EINVAL",
         made == 0 ? thread : errno_name(std::max(made, 0)),
         made == EINVAL || (made == 0 && process.starts_with("time:[") && thread == process));
  return j;
}

}  // namespace threads

}  // namespace

constinit const Probe children{
    .family = "time",
    .name = "children",
    .sentence = "unshare(CLONE_NEWTIME) moves the children to come, and not their parent",
    .source = "time_namespaces(7), unshare(2); kernel/time/namespace.c timens_on_fork()",
    .first_kernel = "5.6",
    .namespaces = {Kind::Time},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "A clock must not jump under a running program, so nobody is moved. The page that the "
        "vDSO reads is changed when the child gets its memory.",
    .failure = "The clock of the program that unshares jumps, or its children have the wrong one.",
    .by_hand =
        "# as root; by python, since what unshare(1) executes has entered already\n"
        "python3 - <<'END'\n"
        "import ctypes, os\n"
        "ctypes.CDLL(None).unshare(0x80)   # CLONE_NEWTIME\n"
        "print(os.readlink('/proc/self/ns/time'))\n"
        "print(os.readlink('/proc/self/ns/time_for_children'))\n"
        "os.system('readlink /proc/self/ns/time')   # a child: the second one\n"
        "END",
};

constinit const Probe time_threads{
    .family = "time",
    .name = "threads",
    .sentence = "threads of one process are never in two time namespaces",
    .source =
        "setns(2) EUSERS, clone(2) EINVAL; kernel/time/namespace.c timens_install(), "
        "kernel/fork.c copy_process()",
    .first_kernel = "5.6",
    .namespaces = {Kind::Time},
    .ways = std::span(all_ways).subspan(3, 1),  // the rule is about setns
    .privileges = all_privileges,
    .acts = threads::acts,
    .judge = threads::judge,
    .why =
        "All threads of a process read their clock from one page. Two namespaces would make two "
        "answers of one call.",
    .failure = "Threads of one program disagree about the time, or see it jump.",
    .by_hand =
        "# as root; a helper namespace, and two processes that join it\n"
        "unshare --time --monotonic 1000 --fork sleep 5 & sleep 0.5\n"
        "nsenter --time=/proc/$(pgrep -n sleep)/ns/time cat /proc/uptime   # works\n"
        "python3 - <<'END'\n"
        "import ctypes, os, subprocess, threading, time\n"
        "pid = subprocess.getoutput('pgrep -n sleep')\n"
        "threading.Thread(target=time.sleep, args=(1,)).start()\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "fd = os.open(f'/proc/{pid}/ns/time', os.O_RDONLY)\n"
        "print(libc.setns(fd, 0x80), os.strerror(ctypes.get_errno()))   # Too many users\n"
        "END",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
