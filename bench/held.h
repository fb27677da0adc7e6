// Namespaces that are made by processes of their own, and kept.
#pragma once

#include <chrono>
#include <functional>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench::bench {

// How long making them may take: 4,000 network namespaces take some seconds.
inline constexpr std::chrono::seconds patience_to_arrange{25};

// "ok", or a Status' error, from a process to the one that waits for it to be ready.
Status send_status(Channel& channel, const Status& status);
Status receive_status(Channel& channel, Deadline deadline);

// A forked process in which `prepare` has succeeded, and which sleeps until it is killed.
Result<Child> sleeper_after(const std::function<Status()>& prepare,
                            Deadline deadline = Deadline::in(patience_to_arrange));

// A descriptor of the namespace of this kind in which a forked process is after `prepare`. The
// process is gone when this returns.
Result<Fd> descriptor_made_by_child(Kind kind, const std::function<Status()>& prepare,
                                    Deadline deadline = Deadline::in(patience_to_arrange));

// As many descriptors as the hard limit lets this process have.
void allow_many_descriptors();
// The file in /proc/PID/ns of what unshare just made: a new time namespace is the children's only.
const char* made_by_unshare(Kind kind);
// What a child does that only keeps a namespace alive; it needs no heap, and ends with its parent.
[[noreturn]] void sleep_until_killed();
// waitpid, however often signals interrupt it: the wait status, or -1 and errno.
int reap(pid_t pid);

// The same for a child that ends by itself: an error if it did not exit with 0, as one that was
// killed by a signal on its way did not. Its text needs no {fmt}.
Status ended_well(pid_t pid);

}  // namespace nsbench::bench
