#include "bench/workload.h"

#include <fmt/format.h>

#include "bench/families.h"

namespace nsbench {
namespace {

constexpr std::string_view options_of(Kind kind) {
  switch (kind) {
    case Kind::User:
      return "--user";
    case Kind::Pid:
      return "--pid";
    case Kind::Uts:
      return "--uts";
    case Kind::Ipc:
      return "--ipc";
    case Kind::Net:
      return "--net";
    case Kind::Cgroup:
      return "--cgroup";
    case Kind::Time:
      return "--time";
    case Kind::Mnt:
      return "--mount";
  }
  return "";
}

void replace_all(std::string& text, std::string_view mark, const std::string& by) {
  for (std::size_t at = text.find(mark); at != std::string::npos;
       at = text.find(mark, at + by.size())) {
    text.replace(at, mark.size(), by);
  }
}

void add_cases(const Workload& workload, const Way& way, std::vector<BenchCase>& cases) {
  for (const Privilege privilege : all_privileges) {
    const BenchCase plain{.workload = &workload, .way = way, .privilege = privilege};
    if (workload.curve.values.empty()) cases.push_back(plain);
    for (const std::int64_t value : workload.curve.values) {
      cases.push_back(plain);
      cases.back().value = value;
    }
  }
}

}  // namespace

std::string_view id(Tier tier) {
  switch (tier) {
    case Tier::Core:
      return "core";
    case Tier::Standard:
      return "standard";
    case Tier::Curve:
      return "curve";
  }
  return "";
}

std::vector<const Workload*> all_workloads() {
  std::vector<const Workload*> all;
  for (const std::span<const Workload> family : bench::all_families()) {
    for (const Workload& workload : family) all.push_back(&workload);
  }
  return all;
}

std::string subject(const Workload& workload) {
  return fmt::format("{}/{}{}{}", workload.family, workload.name,
                     workload.curve.values.empty() ? "" : "/", workload.curve.parameter);
}

std::string by_hand(const Workload& workload) {
  std::string options;
  std::string flags;
  std::string name = "uts";
  std::string limit = std::string(row(Kind::Uts).limit);
  for (const Kind kind : workload.namespaces.kinds()) {
    options += fmt::format("{}{}", options.empty() ? "" : " ", options_of(kind));
    flags += fmt::format("{}os.{}", flags.empty() ? "" : "|", row(kind).flag_name);
    name = row(kind).name;
    limit = row(kind).limit;
  }
  std::string text(workload.by_hand);
  replace_all(text, " {options}", options.empty() ? "" : " " + options);
  replace_all(text, "{flag}", flags.empty() ? "0" : flags);
  replace_all(text, "{name}", name);
  replace_all(text, "{limit}", limit);
  return text;
}

CaseId BenchCase::id() const {
  CaseId id;
  id.family = workload->family;
  id.name = workload->name;
  if (value) id.params.emplace_back(workload->curve.parameter, std::to_string(*value));
  id.method = way.method;
  id.variant = way.variant;
  id.privilege = privilege;
  return id;
}

Tier BenchCase::tier() const {
  return workload->core == name_of(way) ? Tier::Core : workload->tier;
}

std::size_t BenchCase::value_or(std::size_t otherwise) const {
  return value ? static_cast<std::size_t>(*value) : otherwise;
}

std::size_t made_per_call(const BenchCase& bench_case) {
  const Workload& workload = *bench_case.workload;
  return workload.made_per_call * (workload.value_multiplies ? bench_case.value_or(1) : 1);
}

std::vector<BenchCase> all_bench_cases() {
  std::vector<BenchCase> cases;
  for (const Workload* workload : all_workloads()) {
    for (const Way& way : workload->ways) add_cases(*workload, way, cases);
  }
  return cases;
}

}  // namespace nsbench
