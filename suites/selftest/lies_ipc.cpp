// What kernels with a broken ipc namespace would do.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

#include "probes/sandbox/namespace_set.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array shm_get{static_cast<long>(SYS_shmget)};
constexpr std::array shm_ctl{static_cast<long>(SYS_shmctl)};
constexpr std::array sem_get{static_cast<long>(SYS_semget)};
constexpr std::array sem_ctl{static_cast<long>(SYS_semctl)};
constexpr std::array msg_get{static_cast<long>(SYS_msgget)};
constexpr std::array msg_ctl{static_cast<long>(SYS_msgctl)};
constexpr std::array all_gets{static_cast<long>(SYS_shmget), static_cast<long>(SYS_semget),
                              static_cast<long>(SYS_msgget)};
constexpr std::array mq_calls{static_cast<long>(SYS_mq_open)};
constexpr std::array read_calls{static_cast<long>(SYS_read)};
constexpr std::array file_calls{static_cast<long>(SYS_read), static_cast<long>(SYS_write)};
constexpr std::array unshare_calls{static_cast<long>(SYS_unshare)};
constexpr std::array clone_calls{static_cast<long>(SYS_clone), static_cast<long>(SYS_clone3)};
#ifdef SYS_open
constexpr std::array open_calls{static_cast<long>(SYS_openat), static_cast<long>(SYS_open)};
#else
constexpr std::array open_calls{static_cast<long>(SYS_openat)};
#endif

constexpr std::uint64_t ipc_flag = row(Kind::Ipc).flag;
constexpr std::uint64_t ipc_64 = 0x100;  // what some architectures' libraries add to commands

std::uint64_t command(const Call& call) {
  return call.arg(call.number() == SYS_semctl ? 2 : 1) & ~ipc_64;
}

// An object of another namespace is found, by its key or by its identifier.
void found_by_key(Call& call) {
  if (call.result() == -ENOENT) call.set_result(0);
}
void found_by_id(Call& call) {
  if (call.result() == -EINVAL) call.set_result(0);
}

// Inside, a key is taken that was used outside.
void keys_are_taken(Call& call) {
  const auto flags = call.number() == SYS_msgget ? call.arg(1) : call.arg(2);
  if ((flags & IPC_EXCL) == 0 || call.arg(0) == IPC_PRIVATE) return;
  const std::string key = fmt::format("{} {:x}", call.number(), call.arg(0));
  if (!call.memory().try_emplace(key).second) call.answer(-EEXIST);
}

void queues_are_found(Call& call) {
  constexpr long no_descriptor = 1000;
  if (call.result() == -ENOENT) call.set_result(no_descriptor);
}

void names_are_taken(Call& call) {
  if ((call.arg(1) & O_EXCL) == 0) return;
  if (!call.memory().try_emplace(call.text(call.arg(0))).second) call.answer(-EEXIST);
}

void lists_show_others(Call& call) {
  const std::string file = call.file_of(call.arg(0));
  if (call.side() != Side::Inside || call.result() <= 0 || !file.starts_with("/proc/sysvipc/")) {
    return;
  }
  const std::string line = fmt::format("{:10d} 0\n", 0x6e736201);
  const auto end = static_cast<std::uint64_t>(call.result());
  if (call.write(call.arg(1) + end, line)) {
    call.set_result(call.result() + static_cast<long>(line.size()));
  }
}

// Inside, an integer of what a *_INFO command fills in counts two objects more.
template <std::uint64_t which, int buffer, std::size_t offset>
void counts_others(Call& call) {
  if (call.side() != Side::Inside || call.result() < 0 || command(call) != which) return;
  const std::string bytes = call.read(call.arg(buffer) + offset, sizeof(int));
  if (bytes.size() != sizeof(int)) return;
  int count = 0;
  std::memcpy(&count, bytes.data(), sizeof count);
  count += 2;
  call.write(call.arg(buffer) + offset, {reinterpret_cast<const char*>(&count), sizeof count});
}

// What was written on any side is what every side reads.
template <const char* const* below>
void files_are_global(Call& call) {
  const std::string file = call.file_of(call.arg(0));
  if (call.result() <= 0 || !file.starts_with(*below)) return;
  if (call.number() == SYS_write) {
    call.memory()[file] = call.read(call.arg(1), static_cast<std::size_t>(call.result()));
  } else if (const auto value = call.memory().find(file); value != call.memory().end()) {
    const std::string line = value->second + '\n';
    if (call.write(call.arg(1), line)) call.set_result(static_cast<long>(line.size()));
  }
}

constexpr const char* kernel_files = "/proc/sys/kernel/";
constexpr const char* mqueue_files = "/proc/sys/fs/mqueue/";

