#include "suites/selftest/tracer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <string>
#include <thread>

#include "probes/sandbox/channel.h"
#include "suites/selftest/call_trap.h"

namespace nsbench::selftest {
namespace {

constexpr std::array getppid_call{long{SYS_getppid}};
constexpr std::array write_call{long{SYS_write}};
constexpr std::array uname_call{long{SYS_uname}};
constexpr std::array openat_call{long{SYS_openat}};
constexpr std::array dup_call{long{SYS_dup}};

long raw_getppid() { return ::syscall(SYS_getppid); }
void name_side(const char* name) { ::prctl(PR_SET_NAME, name); }

struct Told {
  ExitStatus ended;
  std::uint64_t changes = 0;
};

// Runs `body` as a subject that hears the lie; its exit status says what it found.
Result<Told> tell(const Lie& lie, const Child::Body& body) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> subject = Child::fork([&] {
    if (!ends->second.receive() || !trap_calls(lie.calls)) return 99;
    return body();
  });
  if (!subject) return subject.error();
  Tracer tracer(&lie);
  if (Status s = tracer.seize(*subject); !s) return s.error();
  if (Status s = ends->first.send("go"); !s) return s.error();
  const Result<ExitStatus> ended =
      tracer.run(std::move(*subject), Deadline::in(std::chrono::seconds(30)));
  if (!ended) return ended.error();
  return Told{*ended, tracer.changes()};
}

bool may_trace() {
  const Lie none{};
  const Result<Told> told = tell(none, [] { return 0; });
  return told.ok() && told->ended.code == 0;
}

class TracerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const bool possible = may_trace();
    if (!possible) GTEST_SKIP() << "ptrace(2) or seccomp(2) is not permitted here";
  }
};

void expect(const Result<Told>& told, int code) {
  ASSERT_TRUE(told) << told.error().str();
  EXPECT_EQ(told->ended.str(), (ExitStatus{.code = code, .signal = 0}.str()));
}

void answer_42(Call& call) { call.answer(42); }

TEST_F(TracerTest, AnswersInPlaceOfTheKernel) {
  const Lie lie{.name = "", .calls = getppid_call, .at_entry = answer_42};
  const Result<Told> told = tell(lie, [] {
    name_side("nsb-outside");
    return static_cast<int>(raw_getppid());
  });
  expect(told, 42);
  EXPECT_EQ(told->changes, 1U);
}

TEST_F(TracerTest, LeavesTheHarnessAloneUnlessTheLieIsAboutIt) {
  Lie lie{.name = "", .calls = getppid_call, .at_entry = answer_42};
  const auto body = [] { return raw_getppid() == 42 ? 1 : 0; };
  expect(tell(lie, body), 0);
  lie.harness = true;
  expect(tell(lie, body), 1);
}

TEST_F(TracerTest, KnowsWhichSideCalls) {
  const Lie lie{.name = "", .calls = getppid_call, .at_entry = [](Call& call) {
                  call.answer(static_cast<long>(call.side()));
                }};
  expect(tell(lie,
              [] {
                name_side("nsb-outside");
                int wrong = raw_getppid() == static_cast<long>(Side::Outside) ? 0 : 1;
                const auto in_fork = [](const char* name, Side side) {
                  const Result<Child> child = Child::fork([&] {
                    if (name != nullptr) name_side(name);
                    return raw_getppid() == static_cast<long>(side) ? 0 : 1;
                  });
                  return const_cast<Child&>(*child).wait()->code;
                };
                wrong += in_fork(nullptr, Side::Outside);
                wrong += in_fork("nsb-inside", Side::Inside);
                wrong += in_fork("nsb-sibling", Side::Sibling);
                std::thread([&wrong] {
                  wrong += raw_getppid() == static_cast<long>(Side::Outside) ? 0 : 1;
                }).join();
                return wrong;
              }),
         0);
}

TEST_F(TracerTest, RemembersForEachArenaApart) {
  const Lie lie{.name = "", .calls = getppid_call, .at_entry = [](Call& call) {
                  std::string& count = call.memory()["count"];
                  count += "x";
                  call.answer(static_cast<long>(count.size()));
                }};
  expect(tell(lie,
              [] {
                Result<Child> first = Child::fork([] {
                  name_side("nsb-outside");
                  raw_getppid();
                  return raw_getppid() == 2 ? 0 : 1;
                });
                Result<Child> second = Child::fork([] {
                  name_side("nsb-outside");
                  return raw_getppid() == 1 ? 0 : 1;
                });
                return first->wait()->code + second->wait()->code;
              }),
         0);
}

