#include "suites/cli/init.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "ci/kernel/guest_layout.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/files.h"
#include "reports/result.h"
#include "suites/cli/command.h"

namespace nsbench::cli {

namespace {

void mount_at(const char* type, const std::string& place, const char* options = nullptr) {
  ::mkdir(place.c_str(), 0755);
  if (::mount(type, place.c_str(), type, 0, options) != 0) {
    complain(Error::last(fmt::format("mount({}, {})", type, place)).str());
  }
}

// pivot_root(2) refuses a root directory that is the initramfs itself. So a tmpfs becomes the root,
// as switch_root does it.
void leave_initramfs() {
  // Where is_init() mounted one. Whole and out of sight it would allow every fresh proc
  // (mount_too_revealing()), whatever is masked in the one that everybody sees.
  ::umount2("/proc", MNT_DETACH);
  const std::string root = "/nsbench-root";
  ::mkdir(root.c_str(), 0755);
  if (::mount("tmpfs", root.c_str(), "tmpfs", 0, "mode=755") != 0 || ::chdir(root.c_str()) != 0 ||
      ::mount(".", "/", nullptr, MS_MOVE, nullptr) != 0 || ::chroot(".") != 0 ||
      ::chdir("/") != 0) {
    complain(Error::last("moving the root directory to a tmpfs").str());
  }
}

// The kernel opens /dev/console for init only if the initramfs has that node.
void open_console() {
  if (::fcntl(STDOUT_FILENO, F_GETFD) >= 0) return;
  const int console = ::open("/dev/console", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(console, fd);
  if (console > STDERR_FILENO) ::close(console);
}

void load_module(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  // It would make a device by itself, which no kernel has that is built without it.
  const char* const parameters = path.ends_with("-dummy.ko") ? "numdummies=0" : "";
  const bool loaded = file >= 0 && ::syscall(SYS_finit_module, file, parameters, 0) == 0;
  const Error error = Error::last(fmt::format("finit_module({})", path));
  // Two modules that do the same (a driver and its faster twin) exclude each other.
  if (!loaded && error.err != EEXIST) complain(error.str());
  if (file >= 0) ::close(file);
}

void load_modules() {
  const Result<std::string> list = read_small_file(kernel::guest::modules_list);
  std::istringstream paths(list ? *list : "");
  for (std::string path; std::getline(paths, path);) load_module(path);
}

std::vector<std::string> words_of_initramfs() {
  const Result<std::string> text = read_small_file(kernel::guest::arguments);
  std::istringstream rest(text ? *text : "");
  std::vector<std::string> words;
  for (std::string word; std::getline(rest, word, '\0');) words.push_back(word);
  return words;
}

// Reaps whoever became an orphan, until the child has ended.
int wait_for(pid_t child) {
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno != EINTR) return base_of_signals;
    if (ended != child) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : base_of_signals + WTERMSIG(status);
  }
}

// The kernel's own 4096 would be too few for the curves over live namespaces.
void allow_many_descriptors() {
  constexpr rlimit many{.rlim_cur = 1024, .rlim_max = 65536};
  if (::setrlimit(RLIMIT_NOFILE, &many) != 0) {
    complain(Error::last("setrlimit(RLIMIT_NOFILE, 65536)").str());
  }
}

void set_sysctl(const std::string& path, const std::string& value) {
  const Status set = write_small_file(path, value);
  if (!set && set.error().err != ENOENT) complain(set.error().str());
}

// LAVA waits for "Linux version" first, which the kernel itself says only where its console is not
// quiet, and then for a prompt.
void say_booted() {
  utsname names{};
  ::uname(&names);
  fmt::print("nsbench {}, started by Linux version {} ({})\nnsbench: booted\n", NSBENCH_VERSION,
             names.release, names.machine);
  std::fflush(stdout);
}

[[noreturn]] void power_off(int status) {
  fmt::print("nsbench: exit status {}\n", status);
  std::fflush(nullptr);
  ::tcdrain(STDOUT_FILENO);  // what is still in the line's buffer goes with the machine
  ::sync();
  ::reboot(RB_POWER_OFF);
  for (;;) ::pause();
}

}  // namespace

bool is_init() {
  if (::getpid() != 1) return false;
  if (::access("/proc/self/ns", F_OK) != 0) {
    ::mkdir("/proc", 0555);
    if (::mount("proc", "/proc", "proc", 0, nullptr) != 0) return false;
  }
  // The initial pid namespace has a fixed inode (PROC_PID_INIT_INO of include/linux/proc_ns.h).
  const Result<std::string> own = read_link("/proc/self/ns/pid");
  return own.ok() && *own == "pid:[4026531836]";
}

std::vector<std::string> set_up_machine(int argc, char** argv) {
  ::setenv("TERM", "dumb", 1);  // the console is a log: no colours, no line written over
  std::vector<std::string> words = words_of_initramfs();
  load_modules();
  leave_initramfs();
  mount_at("devtmpfs", "/dev");
  open_console();
  mount_at("proc", "/proc");
  mount_at("sysfs", "/sys");
  mount_at("tmpfs", "/tmp", "mode=1777");
  // As systemd mounts it (cgroup_namespaces(7) of nsdelegate).
  mount_at("cgroup2", "/sys/fs/cgroup", "nsdelegate");
  // There is no modprobe; that a module is missing is an answer, and this one is quick.
  set_sysctl("/proc/sys/kernel/modprobe", "\n");
  // Low enough for the check that fills a mount namespace, which leaves one that is full slowly;
  // enough for the curve over mounts.
  set_sysctl("/proc/sys/fs/mount-max", "6000");
  allow_many_descriptors();
  ::setenv(started_by_kernel, "1", 1);
  say_booted();
  if (!words.empty()) return words;
  words.assign(argv + 1, argv + argc);
  std::erase_if(words, [](const std::string_view word) {
    return word.starts_with("root=") || word.starts_with("console=");
  });
  return words;
}

void run_and_power_off(const std::function<int()>& run) {
  Result<Child> child = Child::fork(run);
  if (!child) {
    complain(child.error().str());
    power_off(static_cast<int>(ExitCode::Unknown));
  }
  const pid_t pid = child->pid();
  child->disown();
  power_off(wait_for(pid));
}

}  // namespace nsbench::cli
