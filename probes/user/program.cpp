#include "probes/user/program.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "probes/sandbox/child.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/fd.h"
#include "probes/user/further.h"

// Of this very program: it knows the machine's own e_machine and e_flags. Linkers define it.
extern "C" const ElfW(Ehdr) __ehdr_start;  // NOLINT(bugprone-reserved-identifier)

namespace nsbench {

namespace {

// exit(0). Elsewhere the program dies of its first instruction, which shows as much.
#if defined(__x86_64__)
constexpr unsigned char code[] = {0xb8, 0x3c, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05};
#elif defined(__aarch64__)
constexpr unsigned char code[] = {0xa8, 0x0b, 0x80, 0xd2, 0, 0, 0x80, 0xd2, 0x01, 0, 0, 0xd4};
#else
constexpr unsigned char code[] = {0, 0, 0, 0};
#endif

struct Image {
  ElfW(Ehdr) header;
  ElfW(Phdr) load;
  unsigned char text[sizeof code];
};

Image image() {
  constexpr ElfW(Addr) base = 0x400000;
  Image made{};
  made.header = __ehdr_start;
  made.header.e_type = ET_EXEC;
  made.header.e_entry = base + offsetof(Image, text);
  made.header.e_phoff = offsetof(Image, load);
  made.header.e_phnum = 1;
  made.header.e_shoff = 0;
  made.header.e_shnum = 0;
  made.header.e_shstrndx = 0;
  made.load.p_type = PT_LOAD;
  made.load.p_flags = PF_R | PF_X;
  made.load.p_vaddr = base;
  made.load.p_paddr = base;
  made.load.p_filesz = sizeof made;
  made.load.p_memsz = sizeof made;
  made.load.p_align = 0x10000;  // the largest page size
  std::memcpy(made.text, code, sizeof code);
  return made;
}

}  // namespace

int write_program(const std::string& path) {
  const Image program = image();
  const Fd file(::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0755));
  if (!file.valid() || ::write(file.get(), &program, sizeof program) < 0) return errno;
  return as_errno(::fchmod(file.get(), 0755));
}

void run_program(Observation& seen, std::string_view prefix, const std::string& path,
                 int (*before)()) {
  constexpr int not_run = 255;
  Result<Child> child = Child::fork([&] {
    if (before != nullptr && before() != 0) return not_run;
    char* const argv[] = {const_cast<char*>(path.c_str()), nullptr};
    char* const none[] = {nullptr};
    ::execve(path.c_str(), argv, none);
    return errno;
  });
  const std::string exec = fmt::format("{} exec", prefix);
  if (!child) return seen.result(exec, -1);
  const Result<std::string> dir = proc_dir(*child);
  siginfo_t end{};
  if (!dir || ::waitid(P_PID, child->pid(), &end, WEXITED | WNOWAIT) != 0) {
    return seen.result(exec, -1);
  }
  const bool refused = end.si_code == CLD_EXITED && end.si_status != 0;
  seen.result(exec, refused ? (end.si_status == not_run ? -1 : end.si_status) : 0);
  if (refused) return;
  Observation sets;
  look_at_capabilities(sets, *dir);
  for (const Fact& fact : sets.facts())
    seen.text(fmt::format("{} {}", prefix, fact.name), fact.text);
}

}  // namespace nsbench