void files_are_closed(Call& call) {
  const int path = call.number() == SYS_openat ? 1 : 0;
  if ((call.arg(path + 1) & O_ACCMODE) == O_RDONLY) return;
  const std::string file = call.text(call.arg(path));
  if (file.starts_with(kernel_files) || file.starts_with(mqueue_files)) call.answer(-EACCES);
}

// A limit set inside binds the outside.
void limit_binds_the_outside(Call& call) {
  constexpr std::uint64_t limit = 65536;
  if (call.side() == Side::Outside && call.arg(1) > limit) call.answer(-EINVAL);
}
void queue_limit_binds_the_outside(Call& call) {
  if (call.side() == Side::Outside && !call.memory().try_emplace("a queue").second) {
    call.answer(-ENOSPC);
  }
}
void limit_binds_nobody(Call& call) {
  if (call.result() == -EINVAL || call.result() == -ENOSPC) call.set_result(0);
}
void queue_limit_binds_nobody(Call& call) {
  constexpr long no_descriptor = 1000;
  if (call.result() == -ENOSPC) call.set_result(no_descriptor);
}

// The first namespace, queue or locked segment is never given back.
void namespaces_stay(Call& call) {
  if ((call.arg(0) & ipc_flag) == 0) return;
  if (!call.memory().try_emplace("a namespace").second) call.answer(-ENOSPC);
}
void queues_stay(Call& call) {
  if (!call.memory().try_emplace("a queue").second) call.answer(-EMFILE);
}
void segments_stay(Call& call) {
  if (command(call) != SHM_LOCK) return;
  if (!call.memory().try_emplace("a segment").second) call.answer(-ENOMEM);
}

void nothing_is_undone(Call& call) {
  if (command(call) == GETVAL && call.result() == 0) call.set_result(1);
}

// The flag that must not be with CLONE_NEWIPC is not looked at.
void adjustments_may_be_shared(Call& call) {
  if (call.number() == SYS_clone) {
    if ((call.arg(0) & ipc_flag) != 0) call.set_arg(0, call.arg(0) & ~std::uint64_t{CLONE_SYSVSEM});
    return;
  }
  std::uint64_t flags = 0;
  const std::string bytes = call.read(call.arg(0), sizeof flags);
  if (bytes.size() != sizeof flags) return;
  std::memcpy(&flags, bytes.data(), sizeof flags);
  if ((flags & ipc_flag) == 0) return;
  flags &= ~std::uint64_t{CLONE_SYSVSEM};
  call.write(call.arg(0), {reinterpret_cast<const char*>(&flags), sizeof flags});
}

void anybody_has_access(Call& call) {
  if (call.result() == -EACCES) call.set_result(0);
}

void count_stays(Call& call) {
  if (command(call) != IPC_STAT || call.result() != 0) return;
  const shmatt_t two = 2;
  call.write(call.arg(2) + offsetof(shmid_ds, shm_nattch),
             {reinterpret_cast<const char*>(&two), sizeof two});
}

constexpr std::string_view undo_cases = "^ipc/sem_undo:";

