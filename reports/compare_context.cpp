// Where and how reports were taken: what forbids to compare them, and what a reader has to know.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "reports/compare_parts.h"
#include "reports/printable.h"

namespace nsbench::comparing {
namespace {

// Of all reports of a benchmark, on both sides: the different values of one thing.
template <class Values>
std::set<std::string> different(const Joined& joined, Values value) {
  std::set<std::string> found;
  for (const auto* side : {&joined.base, &joined.now}) {
    for (const Timed& timed : *side) found.insert(value(timed));
  }
  return found;
}

std::string listed(const std::set<std::string>& values) {
  std::string text;
  for (const std::string& value : values) {
    text += fmt::format("{}'{}'", text.empty() ? "" : " and ", printable(value, 80));
  }
  return text;
}

struct Hindrance {
  const char* code;
  const char* what;
  std::string (*value)(const Timed&);
  bool can_be_forced = true;
};
const Hindrance clock_differs{"other-clock", "clock",
                              [](const Timed& t) { return t.report->kernel.clock; }, false};
const Hindrance engine_differs{"other-machine", "engine",
                               [](const Timed& t) { return t.report->kernel.engine; }};
const Hindrance processor_differs{"other-machine", "processor",
                                  [](const Timed& t) { return t.report->environment.cpu_model; }};
const Hindrance machine_differs{"other-machine", "machine id",
                                [](const Timed& t) { return t.report->kernel.machine_id; }};
const Hindrance workload_differs{"other-workload", "workload version", [](const Timed& t) {
                                   return std::to_string(t.report->run.workload_version);
                                 }};
// Guests of one host have each an id of their own, and instructions are the same on every machine
// with the same (emulated) processor.
std::vector<Hindrance> hindrances(Procedure procedure) {
  std::vector<Hindrance> all{clock_differs, engine_differs, processor_differs};
  if (procedure == Procedure::Runs) all.push_back(machine_differs);
  all.push_back(workload_differs);
  return all;
}

// A quartile of single calls is not one of means over many.
bool is_timed_alike(const Joined& joined) {
  std::uint64_t fewest = UINT64_MAX;
  std::uint64_t most = 0;
  for (const auto* side : {&joined.base, &joined.now}) {
    for (const Timed& timed : *side) {
      fewest = std::min(fewest, timed.series->calls_per_timing);
      most = std::max(most, timed.series->calls_per_timing);
    }
  }
  return most <= 2 * fewest;
}

std::size_t boots_of(const Reports& reports) {
  std::set<std::string> boots;
  for (const Report* report : reports) boots.insert(report->kernel.boot_id);
  return boots.size();
}

// Warnings with one code are one, with how many reports of each side it came from.
class Gathered {
 public:
  void add(const Warning& warning, std::size_t side) {
    Entry& entry = find(warning);
    ++entry.reports[side];
  }
  [[nodiscard]] std::vector<Warning> str(const Input& input) const {
    std::vector<Warning> all;
    for (const Entry& entry : entries_) {
      std::string where;
      const auto count = [&](const char* side, std::size_t some, std::size_t of) {
        if (some == 0) return;
        where += fmt::format("{}{}{}", where.empty() ? "" : ", ", side,
                             of == 1 ? "" : fmt::format(" ({} of {} reports)", some, of));
      };
      count("base", entry.reports[0], input.base.size());
      count("new", entry.reports[1], input.now.size());
      count("null", entry.reports[2], input.null.size());
      all.push_back({entry.first.code, fmt::format("{}: {}", where, entry.first.text)});
    }
    return all;
  }

