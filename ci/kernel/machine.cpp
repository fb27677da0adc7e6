#include "ci/kernel/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <utility>

#include "ci/kernel/guest_layout.h"
#include "probes/sandbox/serial_line.h"

namespace nsbench::kernel {
namespace {

constexpr const char* qemu = "qemu-system-x86_64";

// What the program needs of ours; it has them by the same numbers.
struct Files {
  int kernel = -1, initramfs = -1, console = -1, channel = -1;
};

std::string path_of(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

std::vector<std::string> qemu_words(const MachineSpec& spec, const Files& files) {
  const bool kvm = spec.engine == Engine::Kvm;
  std::vector<std::string> words{qemu,
                                 "-nodefaults",
                                 "-no-user-config",
                                 "-display",
                                 "none",
                                 "-no-reboot",
                                 "-m",
                                 fmt::format("{}M", spec.memory),
                                 "-cpu",
                                 kvm ? "host" : "max",
                                 "-accel"};
  words.emplace_back(kvm ? "kvm" : spec.instructions ? "tcg,thread=single" : "tcg");
  if (spec.instructions) {
    words.insert(words.end(), {"-icount", "shift=0,sleep=off"});
  } else {
    words.insert(words.end(), {"-smp", fmt::format("{}", spec.cpus)});
  }
  words.insert(
      words.end(),
      {"-kernel", path_of(files.kernel), "-initrd", path_of(files.initramfs), "-append",
       command_line_of(spec), "-chardev",
       fmt::format("file,id=console,path={},append=on", path_of(files.console)), "-serial",
       "chardev:console", "-chardev", fmt::format("socket,id=channel,fd={}", files.channel),
       "-serial", "chardev:channel"});
  words.insert(words.end(), spec.qemu_args.begin(), spec.qemu_args.end());
  return words;
}

std::vector<std::string> uml_words(const MachineSpec& spec, const Files& files) {
  std::vector<std::string> words{
      path_of(files.kernel),
      fmt::format("mem={}M", spec.memory),
      "initrd=" + path_of(files.initramfs),
      "con=null",
      fmt::format("con0=null,fd:{}", files.console),
      "ssl=null",
      fmt::format("ssl0=fd:{},fd:{}", files.channel, files.channel),
      fmt::format("uml_dir={}/", Contained::private_directory()),
  };
  std::istringstream rest(command_line_of(spec));
  for (std::string word; rest >> word;) words.push_back(word);
  return words;
}

// In memory, and open for reading by whoever has its path under /proc/self/fd.
Result<Fd> file_in_memory(const char* name, std::string_view bytes) {
  Fd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file.valid()) return Error::last(fmt::format("memfd_create({})", name));
  if (Status written = write_all(file.get(), bytes); !written) return written.error();
  return file;
}

Status can_run(const MachineSpec& spec) {
  if (spec.engine == Engine::Uml) {
    if (::access(spec.image.path.c_str(), X_OK) == 0) return {};
    return Error::last(fmt::format("{} can't be executed: access", spec.image.path));
  }
  const char* const path = std::getenv("PATH");
  std::istringstream directories(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (::access((directory + "/" + qemu).c_str(), X_OK) == 0) return {};
  }
  return Error{fmt::format("{} is not installed (Debian and Ubuntu: qemu-system-x86)", qemu)};
}

}  // namespace

std::string_view id(Engine engine) {
  switch (engine) {
    case Engine::Kvm:
      return "qemu-kvm";
    case Engine::Tcg:
      return "qemu-tcg";
    case Engine::Uml:
      return "uml";
  }
  return "";
}

std::string_view channel_device(Engine engine) {
  // User-Mode Linux has a console of its own kind; its serial lines are for others.
  return engine == Engine::Uml ? "/dev/ttyS0" : "/dev/ttyS1";
}

std::string command_line_of(const MachineSpec& spec) {
  // A panic ends the machine, and markers of cases are not dropped when many come at once.
  std::string line =
      fmt::format("{} panic=-1 printk.time=1 printk.devkmsg=on loglevel=7 {}{} {}{}",
                  spec.engine == Engine::Uml ? "console=tty0" : "console=ttyS0", guest::engine,
                  id(spec.engine), guest::clock, spec.instructions ? "instructions" : "wall");
  if (!spec.append.empty()) line += " " + spec.append;
  return line;
}

Result<std::unique_ptr<Machine>> Machine::start(const MachineSpec& spec) {
  if (Status fine = can_run(spec); !fine) return fine.error();
  const Fd kernel(::open(spec.image.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!kernel.valid()) return Error::last(fmt::format("open({})", spec.image.path));
  const Result<Fd> initramfs = file_in_memory("initramfs", spec.initramfs);
  if (!initramfs) return initramfs.error();
  Result<Fd> console = file_in_memory("console", "");
  if (!console) return console.error();
  if (::fcntl(console->get(), F_SETFL, O_APPEND) != 0) return Error::last("fcntl(O_APPEND)");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::last("socketpair");
  }
  std::unique_ptr<Machine> machine(new Machine);
  machine->channel_ = Fd(ends[0]);
  const Fd guest_end(ends[1]);
  const Files files{.kernel = kernel.get(),
                    .initramfs = initramfs->get(),
                    .console = console->get(),
                    .channel = guest_end.get()};
  ContainedSpec program;
  program.argv = spec.engine == Engine::Uml ? uml_words(spec, files) : qemu_words(spec, files);
  program.inherited = {files.kernel, files.initramfs, files.console, files.channel};
  program.output = files.console;
  Result<Contained> started = Contained::start(program);
  if (!started) return started.error();
  machine->program_ = std::move(*started);
  machine->console_ = std::move(*console);
  return machine;
}

std::string Machine::read_console() {
  std::string text;
  std::array<char, 65536> block{};
  for (;;) {
    const ssize_t got =
        ::pread(console_.get(), block.data(), block.size(), static_cast<off_t>(console_read_));
    if (got <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(got));
    console_read_ += static_cast<std::uint64_t>(got);
  }
  // What was read need not stay in memory: a guest may print for hours.
  if (!text.empty()) {
    ::fallocate(console_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                static_cast<off_t>(console_read_));
  }
  return text;
}

}  // namespace nsbench::kernel
