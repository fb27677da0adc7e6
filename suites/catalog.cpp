#include "suites/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "bench/workload.h"
#include "probes/view.h"
#include "reports/formats/terminal.h"
#include "suites/plan.h"

namespace nsbench {

namespace {

using Json = nlohmann::ordered_json;

std::string subject(const Probe& probe) { return fmt::format("{}/{}", probe.family, probe.name); }

template <class Row, class Name>
std::vector<std::string> names(const Row& row, Name name) {
  std::vector<std::string> all;
  for (const auto& one : row) all.emplace_back(name(one));
  return all;
}

std::vector<std::string> ways_of(std::span<const Way> ways) { return names(ways, name_of); }

std::vector<std::string> privileges_of(std::span<const Privilege> privileges) {
  return names(privileges, [](Privilege one) { return id(one); });
}

std::string listed(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string control_of(const Probe& probe) {
  return probe.control == ControlKind::Positive
             ? "the same act made legal must succeed, beside each refusal"
             : "the same acts with the namespaces left out: every statement about isolation must "
               "then be false";
}

std::string entered(const Probe& probe) {
  return probe.namespaces.empty() ? "nothing: it is a rule of the calls" : probe.namespaces.str();
}

// Real cases, without controls.
std::size_t count_cases(const Probe& probe) {
  const std::vector<CheckCase> all = all_check_cases();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const CheckCase& c) { return c.probe == &probe && !c.control; }));
}

std::vector<BenchCase> cases_of(const Workload& workload) {
  std::vector<BenchCase> cases = all_bench_cases();
  std::erase_if(cases, [&workload](const BenchCase& c) { return c.workload != &workload; });
  return cases;
}

// "core", "standard": each once.
std::vector<std::string> tiers_of(const Workload& workload) {
  std::vector<std::string> tiers;
  for (const BenchCase& bench_case : cases_of(workload)) {
    const std::string tier(id(bench_case.tier()));
    if (std::find(tiers.begin(), tiers.end(), tier) == tiers.end()) tiers.push_back(tier);
  }
  return tiers;
}

// "mounts = 0, 10, 100"; empty where there is no curve.
std::string values_of(const Workload& workload) {
  if (workload.curve.values.empty()) return "";
  return fmt::format("{} = {}", workload.curve.parameter, fmt::join(workload.curve.values, ", "));
}

Json json_of(const Probe& probe) {
  Json entry{{"name", subject(probe)},
             {"sentence", probe.sentence},
             {"source", probe.source},
             {"first_kernel", probe.first_kernel},
             {"namespaces", probe.namespaces.names()},
             {"methods", ways_of(probe.ways)},
             {"privileges", privileges_of(probe.privileges)},
             {"control", id(probe.control)},
             {"waits", probe.waits},
             {"alone", probe.alone},
             {"cases", count_cases(probe)},
             {"why", probe.why},
             {"failure", probe.failure},
             {"by_hand", probe.by_hand},
             {"statements", Json::array()}};
  for (const Statement& s : statements_of(probe)) {
    entry["statements"].push_back({{"kind", id(s.kind)}, {"text", s.text}});
  }
  return entry;
}

Json json_of(const Workload& workload) {
  Json entry{{"name", subject(workload)},
             {"sentence", workload.sentence},
             {"dominated_by", workload.dominated_by},
             {"by_hand", by_hand(workload)},
             {"source", workload.source},
             {"namespaces", workload.namespaces.names()},
             {"methods", ways_of(workload.ways)},
             {"tiers", tiers_of(workload)},
             {"unit", workload.unit},
             {"cases", cases_of(workload).size()}};
  if (!workload.curve.values.empty()) {
    entry["parameter"] = workload.curve.parameter;
    entry["values"] = workload.curve.values;
  }
  return entry;
}

