#include "suites/observe/namespaces.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "probes/nsfs/ns_file.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"
#include "suites/observe/process_state.h"

namespace nsbench::observe {
namespace {

using Key = std::pair<Kind, std::uint64_t>;
using Links = std::array<std::optional<Link>, all_kinds.size()>;

// "ns/user" and so on, by Kind.
const std::array<std::string, all_kinds.size()> files_of_kinds = [] {
  std::array<std::string, all_kinds.size()> names;
  for (const KindRow& kind : all_kinds) {
    names.at(static_cast<std::size_t>(kind.kind)) = fmt::format("ns/{}", kind.name);
  }
  return names;
}();

// A directory of /proc, by a descriptor: a number that is given to another process meanwhile is not
// taken for the old one.
class Directory {
 public:
  Directory(int at, const std::string& path)
      : stream_(::fdopendir(::openat(at, path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
                &::closedir) {}

  [[nodiscard]] bool ok() const { return stream_ != nullptr; }
  [[nodiscard]] int fd() const { return ::dirfd(stream_.get()); }
  // The next entry's name that is a number; nothing at the end.
  std::optional<int> next_number() {
    while (const dirent* entry = ::readdir(stream_.get())) {
      std::string_view name = entry->d_name;
      const std::optional<int> number = take_number<int>(name);
      if (number && name.empty()) return number;
    }
    return std::nullopt;
  }

 private:
  std::unique_ptr<DIR, int (*)(DIR*)> stream_;
};

// Where a link of /proc leads: nothing where it can't be read, and errno says why.
std::optional<Link> link_at(int dir, const char* name) {
  std::array<char, 64> text{};
  const ssize_t length = ::readlinkat(dir, name, text.data(), text.size());
  if (length < 0) return std::nullopt;
  errno = 0;
  return parse_link({text.data(), static_cast<std::size_t>(length)});
}

std::string text_at(int dir, const char* name) {
  const Fd file(::openat(dir, name, O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 8192> block{};
  ssize_t got = 0;
  while (file.valid() && (got = ::read(file.get(), block.data(), block.size())) > 0) {
    text.append(block.data(), static_cast<std::size_t>(got));
  }
  return text;
}

std::string command_of(int process) {
  return command_text(text_at(process, "cmdline"), trimmed(text_at(process, "comm")));
}

class Look {
 public:
  // False where /proc can't be read at all.
  bool processes() {
    Directory proc(AT_FDCWD, "/proc");
    if (!proc.ok()) return false;
    std::vector<pid_t> pids;
    while (const std::optional<int> pid = proc.next_number()) pids.push_back(*pid);
    std::sort(pids.begin(), pids.end());  // the lowest of a namespace comes first
    // /proc may be of another pid namespace than getpid().
    const Result<std::string> self = read_link("/proc/self");
    self_ = self ? parse_number<int>(*self).value_or(0) : 0;
    for (const pid_t pid : pids) process(proc.fd(), pid);
    return true;
  }

  // Those of the kernel's list that are not known by now.
  void listed(const ListCalls& calls, const std::vector<Listed>& all) {
    for (const Listed& one : all) {
      const Fd file(calls.open(one.kind, one.id));  // or it has ended
      struct stat status {};
      if (!file.valid() || ::fstat(file.get(), &status) != 0) continue;
      const Key key{one.kind, status.st_ino};
      if (make(key)) ask(key, file.get());
    }
  }

  // Whether something was left out for want of descriptors.
  [[nodiscard]] bool short_of_descriptors() const { return short_of_descriptors_; }

  System take() {
    for (const auto& [relative, child] : children_) {
      Namespace& one = found_.at(relative);
      if (one.processes == 0) one.holders.push_back({.by = Holder::By::Child, .child = child});
    }
    System system{.namespaces = {}, .processes = processes_, .hidden = hidden_};
    for (auto& [key, one] : found_) system.namespaces.push_back(std::move(one));
    return system;
  }

 private:
  // Of what could not be opened: it has ended, it is not for the caller, or there is no room for
  // it.
  void failed() {
    short_of_descriptors_ = short_of_descriptors_ || errno == EMFILE || errno == ENFILE;
  }

  void process(int proc, pid_t pid) {
    const Fd dir(::openat(proc, std::to_string(pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!dir.valid()) return failed();
    command_.clear();
    Links links;
    bool any = false;
    bool refused = false;
    for (std::size_t i = 0; i < all_kinds.size(); ++i) {
      std::optional<Link>& link = links.at(i);
      link = link_at(dir.get(), files_of_kinds.at(i).c_str());
      any = any || link;
      refused = refused || (!link && errno == EACCES);
    }
    // A process that has ended meanwhile is EACCES as well, as one that may not be looked at is.
    if (!any && (!refused || text_at(dir.get(), "stat").empty())) return;
    ++processes_;
    if (refused) ++hidden_;
    for (const auto& link : links) {
      if (link) enter(*link, dir.get(), pid);
    }
    threads(dir.get(), pid, links);
    descriptors(dir.get(), pid);
    // Those who share a mount namespace see the same mounts.
    const std::optional<Link>& mnt = links.at(static_cast<std::size_t>(Kind::Mnt));
    if (mnt && mounts_of_.insert(mnt->id).second) mounts(dir.get(), pid);
  }

  // Most namespaces' lowest process is that of others, too.
  const std::string& command(int dir) {
    if (command_.empty()) command_ = command_of(dir);
    return command_;
  }

  void enter(const Link& link, int dir, pid_t pid) {
    Namespace& one =
        known(link, dir, files_of_kinds.at(static_cast<std::size_t>(link.kind)).c_str());
    if (one.processes++ != 0) return;
    one.pid = pid;
    one.command = command(dir);
    struct stat owner {};
    if (::fstat(dir, &owner) == 0) one.uid = owner.st_uid;
  }

  // Whether it is a new one.
  bool make(const Key& key) {
    const auto [entry, is_new] = found_.try_emplace(key);
    entry->second.kind = key.first;
    entry->second.id = key.second;
    return is_new;
  }

  // `name` in `dir` is its file, which is asked about its relatives.
  Namespace& known(const Link& link, int dir, const char* name) {
    const Key key{link.kind, link.id};
    if (make(key)) {
      const Fd file(::openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      if (!file.valid()) failed();
      // A descriptor or a path may have come to be something else meanwhile.
      struct stat status {};
      if (file.valid() && ::fstat(file.get(), &status) == 0 && status.st_ino == link.id) {
        ask(key, file.get());
      }
    }
    return found_.at(key);
  }

  // At once, and up to the first of all (32 levels at most): a descriptor for each namespace until
  // later would be more than a process may have open.
  void ask(const Key& key, int file) {
    Namespace& one = found_.at(key);
    one.owner = relative(file, ns_file::get_userns, key);
    if (key.first == Kind::User) {
      one.parent = one.owner;
    } else if (key.first == Kind::Pid) {
      one.parent = relative(file, ns_file::get_parent, key);
    }
  }

  // Asks `file` for its owner or parent, and takes down that this child keeps it alive.
  std::optional<std::uint64_t> relative(int file, unsigned request, const Key& child) {
    const Fd answer(::ioctl(file, request));
    if (!answer.valid()) failed();
    struct stat status {};
    if (!answer.valid() || ::fstat(answer.get(), &status) != 0) return std::nullopt;
    const Key key{request == ns_file::get_userns ? Kind::User : child.first, status.st_ino};
    if (key == child) return std::nullopt;  // a broken kernel's answer
    if (make(key)) ask(key, answer.get());
    children_.emplace_back(key, child.second);
    return key.second;
  }

  void hold(const Link& link, int dir, const char* name, Holder holder) {
    Namespace& one = known(link, dir, name);
    const auto same = [&holder](const Holder& other) {
      return other.by == holder.by && other.pid == holder.pid && other.path == holder.path;
    };
    if (std::none_of(one.holders.begin(), one.holders.end(), same)) {
      one.holders.push_back(std::move(holder));
    }
  }

  // Threads may leave their process's namespaces by themselves (setns(2), unshare(2)).
  void threads(int dir, pid_t pid, const Links& of_process) {
    struct stat status {};
    // A directory has two links and one for each directory in it: a process of one thread has
    // three.
    if (::fstatat(dir, "task", &status, 0) != 0 || status.st_nlink <= 3) return;
    Directory tasks(dir, "task");
    if (!tasks.ok()) return failed();
    while (const std::optional<int> tid = tasks.next_number()) {
      if (*tid == pid) continue;
      for (const KindRow& kind : all_kinds) {
        const std::string name = fmt::format("{}/ns/{}", *tid, kind.name);
        const std::optional<Link> link = link_at(tasks.fd(), name.c_str());
        if (!link || link == of_process.at(static_cast<std::size_t>(kind.kind))) continue;
        hold(*link, tasks.fd(), name.c_str(),
             {.by = Holder::By::Thread, .pid = pid, .command = command(dir), .tid = *tid});
      }
    }
  }

  void descriptors(int dir, pid_t pid) {
    Directory files(dir, "fd");
    if (!files.ok()) return failed();
    while (const std::optional<int> fd = files.next_number()) {
      const std::string name = std::to_string(*fd);
      const std::optional<Link> link = link_at(files.fd(), name.c_str());
      // Our own are those by which we look.
      if (!link || pid == self_) continue;
      hold(*link, files.fd(), name.c_str(),
           {.by = Holder::By::Descriptor, .pid = pid, .command = command(dir), .fd = *fd});
    }
  }

  void mounts(int dir, pid_t pid) {
    for (const Bound& bound : bound_namespaces(text_at(dir, "mountinfo"))) {
      const std::string path = "root" + bound.path;
      hold(bound.link, dir, path.c_str(),
           {.by = Holder::By::Mount, .pid = pid, .command = command(dir), .path = bound.path});
    }
  }

  std::map<Key, Namespace> found_;
  std::vector<std::pair<Key, std::uint64_t>> children_;  // a namespace, and one that belongs to it
  std::set<std::uint64_t> mounts_of_;
  std::string command_;  // of the process that is looked at; empty: not read yet
  pid_t self_ = 0;       // this process, as /proc numbers it
  bool short_of_descriptors_ = false;
  std::size_t processes_ = 0;
  std::size_t hidden_ = 0;
};

}  // namespace

std::optional<Link> parse_link(std::string_view text) {
  for (const KindRow& kind : all_kinds) {
    if (!text.starts_with(kind.name)) continue;
    std::string_view rest = text.substr(kind.name.size());
    if (!rest.starts_with(":[") || !rest.ends_with("]")) continue;
    rest = rest.substr(2, rest.size() - 3);
    const std::optional<std::uint64_t> id = take_number<std::uint64_t>(rest);
    if (id && *id != 0 && rest.empty()) return Link{.kind = kind.kind, .id = *id};
  }
  return std::nullopt;
}

std::vector<Bound> bound_namespaces(std::string_view mountinfo) {
  std::vector<Bound> found;
  for (const MountInfo& mount : parse_mountinfo(mountinfo)) {
    const std::optional<Link> link = parse_link(mount.root);
    if (link && mount.type == "nsfs") found.push_back({.link = *link, .path = mount.point});
  }
  return found;
}

Result<System> look_at_namespaces(const ListCalls& calls) {
  // First: what is made while /proc is read is found there, if it has a process.
  const Result<std::vector<Listed>> listed = listed_by_kernel(calls);
  Look look;
  if (!look.processes()) return Error::last("open(/proc)");
  if (listed) look.listed(calls, *listed);
  if (look.short_of_descriptors()) return Error{"open(/proc/PID)", EMFILE};
  System system = look.take();
  system.by_kernel = listed.ok();
  if (system.processes == 0) return Error{"/proc shows no processes: is it mounted?"};
  return system;
}

}  // namespace nsbench::observe
