#include "suites/siege/scenario.h"

#include <algorithm>

namespace nsbench::siege {

std::vector<Scenario> all_scenarios() {
  const std::vector<std::string> of_run{"run.json", "run.xml", "run.ktap", "run.html"};
  const auto run = [&of_run](std::string name, std::string part, std::vector<std::string> words,
                             double span) {
    words.insert(words.begin(), "run");
    words.insert(words.end(),
                 {"--json={reports}/run.json", "--report", "junit:{reports}/run.xml", "--report",
                  "ktap:{reports}/run.ktap", "--report", "html:{reports}/run.html"});
    Scenario one{.name = std::move(name), .part = std::move(part), .words = std::move(words)};
    one.span = span;
    one.outputs = of_run;
    one.json = "run.json";
    return one;
  };
  const auto boot = [&run](std::string name, const std::string& kernel,
                           const std::vector<std::string>& options, double span) {
    Scenario one = run(std::move(name), "boots", {}, span);
    one.words.front() = "boot";
    one.words.insert(one.words.begin() + 1, kernel);
    one.words.insert(one.words.end(), options.begin(), options.end());
    one.may_know_nothing = true;
    one.needs = kernel;
    return one;
  };
  const std::string uml = "{kernels}/uml-6.1/linux";
  const std::string debian = "{kernels}/debian-6.12/vmlinuz";
  const std::string older = "{kernels}/debian-6.1/vmlinuz";

  std::vector<Scenario> all;
  all.push_back(run("checks", "checks", {"--checks-only"}, 6));
  all.back().whole = true;
  all.back().is_honest = true;
  all.push_back(run("checks as nobody", "checks", {"--checks-only"}, 4));
  all.back().whole = true;
  all.back().is_honest = true;
  all.back().as_nobody = true;
  all.push_back(run("checks, 16 jobs", "checks", {"--checks-only", "--jobs", "16"}, 5));
  all.back().whole = true;
  all.back().is_honest = true;
  all.push_back({.name = "selftest",
                 .part = "checks",
                 .words = {"selftest", "--first", "--json={reports}/selftest.json"},
                 .span = 8,
                 .outputs = {"selftest.json"}});
  all.push_back(run("quick", "benchmarks", {"--benchmarks-only"}, 6));
  all.push_back(run("gate suite", "benchmarks", {"--benchmarks-only", "--suite", "gate"}, 8));
  all.push_back(run("curves", "benchmarks",
                    {"--benchmarks-only", "--suite", "full", "--filter", "(live|mounts|crowd)="},
                    8));
  all.push_back(run("container", "benchmarks",
                    {"--benchmarks-only", "--suite", "full", "--filter", "^container/"}, 5));
  all.push_back(
      {.name = "compare --run",
       .part = "benchmarks",
       .words = {"compare", "--run", "{nsbench}", "--run", "{nsbench}", "--time", "2", "--starts",
                 "4", "--save", "{reports}", "--report", "html:{reports}/comparison.html"},
       .span = 6,
       .outputs = {"base.json", "new.json", "comparison.html"},
       .json = "base.json"});
  all.push_back({.name = "report",
                 .part = "reports",
                 .words = {"report", "{inputs}/big.json", "--output", "{reports}/report.md",
                           "--format", "markdown", "--report", "json:{reports}/run.json",
                           "--report", "html:{reports}/run.html", "--report",
                           "junit:{reports}/run.xml", "--report", "ktap:{reports}/run.ktap"},
                 .span = 0.35,
                 .outputs = {"report.md", "run.json", "run.html", "run.xml", "run.ktap"},
                 .manner = Manner::AtOnce,
                 .has_children = false});
  all.push_back({.name = "compare",
                 .part = "reports",
                 .words = {"compare", "{inputs}/big.json", "{inputs}/big.json", "--output",
                           "{reports}/comparison.txt", "--json={reports}/comparison.json",
                           "--report", "html:{reports}/comparison.html"},
                 .span = 0.5,
                 .outputs = {"comparison.txt", "comparison.json", "comparison.html"},
                 .manner = Manner::AtOnce,
                 .has_children = false});
  all.push_back({.name = "history add",
                 .part = "reports",
                 .words = {"history", "add", "--db", "{reports}/lab.db", "--keep-reports",
                           "{inputs}/big.json"},
                 .span = 0.2,
                 .outputs = {"lab.db"},
                 .manner = Manner::AtOnce,
                 .has_children = false});
  all.push_back({.name = "doctor",
                 .part = "reports",
                 .words = {"doctor", "--json={reports}/doctor.json"},
                 .span = 0.5,
                 .outputs = {"doctor.json"},
                 .manner = Manner::AtOnce,
                 .whole = true});
  all.push_back(boot("boot UML", uml, {"--", "--checks-only"}, 10));
  all.push_back(boot("boot QEMU", debian, {"--", "--checks-only", "--filter", "^(uts|ipc)/"}, 25));
  all.push_back(
      {.name = "gate UML",
       .part = "boots",
       .words = {"gate", "--base", uml, "--new", uml, "--filter",
                 "^(uts/hostname|create/uts:unshare)", "--json={reports}/comparison.json"},
       .span = 10,
       .outputs = {"comparison.json"},
       .may_know_nothing = true,
       .needs = uml});
  all.push_back({.name = "gate QEMU",
                 .part = "boots",
                 .words = {"gate", "--engine", "qemu-tcg", "--base", older, "--new", debian,
                           "--boots", "2", "--filter", "^(uts/hostname|create/uts:unshare)",
                           "--json={reports}/comparison.json"},
                 .span = 25,
                 .outputs = {"comparison.json"},
                 .may_know_nothing = true,
                 .needs = debian});
  return all;
}

const char* name_of(Ending ending) {
  const auto* const found =
      std::find_if(std::begin(all_endings), std::end(all_endings),
                   [ending](const EndingRow& row) { return row.ending == ending; });
  return found == std::end(all_endings) ? "" : found->name;
}

bool can_end(const Scenario& scenario, Ending ending) {
  switch (ending) {
    case Ending::ChildKilled:
    case Ending::MemoryEnds:
      return scenario.has_children;
    case Ending::Kill:
    case Ending::KillGroup:
    case Ending::Term:
    case Ending::Int:
    case Ending::Hup:
    case Ending::Terminal:
    case Ending::FullDisk:
      break;
  }
  return true;
}

}  // namespace nsbench::siege