std::string long_lines(const Probe& probe) {
  return fmt::format(
      "    source      {}\n    since       Linux {}\n    enters      {}\n    by          {}\n"
      "    as          {}\n    control     {}\n    statements  {}\n",
      probe.source, probe.first_kernel, entered(probe), listed(ways_of(probe.ways)),
      listed(privileges_of(probe.privileges)), control_of(probe), statements_of(probe).size());
}

std::string long_lines(const Workload& workload) {
  const std::string values = values_of(workload);
  return fmt::format(
      "    source      {}\n    namespaces  {}\n    by          {}\n    tier        {}\n{}"
      "    dominated   {}\n",
      workload.source, workload.namespaces.str(), listed(ways_of(workload.ways)),
      listed(tiers_of(workload)), values.empty() ? "" : fmt::format("    at          {}\n", values),
      workload.dominated_by);
}

template <class Row>
std::string lines_of(const Row& row, bool long_form) {
  constexpr int name_width = 28;
  return fmt::format("  {:<{}} {}\n{}", subject(row), name_width, row.sentence,
                     long_form ? long_lines(row) : "");
}

// What one name stands for.
struct Named {
  std::vector<const Probe*> probes;
  std::vector<const Workload*> workloads;
};

bool is_called(const Probe& probe, std::string_view name) {
  return name == probe.name || name == subject(probe) ||
         name.starts_with(subject(probe) + ":");  // a case id
}

// A name without a parameter stands for its curves as well.
bool is_called(const Workload& workload, std::string_view name) {
  const std::string plain = fmt::format("{}/{}", workload.family, workload.name);
  const std::string own = subject(workload);
  return name == workload.name || name == plain || name == own ||
         name.starts_with(own + (workload.curve.values.empty() ? ":" : "="));  // a case id
}

Result<Named> find(std::string_view name) {
  Named found;
  for (const Probe* probe : all_probes()) {
    if (is_called(*probe, name)) found.probes.push_back(probe);
  }
  for (const Workload* workload : all_workloads()) {
    if (is_called(*workload, name)) found.workloads.push_back(workload);
  }
  if (!found.probes.empty() || !found.workloads.empty()) return found;
  std::vector<std::string> known;
  for (const Probe* probe : all_probes()) known.push_back(subject(*probe));
  for (const Workload* workload : all_workloads()) known.push_back(subject(*workload));
  return Error{fmt::format("no check or benchmark is called \"{}\"; nearest: {}", name,
                           nearest(name, std::move(known)))};
}

