// Lies about user namespaces: ids that are not translated, maps that anybody writes, capabilities
// that count where they must not, and counts that are not kept.
#include <fmt/format.h>
#include <linux/keyctl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

#include "probes/sandbox/namespace_set.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::uint64_t new_user = row(Kind::User).flag;
constexpr const char* every = "000001ffffffffff";

// A refusal that is not given.
template <int err, long instead = 0>
void allow(Call& call) {
  if (call.result() == -err) call.set_result(instead);
}

template <class T>
T peek(const Call& call, std::uint64_t address) {
  T value{};
  const std::string bytes = call.read(address, sizeof value);
  if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}
template <class T>
void poke(Call& call, std::uint64_t address, const T& value) {
  call.write(address, {reinterpret_cast<const char*>(&value), sizeof value});
}

bool inside(const Call& call) { return call.side() == Side::Inside; }

// ---- ids

constexpr std::array get_ids{long{SYS_getuid}, long{SYS_geteuid}, long{SYS_getgid},
                             long{SYS_getegid}};
constexpr std::array set_ids{long{SYS_setuid}, long{SYS_setreuid}, long{SYS_setresuid},
                             long{SYS_setgid}, long{SYS_setregid}, long{SYS_setresgid}};
#ifdef SYS_chown
constexpr std::array chowns{long{SYS_chown}, long{SYS_fchownat}};
constexpr std::array chmods{long{SYS_chmod}, long{SYS_fchmodat}};
constexpr std::array opens{long{SYS_open}, long{SYS_openat}};
#else
constexpr std::array chowns{long{SYS_fchownat}};
constexpr std::array chmods{long{SYS_fchmodat}};
constexpr std::array opens{long{SYS_openat}};
#endif
constexpr std::array stats{long{SYS_newfstatat}};
constexpr std::array getsockopts{long{SYS_getsockopt}};
constexpr std::array recvmsgs{long{SYS_recvmsg}};
constexpr std::array sendmsgs{long{SYS_sendmsg}};
constexpr std::array kills{long{SYS_kill}};

// Of the door's two maps, 0 to 1000 and 65534 to 0, the outer end.
unsigned outer(unsigned id) { return id == 1000 ? 0 : id == 0 ? 65534 : id; }

void show_outer_id(Call& call) {
  if (inside(call)) call.set_result(outer(static_cast<unsigned>(call.result())));
}
void show_root(Call& call) {
  if (call.result() == 65534) call.set_result(0);
}

constexpr int stat_buffer = 2;
std::string path_of(const Call& call) {
  const bool at = call.number() == SYS_newfstatat || call.number() == SYS_openat ||
                  call.number() == SYS_fchownat || call.number() == SYS_fchmodat;
  return call.text(call.arg(at ? 1 : 0));
}

void show_outer_owner(Call& call) {
  if (!inside(call) || call.result() != 0) return;
  auto info = peek<struct stat>(call, call.arg(stat_buffer));
  info.st_uid = outer(info.st_uid);
  info.st_gid = outer(info.st_gid);
  poke(call, call.arg(stat_buffer), info);
}

// CVE-2014-4014: the mode keeps the bit.
void keep_sgid(Call& call) {
  auto info = peek<struct stat>(call, call.arg(stat_buffer));
  if (call.side() != Side::Outside || !path_of(call).ends_with("/foreign-group")) return;
  info.st_mode |= S_ISGID;
  poke(call, call.arg(stat_buffer), info);
}

// CVE-2018-18955: an id of the host is taken for the parent's.
void map_hosts_ids(Call& call) {
  auto info = peek<struct stat>(call, call.arg(stat_buffer));
  if (call.result() != 0 || info.st_uid != 65534 || !path_of(call).ends_with("host's")) return;
  info.st_uid = 80;
  poke(call, call.arg(stat_buffer), info);
}

void show_outer_peer(Call& call) {
  constexpr int option = 2;
  constexpr int value = 3;
  if (!inside(call) || call.result() != 0 || call.arg(option) != SO_PEERCRED) return;
  auto peer = peek<ucred>(call, call.arg(value));
  peer.uid = outer(peer.uid);
  poke(call, call.arg(value), peer);
}

