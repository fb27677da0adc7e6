#include "probes/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <utility>

#include "probes/refusal.h"
#include "probes/stage.h"

namespace nsbench {

namespace {

// What the arena has of its own besides the kinds under test.
NamespaceSet arena_kinds(const Probe& probe, const Support& support) {
  const bool known = support.proc && probe.arena_if_present;
  return known ? probe.arena & support.present : probe.arena;
}

ArenaSpec arena_of(const CheckCase& what, const Support& support) {
  const NamespaceSet touched = what.probe->namespaces;
  const NamespaceSet own = arena_kinds(*what.probe, support);
  return {.kinds = (touched | own) - NamespaceSet{Kind::User},
          .privilege = what.privilege,
          .user_inside = touched.has(Kind::User) && !own.has(Kind::User),
          .own_cgroup = what.probe->own_cgroup,
          .capabilities = what.probe->family == "user" ? harness_capabilities : arena_capabilities};
}

// Why there is no cgroup for the arena: nothing is mounted, or what is may not be changed.
std::optional<Skip> no_cgroup(const Error& refusal) {
  const bool of_cgroup = refusal.step.starts_with("mkdir(") ||
                         refusal.step.find("/cgroup.procs)") != std::string::npos;
  if (refusal.err == ENOENT && refusal.step == "no cgroup file system is mounted") {
    return Skip{SkipReason::NoFeature, refusal.step};
  }
  if (!of_cgroup) return std::nullopt;
  switch (refusal.err) {
    case EACCES:
    case EPERM:
    case EROFS:
      return Skip{SkipReason::NoPrivilege, refusal.str() + " (cgroups here are not the caller's)"};
    case EAGAIN:  // cgroup.max.descendants, cgroup.max.depth
      return Skip{SkipReason::Limit, refusal.str()};
    default:
      return std::nullopt;
  }
}

// What was seen is the kernel's to say. A judge should take anything; one that does not costs its
// case alone, not the run.
void judge_seen(const CheckCase& what, const Transcript& seen, CaseResult& result) {
  try {
    const Judgement judgement = what.probe->judge(seen);
    const Judged judged =
        what.control ? judge_control(judgement) : judge_case(judgement, what.probe->control);
    result.verdict = judged.verdict;
    result.expected = judged.expected;
    result.observed = judged.observed;
    result.err = judged.err;
    result.statements = judgement.statements();
  } catch (const std::exception& thrown) {
    result.verdict = VerdictKind::Broken;
    result.observed = fmt::format("what was seen can't be judged: {}", thrown.what());
  }
}

}  // namespace

CaseId CheckCase::id() const {
  CaseId id;
  id.family = probe->family;
  id.name = probe->name;
  id.method = way.method;
  id.variant = way.variant;
  id.privilege = privilege;
  id.control = control;
  return id;
}

Recipe CheckCase::recipe() const {
  return {.namespaces = control ? NamespaceSet{} : probe->namespaces,
          .method = way.method,
          .variant = std::string(way.variant),
          .privilege = privilege};
}

CheckRun CheckRun::start(const CheckCase& what, const Support& support, const CheckTimes& times) {
  CheckRun run(what, support, times);
  CaseResult early;
  early.id = what.id();
  early.namespaces = what.recipe().namespaces.names();
  const ArenaSpec arena_spec = arena_of(what, support);
  if (const auto skip =
          support.missing(what.probe->namespaces | arena_spec.kinds, what.privilege)) {
    early.verdict = VerdictKind::Skip;
    early.skip = skip->reason;
    early.observed = skip->text;
    run.ended_ = std::move(early);
    return run;
  }
  Result<Arena> arena = Arena::start(arena_spec, [&](StagePort& port) {
    play(*what.probe, what.recipe(), support, Deadline::in(times.stage),
         [&port](const Played& played) {
           if (Status s = port.send(played.encode()); !s) port.fail(s.error());
           static_cast<void>(port.receive());  // until the harness ends the arena, or is gone
         });
  });
  if (arena) {
    run.arena_ = std::move(*arena);
  } else {
    run.judge_refusal(arena.error(), early);
    run.ended_ = std::move(early);
  }
  return run;
}

// A refusal without evidence that the environment is behind it is the kernel's: Fail. Trouble with
// anything but the calls under test is ours: Broken. A control never says Fail.
void CheckRun::judge_refusal(const Error& refusal, CaseResult& result) const {
  const bool userns =
      what_.privilege == Privilege::Userns || what_.probe->namespaces.has(Kind::User);
  result.err = refusal.err;
  result.expected = what_.recipe().str() + " is possible";
  result.observed = refusal.str();
  if (const auto skip = what_.probe->own_cgroup ? no_cgroup(refusal) : std::nullopt) {
    result.verdict = VerdictKind::Skip;
    result.skip = skip->reason;
    result.observed = skip->text;
  } else if (const auto skip = support_->explain(refusal, userns)) {
    result.verdict = VerdictKind::Skip;
    result.skip = skip->reason;
    result.observed = skip->text;
  } else if (is_namespace_call(refusal) && !what_.control) {
    result.verdict = VerdictKind::Fail;
  }
}

void CheckRun::judge(const Result<std::string>& message, CaseResult& result) {
  if (!message) return judge_refusal(message.error(), result);
  Result<Played> played = Played::decode(*message);
  if (!played) {
    result.observed = played.error().str();
    return;
  }
  transcript_ = std::move(played->transcript);
  if (played->refused) return judge_refusal(*played->refused, result);
  if (played->skip) {
    result.verdict = VerdictKind::Skip;
    result.skip = played->skip->reason;
    result.observed = played->skip->text;
  } else if (!played->broken.empty()) {
    result.observed = played->broken;
  } else {
    judge_seen(what_, transcript_, result);
  }
}

// What the door meets is explained by judge_refusal(). Acts make user namespaces too; where there
// can be none at all, ENOSPC among what they saw is the limit's answer (user_namespaces(7)).
void CheckRun::excuse_userns_off(CaseResult& result) const {
  if (result.verdict != VerdictKind::Fail && result.verdict != VerdictKind::Broken) return;
  if (support_->userns_switch.find("max_user_namespaces") == std::string::npos) return;
  const auto is_refusal = [](const Fact& fact) {
    return fact.kind == Fact::Kind::Errno && fact.number == ENOSPC;
  };
  const auto met_limit = [&is_refusal](const Entry& entry) {
    return std::any_of(entry.seen.facts().begin(), entry.seen.facts().end(), is_refusal);
  };
  const std::vector<Entry>& seen = transcript_.entries();
  if (std::none_of(seen.begin(), seen.end(), met_limit) &&
      result.observed.find(errno_name(ENOSPC)) == std::string::npos) {
    return;
  }
  result.verdict = VerdictKind::Skip;
  result.skip = SkipReason::UserNamespacesOff;
  result.observed = support_->userns_switch;
  result.statements.clear();
}

void CheckRun::excuse_refusal(CaseResult& result) const {
  const std::optional<Skip> refused = refused_here(result, transcript_, *support_);
  if (!refused) return;
  result.verdict = VerdictKind::Skip;
  result.skip = refused->reason;
  result.observed = refused->text;
  result.statements.clear();
}

// A rule is tried on every kernel, since fixes are backported; where it does not hold on one older
// than the rule, that is no failure.
void CheckRun::excuse_old_kernel(CaseResult& result) const {
  if (result.verdict != VerdictKind::Fail && result.verdict != VerdictKind::Broken) return;
  const KernelRelease since = KernelRelease::parse(what_.probe->first_kernel);
  if (support_->release >= since) return;
  result.verdict = VerdictKind::Skip;
  result.skip = SkipReason::KernelTooOld;
  result.observed = fmt::format("the rule is from Linux {}; here: {}", what_.probe->first_kernel,
                                result.observed);
  result.statements.clear();
}

void CheckRun::give_up(std::string reason) {
  given_up_ = std::move(reason);
  if (arena_) arena_->begin_end();
}

CaseResult CheckRun::finish() {
  if (ended_) return std::move(*ended_);
  CaseResult result;
  result.id = what_.id();
  result.namespaces = what_.recipe().namespaces.names();
  result.expected = what_.probe->sentence;
  if (!given_up_.empty()) {
    result.observed = given_up_;
    result.seconds = std::chrono::duration<double>(Deadline::Clock::now() - started_).count();
    return result;
  }
  Result<std::string> message = arena_->receive(deadline_);
  if (!message && message.error().err == ETIMEDOUT) {
    const std::chrono::duration<double> waited = times_.whole;
    message = Error{fmt::format("no result within {} s", waited.count())};
  }
  if (!message) arena_->begin_end();  // whatever it is up to
  judge(message, result);
  excuse_userns_off(result);
  excuse_refusal(result);
  excuse_old_kernel(result);
  result.seconds = std::chrono::duration<double>(Deadline::Clock::now() - started_).count();
  return result;
}

CaseResult check(const CheckCase& what, const Support& support, const CheckTimes& times) {
  return CheckRun::start(what, support, times).finish();
}

}  // namespace nsbench