// Paragraphs below a heading, wrapped; a newline in the text is kept.
class Page {
 public:
  explicit Page(std::size_t width) : width_(width) {}
  void line(std::string_view text) { text_ += fmt::format("{}\n", text); }
  void heading(std::string_view title) { text_ += fmt::format("\n{}\n", title); }
  void paragraph(std::string_view text, std::string_view mark = "") {
    constexpr std::size_t indent = 2;
    const std::size_t hang = indent + mark.size();
    text_ += fmt::format("  {}{}\n", mark, wrap(text, width_, hang, hang));
  }
  void field(std::string_view key, std::string_view text) {
    constexpr std::size_t column = 14;
    text_ += fmt::format("  {:<12}{}\n", key, wrap(text, width_, column, column));
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::size_t width_;
  std::string text_;
};

void add_commands(Page& page, std::string_view commands) {
  while (!commands.empty()) {
    const std::size_t end = std::min(commands.find('\n'), commands.size());
    page.line(fmt::format("  $ {}", commands.substr(0, end)));
    commands.remove_prefix(std::min(end + 1, commands.size()));
  }
}

void add_statements(Page& page, const std::vector<Statement>& all, Statement::Kind kind,
                    std::string_view title) {
  bool any = false;
  for (const Statement& statement : all) {
    if (statement.kind != kind) continue;
    if (!any) page.heading(title);
    any = true;
    page.paragraph(statement.text, "- ");
  }
}

void explain(const Probe& probe, Page& page) {
  page.line(subject(probe));
  page.paragraph(probe.sentence);
  page.heading("Why it matters");
  page.paragraph(probe.why);
  page.heading("What a failure means");
  page.paragraph(probe.failure);
  page.heading("See it by hand");
  add_commands(page, probe.by_hand);
  page.heading("Where the rule comes from");
  page.field("source", probe.source);
  page.field("since", fmt::format("Linux {}", probe.first_kernel));
  page.heading("How it is checked");
  page.field("enters", entered(probe));
  page.field("by", listed(ways_of(probe.ways)));
  page.field("as", listed(privileges_of(probe.privileges)));
  for (const Act& act : probe.acts) page.field(id(act.side), act.name);
  page.field("control", control_of(probe));
  const std::vector<Statement> all = statements_of(probe);
  add_statements(page, all, Statement::Kind::Isolation,
                 "Must hold, and must not hold in the control");
  add_statements(page, all, Statement::Kind::Rule, "Must hold");
  add_statements(page, all, Statement::Kind::Works, "Must work, in the control as well");
  page.heading("Run it");
  page.line(fmt::format("  $ nsbench --checks-only --filter '^{}:'", subject(probe)));
}

void explain(const Workload& workload, Page& page) {
  page.line(subject(workload));
  page.paragraph(workload.sentence);
  page.heading("What dominates it in the kernel");
  page.paragraph(workload.dominated_by);
  page.heading("See it by hand");
  add_commands(page, by_hand(workload));
  page.heading("How it is timed");
  page.field("namespaces", workload.namespaces.str());
  page.field("by", listed(ways_of(workload.ways)));
  if (const std::string values = values_of(workload); !values.empty()) page.field("at", values);
  page.field("tier", listed(tiers_of(workload)));
  page.field("unit", workload.unit);
  page.field("source", workload.source);
  page.heading("Run it");
  page.line(fmt::format("  $ nsbench --benchmarks-only --suite full --filter '^{}{}'",
                        subject(workload), workload.curve.values.empty() ? ":" : "="));
}

}  // namespace

std::vector<Statement> statements_of(const Probe& probe) {
  return probe.judge(Transcript{}).statements();
}

bool is_about_a_fix(const Probe& probe) {
  return probe.source.find("fixed in") != std::string_view::npos;
}

std::string catalog_text(bool long_form) {
  std::string text = "Checks\n";
  for (const Probe* probe : all_probes()) text += lines_of(*probe, long_form);
  text += "\nBenchmarks\n";
  for (const Workload* workload : all_workloads()) text += lines_of(*workload, long_form);
  return text;
}

std::string catalog_json() {
  Json list{{"checks", Json::array()}, {"benchmarks", Json::array()}};
  for (const Probe* probe : all_probes()) list["checks"].push_back(json_of(*probe));
  for (const Workload* workload : all_workloads()) {
    list["benchmarks"].push_back(json_of(*workload));
  }
  return list.dump(2) + "\n";
}

std::string catalog_ids() {
  std::string text;
  for (const CheckCase& c : all_check_cases()) text += c.id().str() + "\n";
  for (const BenchCase& c : all_bench_cases()) text += c.id().str() + "\n";
  return text;
}

Result<std::string> explain(std::string_view name, std::size_t width) {
  const Result<Named> found = find(name);
  if (!found) return found.error();
  std::string text;
  const auto add = [&](const auto& row) {
    Page page(width);
    explain(row, page);
    text += (text.empty() ? "" : "\n\n") + page.text();
  };
  for (const Probe* probe : found->probes) add(*probe);
  for (const Workload* workload : found->workloads) add(*workload);
  return text;
}

Result<std::string> explain_json(std::string_view name) {
  const Result<Named> found = find(name);
  if (!found) return found.error();
  Json list{{"checks", Json::array()}, {"benchmarks", Json::array()}};
  for (const Probe* probe : found->probes) list["checks"].push_back(json_of(*probe));
  for (const Workload* workload : found->workloads) {
    list["benchmarks"].push_back(json_of(*workload));
  }
  return list.dump(2) + "\n";
}

}  // namespace nsbench
