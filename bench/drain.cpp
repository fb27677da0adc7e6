#include "bench/drain.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>

#include "bench/held.h"
#include "bench/limited.h"
#include "probes/sandbox/calls.h"

namespace nsbench::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr microseconds between_trials{300};
constexpr milliseconds patience{2000};
constexpr milliseconds patience_at_first{500};
constexpr milliseconds blind_wait{50};

[[noreturn]] void hold() {
  for (;;) ::pause();
}

// Makes `set` in the limited user namespace as soon as the limits allow.
Status enter_when_allowed(int user_namespace, NamespaceSet set) {
  if (calls::setns(user_namespace, row(Kind::User).flag) != 0) {
    return Error::last("setns(fd, CLONE_NEWUSER)");
  }
  stay_tied_to_parent();
  while (calls::unshare(set.flags()) != 0) {
    if (errno != ENOSPC) return Error::last(fmt::format("unshare({})", set.flag_names()));
    std::this_thread::sleep_for(between_trials);
  }
  return {};
}

// Holds the canary until told to let go.
int hold_canary(int user_namespace, NamespaceSet set, Channel& channel) {
  Status entered = enter_when_allowed(user_namespace, set);
  Child inside;
  if (entered && set.has(Kind::Pid)) {
    // A pid namespace that had a process takes more RCU grace periods to go than one that had none
    // (its struct pid holds it), so the canary needs one as well.
    Result<Child> child = Child::fork([]() -> int { hold(); });
    if (child) inside = std::move(*child);
    if (!child) entered = child.error();
  }
  if (!send_status(channel, entered) || !entered) return 1;
  static_cast<void>(channel.receive().ok());
  return 0;
}

}  // namespace

Result<Canary> Canary::make(NamespaceSet set) {
  Canary canary;
  canary.set_ = set;
  Result<Fd> user_namespace = descriptor_made_by_child(
      Kind::User, [set] { return enter_limited_user_namespace(set, 1); },
      Deadline::in(patience_at_first));
  if (!user_namespace) return user_namespace.error();
  canary.user_namespace_ = std::move(*user_namespace);
  const Status held = canary.hold_again(Deadline::in(patience_at_first));
  if (held) return canary;
  if (held.error().err != ETIMEDOUT) return held.error();
  // It still tries: another limit than its own is in the way.
  return Error{fmt::format("unshare({})", set.flag_names()), ENOSPC};
}

bool Canary::wait_until_gone(milliseconds patience) {
  const Deadline deadline = Deadline::in(patience);
  // Asked, and not killed: the process inside has to be reaped by the one outside. By a message and
  // not by an end of file: every process forked since has a copy of this end.
  if (!channel_.send("drop") || !holder_.wait(deadline)) holder_.kill();
  return hold_again(deadline).ok();
}

Status Canary::hold_again(Deadline deadline) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> child = Child::fork([&] {
    ends->first.close();
    return hold_canary(user_namespace_.get(), set_, ends->second);
  });
  if (!child) return child.error();
  holder_ = std::move(*child);
  channel_ = std::move(ends->first);
  ends->second.close();
  return receive_status(channel_, deadline);
}

Drain::Answer Drain::wait(NamespaceSet set) {
  if (!tears_down_later(set)) return Answer::Gone;
  Canary* const canary = canary_of(set);
  if (canary == nullptr) {
    std::this_thread::sleep_for(blind_wait);
    return Answer::Unknown;
  }
  return canary->wait_until_gone(patience) ? Answer::Gone : Answer::Backlog;
}

void Drain::prepare(NamespaceSet set) {
  if (tears_down_later(set)) canary_of(set);
}

Canary* Drain::canary_of(NamespaceSet set) {
  const std::string name = set.str();
  auto found = canaries_.find(name);
  if (found == canaries_.end()) {
    found = canaries_.emplace(name, Canary::make(set)).first;
    if (!found->second && obstacle_.step.empty()) obstacle_ = found->second.error();
  }
  return found->second ? &*found->second : nullptr;
}

bool tears_down_later(NamespaceSet set) { return !set.empty(); }

}  // namespace nsbench::bench