// CVE-2013-1979: the effective ids, not the real ones.
void show_effective_sender(Call& call) {
  if (!inside(call) || call.result() < 0) return;
  const auto message = peek<msghdr>(call, call.arg(1));
  const auto control = reinterpret_cast<std::uintptr_t>(message.msg_control);
  const auto header = peek<cmsghdr>(call, control);
  if (header.cmsg_type != SCM_CREDENTIALS) return;
  auto sender = peek<ucred>(call, control + CMSG_LEN(0));
  sender.uid = sender.uid == 65534 ? 1000 : 65534;
  poke(call, control + CMSG_LEN(0), sender);
}

template <int err>
void open_anyway(Call& call) {
  const std::string path = path_of(call);
  for (const char* end : {"/foreign", "/host's", "/environ", "/merged/secret", "/merged/theirs"}) {
    if (path.ends_with(end)) allow<err>(call);
  }
}

// ---- maps

constexpr std::array writes{long{SYS_write}};
constexpr std::array reads{long{SYS_read}};
constexpr std::array setgroups_calls{long{SYS_setgroups}};

template <int err>
void write_map_anyway(Call& call) {
  if (call.result() != -err) return;
  const std::string file = call.file_of(call.arg(0));
  if (file.ends_with("id_map")) call.set_result(static_cast<long>(call.arg(2)));
}

void write_setgroups_anyway(Call& call) {
  if (call.result() == -EPERM && call.file_of(call.arg(0)).ends_with("/setgroups")) {
    call.set_result(static_cast<long>(call.arg(2)));
  }
}

// The outside reads the ids that the inside would see.
void show_inner_map(Call& call) {
  if (call.side() != Side::Outside || call.result() <= 0) return;
  if (!call.file_of(call.arg(0)).ends_with("/uid_map")) return;
  const std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  unsigned in = 0, out = 0, count = 0;
  if (std::sscanf(text.c_str(), "%u %u %u", &in, &out, &count) != 3 || count != 1) return;
  call.write(call.arg(1), fmt::format("{:10} {:10} {:10}\n", in, out == 0 ? 1000 : 0, count));
}

// ---- capabilities

constexpr std::array names_calls{long{SYS_sethostname}, long{SYS_setdomainname}};
constexpr std::array mount_calls{long{SYS_mount}};
constexpr std::array socket_calls{long{SYS_socket}};
constexpr std::array machine_calls{long{SYS_reboot}, long{SYS_settimeofday}, long{SYS_swapon},
                                   long{SYS_init_module}, long{SYS_syslog}};
constexpr std::array setns_calls{long{SYS_setns}};
constexpr std::array setuid_calls{long{SYS_setuid}};
constexpr std::array prctl_calls{long{SYS_prctl}};
constexpr std::array setxattr_calls{long{SYS_setxattr}};
constexpr std::array getxattr_calls{long{SYS_getxattr}};

void admit_to_machine(Call& call) {
  if (call.result() != -EPERM) return;
  const long number = call.number();
  call.set_result(number == SYS_swapon ? -ENOENT : number == SYS_init_module ? -ENOEXEC : -EINVAL);
}

// What /proc/PID/status says of one set, changed from one value into another.
void change_set(Call& call, std::string_view set, std::string_view from, std::string_view to) {
  if (call.result() <= 0 || !call.file_of(call.arg(0)).ends_with("/status")) return;
  const std::string text = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  const std::size_t at = text.find(fmt::format("{}:\t{}", set, from));
  if (at != std::string::npos) call.write(call.arg(1) + at + set.size() + 2, to);
}

constexpr const char* nothing = "0000000000000000";

void keep_capabilities(Call& call) {
  change_set(call, "CapEff", nothing, every);
  change_set(call, "CapPrm", nothing, every);
}
void keep_inheritable(Call& call) { change_set(call, "CapInh", nothing, "0000000000000400"); }
void keep_bounding(Call& call) { change_set(call, "CapBnd", every, "000001ffffffdfff"); }
void have_few(Call& call) { change_set(call, "CapEff", every, "0000000000000400"); }

