// nsfs: file handles of namespaces, which outlive the descriptors that they were made of.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

#include "probes/helpers.h"
#include "probes/nsfs/ns_file.h"
#include "probes/nsfs/probes.h"
#include "probes/sandbox/deadline.h"

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

// Handles are numbers: whoever guesses them, or is told, may try. A refusal reads as ESTALE, since
// exportfs_decode_fh() makes every failure so.
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

template <bool shares_user>
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
    if (kind == Kind::User && shares_user) {
      j.works_errno("a shared " + name + " is opened by its handle", of_outside);
    } else {
      j.isolated_errno("the outside's " + name + " is not opened by its handle", ESTALE,
                       of_outside);
    }
  }
  return j;
}

// A handle keeps nothing alive: once the namespace is gone, it is stale.
void outlive(Scene& scene) {
  in_nested(scene, "member", {Kind::Uts}, [](Observation& seen) {
    const Fd ns = ns_file::open(Kind::Uts);
    const Handle handle = make(seen, "handle", ns.get());
    seen.call("open", Fd(open_handle(handle)).get());
    seen.text("packed", packed(handle));
  });
  const Handle handle = unpacked(scene.seen.text_of("member packed"));
  // The kernel may take it down a little later than its last user.
  constexpr std::chrono::seconds patience{5};
  for (const auto end = Deadline::in(patience);;) {
    const Fd opened(open_handle(handle));
    scene.seen.call("open when it is gone", opened.get());
    if (!opened.valid() || end.passed()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

constexpr std::array stale_acts{Act{Side::Outside, "outside outlives it", outlive}};

Judgement judge_stale(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("outside outlives it");
  j.works_errno("a namespace can be made", seen.errno_of("member enter"));
  j.works_errno("name_to_handle_at works in it", seen.errno_of("member handle"));
  j.works_errno("its member opens it by its handle", seen.errno_of("member open"));
  j.works("and hands the handle out", "three numbers", seen.text_of("member packed"),
          unpacked(seen.text_of("member packed")).ns_inum != 0);
  j.rule_errno("without a process it can't be found by its handle", ESTALE,
               seen.errno_of("open when it is gone"));
  return j;
}

constexpr std::array one_way{Way{Method::Clone, ""}};

}  // namespace

constinit const Probe handles = {
    .family = "nsfs",
    .name = "handles",
    .sentence =
        "a namespace's file handle opens it for its members, and not from a user namespace "
        "below its owner",
    .source = "open_by_handle_at(2); fs/nsfs.c nsfs_fh_to_dentry()",
    .first_kernel = "6.18",
    .namespaces = NamespaceSet::all(),
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge<false>,
    .look = look,
    .why =
        "A handle is three numbers that anybody can make up, and open_by_handle_at needs no "
        "capability on nsfs: only the check of the opener's rights stands before the namespace.",
    .failure = "A process in a container opens namespaces of the host by number, and joins them.",
    .by_hand =
        "perl -e '$h = pack(\"IiQQ\", 16, 0, 0, 0); $e = \"\"; $m = pack(\"i\", 0); "
        "open(N, \"/proc/self/ns/uts\"); syscall(303, fileno(N), $e, $h, $m, 0x1000); "
        "print join(\" \", unpack(\"IiQII\", $h)), \"\\n\"'",
    .arena = {Kind::User},
};

constinit const Probe handles_host{
    .family = "nsfs",
    .name = "handles_host",
    .sentence =
        "root of a container without a user namespace opens no namespace of the host by "
        "its file handle",
    .source =
        "fs/nsfs.c nsfs_fh_to_dentry(), kernel/nscommon.c may_see_all_namespaces(); "
        "CVE-2026-43391, fixed in 7.0, 6.19.9 and 6.18.50",
    .first_kernel = "6.18",
    .namespaces = NamespaceSet::all() - NamespaceSet{Kind::User},
    .ways = all_ways,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge<true>,
    .why =
        "At first CAP_SYS_ADMIN over the owner was enough (CVE-2026-43391), so that services "
        "with root and a pid namespace of their own could open one another's. Since 7.0, "
        "6.19.9 and 6.18.50 one must be root of the host, in its pid namespace.",
    .failure =
        "Root of a container opens, and then joins, namespaces of the host. The kernel lacks "
        "the fix of CVE-2026-43391: update to 6.18.50, 6.19.9 or 7.0.",
    .by_hand = "uname -r",
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
