// time: who may set a namespace's offsets, until when, and to what.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "probes/nested.h"
#include "probes/sandbox/calls.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/time/offsets.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

constexpr std::uint64_t time_flag = row(Kind::Time).flag;
constexpr std::chrono::seconds patience{4};

int write_offsets(std::string_view text, const std::string& file = offsets_file) {
  return write_small_file(file, text).error().err;
}

std::string offsets_now() {
  const Result<Offsets> now = offsets_of_children();
  return now ? fmt::format("{} {}", now->monotonic, now->boottime) : now.error().str();
}

int unshare_time() { return calls::unshare(time_flag) == 0 ? 0 : errno; }

// The child enters the time namespace that this process has made.
void enter_by_child(Observation& seen) {
  Result<Child> child = Child::fork([] { return 0; });
  seen.result("fork", child ? 0 : child.error().err);
  if (child) static_cast<void>(child->wait(Deadline::in(patience)));
}

void write_before_and_after(Observation& seen) {
  seen.result("in an inhabited namespace", write_offsets("monotonic 1000 0\n"));
  seen.result("unshare", unshare_time());
  seen.result("before", write_offsets("monotonic 1000 0\nboottime 2000 0\n"));
  seen.result("before, again", write_offsets("monotonic 3000 0\n"));
  seen.result("before, by clock number", write_offsets("7 4000 0\n"));
  seen.text("read back", offsets_now());
  enter_by_child(seen);
  seen.result("after a child", write_offsets("monotonic 5000 0\n"));
  seen.text("afterwards", offsets_now());
}

void write_after_setns(Observation& seen) {
  seen.result("unshare for setns", unshare_time());
  const Fd made(::open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC));
  seen.result("before setns", write_offsets("monotonic 1000 0\n"));
  seen.call("setns", calls::setns(made.get(), time_flag));
  seen.result("after setns", write_offsets("monotonic 5000 0\n"));
}

// clone3 puts its process inside at once, so there is no time for offsets.
void write_after_clone3(Scene& scene) {
  const Result<Child> holder = hold_open({Kind::Time}, Deadline::in(patience));
  scene.seen.result("clone3", holder ? 0 : holder.error().err);
  if (!holder) return;
  const Result<std::string> dir = proc_dir(*holder);
  if (!dir) return scene.broken(dir.error().str());
  scene.seen.result("after clone3", write_offsets("monotonic 5000 0\n", *dir + "/timens_offsets"));
}

constexpr std::array frozen_acts{
    Act{Side::Inside, "offsets are written",
        [](Scene& s) { in_child(s, write_before_and_after) && in_child(s, write_after_setns); }},
    Act{Side::Inside, "after clone3", write_after_clone3},
};

Judgement judge_frozen(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("offsets are written");
  j.works_errno("a time namespace can be made", seen.errno_of("unshare"));
  j.works_errno("offsets can be written before its first process", seen.errno_of("before"));
  j.works_errno("and once more", seen.errno_of("before, again"));
  j.works_errno("and by the clock's number", seen.errno_of("before, by clock number"));
  j.works_equal("what was written is read back", "3000 4000", seen.text_of("read back"));
  j.works_errno("a child enters", seen.errno_of("fork"));
  j.rule_errno("offsets can't be written in a namespace that has processes", EACCES,
               seen.errno_of("in an inhabited namespace"));
  j.rule_errno("nor after a child has entered", EACCES, seen.errno_of("after a child"));
  j.rule_equal("the refused write changed nothing", "3000 4000", seen.text_of("afterwards"));
  j.works_errno("offsets can be written before setns", seen.errno_of("before setns"));
  j.works_errno("setns works", seen.errno_of("setns"));
  j.rule_errno("offsets can't be written after setns", EACCES, seen.errno_of("after setns"));
  const Observation& cloned = t.at("after clone3");
  j.works_errno("clone3 works", cloned.errno_of("clone3"));
  j.rule_errno("offsets can't be written for a process made by clone3", EACCES,
               cloned.errno_of("after clone3"));
  return j;
}

