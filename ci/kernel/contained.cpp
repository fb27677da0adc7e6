#include "ci/kernel/contained.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <utility>

#include "probes/sandbox/capabilities.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"

namespace nsbench::kernel {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds starting{10'000};
constexpr uid_t nobody = 65534;

// Where programs and their libraries are looked for, and nothing else: a CI job's environment holds
// its secrets.
void keep_search_paths() {
  std::array<std::pair<const char*, std::string>, 2> kept{std::pair{"PATH", std::string()},
                                                          std::pair{"LD_LIBRARY_PATH", ""}};
  for (auto& [name, value] : kept) {
    if (const char* const is = std::getenv(name); is != nullptr) value = is;
  }
  ::clearenv();
  for (const auto& [name, value] : kept) {
    if (!value.empty()) ::setenv(name, value.c_str(), 1);
  }
  ::setenv("HOME", Contained::private_directory(), 1);
  ::setenv("TMPDIR", Contained::private_directory(), 1);
}

// A user namespace's root can't become 65534, which is not mapped there, and is nobody outside.
Status become_nobody() {
  if (::geteuid() != 0 || !has_capability(CAP_SETUID)) return {};
  if (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0) return {};
  if (::setresuid(nobody, nobody, nobody) != 0) return Error::last("setresuid(65534)");
  stay_tied_to_parent();
  return {};
}

Status give_up_rights(bool alone) {
  if (Status s = limit_bounding_set({}); !s) return s;
  // Without a pid namespace it ends with its parent by a signal, which another user's may not send.
  if (alone) {
    if (Status s = become_nobody(); !s) return s;
  }
  if (Status s = keep_capabilities({}); !s) return s;
  return allow_no_new_privileges();
}

// In the child that becomes the program.
int become_contained(const ContainedSpec& spec, bool alone) {
  ::setsid();
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(spec.output, STDOUT_FILENO);
  ::dup2(spec.output, STDERR_FILENO);
  for (const int fd : spec.inherited) ::fcntl(fd, F_SETFD, 0);
  keep_search_paths();
  if (Status given_up = give_up_rights(alone); !given_up) {
    // On its output, where whoever misses the program looks.
    const std::string line = fmt::format("nsbench: {}\n", given_up.error().str());
    [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO, line.data(), line.size());
    return exit_not_found;
  }
  return become(spec.argv);
}

// All of what is mounted now (mount_setattr(2), since 5.12; its flags for these two have the values
// of mount(2)'s). Devices can be written all the same.
void make_read_only() {
  struct {
    std::uint64_t set = MS_RDONLY | MS_NOSUID, clear = 0, propagation = 0, userns_fd = 0;
  } change;
#ifdef SYS_mount_setattr
  constexpr unsigned recursive = 0x8000;  // AT_RECURSIVE
  ::syscall(SYS_mount_setattr, -1, "/", recursive, &change, sizeof change);
#endif
}

// The device as anybody may open it, in this mount namespace alone.
void open_device_to_all(const std::string& device) {
  struct stat info {};
  if (device.empty() || ::stat(device.c_str(), &info) != 0 || !S_ISCHR(info.st_mode)) return;
  constexpr mode_t all = S_IROTH | S_IWOTH;
  if ((info.st_mode & all) == all) return;
  const std::string own = std::string(Contained::private_directory()) + "/device";
  if (::mknod(own.c_str(), S_IFCHR | 0600, info.st_rdev) != 0) return;
  if (::chmod(own.c_str(), 0666) != 0) return;  // whatever the umask is
  static_cast<void>(::mount(own.c_str(), device.c_str(), nullptr, MS_BIND, nullptr));
}

// Where something can't be mounted the program sees, or writes, the host's, as it would without us.
void furnish(const ContainedSpec& spec) {
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return;
  if (!spec.has_foreign_words) make_read_only();
  static_cast<void>(
      ::mount("tmpfs", Contained::private_directory(), "tmpfs", MS_NOSUID, "mode=1777,size=100%"));
  open_device_to_all(spec.device);
  static_cast<void>(::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr));
}

// The first process of the pid namespace. The program is not: the kernel keeps the signals that end
// a program, abort() among them, from the first process.
int live(const ContainedSpec& spec, bool alone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_IGN);
  static_cast<void>(write_small_file("/proc/self/oom_score_adj", "1000").ok());
  if (alone) furnish(spec);
  Result<Child> program = Child::fork([&spec, alone] { return become_contained(spec, alone); });
  if (!program) return exit_not_found;
  // All that is left to do here is to wait.
  static_cast<void>(keep_capabilities({}).ok());
  static_cast<void>(allow_no_new_privileges().ok());
  const Result<ExitStatus> ended = program->wait();
  if (!ended) return exit_not_found;
  return ended->signal != 0 ? base_of_signals + ended->signal : ended->code;
}

Result<Member> enter_own(const ContainedSpec& spec, const NamespaceSet& own) {
  const Recipe recipe{.namespaces = own, .method = Method::Clone};
  const bool alone = !own.empty();
  return enter(
      recipe, [&spec, alone] { return live(spec, alone); }, Deadline::in(starting));
}

}  // namespace

Result<Contained> Contained::start(const ContainedSpec& spec) {
  const NamespaceSet least{Kind::Pid, Kind::Mnt};
  const NamespaceSet user{Kind::User};
  NamespaceSet most = least | NamespaceSet{Kind::Ipc, Kind::Uts};
  if (!spec.has_foreign_words) most = most | NamespaceSet{Kind::Net};
  Result<Member> member = Error{"not tried"};
  for (const NamespaceSet& own : {most, most | user, least, least | user, NamespaceSet{}}) {
    member = enter_own(spec, own);
    if (member) break;
  }
  if (!member) return member.error();
  Contained contained;
  contained.member_ = std::move(*member);
  return contained;
}

bool Contained::wait(Deadline deadline) {
  if (finished_) return true;
  const Result<ExitStatus> ended = member_.wait(deadline);
  if (!ended) return false;
  finished_ = true;
  ExitStatus status = *ended;
  if (status.signal == 0 && status.code > base_of_signals) {
    status = {.code = 0, .signal = status.code - base_of_signals};
  }
  fate_ = (status.signal != 0 ? "was " : "") + status.str();
  return true;
}

void Contained::kill(milliseconds patience) {
  if (finished_) return;
  finished_ = true;
  member_.child.begin_end();
  const Result<ExitStatus> ended = member_.wait(Deadline::in(patience));
  const bool hangs = !ended && ended.error().err == ETIMEDOUT;
  if (hangs) member_.child.disown();
  fate_ = hangs ? "was killed, but hangs in the kernel" : "was killed";
  member_.end();
}

}  // namespace nsbench::kernel