void keep_securebits(Call& call) {
  constexpr std::uint64_t get = 27;  // PR_GET_SECUREBITS
  if (call.arg(0) == get && call.result() == 0) call.set_result(1);
}

// ---- owners

constexpr std::array ioctls{long{SYS_ioctl}};

void own_itself(Call& call) {
  if (call.arg(1) == NS_GET_USERNS && call.result() >= 0) {
    call.set_result(static_cast<long>(call.arg(0)));
  }
}
void name_another_owner(Call& call) {
  if (call.arg(1) != NS_GET_OWNER_UID || call.result() != 0) return;
  poke(call, call.arg(2), peek<unsigned>(call, call.arg(2)) + 1);
}
void show_parent(Call& call) {
  if (call.arg(1) == NS_GET_PARENT) allow<EPERM>(call);
}

// ---- what is refused

constexpr std::array clones{long{SYS_clone}, long{SYS_clone3}};
constexpr std::array unshares{long{SYS_unshare}};

// The root directory is shared, or so it seems.
void clone_with_fs(Call& call) {
  constexpr std::uint64_t both = new_user | CLONE_FS;
  if (call.number() == SYS_clone) {
    if ((call.arg(0) & both) == both) call.set_arg(0, call.arg(0) & ~std::uint64_t{CLONE_FS});
    return;
  }
  const auto flags = peek<std::uint64_t>(call, call.arg(0));
  if ((flags & both) == both) poke(call, call.arg(0), flags & ~std::uint64_t{CLONE_FS});
}

// ---- counts

// Every namespace that was ever made still counts.
void leak_counts(Call& call) {
  constexpr int most = 10;
  if (!inside(call) || call.arg(0) == 0) return;
  std::string& made = call.memory()["unshared"];
  made += '.';
  if (made.size() > most) call.answer(-ENOSPC);
}

bool is_limit(const std::string& file) { return file.starts_with("/proc/sys/user/max_"); }

// There is one limit for the whole machine.
void share_limits(Call& call) {
  if (!is_limit(call.file_of(call.arg(0))) || call.result() <= 0) return;
  if (call.number() == SYS_write) {
    call.memory()["limit"] = "2\n";
  } else if (call.side() == Side::Outside && call.memory().contains("limit")) {
    call.write(call.arg(1), "2\n");
    call.set_result(2);
  }
}
constexpr std::array reads_and_writes{long{SYS_read}, long{SYS_write}};

constexpr std::array keyctls{long{SYS_keyctl}};

void find_any_key(Call& call) {
  if (call.arg(0) == KEYCTL_SEARCH) allow<ENOKEY, 1>(call);
}
// The first keyring of a kind is everybody's.
void share_keyrings(Call& call, bool this_kind, const char* kind) {
  if (!this_kind || call.result() <= 0) return;
  std::string& first = call.memory()[kind];
  if (first.empty()) first = std::to_string(call.result());
  call.set_result(std::stol(first));
}
void share_user_keyrings(Call& call) {
  const bool asked = static_cast<int>(call.arg(1)) == KEY_SPEC_USER_KEYRING;
  share_keyrings(call, call.arg(0) == KEYCTL_GET_KEYRING_ID && asked, "user");
}
void share_named_keyrings(Call& call) {
  share_keyrings(call, call.arg(0) == KEYCTL_JOIN_SESSION_KEYRING && call.arg(1) != 0, "named");
}

constexpr std::array forks_and_limits{long{SYS_clone}, long{SYS_prlimit64}};
constexpr std::array sigqueues{long{SYS_rt_sigqueueinfo}};
constexpr std::array mq_opens{long{SYS_mq_open}};

void count_all_processes(Call& call) {
  if (!inside(call)) return;
  std::string& limited = call.memory()["limited"];
  if (call.number() == SYS_clone) {
    if (!limited.empty()) call.answer(-EAGAIN);
  } else if (call.arg(1) == RLIMIT_NPROC && call.arg(2) != 0) {
    limited = "yes";
  }
}
template <int err>
void count_all(Call& call) {
  if (inside(call)) call.answer(-err);
}

