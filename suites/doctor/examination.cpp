#include "suites/doctor/examination.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/sandbox/channel.h"
#include "probes/sandbox/child.h"
#include "probes/sandbox/enter.h"
#include "probes/sandbox/files.h"
#include "probes/sandbox/id_map.h"
#include "probes/sandbox/proc_text.h"
#include "reports/number.h"
#include "suites/doctor/desk.h"
#include "suites/environment.h"
#include "suites/plan.h"
#include "suites/runner.h"

namespace nsbench::doctor {

namespace {

constexpr std::chrono::seconds patience{10};

std::string file_or_empty(const std::string& path) {
  Result<std::string> text = read_small_file(path);
  return text ? trimmed(std::move(*text)) : "";
}

// How an act that may change this process was refused, in a child; nothing if it was not.
std::optional<Error> refusal_of(const std::function<Status()>& act) {
  Result<std::pair<Channel, Channel>> ends = Channel::pair();
  if (!ends) return ends.error();
  Result<Child> child = Child::fork([&act, &ends] {
    const Status done = act();
    const Error error = done ? Error{} : done.error();
    return ends->second.send(fmt::format("{} {}", error.err, error.step)) ? 0 : 1;
  });
  if (!child) return child.error();
  ends->second.close();
  const Result<std::string> answer = ends->first.receive(Deadline::in(patience));
  child->kill();
  if (!answer) return Error{"a call on the way ended its process", 0};
  const std::size_t space = std::min(answer->find(' '), answer->size());
  Error error{answer->substr(std::min(space + 1, answer->size())),
              parse_first_number<int>(*answer).value_or(0)};
  if (error.step.empty()) return std::nullopt;
  return error;
}

// Enters, and does something privileged there: where an LSM restricts user namespaces, making one
// succeeds and only that is refused.
Status enter_and_rename(const Recipe& recipe) {
  const Deadline deadline = Deadline::in(patience);
  Result<Member> member = enter(
      recipe,
      [] {
        constexpr std::string_view name = "nsbench-doctor";
        return ::sethostname(name.data(), name.size()) == 0 ? 0 : errno;
      },
      deadline);
  if (!member) return member.error();
  const Result<ExitStatus> ended = member->wait(deadline);
  if (!ended) return ended.error();
  if (ended->code != 0) return Error{"sethostname() inside", ended->code};
  return {};
}

Status enter_only(const Recipe& recipe) {
  const Deadline deadline = Deadline::in(patience);
  Result<Member> member = enter(
      recipe, [] { return 0; }, deadline);
  if (!member) return member.error();
  static_cast<void>(member->wait(deadline));
  return {};
}

std::optional<Error> try_unprivileged_userns() {
  return refusal_of([]() -> Status {
    if (::geteuid() == 0) {
      if (Status s = drop_privilege(); !s) return s;
    }
    return enter_and_rename({.namespaces = {Kind::User, Kind::Uts},
                             .method = Method::Unshare,
                             .variant = "",
                             .privilege = Privilege::Userns});
  });
}

// With the strongest right there is: root's own, else that of a user namespace.
NamespaceSet with_rights(const Support& support, NamespaceSet set) {
  return support.sys_admin ? set : set | NamespaceSet{Kind::User};
}

std::vector<Refused> try_kinds(const Support& support) {
  std::vector<Refused> refused;
  for (const Kind kind : support.present.kinds()) {
    if (kind == Kind::User) continue;  // tried unprivileged
    const Recipe recipe{.namespaces = with_rights(support, {kind}), .method = Method::Unshare};
    const auto error = refusal_of([&recipe] { return enter_only(recipe); });
    if (error) refused.push_back({std::string(row(kind).name), *error});
  }
  return refused;
}

std::vector<Refused> try_ways(const Support& support) {
  std::vector<Refused> refused;
  for (const Way& way : all_ways) {
    const Recipe recipe{.namespaces = with_rights(support, {Kind::Uts}),
                        .method = way.method,
                        .variant = std::string(way.variant)};
    const auto error = refusal_of([&recipe] { return enter_and_rename(recipe); });
    if (error) refused.push_back({name_of(way), *error});
  }
  return refused;
}

// Mounts on parts of /proc, as container runtimes make them.
std::vector<std::string> masks(const std::vector<MountInfo>& mounts) {
  std::vector<std::string> found;
  for (const MountInfo& mount : mounts) {
    if (!mount.point.starts_with("/proc/") || mount.type == "binfmt_misc") continue;
    if (mount.type == "autofs") continue;
    found.push_back(mount.point);
  }
  return found;
}

// The line of cgroup2 in /proc/self/cgroup: "0::/user.slice".
std::string own_cgroup() {
  for (const CgroupLine& line : parse_cgroup(file_or_empty("/proc/self/cgroup"))) {
    if (line.unified()) return line.path;
  }
  return "/";
}

void look_at_cgroups(const std::vector<MountInfo>& mounts, Evidence& seen) {
  const auto cgroup2 = std::find_if(mounts.begin(), mounts.end(),
                                    [](const MountInfo& mount) { return mount.type == "cgroup2"; });
  seen.cgroup2 = cgroup2 != mounts.end();
  if (!seen.cgroup2) return;
  const std::string own = cgroup2->root == "/" ? own_cgroup() : "";
  const std::string path = cgroup2->point + (own == "/" ? "" : own);
  if (::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) != 0) {
    seen.cgroup_trouble = Error::last(fmt::format("write access to {}", path)).str();
  }
}

// The manager of a container tells its init (systemd's container interface); others leave a file.
std::string container() {
  if (::access("/.dockerenv", F_OK) == 0) return "docker";
  if (::access("/run/.containerenv", F_OK) == 0) return "podman";
  if (std::string name = file_or_empty("/run/systemd/container"); !name.empty()) return name;
  const char* const told = std::getenv("container");
  return told == nullptr ? "" : told;
}

// "veth" for kernel/drivers/net/veth.ko.xz; '-' and '_' are the same in a module's name.
std::string module_of(const std::filesystem::path& file) {
  std::string name = file.filename().string();
  const std::size_t end = name.find(".ko");
  if (end == std::string::npos) return "";
  name.resize(end);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::map<std::string, bool> look_for_files_of(const std::set<std::string>& modules,
                                              const std::string& release) {
  std::map<std::string, bool> found;
  if (modules.empty()) return found;
  for (const std::string& module : modules) found[module] = false;
  std::error_code error;
  const std::string top = fmt::format("/lib/modules/{}", release);
  for (std::filesystem::recursive_directory_iterator file(top, error), end; !error && file != end;
       file.increment(error)) {
    const auto module = found.find(module_of(file->path()));
    if (module != found.end()) module->second = true;
  }
  return found;
}

bool is_refused(const std::vector<Refused>& ways, const Way& way) {
  return std::any_of(ways.begin(), ways.end(),
                     [&way](const Refused& refused) { return refused.what == name_of(way); });
}

std::string probe_of(const CheckCase& c) {
  return fmt::format("{}/{}", c.probe->family, c.probe->name);
}

// The cases of one probe with one privilege, by the ways that work here and by those that don't.
struct Cases {
  const CheckCase* sample = nullptr;
  int by_good_ways = 0;
  std::vector<const CheckCase*> by_refused_ways;
};
using Sorted = std::map<std::pair<std::string, Privilege>, Cases>;

Sorted sorted(const std::vector<CheckCase>& all, const std::vector<Refused>& ways) {
  Sorted sorted;
  for (const CheckCase& c : all) {
    if (c.control) continue;
    Cases& cases = sorted[{probe_of(c), c.privilege}];
    if (is_refused(ways, c.way)) {
      cases.by_refused_ways.push_back(&c);
      continue;
    }
    if (cases.sample == nullptr) cases.sample = &c;
    ++cases.by_good_ways;
  }
  for (auto& [probe, cases] : sorted) {
    if (cases.sample != nullptr) continue;  // by the refused way then, since there is no other
    cases.sample = cases.by_refused_ways.front();
    cases.by_good_ways = static_cast<int>(cases.by_refused_ways.size());
    cases.by_refused_ways.clear();
  }
  return sorted;
}

Lost lost_case(const CheckCase& c, SkipReason reason, std::string text, int cases) {
  return {.probe = probe_of(c),
          .privilege = c.privilege,
          .reason = reason,
          .text = std::move(text),
          .cases = cases};
}

void run_samples(const Sorted& cases, Evidence& seen) {
  Plan plan;
  for (const auto& [probe, own] : cases) plan.checks.push_back(*own.sample);
  Report report;
  run_plan(plan, {.jobs = std::max(1, seen.environment.cpus)}, seen.support, report);
  for (const CaseResult& result : report.cases) {
    if (result.verdict != VerdictKind::Skip || !result.skip) continue;
    const auto own =
        cases.find({fmt::format("{}/{}", result.id.family, result.id.name), result.id.privilege});
    if (own == cases.end()) continue;
    seen.lost.push_back(
        lost_case(*own->second.sample, *result.skip, result.observed, own->second.by_good_ways));
  }
}

// What is lost to a way that is refused, where the probe is not lost for another reason anyway.
void add_refused_ways(const Sorted& cases, Evidence& seen) {
  std::map<std::pair<std::string, Privilege>, Lost> whole;
  for (const Lost& one : seen.lost) whole.emplace(std::pair(one.probe, one.privilege), one);
  for (const auto& [probe, own] : cases) {
    for (const CheckCase* c : own.by_refused_ways) {
      if (const auto known = whole.find(probe); known != whole.end()) {
        seen.lost.push_back(lost_case(*c, known->second.reason, known->second.text, 1));
        continue;
      }
      const auto refused = std::find_if(seen.ways.begin(), seen.ways.end(), [c](const Refused& r) {
        return r.what == name_of(c->way);
      });
      const auto skip = seen.support.explain(refused->error, c->privilege == Privilege::Userns);
      if (skip) seen.lost.push_back(lost_case(*c, skip->reason, skip->text, 1));
    }
  }
}

}  // namespace

Evidence examine() {
  Evidence seen;
  seen.support = Support::look();
  seen.environment = look_at_environment(seen.support);
  seen.release = look_at_kernel().release;
  seen.container = container();
  seen.userns = try_unprivileged_userns();
  seen.kinds = try_kinds(seen.support);
  seen.ways = try_ways(seen.support);
  const std::vector<MountInfo> mounts = parse_mountinfo(file_or_empty("/proc/self/mountinfo"));
  seen.masked = masks(mounts);
  look_at_cgroups(mounts, seen);
  const std::vector<CheckCase> all = all_check_cases();
  seen.cases = static_cast<int>(
      std::count_if(all.begin(), all.end(), [](const CheckCase& c) { return !c.control; }));
  const Sorted cases = sorted(all, seen.ways);
  run_samples(cases, seen);
  add_refused_ways(cases, seen);
  std::set<std::string> modules;
  for (const Lost& lost : seen.lost) {
    if (lost.reason == SkipReason::NoModule) modules.insert(module_in(lost.text));
  }
  modules.erase("");
  seen.module_on_disk = look_for_files_of(modules, seen.release);
  return seen;
}

}  // namespace nsbench::doctor
