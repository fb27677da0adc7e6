#include "ci/kernel/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
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
// No more system calls than a machine without devices of the host's needs: a guest that gets the
// better of QEMU can start no program and change no user.
constexpr const char* qemu_sandbox =
    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
constexpr const char* kvm_device = "/dev/kvm";

// What the program needs of ours; it has them by the same numbers.
struct Files {
  int kernel = -1, initramfs = -1, console = -1, channel = -1;
};

std::string path_of(int fd) { return fmt::format("/proc/self/fd/{}", fd); }

// Whether QEMU was built with seccomp; asked once.
bool has_sandbox() {
  static const bool has = [] {
    const Fd nothing(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    Result<Contained> asked = Contained::start(
        {.argv = {qemu, "-sandbox", qemu_sandbox, "-version"}, .output = nothing.get()});
    constexpr std::chrono::seconds enough{20};
    return asked && asked->wait(Deadline::in(enough)) && asked->fate() == "exited with 0";
  }();
  return has;
}

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
  // One thread for all CPUs: with one for each, QEMU 7.2 lets a CPU run code that another one is
  // just patching, and a kernel that is well oopses (int3 where a static key was) and panics.
  words.emplace_back(kvm ? "kvm" : "tcg,thread=single");
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
  const bool own_sandbox =
      std::find(spec.qemu_args.begin(), spec.qemu_args.end(), "-sandbox") != spec.qemu_args.end();
  if (!own_sandbox && has_sandbox()) words.insert(words.end(), {"-sandbox", qemu_sandbox});
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

// In memory, and open for whoever has its path under /proc/self/fd.
Result<Fd> file_in_memory(const char* name) {
  Fd file(::memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file.valid()) return Error::last(fmt::format("memfd_create({})", name));
  return file;
}

// From now on nobody changes what is in it.
Status seal(const Fd& file) {
  constexpr int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (::fcntl(file.get(), F_ADD_SEALS, seals) == 0) return {};
  return Error::last("fcntl(F_ADD_SEALS)");
}

Result<Fd> sealed_file(const char* name, std::string_view bytes) {
  Result<Fd> file = file_in_memory(name);
  if (!file) return file;
  if (Status written = write_all(file->get(), bytes); !written) return written.error();
  if (Status sealed = seal(*file); !sealed) return sealed.error();
  return file;
}

// The image as it is, or a copy in memory, where only its owner may read it: the machine is
// somebody else.
Result<Fd> open_image(const MachineSpec& spec) {
  const auto failed = [&spec](const char* step) {
    return Error::last(fmt::format("{}({})", step, spec.image.path));
  };
  Fd file(::open(spec.image.path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info {};
  if (!file.valid()) return failed("open");
  if (::fstat(file.get(), &info) != 0) return failed("fstat");
  const mode_t needed = spec.engine == Engine::Uml ? S_IROTH | S_IXOTH : S_IROTH;
  if ((info.st_mode & needed) == needed) return file;
  Result<Fd> copy = file_in_memory("kernel");
  if (!copy) return copy;
  for (off_t left = info.st_size; left > 0;) {
    const ssize_t got =
        ::sendfile(copy->get(), file.get(), nullptr, static_cast<std::size_t>(left));
    if (got <= 0) return failed("sendfile");
    left -= got;
  }
  if (Status sealed = seal(*copy); !sealed) return sealed.error();
  return copy;
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
  // A host that is busy leaves an emulated timer waiting: kernels find it dead, and panic.
  if (spec.engine == Engine::Tcg && !spec.instructions) line += " no_timer_check";
  if (!spec.append.empty()) line += " " + spec.append;
  return line;
}

Result<std::unique_ptr<Machine>> Machine::start(const MachineSpec& spec) {
  if (Status fine = can_run(spec); !fine) return fine.error();
  const Result<Fd> kernel = open_image(spec);
  if (!kernel) return kernel.error();
  const Result<Fd> initramfs = sealed_file("initramfs", spec.initramfs);
  if (!initramfs) return initramfs.error();
  Result<Fd> console = file_in_memory("console");
  if (!console) return console.error();
  if (::fcntl(console->get(), F_SETFL, O_APPEND) != 0) return Error::last("fcntl(O_APPEND)");
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return Error::last("socketpair");
  }
  std::unique_ptr<Machine> machine(new Machine);
  machine->channel_ = Fd(ends[0]);
  const Fd guest_end(ends[1]);
  const Files files{.kernel = kernel->get(),
                    .initramfs = initramfs->get(),
                    .console = console->get(),
                    .channel = guest_end.get()};
  ContainedSpec program;
  program.argv = spec.engine == Engine::Uml ? uml_words(spec, files) : qemu_words(spec, files);
  program.inherited = {files.kernel, files.initramfs, files.console, files.channel};
  program.output = files.console;
  if (spec.engine == Engine::Kvm) program.device = kvm_device;
  program.has_foreign_words = !spec.qemu_args.empty();
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