 private:
  struct Entry {
    Warning first;
    std::size_t reports[3] = {};
  };
  Entry& find(const Warning& warning) {
    for (Entry& entry : entries_) {
      if (entry.first.code == warning.code) return entry;
    }
    return entries_.emplace_back(Entry{warning});
  }
  std::vector<Entry> entries_;
};

void add_own(const Report& report, std::size_t side, Gathered& gathered) {
  std::set<std::string> codes;  // a report that says it twice is still one report
  for (const Warning& warning : report.warnings) {
    if (codes.insert(warning.code).second) gathered.add(warning, side);
  }
  if (report.run.build_type == "debug" && !report.series.empty()) {
    gathered.add({"debug-build", "timed by a debug build of nsbench"}, side);
  }
  if (report.run.interrupted) gathered.add({"interrupted", "the run was interrupted"}, side);
}

bool has_times(const Input& input) {
  const auto timed = [](const Report* report) { return !report->series.empty(); };
  return std::any_of(input.base.begin(), input.base.end(), timed) &&
         std::any_of(input.now.begin(), input.now.end(), timed);
}

// What is about time is said only where there are enough runs for a decision.
void warn_about_runs(const Input& input, std::vector<Warning>& warnings) {
  if (std::min(input.base.size(), input.now.size()) < runs_needed || !has_times(input)) return;
  if (boots_of(input.base) == 1 || boots_of(input.now) == 1) {
    warnings.push_back({"one-boot",
                        "all runs of a side come from one boot: what one boot of a kernel differs "
                        "from the next is not in the error, and may pass for a change"});
  }
  const auto started = [](const Report* a, const Report* b) {
    return a->run.started < b->run.started;
  };
  const auto [first_base, last_base] =
      std::minmax_element(input.base.begin(), input.base.end(), started);
  const auto [first_now, last_now] =
      std::minmax_element(input.now.begin(), input.now.end(), started);
  if (started(*last_base, *first_now) || started(*last_now, *first_base)) {
    warnings.push_back({"not-interleaved",
                        "all runs of one side were taken before all of the other: what else "
                        "changed between them on the machine may pass for a change; take them in "
                        "turn"});
  }
}

void warn_about_sessions(const Input& input, std::vector<Warning>& warnings) {
  const std::vector<Session> sessions = sessions_of(input);
  const std::size_t left_out = input.base.size() + input.now.size() - 2 * sessions.size();
  if (left_out > 0) {
    warnings.push_back(
        {"left-out", fmt::format("{} of {} reports have no partner in lock step on the other "
                                 "side: their times are left out",
                                 left_out, input.base.size() + input.now.size())});
  }
  std::set<std::pair<const Report*, std::int64_t>> starts;
  for (const Session& session : sessions) {
    for (const Series& series : session.base->series) {
      for (const Batch& batch : series.batches) starts.insert({session.base, batch.start});
    }
  }
  if (starts.size() < 3) {
    warnings.push_back(
        {"few-starts", fmt::format("{} of the workers: what one start differs from the next is "
                                   "not known, and may pass for a change; three are needed",
                                   starts.size() == 1 ? "one start" : "two starts")});
  }
}

// What forbids to compare times is said for the whole, too; or that it was done by force.
void warn_about_hindrances(const Input& input, Procedure procedure,
                           std::vector<Warning>& warnings) {
  if (!has_times(input)) return;
  for (const Hindrance& hindrance : hindrances(procedure)) {
    std::set<std::string> values;
    for (const Reports* side : {&input.base, &input.now}) {
      for (const Report* report : *side) values.insert(hindrance.value({report, nullptr, 0}));
    }
    if (values.size() < 2) continue;
    const bool forced = input.options.force && hindrance.can_be_forced;
    warnings.push_back(
        {forced ? "forced" : hindrance.code,
         forced
             ? fmt::format("times are compared by force though the {} is not the same ({}): what "
                           "differs may not be the kernel",
                           hindrance.what, listed(values))
             : fmt::format("the {} is not the same ({}): times are not compared{}", hindrance.what,
                           listed(values), hindrance.can_be_forced ? "; --force does it" : "")});
  }
}

// Besides the kernel, which is what is compared.
void warn_about_environment(const Input& input, std::vector<Warning>& warnings) {
  struct Trait {
    const char* name;
    std::string (*of)(const Report&);
  };
  constexpr Trait traits[] = {
      {"nsbench's version", [](const Report& r) { return r.run.version; }},
      {"CPUs", [](const Report& r) { return std::to_string(r.environment.cpus); }},
      {"virtualisation", [](const Report& r) { return r.environment.virtualisation; }},
      {"seccomp", [](const Report& r) { return r.environment.seccomp; }},
      {"LSMs", [](const Report& r) { return r.environment.lsm; }},
      {"user id", [](const Report& r) { return std::to_string(r.environment.uid); }}};
  std::string text;
  for (const Trait& trait : traits) {
    std::set<std::string> values;
    for (const Reports* side : {&input.base, &input.now}) {
      for (const Report* report : *side) values.insert(trait.of(*report));
    }
    if (values.size() > 1) {
      text += fmt::format("{}{} {}", text.empty() ? "" : "; ", trait.name, listed(values));
    }
  }
  if (!text.empty()) warnings.push_back({"environment-differs", text});
}

}  // namespace

bool is_hindered(const Joined& joined, Procedure procedure, const CompareOptions& options,
                 SeriesComparison& row) {
  for (const Hindrance& hindrance : hindrances(procedure)) {
    const std::set<std::string> values = different(joined, hindrance.value);
    if (values.size() < 2 || (options.force && hindrance.can_be_forced)) continue;
    cannot_tell(row, hindrance.code, fmt::format("{} {}", hindrance.what, listed(values)));
    return true;
  }
  const std::set<std::string> units =
      different(joined, [](const Timed& timed) { return timed.series->unit; });
  if (units.size() > 1) {
    cannot_tell(row, "other-workload", fmt::format("unit {}", listed(units)));
    return true;
  }
  if (!options.force && !is_timed_alike(joined)) {
    cannot_tell(row, "other-workload", "one side timed single calls and the other many at once");
    return true;
  }
  return false;
}

bool by_emulators_clock(const Report& report) {
  return report.kernel.engine == "qemu-tcg" && report.kernel.clock == "wall";
}

bool is_layout_biased(const Joined& joined) {
  const auto build = [](const Timed& t) {
    return t.report->kernel.release + ' ' + t.report->kernel.version;
  };
  return by_emulators_clock(*joined.base.front().report) && different(joined, build).size() > 1;
}

std::vector<Warning> warnings_of(const Input& input, Procedure procedure) {
  std::vector<Warning> warnings;
  warn_about_hindrances(input, procedure, warnings);
  if (procedure == Procedure::Runs) warn_about_runs(input, warnings);
  if (procedure == Procedure::LockStep) warn_about_sessions(input, warnings);
  warn_about_environment(input, warnings);
  Gathered gathered;
  const Reports* sides[] = {&input.base, &input.now, &input.null};
  for (std::size_t side = 0; side < std::size(sides); ++side) {
    for (const Report* report : *sides[side]) add_own(*report, side, gathered);
  }
  const std::vector<Warning> own = gathered.str(input);
  warnings.insert(warnings.end(), own.begin(), own.end());
  return warnings;
}

ComparedSide side_of(const Reports& reports) {
  const Report& first = *reports.front();
  return {.reports = reports.size(),
          .boots = boots_of(reports),
          .release = first.kernel.release,
          .version = first.kernel.version,
          .machine = first.kernel.machine,
          .engine = first.kernel.engine,
          .clock = first.kernel.clock,
          .cpu_model = first.environment.cpu_model};
}

}  // namespace nsbench::comparing
