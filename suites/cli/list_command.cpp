// nsbench list: what there is to check and to time.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/workload.h"
#include "probes/probe.h"
#include "reports/file.h"
#include "suites/cli/command.h"
#include "suites/plan.h"

namespace nsbench::cli {

namespace {

struct ListOptions {
  bool long_form = false;
  bool cases = false;
  bool json = false;
};

std::string ways_of(std::span<const Way> ways) {
  std::string text;
  for (const Way& way : ways) {
    text += fmt::format("{}{}{}{}", text.empty() ? "" : " ", id(way.method),
                        way.variant.empty() ? "" : ".", way.variant);
  }
  return text;
}

std::string privileges_of(std::span<const Privilege> privileges) {
  std::string text;
  for (const Privilege privilege : privileges) {
    text += fmt::format("{}{}", text.empty() ? "" : " ", id(privilege));
  }
  return text;
}

std::string case_ids() {
  std::string text;
  for (const CheckCase& c : all_check_cases()) text += c.id().str() + "\n";
  for (const BenchCase& c : all_bench_cases()) text += c.id().str() + "\n";
  return text;
}

std::string as_text(bool long_form) {
  std::string text = "Checks (each with its control, in which it must fail)\n";
  for (const Probe* p : all_probes()) {
    text += fmt::format("  {:<24} {}\n", fmt::format("{}/{}", p->family, p->name), p->sentence);
    if (!long_form) continue;
    text += fmt::format("    source      {}\n    since       Linux {}\n    enters      {}\n",
                        p->source, p->first_kernel, p->namespaces.str());
    text += fmt::format("    by          {}\n    as          {}\n", ways_of(p->ways),
                        privileges_of(p->privileges));
  }
  text += "\nBenchmarks\n";
  for (const Workload& w : all_workloads()) {
    text += fmt::format("  {:<24} {}\n", fmt::format("{}/{}", w.family, w.name), w.sentence);
    if (long_form) {
      text += fmt::format("    namespaces  {}\n    by          {}\n", w.namespaces.str(),
                          ways_of(w.ways));
    }
  }
  return text;
}

std::string as_json() {
  nlohmann::ordered_json list;
  list["checks"] = nlohmann::json::array();
  for (const Probe* p : all_probes()) {
    nlohmann::ordered_json entry;
    entry["name"] = fmt::format("{}/{}", p->family, p->name);
    entry["sentence"] = p->sentence;
    entry["source"] = p->source;
    entry["first_kernel"] = p->first_kernel;
    entry["namespaces"] = p->namespaces.names();
    for (const Way& way : p->ways) entry["methods"].push_back(ways_of({&way, 1}));
    for (const Privilege privilege : p->privileges) entry["privileges"].push_back(id(privilege));
    list["checks"].push_back(std::move(entry));
  }
  list["benchmarks"] = nlohmann::json::array();
  for (const Workload& w : all_workloads()) {
    nlohmann::ordered_json entry;
    entry["name"] = fmt::format("{}/{}", w.family, w.name);
    entry["sentence"] = w.sentence;
    entry["namespaces"] = w.namespaces.names();
    for (const Way& way : w.ways) entry["methods"].push_back(ways_of({&way, 1}));
    list["benchmarks"].push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

ExitCode list(const ListOptions& options) {
  const std::string text = options.json    ? as_json()
                           : options.cases ? case_ids()
                                           : as_text(options.long_form);
  const Status written = write_file("-", text);
  if (written) return ExitCode::Ok;
  complain(written.error().str());
  return ExitCode::Usage;
}

}  // namespace

Action add_list(CLI::App& app) {
  const auto options = std::make_shared<ListOptions>();
  CLI::Option* long_form =
      app.add_flag("--long", options->long_form, "With source, first kernel, methods, privileges");
  CLI::Option* cases = app.add_flag("--cases", options->cases, "Every case id, one a line");
  app.add_flag("--json", options->json, "As JSON")->excludes(long_form)->excludes(cases);
  cases->excludes(long_form);
  return [options](const std::string&) { return list(*options); };
}

}  // namespace nsbench::cli