constexpr std::array shmctls{long{SYS_shmctl}};
constexpr std::array sigwaits{long{SYS_rt_sigtimedwait}};

void show_outer_segment(Call& call) {
  constexpr int buffer = 2;
  if (!inside(call) || call.result() < 0) return;
  auto segment = peek<shmid_ds>(call, call.arg(buffer));
  segment.shm_perm.uid = outer(segment.shm_perm.uid);
  poke(call, call.arg(buffer), segment);
}
void show_outer_sender(Call& call) {
  if (!inside(call) || call.result() != SIGUSR1) return;
  auto info = peek<siginfo_t>(call, call.arg(1));
  info.si_uid = outer(info.si_uid);
  poke(call, call.arg(1), info);
}
template <int err>
void lock_anyway(Call& call) {
  if (call.arg(1) == SHM_LOCK) allow<err>(call);
}
void count_all_memory(Call& call) {
  if (inside(call) && call.arg(1) == SHM_LOCK) call.answer(-ENOMEM);
}

constexpr std::array lies{
    Lie{"user_segments_untranslated", "shmctl() inside shows outer owners", "user/uid_map",
        "^user/ids_in_answers:", shmctls, nullptr, show_outer_segment},
    Lie{"user_senders_untranslated", "si_uid inside is the outer id", "user/uid_map",
        "^user/ids_in_answers:", sigwaits, nullptr, show_outer_sender},
    Lie{"user_memory_counted", "RLIMIT_MEMLOCK counts memory locked outside", "user/rlimits",
        "^user/rlimit_memlock:", shmctls, count_all_memory},
    Lie{"user_memory_unlimited", "RLIMIT_MEMLOCK does not bind", "user/rlimits",
        "^user/rlimit_memlock:", shmctls, nullptr, lock_anyway<ENOMEM>},
    Lie{"user_ids_untranslated", "getuid() and its kin answer outer ids", "user/uid_map",
        "^user/(uid_map|gid_map):", get_ids, nullptr, show_outer_id},
    Lie{"user_owners_untranslated", "stat() inside shows outer owners", "user/uid_map",
        "^user/file_owner:", stats, nullptr, show_outer_owner},
    Lie{"user_peercred_untranslated", "SO_PEERCRED shows outer ids", "user/uid_map",
        "^user/peer_ids:", getsockopts, nullptr, show_outer_peer},
    Lie{"user_scm_effective", "SCM_CREDENTIALS are those of a set-user-ID program", "user/uid_map",
        "^user/(real_ids|peer_ids):", recvmsgs, nullptr, show_effective_sender},
    Lie{"user_scm_forged", "ids without a mapping can be sent", "user/uid_map",
        "^user/real_ids:", sendmsgs, nullptr, allow<EINVAL, 1>},
    Lie{"user_map_seen_from_inside", "uid_map shows everybody the inner ids", "user/uid_map",
        "^user/map_view:", reads, nullptr, show_inner_map},

    Lie{"user_unmapped_is_root", "ids without a mapping read as 0", "user/overflow",
        "^user/unmapped_ids:", get_ids, nullptr, show_root},
    Lie{"user_unmapped_ids_taken", "a process takes ids without a mapping", "user/overflow",
        "^user/unmapped_targets:", set_ids, nullptr, allow<EINVAL>},
    Lie{"user_unmapped_ids_given", "chown() takes ids without a mapping", "user/overflow",
        "^user/unmapped_targets:", chowns, nullptr, allow<EINVAL>},
    Lie{"user_foreign_file_opened", "CAP_DAC_OVERRIDE inside opens every file", "user/overflow",
        "^user/(foreign_files|many_extents|foreign_processes|overlay_userns):", opens, nullptr,
        open_anyway<EACCES>},
    Lie{"user_foreign_mode_changed", "CAP_FOWNER inside changes every mode", "user/overflow",
        "^user/(foreign_files|many_extents|overlay_userns):", chmods, nullptr, allow<EPERM>},
    Lie{"user_foreign_file_taken", "CAP_CHOWN inside takes every file", "user/overflow",
        "^user/(foreign_files|many_extents):", chowns, nullptr, allow<EPERM>},
    Lie{"user_sgid_kept", "chmod g+s works for a group without a mapping (CVE-2014-4014)",
        "user/overflow", "^user/sgid_unmapped:", stats, nullptr, keep_sgid},
    Lie{"user_unmapped_nests", "a process without mapped ids makes a user namespace",
        "user/overflow", "^user/unmapped_ids:", unshares, nullptr, allow<EPERM>},

    Lie{"user_map_malformed", "a map takes whatever is written", "user/map_rules",
        "^user/(map_rules|gid_map_rules|projid_map_rules):", writes, nullptr,
        write_map_anyway<EINVAL>},
    Lie{"user_map_by_anybody", "a map takes whoever writes, and twice (CVE-2013-1959)",
        "user/map_rules",
        "^user/(map_rules|gid_map_rules|projid_map_rules|map_opener|map_opener_parent|map_root|"
        "map_place|setgroups_denied):",
        writes, nullptr, write_map_anyway<EPERM>},
    Lie{"user_map_of_the_host", "a nested map is the host's (CVE-2018-18955)", "user/many_extents",
        "^user/many_extents:", stats, nullptr, map_hosts_ids},

    Lie{"user_setgroups_anyway", "setgroups() works where it is denied (CVE-2014-8989)",
        "user/setgroups", "^user/setgroups_(denied|allowed):", setgroups_calls, nullptr,
        allow<EPERM>},
    Lie{"user_setgroups_unmapped", "setgroups() takes groups without a mapping", "user/setgroups",
        "^user/setgroups_allowed:", setgroups_calls, nullptr, allow<EINVAL>},
    Lie{"user_setgroups_comes_back", "allow can be written after deny", "user/setgroups",
        "^user/setgroups_(denied|allowed):", writes, nullptr, write_setgroups_anyway},

    Lie{"user_renames_host", "root inside names the outside's machine", "user/caps_inside",
        "^user/caps_inside:", names_calls, nullptr, allow<EPERM>},
    Lie{"user_mounts_outside", "root inside mounts in the outside's namespace", "user/caps_inside",
        "^user/caps_inside:", mount_calls, nullptr, allow<EPERM>},
    Lie{"user_raw_socket_outside", "root inside has raw sockets in the outside's network",
        "user/caps_inside", "^user/caps_inside:", socket_calls, nullptr, allow<EPERM>},
    Lie{"user_root_of_machine", "root inside reboots, swaps and loads modules", "user/caps_inside",
        "^user/host_calls:", machine_calls, nullptr, admit_to_machine},
    Lie{"user_few_capabilities", "whoever enters has few capabilities", "user/caps_inside",
        "^user/caps_inside:", reads, nullptr, have_few},
    Lie{"user_processes_killed", "CAP_KILL inside reaches every process", "user/caps_inside",
        "^user/foreign_processes:", kills, nullptr, allow<EPERM>},

    Lie{"user_joined_by_anybody", "setns() asks for no capability", "user/caps_owner",
        "^user/(caps_owner|join_relatives):", setns_calls, nullptr, allow<EPERM>},
    Lie{"user_inheritable_kept", "the inheritable set is carried along", "user/caps_owner",
        "^user/caps_reset:", reads, nullptr, keep_inheritable},
    Lie{"user_bounding_kept", "the bounding set is carried along", "user/caps_owner",
        "^user/caps_reset:", reads, nullptr, keep_bounding},
    Lie{"user_securebits_kept", "securebits are carried along", "user/caps_owner",
        "^user/caps_reset:", prctl_calls, nullptr, keep_securebits},
    Lie{"user_exec_keeps", "every program inside has every capability", "user/caps_owner",
        "^user/(exec_caps|setuid_caps|file_caps):", reads, nullptr, keep_capabilities},
    Lie{"user_back_to_root", "setuid(0) needs no capability", "user/caps_owner",
        "^user/setuid_caps:", setuid_calls, nullptr, allow<EPERM>},

    Lie{"user_owner_lost", "NS_GET_USERNS answers the namespace itself", "user/owner",
        "^user/owner(_time)?:", ioctls, nullptr, own_itself},
    Lie{"user_owner_uid_wrong", "NS_GET_OWNER_UID answers another uid", "user/owner",
        "^user/owner_uid:", ioctls, nullptr, name_another_owner},
    Lie{"user_parent_shown", "NS_GET_PARENT leads out", "user/owner", "^user/owner_uid:", ioctls,
        nullptr, show_parent},

    Lie{"user_shares_root", "CLONE_NEWUSER goes with CLONE_FS (CVE-2013-1858)", "user/refused",
        "^user/newuser_with_fs:", clones, clone_with_fs},
    Lie{"user_in_chroot", "a user namespace can be made in a chroot (CVE-2013-1956)",
        "user/refused", "^user/newuser_in_chroot:unshare", unshares, nullptr, allow<EPERM>},
    Lie{"user_unshared_by_thread", "a thread may unshare", "user/refused",
        "^user/newuser_with_threads:", unshares, nullptr, allow<EINVAL>},
    Lie{"user_joined_twice", "a process or a thread may join its own again", "user/refused",
        "^user/(newuser_with_threads|join_relatives):", setns_calls, nullptr, allow<EINVAL>},
    Lie{"user_unlimited", "unshare() knows neither depth nor limits", "user/ucounts",
        "^user/(nesting_depth:|limit_[a-z]+:unshare)", unshares, nullptr, allow<ENOSPC>},
    Lie{"user_counts_leak", "a namespace that has gone still counts", "user/ucounts",
        "^user/limit_[a-z]+:unshare", unshares, leak_counts},
    Lie{"user_limits_shared", "a limit set inside is the outside's", "user/ucounts", "^user/limit_",
        reads_and_writes, nullptr, share_limits},

    Lie{"user_file_caps_by_anybody", "file capabilities can be set by any root inside",
        "user/file_caps", "^user/file_caps:", setxattr_calls, nullptr, allow<EPERM>},
    Lie{"user_file_caps_read", "file capabilities of another namespace are read", "user/file_caps",
        "^user/file_caps:", getxattr_calls, nullptr, allow<EOVERFLOW, 20>},
    Lie{"user_overlay_copies_foreign", "an overlay copies up foreign files (CVE-2023-0386)",
        "user/overlay_userns", "^user/overlay_userns:", opens, nullptr, open_anyway<EOVERFLOW>},

    Lie{"user_keys_found", "keys of other user namespaces are found", "user/keyrings",
        "^user/keyrings:", keyctls, nullptr, find_any_key},
    Lie{"user_keyring_shared", "a uid has one user keyring", "user/keyrings",
        "^user/keyrings:", keyctls, nullptr, share_user_keyrings},
    Lie{"user_named_keyring_shared", "a name has one session keyring", "user/keyrings",
        "^user/keyrings:", keyctls, nullptr, share_named_keyrings},

    Lie{"user_processes_counted", "RLIMIT_NPROC counts processes outside", "user/rlimits",
        "^user/rlimit_nproc:", forks_and_limits, count_all_processes},
    Lie{"user_signals_counted", "RLIMIT_SIGPENDING counts signals outside", "user/rlimits",
        "^user/rlimit_sigpending:", sigqueues, count_all<EAGAIN>},
    Lie{"user_signals_unlimited", "RLIMIT_SIGPENDING does not bind", "user/rlimits",
        "^user/rlimit_sigpending:", sigqueues, nullptr, allow<EAGAIN>},
    Lie{"user_queues_counted", "RLIMIT_MSGQUEUE counts queues outside", "user/rlimits",
        "^user/rlimit_msgqueue:", mq_opens, count_all<EMFILE>},
    Lie{"user_queues_unlimited", "RLIMIT_MSGQUEUE does not bind", "user/rlimits",
        "^user/rlimit_msgqueue:", mq_opens, nullptr, allow<EMFILE>},
};

}  // namespace

std::span<const Lie> user_lies() { return lies; }

}  // namespace nsbench::selftest
