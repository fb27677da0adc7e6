// The namespaces of a running system: who is in them, what they belong to, and what keeps those
// alive that nobody is in. Nothing is entered, stopped or written to.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"
#include "suites/observe/kernel_list.h"

namespace nsbench::observe {

// What keeps a namespace alive besides its processes.
struct Holder {
  enum class By : std::uint8_t {
    Descriptor,  // an open file of a process: its `fd`
    Mount,       // a bind mount of its file: `path`, as process `pid` sees it
    Thread,      // a thread of a process that is not in it itself: `tid`
    Child        // another namespace, which it is the parent or the owner of: `child`
  };
  By by = By::Descriptor;
  pid_t pid = 0;
  std::string command;  // of the process; as it is, not printable()
  int fd = -1;
  pid_t tid = 0;
  std::string path;
  std::uint64_t child = 0;
};

struct Namespace {
  Kind kind = Kind::User;
  std::uint64_t id = 0;                 // the inode number of its file, as in "net:[4026531840]"
  std::size_t processes = 0;            // whose first thread is in it
  pid_t pid = 0;                        // the lowest of them; 0: none
  uid_t uid = 0;                        // that one's effective user
  std::string command;                  // its command line; of a kernel thread "[name]"
  std::optional<std::uint64_t> owner;   // its user namespace; nothing: not told to the caller
  std::optional<std::uint64_t> parent;  // of pid and user; nothing: has none, or is not told
  std::vector<Holder> holders;          // of a kind and a process once each
};

struct System {
  std::vector<Namespace> namespaces;  // by kind, in the order of all_kinds, then by id
  std::size_t processes = 0;          // that were looked at
  std::size_t hidden = 0;             // of them, those whose namespaces the caller may not see
  bool by_kernel = false;             // the kernel's own list was asked, too
};

// Reads /proc, as it is mounted where the caller is: processes that it does not show are not there.
// Where the kernel lists namespaces itself, those are added that nothing in /proc leads to. What
// ends while it is looked at is left out. An Error if there is no /proc.
Result<System> look_at_namespaces(const ListCalls& calls = list_calls_of_kernel());

// The kind and number of "net:[4026531840]"; nothing for any other text.
struct Link {
  Kind kind = Kind::User;
  std::uint64_t id = 0;
  friend bool operator==(const Link&, const Link&) = default;
};
std::optional<Link> parse_link(std::string_view text);

// The bind mounts of namespaces in a text of /proc/PID/mountinfo, with their mount points.
struct Bound {
  Link link;
  std::string path;
};
std::vector<Bound> bound_namespaces(std::string_view mountinfo);

struct ListOptions {
  NamespaceSet kinds = NamespaceSet::all();
  pid_t pid = 0;  // only those that this process is in; 0: all
  bool tree = false;
  std::size_t width = 100;  // columns
  bool color = false;
};
// The namespaces that the options leave. An Error: no such process, or it may not be looked at.
Result<System> chosen(System system, const ListOptions& options);

// As a table, or with options.tree as two trees: user namespaces with what each owns, and pid
// namespaces. Ends in a newline.
std::string namespaces_text(const System& system, const ListOptions& options);
// As one JSON document (reports/schema/nsbench-namespaces-1.schema.json).
std::string namespaces_json(const System& system);

}  // namespace nsbench::observe
