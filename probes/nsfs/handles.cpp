// nsfs: file handles of namespaces, which outlive the descriptors that they were made of.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>

#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"
#include "probes/sandbox/enter.h"

namespace nsbench::probes {

namespace {

// FILEID_NSFS and struct nsfs_file_handle of include/uapi/linux/nsfs.h, with the head that
// name_to_handle_at(2) wants.
constexpr int fileid_nsfs = 0xf1;
constexpr int fd_nsfs_root = -10003;  // FD_NSFS_ROOT of linux/fcntl.h
struct Handle {
  unsigned bytes = 16;
  int type = fileid_nsfs;
  std::uint64_t ns_id = 0;
  std::uint32_t ns_type = 0;
  std::uint32_t ns_inum = 0;

  [[nodiscard]] file_handle* raw() { return reinterpret_cast<file_handle*>(this); }
};

// The handle of an open namespace; an errno below zero on failure.
Handle make(Observation& seen, const std::string& step, int fd) {
  Handle handle;
  int mount = 0;
  seen.call(step, ::name_to_handle_at(fd, "", handle.raw(), &mount, AT_EMPTY_PATH));
  return handle;
}

int open_handle(Handle handle) {
  return ::open_by_handle_at(fd_nsfs_root, handle.raw(), O_RDONLY | O_CLOEXEC);
}

// What another process needs to make the same handle.
std::string packed(const Handle& handle) {
  return std::to_string(handle.ns_id) + " " + std::to_string(handle.ns_type) + " " +
         std::to_string(handle.ns_inum);
}

Handle unpacked(const std::string& text) {
  Handle handle;
  const char* const end = text.data() + text.size();
  auto parsed = std::from_chars(text.data(), end, handle.ns_id);
  for (std::uint32_t* const field : {&handle.ns_type, &handle.ns_inum}) {
    if (parsed.ptr < end) parsed = std::from_chars(parsed.ptr + 1, end, *field);
  }
  return handle;
}

// The own namespaces: their handles, and whether those lead back.
void look(Observation& seen) {
  ns_file::record_kinds(seen);
  for (const Kind kind : ns_file::present_kinds().kinds()) {
    const std::string name(row(kind).name);
    const Fd ns = ns_file::open(kind);
    const Handle handle = make(seen, name + " handle", ns.get());
    const int opened = open_handle(handle);
    seen.call(name + " open", opened);
    seen.text(name, ns_file::name_of(ns.get()));
    seen.text(name + " packed", packed(handle));
    seen.text(name + " opened", ns_file::name_of_answer(opened));
    std::uint64_t id = 0;
    ::ioctl(ns.get(), ns_file::get_id, &id);
    seen.text(name + " by id", packed({.ns_id = id,
                                       .ns_type = static_cast<std::uint32_t>(row(kind).flag),
                                       .ns_inum = handle.ns_inum}));
  }
}

// Handles are numbers: whoever guesses them, or is told, may try.
void try_outside_handles(Scene& scene) {
  look(scene.seen);
  const Observation& outside = scene.saw("outside makes handles");
  for (const Kind kind : ns_file::recorded_kinds(outside).kinds()) {
    const std::string name(row(kind).name);
    const Fd opened(open_handle(unpacked(outside.text_of(name + " packed"))));
    scene.seen.call(name + " of outside", opened.get());
  }
}

constexpr std::array acts{
    Act{Side::Outside, "outside makes handles", [](Scene& s) { look(s.seen); }},
    Act{Side::Inside, "inside tries them", try_outside_handles},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& inside = t.at("inside tries them");
  const NamespaceSet kinds = ns_file::recorded_kinds(inside);
  j.works("/proc/self/ns has files", "at least one", inside.text_of("kinds"), !kinds.empty());
  for (const Kind kind : kinds.kinds()) {
    const std::string name(row(kind).name);
    j.works_errno("name_to_handle_at works for " + name, inside.errno_of(name + " handle"));
    j.works_equal("the handle of " + name + " holds the id that NS_GET_ID tells",
                  inside.text_of(name + " by id"), inside.text_of(name + " packed"));
    j.works_errno("one's own " + name + " is opened by its handle",
                  inside.errno_of(name + " open"));
    j.works_equal("and that is the same " + name, inside.text_of(name),
                  inside.text_of(name + " opened"));
    const int of_outside = inside.errno_of(name + " of outside");
    // The user namespace is shared here: with an own one, root's rights could not be told.
    if (kind == Kind::User) {
      j.works_errno("a shared " + name + " is opened by its handle", of_outside);
    } else {
      j.isolated_errno("the outside's " + name + " is not opened by its handle", EPERM, of_outside);
    }
  }
  return j;
}

// A handle keeps nothing alive: once the namespace is gone, it is stale.
void outlive(Scene& scene) {
  constexpr std::chrono::seconds patience{5};
  Result<Child> holder = hold_open({Kind::Uts}, Deadline::in(patience));
  if (!holder) return scene.broken(holder.error().str());
  const Fd own = ns_file::open(Kind::Uts);
  const Handle own_handle = make(scene.seen, "own handle", own.get());
  scene.seen.call("own open", Fd(open_handle(own_handle)).get());
  Fd ns = ns_file::open(Kind::Uts, *holder);
  const Handle handle = make(scene.seen, "handle", ns.get());
  const auto state = [&handle] {
    const Fd opened(open_handle(handle));
    return opened.valid() || errno != ESTALE ? "there" : "stale";
  };
  scene.seen.text("while it lives", state());
  ns.reset();
  holder->kill();
  // The kernel may take it down a little later than its last user.
  for (const auto end = Deadline::in(patience); std::strcmp(state(), "there") == 0;) {
    if (end.passed()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  scene.seen.text("when it is gone", state());
}

constexpr std::array stale_acts{Act{Side::Outside, "outside outlives it", outlive}};

Judgement judge_stale(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside outlives it");
  j.works_errno("one's own namespace is opened by its handle", seen.errno_of("own open"));
  j.works_errno("name_to_handle_at works", seen.errno_of("handle"));
  j.works_equal("a namespace with a process is found, or refused", "there",
                seen.text_of("while it lives"));
  j.rule_equal("without one it can't be found by its handle", "stale",
               seen.text_of("when it is gone"));
  return j;
}

constexpr std::array one_way{Way{Method::Clone, ""}};

}  // namespace

constinit const Probe handles{
    .family = "nsfs",
    .name = "handles",
    .sentence =
        "a namespace's file handle opens it for its members, and not for a container's root",
    .source =
        "open_by_handle_at(2); fs/nsfs.c nsfs_fh_to_dentry(), kernel/nscommon.c "
        "may_see_all_namespaces(); CVE-2026-43391, fixed in 7.0 and in "
        "stable updates of 6.18 and 6.19",
    .first_kernel = "6.18",
    .namespaces = NamespaceSet::all() - NamespaceSet{Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .look = look,
    .why =
        "At first CAP_SYS_ADMIN over the owner was enough (CVE-2026-43391): root in a container "
        "without a user namespace could open the namespaces of other services by number. Since "
        "then one must be root of the host, in its pid namespace.",
    .failure = "Root of a container opens, and then joins, namespaces of the host.",
    .by_hand = "uname -r\nunshare --pid --fork --mount-proc ls -l /proc/self/ns",
};

constinit const Probe handle_stale{
    .family = "nsfs",
    .name = "handle_stale",
    .sentence = "a file handle keeps no namespace alive, and finds none that is gone",
    .source = "open_by_handle_at(2); fs/nsfs.c nsfs_fh_to_dentry(), kernel/nstree.c",
    .first_kernel = "6.18",
    .ways = one_way,
    .privileges = all_privileges,
    .acts = stale_acts,
    .judge = judge_stale,
    .why =
        "Service managers store handles in files and ask later whether the namespace is still "
        "there.",
    .failure = "A handle that was stored leads into a namespace that was freed, or to another one.",
    .by_hand = "uname -r\nunshare --uts readlink /proc/self/ns/uts",
    .control = ControlKind::Positive,
    .arena = {Kind::Uts},
};

}  // namespace nsbench::probes
