#include "suites/siege/ground.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

#include "probes/sandbox/cgroup.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::siege {

namespace {

namespace fs = std::filesystem;

constexpr const char* camp = "/mnt";  // what is below is ours alone
// Where programs leave things.
constexpr std::array covered{"/tmp", "/var/tmp", "/run", "/dev/shm", "/mnt"};

// A directory on the host's disk, gone at the end.
class OnDisk {
 public:
  static Result<OnDisk> make(const std::string& parent) {
    OnDisk made;
    made.path_ = parent + "/nsbench-siege-XXXXXX";
    if (::mkdtemp(made.path_.data()) == nullptr) return Error::last("mkdtemp(" + made.path_ + ")");
    return made;
  }
  OnDisk(OnDisk&& other) noexcept : path_(std::exchange(other.path_, "")) {}
  OnDisk& operator=(OnDisk&&) = delete;
  OnDisk(const OnDisk&) = delete;
  OnDisk& operator=(const OnDisk&) = delete;
  ~OnDisk() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  OnDisk() = default;
  std::string path_;
};

Status mounted(const char* source, const std::string& target, const char* type, unsigned long flags,
               const char* data) {
  if (::mount(source, target.c_str(), type, flags, data) == 0) return {};
  return Error::last(fmt::format("mount({}, {})", type == nullptr ? "bind" : type, target));
}

Status make_directory(const std::string& path, mode_t mode) {
  if (::mkdir(path.c_str(), 0755) != 0 || ::chmod(path.c_str(), mode) != 0) {
    return Error::last(fmt::format("mkdir({})", path));
  }
  return {};
}

bool is_directory(const char* path) {
  std::error_code failed;
  return fs::is_directory(path, failed) && !fs::is_symlink(path, failed);
}

// `program`: what is not to be covered.
Result<Ground> prepare(const std::string& disk, const std::string& program) {
  if (Status own = mounted(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr); !own) {
    return own.error();
  }
  if (Status proc = mounted("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr);
      !proc) {
    return proc.error();
  }
  Fd on_disk;  // before it may be covered
  if (!disk.empty()) {
    on_disk = Fd(::open(disk.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!on_disk.valid()) return Error::last(fmt::format("open({})", disk));
  }
  Ground ground;
  ground.program = program;
  for (const char* place : covered) {
    if (!is_directory(place)) continue;
    if (program.starts_with(std::string(place) + "/")) {
      return Error{fmt::format("{} is below {}, which is covered here", program, place)};
    }
    if (Status s = mounted("siege", place, "tmpfs", MS_NOSUID, "mode=1777"); !s) return s.error();
    if (place != std::string(camp)) ground.view.directories.emplace_back(place);
  }
  if (is_directory("/dev/mqueue")) {
    if (Status s = mounted("mqueue", "/dev/mqueue", "mqueue", 0, nullptr); !s) return s.error();
  }
  struct Row {
    std::string Ground::*directory;
    const char* name;
    mode_t mode;
  };
  constexpr mode_t anybody = 01777;  // as /tmp
  for (const auto& [directory, name, mode] :
       {Row{&Ground::reports, "reports", 0755}, Row{&Ground::small, "small", 0755},
        Row{&Ground::inputs, "inputs", 0755}, Row{&Ground::home, "home", anybody},
        Row{&Ground::cwd, "cwd", anybody}}) {
    ground.*directory = fmt::format("{}/{}", camp, name);
    if (Status s = make_directory(ground.*directory, mode); !s) return s.error();
  }
  if (on_disk.valid()) {
    const std::string source = fmt::format("/proc/self/fd/{}", on_disk.get());
    if (Status s = mounted(source.c_str(), ground.reports, nullptr, MS_BIND, nullptr); !s) {
      return s.error();
    }
  }
  ground.view.directories.push_back(ground.home);
  ground.view.directories.push_back(ground.cwd);
  ground.view.every_process = true;
  ::setenv("HOME", ground.home.c_str(), 1);
  ::unsetenv("TMPDIR");
  if (::chdir(ground.cwd.c_str()) != 0) return Error::last("chdir");
  return ground;
}

}  // namespace

Result<int> on_own_ground(const std::string& program, const std::string& disk,
                          const std::function<int(const Ground&)>& body) {
  std::optional<OnDisk> on_disk;
  if (!disk.empty()) {
    Result<OnDisk> made = OnDisk::make(disk);
    if (!made) return made.error();
    on_disk.emplace(std::move(*made));
  }
  const bool privileged = has_capability(CAP_SYS_ADMIN);
  // Where there can be none, nsbench makes none either.
  OwnCgroup cgroup;
  if (Result<OwnCgroup> own = OwnCgroup::make(Privilege::Root, "memory"); privileged && own) {
    cgroup = std::move(*own);
  }
  NamespaceSet set{Kind::Pid, Kind::Mnt, Kind::Uts, Kind::Ipc, Kind::Net};
  if (!privileged) set = set | NamespaceSet{Kind::User};
  constexpr int no_ground = 77;
  const auto live = [&] {
    Status joined = cgroup.join();
    Result<Ground> ground =
        joined ? prepare(on_disk ? on_disk->path() : "", program) : joined.error();
    if (!ground) {
      fmt::print(stderr, "siege: {}\n", ground.error().str());
      return no_ground;
    }
    ground->view.cgroups = cgroup.directories();
    ground->memory = MemoryCgroup::among(cgroup.directories());
    return body(*ground);
  };
  Result<Member> inside = enter({.namespaces = set, .method = Method::Clone}, live,
                                Deadline::in(std::chrono::seconds(30)));
  if (!inside) return inside.error();
  const Result<ExitStatus> ended = inside->child.wait();
  if (!ended) return ended.error();
  if (ended->signal != 0) return Error{"the siege itself was " + ended->str()};
  return ended->code;
}

}  // namespace nsbench::siege