namespace values {

struct Value {
  const char* name;
  const char* record;
  int refusal;
};
// KTIME_SEC_MAX of include/linux/ktime.h is 9223372036; half of it bounds a clock.
constexpr std::array refused{
    Value{"a clock without offset", "realtime 1 0\n", EINVAL},
    Value{"the number of such a clock", "0 1 0\n", EINVAL},
    Value{"a clock unheard of", "sidereal 1 0\n", EINVAL},
    Value{"a record cut short", "monotonic 1\n", EINVAL},
    Value{"no number", "monotonic one 0\n", EINVAL},
    Value{"a thousand million nanoseconds", "monotonic 1 1000000000\n", EINVAL},
    Value{"a clock before zero", "monotonic -4000000000 0\n", ERANGE},
    Value{"a boot-time clock before zero", "boottime -4000000000 0\n", ERANGE},
    Value{"a clock over its bound", "monotonic 4611686019 0\n", ERANGE},
    Value{"a boot-time clock over its bound", "boottime 4611686019 0\n", ERANGE},
};
constexpr std::array legal{
    Value{"the greatest nanoseconds", "monotonic 1 999999999\n", 0},
    Value{"140 years", "monotonic 4400000000 0\n", 0},
    Value{"spaces between the fields", "  boottime   7   0\n", 0},
};

// Half of its reading: the clock stays above zero.
std::string negative_record() {
  return fmt::format("monotonic -{} 0\n", clock_ms(CLOCK_MONOTONIC) / 2000);
}

void try_all(Scene& scene) {
  in_child(scene, [](Observation& seen) {
    seen.result("unshare", unshare_time());
    seen.result("first", write_offsets("monotonic 11 0\nboottime 12 0\n"));
    for (const Value& value : refused) seen.result(value.name, write_offsets(value.record));
    seen.text("afterwards", offsets_now());
    for (const Value& value : legal) seen.result(value.name, write_offsets(value.record));
    seen.result("a negative offset", write_offsets(negative_record()));
  });
}

constexpr std::array acts{
    Act{Side::Inside, "offsets are tried", try_all},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("offsets are tried");
  j.works_errno("a time namespace can be made", seen.errno_of("unshare"));
  j.works_errno("offsets can be written", seen.errno_of("first"));
  for (const Value& value : refused) {
    j.rule_errno(fmt::format("{} is refused", value.name), value.refusal,
                 seen.errno_of(value.name));
  }
  j.rule_equal("the refused writes changed nothing", "11 12", seen.text_of("afterwards"));
  for (const Value& value : legal) {
    j.works_errno(fmt::format("legal: {}", value.name), seen.errno_of(value.name));
  }
  j.works_errno("legal: a negative offset", seen.errno_of("a negative offset"));
  return j;
}

}  // namespace values

namespace privilege {

int give_up(int capability) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return errno;
  data[0].effective &= ~(1U << capability);
  return ::syscall(SYS_capset, &header, data.data()) == 0 ? 0 : errno;
}

void write_without_capability(Observation& seen) {
  seen.result("unshare", unshare_time());
  seen.result("with CAP_SYS_TIME", write_offsets("monotonic 1 0\n"));
  seen.result("give up", give_up(CAP_SYS_TIME));
  seen.result("without CAP_SYS_TIME", write_offsets("monotonic 2 0\n"));
}

// The user namespace comes after the time namespace, which the one above keeps.
void write_from_below(Observation& seen) {
  seen.result("unshare time", unshare_time());
  seen.result("unshare user", calls::unshare(row(Kind::User).flag) == 0 ? 0 : errno);
  seen.result("from below", write_offsets("monotonic 3 0\n"));
}

void write_own_below(Observation& seen) {
  seen.result("unshare time", unshare_time());
  seen.result("write", write_offsets("monotonic 4 0\n"));
  // Asks for the tick that is already set: nothing would change if it were granted.
  timex tick{};
  seen.call("read the tick", ::adjtimex(&tick));
  tick.modes = ADJ_TICK;
  seen.call("set the tick", ::adjtimex(&tick));
}

void try_all(Scene& scene) {
  if (!has_capability(CAP_SYS_TIME)) {
    return scene.skip(SkipReason::NoPrivilege, "this process has no CAP_SYS_TIME");
  }
  if (!in_nested_or_skip(scene, "below", {Kind::User}, write_own_below)) return;
  if (in_child(scene, write_without_capability)) in_child(scene, write_from_below);
}

