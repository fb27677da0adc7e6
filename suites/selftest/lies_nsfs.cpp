// Lies about the files of namespaces: their links, ioctls, ids, handles and lifetime.
#include <sys/syscall.h>

#include <array>
#include <cerrno>
#include <string>

#include "probes/nsfs/ns_file.h"
#include "suites/selftest/lie.h"

namespace nsbench::selftest {

namespace {

constexpr std::array ioctls{long{SYS_ioctl}};
constexpr std::array setns_call{long{SYS_setns}};
constexpr std::array unshare_call{long{SYS_unshare}};
constexpr std::array handle_calls{long{SYS_open_by_handle_at}};
#ifdef SYS_readlink
constexpr std::array readlinks{long{SYS_readlink}, long{SYS_readlinkat}};
#else
constexpr std::array readlinks{long{SYS_readlinkat}};
#endif

bool asks(const Call& call, unsigned request) {
  return static_cast<unsigned>(call.arg(1)) == request;
}

// The path that readlink or readlinkat is asked for, and where its answer goes.
int path_index(const Call& call) { return call.number() == SYS_readlinkat ? 1 : 0; }
std::string path_of(const Call& call) { return call.text(call.arg(path_index(call))); }

void mistake_types(Call& call) {
  if (!asks(call, ns_file::get_nstype) || call.result() <= 0) return;
  const auto uts = static_cast<long>(row(Kind::Uts).flag);
  const auto ipc = static_cast<long>(row(Kind::Ipc).flag);
  call.set_result(call.result() == uts ? ipc : uts);
}

void give_types_to_all(Call& call) {
  if (asks(call, ns_file::get_nstype) && call.result() < 0) {
    call.set_result(static_cast<long>(row(Kind::Uts).flag));
  }
}

void ignore_setns_type(Call& call) {
  if (call.file_of(call.arg(0)).find(":[") != std::string::npos) call.set_arg(1, 0);
}

// What was refused succeeds, with a descriptor that the process has.
template <unsigned request, int err>
void grant(Call& call) {
  if (asks(call, request) && call.result() == -err) call.set_result(0);
}

template <unsigned request>
void answer_with_itself(Call& call) {
  if (asks(call, request) && call.result() >= 0) call.set_result(static_cast<long>(call.arg(0)));
}

void mistake_owner_uid(Call& call) {
  if (!asks(call, ns_file::get_owner_uid) || call.result() != 0) return;
  call.write(call.arg(2), std::string("\x07\x00\x00\x00", 4));
}

template <unsigned request>
void one_id_for_all(Call& call) {
  if (!asks(call, request) || call.result() != 0) return;
  call.write(call.arg(2), std::string("\x07\0\0\0\0\0\0\0", 8));
}

void translate_nothing(Call& call) {
  for (const unsigned request : {ns_file::get_pid_in_pidns, ns_file::get_tgid_in_pidns}) {
    if (asks(call, request)) call.answer(static_cast<long>(call.arg(2)));
  }
}

void give_pids_to_all(Call& call) {
  if (asks(call, ns_file::get_pid_in_pidns) && call.result() == -EINVAL) call.set_result(1);
}

// The shortest inode number there is, so that it fits.
void mistake_other_links(Call& call) {
  const std::string path = path_of(call);
  if (call.result() <= 0 || path.find("/ns/") == std::string::npos ||
      path.find("/self/") != std::string::npos) {
    return;
  }
  call.write(call.arg(path_index(call) + 1), "uts:[1]");
  call.set_result(7);
}

void forget_for_children(Call& call) {
  const std::string path = path_of(call);
  const std::size_t end = path.rfind("_for_children");
  if (end == std::string::npos) return;
  call.write(call.arg(path_index(call)) + end, std::string(1, '\0'));
}

void open_handles_to_all(Call& call) {
  if (call.result() == -ESTALE) call.set_result(0);
}

void count_nothing(Call& call) {
  if (call.result() == -ENOSPC) call.set_result(0);
}

// Once a limit was reached, it stays so: whatever held it is never let go of.
void note_full(Call& call) {
  if (call.result() == -ENOSPC) call.memory()["full"] = "yes";
}
void stay_full(Call& call) {
  if (call.memory().contains("full") && call.arg(0) != 0) call.answer(-ENOSPC);
}

constexpr std::array lies{
    Lie{.name = "nstype_is_another",
        .sentence = "NS_GET_NSTYPE answers another kind",
        .row = "nsfs/nstype",
        .cases = "^nsfs/nstype:",
        .calls = ioctls,
        .at_exit = mistake_types},
    Lie{.name = "nstype_of_any_file",
        .sentence = "NS_GET_NSTYPE answers for files that are no namespaces",
        .row = "nsfs/nstype",
        .cases = "^nsfs/nstype:",
        .calls = ioctls,
        .at_exit = give_types_to_all},
    Lie{.name = "setns_ignores_the_type",
        .sentence = "setns() of a namespace does not look at the type asked for",
        .row = "nsfs/nstype",
        .cases = "^(nsfs/setns_type|calls/setns_errors):",
        .calls = setns_call,
        .at_entry = ignore_setns_type},
    Lie{.name = "parents_are_open_to_all",
        .sentence = "NS_GET_PARENT leads out of the caller's own namespaces",
        .row = "nsfs/relatives",
        .cases = "^nsfs/parent_(user|pid):",
        .calls = ioctls,
        .at_exit = grant<ns_file::get_parent, EPERM>},
    Lie{.name = "a_namespace_is_its_own_parent",
        .sentence = "NS_GET_PARENT answers with the namespace that is asked",
        .row = "nsfs/relatives",
        .cases = "^nsfs/(parent_(user|pid)|keepalive_child):",
        .calls = ioctls,
        .at_exit = answer_with_itself<ns_file::get_parent>},
    Lie{.name = "owners_are_open_to_all",
        .sentence = "NS_GET_USERNS leads to user namespaces above the caller's",
        .row = "nsfs/relatives",
        .cases = "^nsfs/(owner_reach|parent_user):",
        .calls = ioctls,
        .at_exit = grant<ns_file::get_userns, EPERM>},
    Lie{.name = "owner_uid_is_another",
        .sentence = "NS_GET_OWNER_UID tells a wrong uid",
        .row = "nsfs/relatives",
        .cases = "^nsfs/parent_user:",
        .calls = ioctls,
        .at_exit = mistake_owner_uid},
    Lie{.name = "every_kind_has_a_parent",
        .sentence = "NS_GET_PARENT answers for kinds without parents",
        .row = "nsfs/relatives",
        .cases = "^nsfs/relatives_none:",
        .calls = ioctls,
        .at_exit = grant<ns_file::get_parent, EINVAL>},
    Lie{.name = "every_kind_has_an_owner_uid",
        .sentence = "NS_GET_OWNER_UID answers for kinds other than user",
        .row = "nsfs/relatives",
        .cases = "^nsfs/relatives_none:",
        .calls = ioctls,
        .at_exit = grant<ns_file::get_owner_uid, EINVAL>},
    Lie{.name = "ids_are_all_the_same",
        .sentence = "NS_GET_ID answers the same for every namespace",
        .row = "nsfs/ids",
        .cases = "^nsfs/(id|id_fresh):",
        .calls = ioctls,
        .at_exit = one_id_for_all<ns_file::get_id>},
    Lie{.name = "mntns_ids_are_all_the_same",
        .sentence = "NS_GET_MNTNS_ID answers the same for every namespace",
        .row = "nsfs/ids",
        .cases = "^nsfs/mntns_id:",
        .calls = ioctls,
        .at_exit = one_id_for_all<ns_file::get_mntns_id>},
    Lie{.name = "every_kind_has_a_mntns_id",
        .sentence = "NS_GET_MNTNS_ID answers for kinds other than mnt",
        .row = "nsfs/ids",
        .cases = "^nsfs/mntns_id:",
        .calls = ioctls,
        .at_exit = grant<ns_file::get_mntns_id, EINVAL>},
    Lie{.name = "pids_are_not_translated",
        .sentence = "NS_GET_PID_IN_PIDNS answers with the pid that is asked for",
        .row = "nsfs/relatives",
        .cases = "^nsfs/pid_translation:",
        .calls = ioctls,
        .at_entry = translate_nothing},
    Lie{.name = "every_kind_translates_pids",
        .sentence = "NS_GET_PID_IN_PIDNS answers for kinds other than pid",
        .row = "nsfs/relatives",
        .cases = "^nsfs/pid_translation:",
        .calls = ioctls,
        .at_exit = give_pids_to_all},
    Lie{.name = "links_differ_by_reader",
        .sentence = "/proc/PID/ns shows another process than itself a wrong inode",
        .row = "nsfs/identity",
        .cases = "^nsfs/links:",
        .calls = readlinks,
        .at_exit = mistake_other_links},
    Lie{.name = "for_children_is_ones_own",
        .sentence = "pid_for_children and time_for_children show the process's own namespace",
        .row = "nsfs/identity",
        .cases = "^nsfs/(pid|time)_for_children:unshare:",
        .calls = readlinks,
        .at_entry = forget_for_children},
    Lie{.name = "handles_open_for_all",
        .sentence = "open_by_handle_at() opens namespaces that are foreign or gone",
        .row = "nsfs/handles",
        .cases = "^nsfs/(handles|handle_stale):",
        .calls = handle_calls,
        .at_exit = open_handles_to_all},
    Lie{.name = "nothing_keeps_a_namespace",
        .sentence = "a namespace without a process is gone, whoever holds it",
        .row = "nsfs/keepalive",
        .cases = "^nsfs/keepalive_",
        .calls = unshare_call,
        .at_exit = count_nothing},
    Lie{.name = "namespaces_stay",
        .sentence = "a namespace that was held once is never let go of",
        .row = "nsfs/keepalive",
        .cases = "^nsfs/keepalive_",
        .calls = unshare_call,
        .at_entry = stay_full,
        .at_exit = note_full},
};

}  // namespace

std::span<const Lie> nsfs_lies() { return lies; }

}  // namespace nsbench::selftest
