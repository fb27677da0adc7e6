// time: a process that unshared its time namespace enters it by exec. The program that it executes
// is made by hand here, so that no file of the host is needed: it asks the kernel for the time and
// writes the answer to its standard output.
#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include "probes/helpers.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/files.h"
#include "probes/time/offsets.h"
#include "probes/time/probes.h"

namespace nsbench::probes {

namespace {

constexpr Offsets ahead{100'000, 200'000};

// clock_gettime(CLOCK_MONOTONIC, sp - 16); write(1, sp - 16, 16); exit(0)
#if defined(__x86_64__) && defined(__LP64__)
constexpr Elf64_Half machine = EM_X86_64;
constexpr std::array<unsigned char, 51> code{
    0x48, 0x83, 0xec, 0x10,        // sub  $16, %rsp
    0xb8, 0xe4, 0x00, 0x00, 0x00,  // mov  $228, %eax  clock_gettime
    0xbf, 0x01, 0x00, 0x00, 0x00,  // mov  $1, %edi    CLOCK_MONOTONIC
    0x48, 0x89, 0xe6,              // mov  %rsp, %rsi
    0x0f, 0x05,                    // syscall
    0xb8, 0x01, 0x00, 0x00, 0x00,  // mov  $1, %eax    write
    0xbf, 0x01, 0x00, 0x00, 0x00,  // mov  $1, %edi
    0x48, 0x89, 0xe6,              // mov  %rsp, %rsi
    0xba, 0x10, 0x00, 0x00, 0x00,  // mov  $16, %edx
    0x0f, 0x05,                    // syscall
    0xb8, 0x3c, 0x00, 0x00, 0x00,  // mov  $60, %eax   exit
    0x31, 0xff,                    // xor  %edi, %edi
    0x0f, 0x05,                    // syscall
    0x0f, 0x0b, 0x0f,              // not reached
};
#elif defined(__aarch64__) && defined(__AARCH64EL__) && defined(__LP64__)
constexpr Elf64_Half machine = EM_AARCH64;
constexpr std::array<std::uint32_t, 13> code{
    0xd10043ff,  // sub  sp, sp, #16
    0xd2800020,  // mov  x0, #1    CLOCK_MONOTONIC
    0x910003e1,  // mov  x1, sp
    0xd2800e28,  // mov  x8, #113  clock_gettime
    0xd4000001,  // svc  #0
    0xd2800020,  // mov  x0, #1
    0x910003e1,  // mov  x1, sp
    0xd2800202,  // mov  x2, #16
    0xd2800808,  // mov  x8, #64   write
    0xd4000001,  // svc  #0
    0xd2800000,  // mov  x0, #0
    0xd2800ba8,  // mov  x8, #93   exit
    0xd4000001,  // svc  #0
};
#else
constexpr Elf64_Half machine = EM_NONE;
constexpr std::array<unsigned char, 1> code{0};
#endif

// A program of one segment, as the kernel wants it at least (elf(5)).
struct Image {
  Elf64_Ehdr header{};
  Elf64_Phdr segment{};
  std::array<unsigned char, sizeof code> text{};
};

Image make_image() {
  constexpr Elf64_Addr address = 0x400000;
  Image image;
  Elf64_Ehdr& h = image.header;
  std::memcpy(h.e_ident, ELFMAG, SELFMAG);
  h.e_ident[EI_CLASS] = ELFCLASS64;
  h.e_ident[EI_DATA] = ELFDATA2LSB;
  h.e_ident[EI_VERSION] = EV_CURRENT;
  h.e_type = ET_EXEC;
  h.e_machine = machine;
  h.e_version = EV_CURRENT;
  h.e_entry = address + offsetof(Image, text);
  h.e_phoff = offsetof(Image, segment);
  h.e_ehsize = sizeof(Elf64_Ehdr);
  h.e_phentsize = sizeof(Elf64_Phdr);
  h.e_phnum = 1;
  Elf64_Phdr& s = image.segment;
  s.p_type = PT_LOAD;
  s.p_flags = PF_R | PF_X;
  s.p_vaddr = address;
  s.p_paddr = address;
  s.p_filesz = sizeof(Image);
  s.p_memsz = sizeof(Image);
  s.p_align = 0x10000;  // the largest page of either architecture
  std::memcpy(image.text.data(), code.data(), sizeof code);
  return image;
}

// The program in a file that lies in memory only.
Fd program() {
  constexpr unsigned executable = 0x10;  // MFD_EXEC, since 6.3
  int fd = ::memfd_create("nsb-clock", MFD_CLOEXEC | executable);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create("nsb-clock", MFD_CLOEXEC);
  const Image image = make_image();
  if (fd >= 0 && ::write(fd, &image, sizeof image) != sizeof image) {
    ::close(fd);
    fd = -1;
  }
  return Fd(fd);
}

// Not fexecve(3), which needs /proc where the call is missing.
void execute(int fd) {
  const std::array<const char*, 2> argv{"nsb-clock", nullptr};
  const std::array<const char*, 1> none{nullptr};
  ::syscall(SYS_execveat, fd, "", argv.data(), none.data(), AT_EMPTY_PATH);
}

// What the program wrote, in milliseconds; -1 if nothing came.
std::int64_t answer(int pipe) {
  struct {
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
  } time;
  if (::read(pipe, &time, sizeof time) != sizeof time) return -1;
  return time.seconds * 1000 + time.nanoseconds / 1'000'000;
}

// Execs by the process itself, or by a child that shares its memory until then.
enum class By : std::uint8_t { Itself, Vfork };

void unshare_and_exec(Scene& scene, const Fd& image, By by) {
  const bool own = scene.recipe().namespaces.has(Kind::Time);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return scene.broken("pipe2: " + errno_name(errno));
  const Fd from(ends[0]);
  Fd to(ends[1]);
  Result<Child> child = Child::fork([&] {
    if (own && unshare_with_offsets(ahead) != 0) return 1;
    ::dup2(to.get(), STDOUT_FILENO);
    const pid_t shared = by == By::Vfork ? ::vfork() : 0;
    if (shared == 0) {
      execute(image.get());
      ::_exit(2);
    }
    return shared < 0 ? 3 : 0;
  });
  if (!child) return scene.broken(child.error().str());
  to.reset();
  scene.seen.number(by == By::Itself ? "exec" : "vfork and exec", answer(from.get()));
  const Result<ExitStatus> ended = child->wait(Deadline::in(std::chrono::seconds(4)));
  scene.seen.text(by == By::Itself ? "exec ended" : "vfork and exec ended",
                  ended ? ended->str() : ended.error().str());
}

void exec_both_ways(Scene& scene) {
  if (machine == EM_NONE) {
    return scene.skip(SkipReason::NoFeature, "its program is not written for this architecture");
  }
  const Fd image = program();
  if (!image.valid()) {
    const int err = errno;
    const Result<std::string> forbidden = read_small_file("/proc/sys/vm/memfd_noexec");
    if (err == EACCES && forbidden && trimmed(*forbidden) != "0") {
      return scene.skip(SkipReason::Policy, "vm.memfd_noexec is " + trimmed(*forbidden));
    }
    return scene.broken("memfd_create: " + errno_name(err));
  }
  scene.seen.number("before", clock_ms(CLOCK_MONOTONIC));
  unshare_and_exec(scene, image, By::Itself);
  if (!scene.ended()) unshare_and_exec(scene, image, By::Vfork);
  scene.seen.number("after", clock_ms(CLOCK_MONOTONIC));
}

constexpr std::array acts{
    Act{Side::Outside, "programs are executed", exec_both_ways},
};

Judgement judge(const Transcript& t) {
  Judgement j;
  const Observation& seen = t.at("programs are executed");
  const std::int64_t before = seen.number_of("before");
  for (const std::string way : {"exec", "vfork and exec"}) {
    j.works_equal(way + " works", "exited with 0", seen.text_of(way + " ended"));
    const std::int64_t value = seen.number_of(way);
    j.isolated(way + " enters the time namespace", fmt::format("{} s ahead", ahead.monotonic),
               ahead_text(value, before),
               is_ahead(value, ahead.monotonic, before, seen.number_of("after")));
  }
  return j;
}

// The act unshares by itself.
constexpr std::array by_hand_only{Way{Method::Unshare, ""}};

}  // namespace

constinit const Probe exec{
    .family = "time",
    .name = "exec",
    .sentence = "a process that has unshared its time namespace enters it by exec",
    .source = "kernel/time/namespace.c timens_on_fork(), fs/exec.c begin_new_exec() (since 6.3)",
    .first_kernel = "6.3",
    .namespaces = {Kind::Time},
    .ways = by_hand_only,
    .privileges = all_privileges,
    .acts = acts,
    .judge = judge,
    .why =
        "unshare --time PROGRAM without a fork, and posix_spawn(3) after an unshare, start the "
        "program in the namespace that was made for it. Before 6.3 the former stayed outside.",
    .failure = "A container's first program runs with the host's clocks.",
    .by_hand =
        "# as root\n"
        "cat /proc/uptime\n"
        "unshare --time --boottime 200000 cat /proc/uptime   # 200000 more",
};

}  // namespace nsbench::probes