constexpr std::array lies{
    Lie{"segments_found_by_key", "shmget(2) finds segments of other ipc namespaces",
        "ipc/sysv_keys", "^ipc/sysv_shm:", shm_get, nullptr, found_by_key},
    Lie{"segments_found_by_id", "shmctl(2) finds segments of other ipc namespaces", "ipc/sysv_keys",
        "^ipc/(sysv_shm|attached_segment):", shm_ctl, nullptr, found_by_id},
    Lie{"semaphores_found_by_key", "semget(2) finds semaphores of other ipc namespaces",
        "ipc/sysv_keys", "^ipc/sysv_sem:", sem_get, nullptr, found_by_key},
    Lie{"semaphores_found_by_id", "semctl(2) finds semaphores of other ipc namespaces",
        "ipc/sysv_keys", "^ipc/sysv_sem:", sem_ctl, nullptr, found_by_id},
    Lie{"queues_found_by_key", "msgget(2) finds queues of other ipc namespaces", "ipc/sysv_keys",
        "^ipc/sysv_msg:", msg_get, nullptr, found_by_key},
    Lie{"queues_found_by_id", "msgctl(2) finds queues of other ipc namespaces", "ipc/sysv_keys",
        "^ipc/sysv_msg:", msg_ctl, nullptr, found_by_id},
    Lie{"keys_are_global", "a key used in one ipc namespace is taken in all", "ipc/sysv_keys",
        "^ipc/sysv_(shm|sem|msg):", all_gets, keys_are_taken},
    Lie{"posix_queues_found", "mq_open(3) finds queues of other ipc namespaces", "ipc/mqueue",
        "^ipc/mqueue:", mq_calls, nullptr, queues_are_found},
    Lie{"posix_queue_names_are_global", "a queue's name used in one ipc namespace is taken in all",
        "ipc/mqueue", "^ipc/mqueue:", mq_calls, names_are_taken},
    Lie{"sysvipc_lists_all", "/proc/sysvipc lists the objects of other namespaces too",
        "ipc/proc_sysvipc", "^ipc/proc_sysvipc:", read_calls, nullptr, lists_show_others},
    Lie{"segments_are_counted_globally", "SHM_INFO counts segments of other namespaces",
        "ipc/proc_sysvipc", "^ipc/sysv_counts:", shm_ctl, nullptr,
        counts_others<SHM_INFO, 2, offsetof(shm_info, used_ids)>},
    Lie{"semaphores_are_counted_globally", "SEM_INFO counts semaphores of other namespaces",
        "ipc/proc_sysvipc", "^ipc/sysv_counts:", sem_ctl, nullptr,
        counts_others<SEM_INFO, 3, offsetof(seminfo, semaem)>},
    Lie{"messages_are_counted_globally", "MSG_INFO counts messages of other namespaces",
        "ipc/proc_sysvipc", "^ipc/sysv_counts:", msg_ctl, nullptr,
        counts_others<MSG_INFO, 2, offsetof(msginfo, msgmap)>},
    Lie{"ipc_sysctls_are_global", "the limits of System V IPC are everybody's", "ipc/sysctls",
        "^ipc/(sysctls|next_ids):", file_calls, nullptr, files_are_global<&kernel_files>},
    Lie{"mqueue_sysctls_are_global", "the limits in fs.mqueue are everybody's", "ipc/sysctls",
        "^ipc/mqueue_sysctls:", file_calls, nullptr, files_are_global<&mqueue_files>},
    Lie{"ipc_sysctls_are_closed", "nobody may write the limits of System V IPC", "ipc/sysctls",
        "^ipc/(sysctls|mqueue_sysctls|sysctl_owner|sysv_limits|mqueue_limits):", open_calls,
        files_are_closed},
    Lie{"shmmax_binds_the_outside", "kernel.shmmax set inside binds the outside", "ipc/sysctls",
        "^ipc/sysv_limits:", shm_get, limit_binds_the_outside},
    Lie{"limits_bind_nobody", "limits of System V IPC set inside bind nobody", "ipc/sysctls",
        "^ipc/sysv_limits:", all_gets, nullptr, limit_binds_nobody},
    Lie{"queues_max_binds_the_outside", "fs.mqueue.queues_max set inside binds the outside",
        "ipc/sysctls", "^ipc/mqueue_limits:", mq_calls, queue_limit_binds_the_outside},
    Lie{"queues_max_binds_nobody", "fs.mqueue.queues_max set inside binds nobody", "ipc/sysctls",
        "^ipc/mqueue_limits:", mq_calls, nullptr, queue_limit_binds_nobody},
    Lie{"ipc_namespaces_stay", "an ipc namespace without processes is never freed", "ipc/lifetime",
        "^ipc/lifetime:", unshare_calls, namespaces_stay},
    Lie{"posix_queues_stay", "queues outlive their ipc namespace", "ipc/mqueue",
        "^ipc/mqueue_lifetime:", mq_calls, queues_stay},
    Lie{"segments_stay", "segments outlive their ipc namespace", "ipc/lifetime",
        "^ipc/shm_lifetime:", shm_ctl, segments_stay},
    Lie{"nothing_is_undone", "who leaves an ipc namespace undoes no semaphore operations",
        "ipc/lifetime", undo_cases, sem_ctl, nullptr, nothing_is_undone},
    Lie{"adjustments_may_be_shared", "CLONE_NEWIPC with CLONE_SYSVSEM is taken", "ipc/lifetime",
        "^ipc/sysvsem_flags:", clone_calls, adjustments_may_be_shared},
    Lie{"any_cap_ipc_owner_opens", "CAP_IPC_OWNER of any user namespace opens objects",
        "ipc/ipc_owner", "^ipc/ipc_owner:", all_gets, nullptr, anybody_has_access},
    Lie{"any_cap_ipc_owner_reads", "CAP_IPC_OWNER of any user namespace reads semaphores",
        "ipc/ipc_owner", "^ipc/ipc_owner:", sem_ctl, nullptr, anybody_has_access},
    Lie{"attached_count_stays", "detaching inside leaves the segment's count", "ipc/sysv_keys",
        "^ipc/attached_segment:", shm_ctl, nullptr, count_stays},
};

}  // namespace

std::span<const Lie> ipc_lies() { return lies; }

}  // namespace nsbench::selftest
