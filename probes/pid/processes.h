// Processes that the probes of the pid namespace make, aim at and listen with.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <string>

#include "probes/probe.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/recipe.h"
#include "reports/observation.h"

namespace nsbench::probes {

// What the probes send where anybody might hear it: ignored by default (signal(7)), and no daemon
// takes it for an order. Blocked, it stays pending, in a namespace's init too.
inline constexpr int harmless = SIGURG;

// Whether this process is in a pid namespace that is not the initial one. Asked before anything
// that could do harm there.
bool contained();
// The same, and the stage that calls it is PID 1: whatever it forks can reach its arena at most.
bool arena_contains_us();

// Makes the first process of the recipe's namespaces by its call (clone, clone3 or unshare), as a
// direct child of the caller; with an empty set (a control) an ordinary child. By unshare the
// caller must be a process to throw away, since its later children go inside too.
Result<Child> make_first(const Recipe& recipe, const Child::Body& body);
// The same, with the outcome as the fact "make the first process".
Result<Child> make_first(Observation& seen, const Recipe& recipe, const Child::Body& body);

// Waits until the child ends or stops and tells how: "exited with 7", "killed by SIGKILL", "stopped
// by SIGSTOP"; "still running" after two seconds. Leaves it to be reaped. SIGCHLD is blocked after.
std::string end_of(const Child& child);

// Unblocks a signal and sets what it does by default.
void let_through(int signal);
// Blocks a signal, so that take() can tell whether and from whom it came.
void hold_back(int signal);
// Takes a pending signal: the facts "PREFIX arrived" (0 or 1), "PREFIX si_pid" (-1 if none came).
void take(Observation& seen, const std::string& prefix, int signal);

// Starts a listener: a process in a process group of its own that lets `harmless` pend and answers
// hears(). The facts "listener" (its pid) and "listener's socket" are kept for later acts of this
// side; it lives as long as the side. False if it could not be made.
bool start_listener(Scene& scene);
// How many of the signals have reached it since it was last asked: 0 or 1.
int hears(int socket);

// Adds: a number told outside is `known`, what the outside knows the process by, and not `own`,
// what that calls itself.
void isolated_number(Judgement& j, std::string text, std::int64_t known, std::int64_t told,
                     std::int64_t own);

// Forks children that end at once, so that the numbers up to `last` are used up here.
bool use_up_pids(pid_t last);

// Mounts a proc of the caller's own pid namespace at a fresh directory of the scratch tmpfs, whose
// path is returned; the fact is "mount(proc)". Skips where /proc is masked here; "" then.
std::string mount_own_proc(Scene& scene);

// The comm-like last part of "/proc/PID/ns/pid": "pid:[4026532201]", or the errno's name.
std::string pid_namespace_of(const std::string& proc_dir, const char* file = "pid");

}  // namespace nsbench::probes
