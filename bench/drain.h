// Waiting until namespaces that were dropped are really gone.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/fd.h"
#include "probes/sandbox/namespace_set.h"
#include "reports/result.h"

namespace nsbench::bench {

// A canary: one more set of the same namespaces, held in a user namespace whose limits
// (/proc/sys/user/max_*_namespaces) allow no second one. After a batch it is dropped, behind all
// that the batch dropped, and made anew as soon as the kernel allows. A namespace is taken off its
// limit's count when its teardown is over, and teardown keeps the order (cleanup_net() and
// free_ipc() work lists off, the others are RCU callbacks of the CPU they were dropped on, so the
// caller should be tied to one): when the canary is back, whatever was dropped before it is gone.
// Touches nothing of the host's.
class Canary {
 public:
  // Of the kinds in `set`, for a process that has CAP_SYS_ADMIN. An Error: user namespaces or their
  // limits are not to be had here.
  static Result<Canary> make(NamespaceSet set);

  // True if all is gone, false if it is not after `patience`. Sleeps between its trials, since a
  // busy CPU would keep the kernel's own workers from the teardown.
  bool wait_until_gone(std::chrono::milliseconds patience);

 private:
  Status hold_again(Deadline deadline);

  NamespaceSet set_;
  Fd user_namespace_;
  Channel channel_;
  Child holder_;
};

// The canaries of all sets that have been asked for.
class Drain {
 public:
  enum class Answer { Gone, Backlog, Unknown };

  // `set`'s namespaces of a finished batch. Unknown: there is no canary to tell; the kernel was
  // given a while.
  Answer wait(NamespaceSet set);
  // Makes the canary of `set` ready, so that the first wait() costs no more than the later ones.
  void prepare(NamespaceSet set);
  // Why there was no canary, the first time.
  [[nodiscard]] const Error& obstacle() const { return obstacle_; }

 private:
  Canary* canary_of(NamespaceSet set);

  std::map<std::string, Result<Canary>> canaries_;
  Error obstacle_;
};

// Sets whose last drop is the whole teardown have nothing to wait for.
bool tears_down_later(NamespaceSet set);

}  // namespace nsbench::bench
