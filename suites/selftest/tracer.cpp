#include "suites/selftest/tracer.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <utility>

#include "probes/sandbox/files.h"
#include "suites/selftest/memory.h"
#include "suites/selftest/stopped_call.h"

namespace nsbench::selftest {

namespace {

constexpr long trace_options = PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                               PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
                               PTRACE_O_EXITKILL;
constexpr int call_stop = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

void* word(long value) { return reinterpret_cast<void*>(value); }

pid_t event_message(pid_t thread) {
  unsigned long message = 0;
  if (::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &message) != 0) return -1;
  return static_cast<pid_t>(message);
}

// ERESTARTSYS and its kin of include/linux/errno.h: the call is made once more, or ends with EINTR.
bool is_interrupted(long result) { return result <= -512 && result >= -516; }

pid_t number_in(std::string_view status, std::string_view field) {
  const std::string text = field_of(status, field);
  pid_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// A SIGSTOP that PID 1 of a pid namespace is sent from inside is dropped by the kernel, but not if
// a tracer is there (kernel/signal.c sig_ignored()). One from outside has no sender that is
// visible.
bool kernel_would_drop(pid_t thread, int signal) {
  siginfo_t info{};
  if (signal != SIGSTOP || ::ptrace(PTRACE_GETSIGINFO, thread, nullptr, &info) != 0) return false;
  const Result<std::string> status = read_small_file(fmt::format("/proc/{}/status", thread));
  if (!status || info.si_pid == 0) return false;
  const std::string numbers = field_of(*status, "NSpid");
  return numbers.substr(0, numbers.find('\n')).ends_with("\t1");
}

// Undoes what a handler changed of the arguments, unless the kernel wrote there meanwhile.
void undo_changes(pid_t thread, const CallUndo& undo, Registers& registers) {
  registers.restore_args(undo.args);
  // Clang 14 can't compile std::views::reverse.
  for (auto one = undo.written.rbegin(); one != undo.written.rend(); ++one) {  // NOLINT
    if (read_memory(thread, one->address, one->after.size()) != one->after) continue;
    write_memory(thread, one->address, one->before);
  }
}

void note_name(TracedThread& state, const std::string& name) {
  for (const Side side : {Side::Outside, Side::Inside, Side::Sibling}) {
    if (name != fmt::format("nsb-{}", id(side))) continue;
    if (side == Side::Outside) state.arena = std::make_shared<TracedArena>();
    state.side = side;
    state.named = true;
  }
}

// Makes waitpid() end with EINTR when the deadline has passed, and every second from then on.
void interrupt_at(Deadline deadline) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigaction(SIGALRM, &action, nullptr);
  const long ms = std::max(deadline.poll_ms(), 1);
  const itimerval timer{.it_interval = {.tv_sec = 1, .tv_usec = 0},
                        .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
  ::setitimer(ITIMER_REAL, &timer, nullptr);
}

}  // namespace

Status Tracer::seize(const Child& subject) {
  if (seccomp_architecture() == 0) return Error{"tracing is not written for this architecture"};
  if (::ptrace(PTRACE_SEIZE, subject.pid(), nullptr, word(trace_options)) != 0) {
    return Error::last("ptrace(PTRACE_SEIZE)");
  }
  threads_.emplace(subject.pid(), TracedThread{});
  return {};
}

Result<ExitStatus> Tracer::run(Child subject, Deadline deadline) {
  const pid_t main = subject.pid();
  Result<ExitStatus> ended = Error{"the traced run took too long", ETIMEDOUT};
  interrupt_at(deadline);
  for (;;) {
    int status = 0;
    const pid_t thread = ::waitpid(-1, &status, __WALL);
    if (thread > 0) {
      handle(thread, status);
      if (thread != main || WIFSTOPPED(status)) continue;
      ended = WIFSIGNALED(status) ? ExitStatus{.code = 0, .signal = WTERMSIG(status)}
                                  : ExitStatus{.code = WEXITSTATUS(status), .signal = 0};
      subject.disown();
      // What is left of its arenas is ending.
      deadline = Deadline::in(std::chrono::seconds(10));
      interrupt_at(deadline);
    } else if (errno == ECHILD) {
      return ended;
    } else if (deadline.passed()) {
      // The rest dies with this process (PTRACE_O_EXITKILL).
      if (!subject.running()) return ended;
      subject.begin_end();
      deadline = Deadline::in(std::chrono::seconds(10));
    }
  }
}

void Tracer::handle(pid_t thread, int status) {
  if (WIFSTOPPED(status)) {
    handle_stop(thread, status >> 16, WSTOPSIG(status));
  } else {
    threads_.erase(thread);
  }
}

void Tracer::handle_stop(pid_t thread, int event, int signal) {
  if (!threads_.contains(thread)) adopt_early(thread);
  switch (event) {
    case PTRACE_EVENT_SECCOMP:
      at_entry(thread);
      return resume(thread);
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
      born(event_message(thread), threads_[thread]);
      return resume(thread);
    case PTRACE_EVENT_EXEC:
      executed(thread, event_message(thread));
      return resume(thread);
    case PTRACE_EVENT_STOP:
      if (signal != SIGTRAP) {  // stopped by a signal: it stays so until SIGCONT
        ::ptrace(PTRACE_LISTEN, thread, nullptr, nullptr);
        return;
      }
      first_stop(thread);
      return resume(thread);
    default:
      break;
  }
  if (signal != call_stop) return resume(thread, kernel_would_drop(thread, signal) ? 0 : signal);
  at_exit(thread);
  resume(thread);
}

// A new thread may stop before its parent's event is seen, or without it if the parent was killed.
void Tracer::adopt_early(pid_t thread) {
  const Result<std::string> status = read_small_file(fmt::format("/proc/{}/status", thread));
  if (!status) return;
  const pid_t group = number_in(*status, "Tgid");
  const auto parent = threads_.find(group != thread ? group : number_in(*status, "PPid"));
  if (parent != threads_.end()) born(thread, TracedThread(parent->second));
}

// Once or twice for each new thread: its stop and its parent's event come in any order.
void Tracer::born(pid_t child, const TracedThread& parent) {
  if (child <= 0) return;
  const TracedThread copy = parent;  // the table may move it
  const auto [found, is_new] = threads_.try_emplace(child);
  TracedThread& state = found->second;
  if (state.named) return;
  state.arena = copy.arena;
  state.side = copy.side;
  if (!is_new) return;
  state.fresh = true;
  if (copy.at_call) state.undo = copy.undo;
}

// It has not run yet, and must not see what was changed for the call that made it.
void Tracer::first_stop(pid_t thread) {
  TracedThread& state = threads_[thread];
  if (!std::exchange(state.fresh, false)) return;
  const CallUndo undo = std::exchange(state.undo, {});
  Registers registers;
  if (undo.written.empty() && !undo.args_changed) return;
  if (!registers.load(thread)) return;
  undo_changes(thread, undo, registers);
  registers.store(thread);
}

// A thread that executes a program takes its process's number (execve(2)).
void Tracer::executed(pid_t thread, pid_t former) {
  if (former <= 0 || former == thread) return;
  TracedThread state = std::exchange(threads_[former], {});
  threads_.erase(former);
  threads_[thread] = std::move(state);
}

void Tracer::at_entry(pid_t thread) {
  TracedThread& state = threads_[thread];
  Registers registers;
  if (!registers.load(thread)) return;
  state.call = registers.number();
  if (state.call == SYS_prctl && registers.arg(0) == PR_SET_NAME) {
    note_name(state, read_text(thread, registers.arg(1)));
  }
  if (concerns(state)) tell_at_entry(thread, state, registers);
}

void Tracer::tell_at_entry(pid_t thread, TracedThread& state, Registers& registers) {
  state.undo = {};
  for (std::size_t i = 0; i < state.undo.args.size(); ++i) {
    state.undo.args.at(i) = registers.arg(i);
  }
  StoppedCall call(StoppedCall::At::Entry, thread, state, registers, memory_of(state));
  if (lie_->at_entry != nullptr) lie_->at_entry(call);
  changes_ += call.changes();
  state.undo.args_changed = call.changes() > state.undo.written.size();
  state.at_call = !call.answered() && (lie_->at_exit != nullptr || call.changes() > 0);
  registers.store(thread);
}

void Tracer::at_exit(pid_t thread) {
  TracedThread& state = threads_[thread];
  if (!std::exchange(state.at_call, false)) return;
  Registers registers;
  if (!registers.load(thread)) return;
  if (lie_->at_exit != nullptr && !is_interrupted(registers.result())) {
    StoppedCall call(StoppedCall::At::Exit, thread, state, registers, memory_of(state));
    lie_->at_exit(call);
    changes_ += call.changes();
  }
  undo_changes(thread, state.undo, registers);
  registers.store(thread);
}

bool Tracer::concerns(const TracedThread& state) const {
  if (lie_ == nullptr || (state.arena == nullptr && !lie_->harness)) return false;
  return std::find(lie_->calls.begin(), lie_->calls.end(), state.call) != lie_->calls.end();
}

std::map<std::string, std::string>& Tracer::memory_of(const TracedThread& state) {
  return state.arena != nullptr ? state.arena->memory : harness_.memory;
}

void Tracer::resume(pid_t thread, int signal) {
  const auto request = threads_[thread].at_call ? PTRACE_SYSCALL : PTRACE_CONT;
  // ESRCH: killed meanwhile. waitpid() will say so.
  ::ptrace(request, thread, nullptr, word(signal));
}

}  // namespace nsbench::selftest
