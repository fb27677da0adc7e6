#include "suites/observe/process_state.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <memory>

#include "probes/sandbox/capability_names.h"
#include "probes/sandbox/files.h"
#include "reports/number.h"
#include "suites/observe/namespaces.h"

namespace nsbench::observe {
namespace {

// Reads the files of one process, and keeps what stood in the way.
class Reader {
 public:
  explicit Reader(pid_t pid) : dir_(fmt::format("/proc/{}", pid)) {}

  std::string text(const char* name) {
    const Result<std::string> text = read_small_file(dir_ + "/" + name);
    if (text) return *text;
    miss(name, text.error());
    return "";
  }

  std::optional<std::uint64_t> namespace_id(std::string_view kind) {
    const std::string name = fmt::format("ns/{}", kind);
    const Result<std::string> link = read_link(dir_ + "/" + name);
    const std::optional<Link> parsed = link ? parse_link(*link) : std::nullopt;
    if (parsed) return parsed->id;
    if (!link) miss(name, link.error());
    return std::nullopt;
  }

  std::vector<IdExtent> ids(const char* name) {
    Result<std::vector<IdExtent>> map = parse_id_map(text(name));
    return map ? std::move(*map) : std::vector<IdExtent>{};
  }

  // Files with a path whose mount is none of the process's. Sockets, pipes and the like are of
  // mounts that nobody has, and have no path.
  std::vector<StrayDirectory> strays(const std::vector<MountInfo>& mounts) {
    std::vector<StrayDirectory> found;
    const std::string files = dir_ + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(files.c_str()), &::closedir);
    if (!stream) {
      miss("fd", Error{"", errno});
      return found;
    }
    while (const dirent* entry = ::readdir(stream.get())) {
      const Result<std::string> path = read_link(fmt::format("{}/{}", files, entry->d_name));
      const Result<std::string> info =
          read_small_file(fmt::format("{}/fdinfo/{}", dir_, entry->d_name));
      struct stat what {};
      if (!path || !info || !path->starts_with("/")) continue;
      if (::stat(fmt::format("{}/{}", files, entry->d_name).c_str(), &what) != 0) continue;
      if (!S_ISDIR(what.st_mode)) continue;
      const std::string mount = field_of(*info, "mnt_id");
      const bool own = std::any_of(mounts.begin(), mounts.end(),
                                   [&mount](const MountInfo& one) { return one.id == mount; });
      const int fd = parse_number<int>(entry->d_name).value_or(-1);
      if (!own && !mount.empty()) found.push_back({.fd = fd, .path = *path});
    }
    return found;
  }

  const std::string& dir() const { return dir_; }
  std::vector<std::string> take_untold() { return std::move(untold_); }

 private:
  // A kernel may lack a kind of namespace, or a file.
  void miss(std::string_view name, const Error& error) {
    if (error.err == ENOENT) return;
    untold_.push_back(fmt::format("{}/{}: {}", dir_, name, errno_name(error.err)));
  }

  std::string dir_;
  std::vector<std::string> untold_;
};

std::string list_of(std::uint64_t capabilities) {
  std::string text;
  for (unsigned i = 0; i < 64; ++i) {
    if ((capabilities >> i & 1U) == 0) continue;
    text += text.empty() ? "" : " ";
    text += capability_name(static_cast<int>(i));
  }
  return text;
}

// 0 where the process has ended. A zombie's is told.
std::int64_t start_of(const std::string& dir) {
  const Result<std::string> stat = read_small_file(dir + "/stat");
  return stat ? parse_starttime(*stat).value_or(0) : 0;
}

bool is_zombie(const std::string& status) {
  return trimmed(field_of(status, "State")).starts_with("Z");
}

Error no_process(pid_t pid) {
  const bool has_proc = read_link("/proc/self").ok();
  return Error{has_proc ? fmt::format("there is no process {}", pid)
                        : fmt::format("/proc shows no process {}: is it mounted?", pid)};
}

std::string without_nul(std::string text) {
  while (!text.empty() && text.back() == '\0') text.pop_back();
  return trimmed(std::move(text));
}

}  // namespace

std::string ProcessState::field(std::string_view name) const {
  return trimmed(field_of(status, name));
}

std::string command_text(std::string cmdline, std::string_view name) {
  while (!cmdline.empty() && cmdline.back() == '\0') cmdline.pop_back();
  std::replace(cmdline.begin(), cmdline.end(), '\0', ' ');
  return cmdline.empty() ? fmt::format("[{}]", name) : cmdline;
}

Result<ProcessState> look_at_process(pid_t pid) {
  Reader reader(pid);
  ProcessState state{.pid = pid};
  state.start = start_of(reader.dir());
  const Result<std::string> status = read_small_file(reader.dir() + "/status");
  if (!status && (status.error().err == ENOENT || status.error().err == ESRCH)) {
    return no_process(pid);
  }
  if (!status) return status.error();
  state.status = *status;
  if (is_zombie(state.status)) {
    return Error{
        fmt::format("process {} has ended, and is in no namespaces any more (a zombie)", pid)};
  }
  const Result<std::string> cmdline = read_small_file(reader.dir() + "/cmdline");
  state.command = command_text(cmdline ? *cmdline : "", state.field("Name"));
  for (const KindRow& kind : all_kinds) {
    state.namespaces.at(static_cast<std::size_t>(kind.kind)) = reader.namespace_id(kind.name);
  }
  state.mounts = parse_mountinfo(reader.text("mountinfo"));
  state.uid_map = reader.ids("uid_map");
  state.gid_map = reader.ids("gid_map");
  state.cgroups = parse_cgroup(reader.text("cgroup"));
  // EINVAL: no LSM has labels.
  const Result<std::string> label = read_small_file(reader.dir() + "/attr/current");
  if (label) state.label = without_nul(*label);
  state.clock_offsets = trimmed(reader.text("timens_offsets"));
  if (!state.mounts.empty()) state.strays = reader.strays(state.mounts);
  state.untold = reader.take_untold();
  // What ended meanwhile has no mounts and no descriptors, and would look isolated.
  if (const Status there = still_there(state); !there) return there.error();
  return state;
}

Status still_there(const ProcessState& state) {
  const std::string dir = fmt::format("/proc/{}", state.pid);
  const Result<std::string> status = read_small_file(dir + "/status");
  if (status && !is_zombie(*status) && start_of(dir) == state.start) return {};
  return Error{fmt::format("process {} ended while it was looked at", state.pid)};
}

std::string capability_names(std::string_view mask, int last) {
  const std::optional<CapabilitySet> set = parse_capabilities(mask);
  if (!set) return std::string(mask);
  const std::uint64_t bits = set->bits();
  if (bits == 0) return "none";
  constexpr int most = 63;
  const int highest = std::clamp(last, 0, most);
  const std::uint64_t all = ~std::uint64_t{0} >> static_cast<unsigned>(most - highest);
  if ((bits & all) == all) return "all";
  const std::uint64_t missing = all & ~bits;
  constexpr int few = 8;
  return std::popcount(missing) <= few ? "all but " + list_of(missing) : list_of(bits);
}

}  // namespace nsbench::observe