constexpr std::array acts{
    Act{Side::Inside, "offsets are written", try_all},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("offsets are written");
  j.works_errno("offsets can be written with CAP_SYS_TIME", seen.errno_of("with CAP_SYS_TIME"));
  j.works_errno("the capability was given up", seen.errno_of("give up"));
  j.rule_errno("they can't without", EPERM, seen.errno_of("without CAP_SYS_TIME"));
  j.works_errno("a user namespace can be made below", seen.errno_of("unshare user"));
  j.rule_errno("its CAP_SYS_TIME doesn't count above", EPERM, seen.errno_of("from below"));
  j.works_errno("a time namespace can be made below", seen.errno_of("below unshare time"));
  j.works_errno("there its CAP_SYS_TIME counts", seen.errno_of("below write"));
  j.works_errno("the machine's clock can be looked at below", seen.errno_of("below read the tick"));
  j.rule_errno("but not set, since it is everybody's", EPERM, seen.errno_of("below set the tick"));
  return j;
}

}  // namespace privilege

constexpr std::string_view first_kernel = "5.6";
// The acts unshare by themselves, to look before anybody has entered.
constexpr std::array by_hand_only{Way{Method::Unshare, ""}};

}  // namespace

constinit const Probe frozen{
    .family = "time",
    .name = "frozen",
    .sentence = "offsets are frozen when the first process has entered",
    .source = "time_namespaces(7); kernel/time/namespace.c proc_timens_set_offset()",
    .first_kernel = first_kernel,
    .namespaces = {Kind::Time},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = frozen_acts,
    .judge = judge_frozen,
    .why =
        "A monotonic clock never goes back. If the offsets of running programs could change, it "
        "would.",
    .failure = "Somebody inside sets the clocks of running programs, which then hang or crash.",
    .by_hand =
        "# as root; by python, since a shell that unshare(1) executes has entered already\n"
        "python3 - <<'END'\n"
        "import ctypes, os\n"
        "ctypes.CDLL(None).unshare(0x80)   # CLONE_NEWTIME\n"
        "file = os.open('/proc/self/timens_offsets', os.O_WRONLY)\n"
        "os.write(file, b'monotonic 1000 0\\n')\n"
        "os.system('cat /proc/self/timens_offsets')   # the first child\n"
        "os.write(file, b'monotonic 2000 0\\n')   # PermissionError\n"
        "END",
    .control = ControlKind::Positive,
};

constinit const Probe offset_values{
    .family = "time",
    .name = "offset_values",
    .sentence = "offsets that make no sense or leave the clock's range are refused",
    .source = "time_namespaces(7); fs/proc/base.c timens_offsets_write(), kernel/time/namespace.c",
    .first_kernel = first_kernel,
    .namespaces = {Kind::Time},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = values::acts,
    .judge = values::judge,
    .why = "The kernel adds the offset to 64-bit nanoseconds without asking again.",
    .failure = "Clocks inside are negative or overflow; timers then never expire, or all at once.",
    .by_hand =
        "# as root\n"
        "python3 - <<'END'\n"
        "import ctypes, os\n"
        "ctypes.CDLL(None).unshare(0x80)   # CLONE_NEWTIME\n"
        "file = os.open('/proc/self/timens_offsets', os.O_WRONLY)\n"
        "for offset in b'1 0', b'1 1000000000', b'-4000000000 0':\n"
        "  try: print(os.write(file, b'monotonic ' + offset + b'\\n'))   # 14: written\n"
        "  except OSError as error: print(error)   # EINVAL, ERANGE\n"
        "END",
    .control = ControlKind::Positive,
};

constinit const Probe offset_privilege{
    .family = "time",
    .name = "offset_privilege",
    .sentence = "offsets need CAP_SYS_TIME in the user namespace that owns the time namespace",
    .source =
        "time_namespaces(7), capabilities(7); kernel/time/namespace.c "
        "proc_timens_set_offset()",
    .first_kernel = first_kernel,
    .namespaces = {Kind::Time},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = privilege::acts,
    .judge = privilege::judge,
    .why =
        "Every user has CAP_SYS_TIME in a user namespace of their own. It must not reach the "
        "clocks of anybody else, and never the machine's.",
    .failure =
        "Any user shifts the clocks of a container that is about to start, or the machine's.",
    .by_hand =
        "# as an ordinary user\n"
        "unshare --map-root-user --time --monotonic 1000 cat /proc/uptime   # works\n"
        "unshare --map-root-user date --set \"$(date)\"   # Operation not permitted",
    .control = ControlKind::Positive,
};

}  // namespace nsbench::probes