TEST_F(TracerTest, AProcessFindsItsArgumentsAsTheyWere) {
  const Lie lie{.name = "", .calls = write_call, .at_entry = [](Call& call) {
                  call.write(call.arg(1), "lie");
                }};
  expect(tell(lie,
              [] {
                std::array<int, 2> pipe{};
                if (::pipe(pipe.data()) != 0) return 10;
                name_side("nsb-outside");
                std::array<char, 3> text{'o', 'w', 'n'};
                if (::syscall(SYS_write, pipe[1], text.data(), text.size()) != 3) return 11;
                std::array<char, 3> arrived{};
                if (::read(pipe[0], arrived.data(), arrived.size()) != 3) return 12;
                if (std::string(arrived.data(), 3) != "lie") return 13;
                return std::string(text.data(), 3) == "own" ? 0 : 14;
              }),
         0);
}

#if defined(__x86_64__)
TEST_F(TracerTest, AProcessFindsItsRegistersAsTheyWere) {
  const Lie lie{
      .name = "", .calls = dup_call, .at_entry = [](Call& call) { call.set_arg(0, 4000); }};
  expect(tell(lie,
              [] {
                name_side("nsb-outside");
                long first = 0;
                long result = SYS_dup;
                asm volatile("syscall" : "+a"(result), "+D"(first) : : "rcx", "r11", "memory");
                if (result != -EBADF) return 1;
                return first == 0 ? 0 : 2;
              }),
         0);
}
#endif

TEST_F(TracerTest, ChangesWhatTheKernelWrote) {
  const Lie lie{.name = "", .calls = uname_call, .at_exit = [](Call& call) {
                  if (call.result() != 0) return;
                  call.write(call.arg(0) + offsetof(utsname, nodename),
                             std::string_view("liar\0", 5));
                  call.set_result(7);
                }};
  expect(tell(lie,
              [] {
                name_side("nsb-outside");
                utsname names{};
                if (::syscall(SYS_uname, &names) != 7) return 1;
                return std::string(names.nodename) == "liar" ? 0 : 2;
              }),
         0);
}

TEST_F(TracerTest, WritesIntoPagesThatAreReadOnly) {
  static const char path[] = "/proc/self/stat";
  const Lie lie{.name = "", .calls = openat_call, .at_entry = [](Call& call) {
                  if (call.text(call.arg(1)) == path) call.write(call.arg(1), "/no");
                }};
  expect(tell(lie,
              [] {
                name_side("nsb-outside");
                if (::open(path, O_RDONLY) >= 0 || errno != ENOENT) return 1;
                return std::string(path) == "/proc/self/stat" ? 0 : 2;
              }),
         0);
}

TEST_F(TracerTest, NamesAnOpenFile) {
  const Lie lie{.name = "", .calls = dup_call, .at_entry = [](Call& call) {
                  if (call.file_of(call.arg(0)) == "/dev/null") call.answer(42);
                }};
  expect(tell(lie,
              [] {
                name_side("nsb-outside");
                return ::dup(::open("/dev/null", O_RDONLY)) == 42 ? 0 : 1;
              }),
         0);
}

volatile std::sig_atomic_t caught = 0;

TEST_F(TracerTest, SignalsStopsAndProgramsGoOnAsEver) {
  const Lie lie{.name = "", .calls = getppid_call, .at_entry = answer_42};
  expect(
      tell(lie,
           [] {
             name_side("nsb-outside");
             ::signal(SIGUSR1, [](int) { caught = 1; });
             ::raise(SIGUSR1);
             if (caught != 1) return 1;
             Result<Child> child = Child::fork([] {
               ::raise(SIGSTOP);
               return 3;
             });
             int status = 0;
             if (::waitpid(child->pid(), &status, WUNTRACED) != child->pid()) return 2;
             if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) return 3;
             ::kill(child->pid(), SIGCONT);
             if (child->wait()->code != 3) return 4;
             pid_t program = 0;
             std::array<char*, 2> words{const_cast<char*>("true"), nullptr};
             if (::posix_spawnp(&program, "true", nullptr, nullptr, words.data(), nullptr) != 0) {
               return 5;
             }
             if (::waitpid(program, &status, 0) != program || status != 0) return 6;
             return raw_getppid() == 42 ? 0 : 7;
           }),
      0);
}

TEST_F(TracerTest, EndsWhatIsLeftOfTheSubject) {
  const Lie lie{.name = "", .calls = getppid_call, .at_entry = answer_42};
  expect(tell(lie,
              [] {
                name_side("nsb-outside");
                Result<Child> child = Child::fork([] {
                  ::pause();
                  return 0;
                });
                child->disown();
                return 0;
              }),
         0);
}

}  // namespace
}  // namespace nsbench::selftest
