#include "suites/cli/init.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

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

void set_up_machine() {
  ::setenv("TERM", "dumb", 1);  // the console is a log: no colours, no line written over
  leave_initramfs();
  mount_at("devtmpfs", "/dev");
  open_console();
  mount_at("proc", "/proc");
  mount_at("sysfs", "/sys");
  mount_at("tmpfs", "/tmp", "mode=1777");
  mount_at("cgroup2", "/sys/fs/cgroup");
  // Low enough for the check that fills a mount namespace; it leaves one that is full too slowly.
  if (Status s = write_small_file("/proc/sys/fs/mount-max", "2000");
      !s && s.error().err != ENOENT) {
    complain(s.error().str());
  }
}

std::vector<char*> own_arguments(int argc, char** argv) {
  std::vector<char*> words(argv, argv + argc);
  std::erase_if(words, [](const std::string_view word) {
    return word.starts_with("root=") || word.starts_with("console=");
  });
  return words;
}

void power_off(int status) {
  fmt::print("nsbench: exit status {}\n", status);
  std::fflush(nullptr);
  ::sync();
  ::reboot(RB_POWER_OFF);
  for (;;) ::pause();
}

}  // namespace nsbench::cli
