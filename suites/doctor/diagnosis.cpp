#include "suites/doctor/diagnosis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "reports/formats/terminal.h"
#include "reports/json_layout.h"
#include "suites/doctor/desk.h"

namespace nsbench::doctor {

bool mentions(const Lost& lost, std::string_view word) {
  return lost.text.find(word) != std::string::npos;
}

void Desk::add(Finding finding, const IsIts& is_its) {
  take(finding, is_its);
  findings_.push_back(std::move(finding));
}

void Desk::add_if_costly(Finding finding, const IsIts& is_its) {
  if (take(finding, is_its)) findings_.push_back(std::move(finding));
}

std::string Desk::as_root(std::string_view command) const {
  return fmt::format("{}{}", seen_.environment.uid == 0 ? "" : "sudo ", command);
}

bool Desk::take(Finding& finding, const IsIts& is_its) {
  std::set<std::string> probes;
  std::set<std::string> families;
  std::erase_if(open_, [&](const Lost& lost) {
    if (!is_its(lost)) return false;
    finding.cases += lost.cases;
    probes.insert(lost.probe);
    families.insert(lost.family());
    return true;
  });
  finding.probes.assign(probes.begin(), probes.end());
  finding.families.assign(families.begin(), families.end());
  return finding.cases > 0;
}

Diagnosis diagnose(const Evidence& evidence) {
  Desk desk(evidence);
  look_for_rights(evidence, desk);
  look_for_features(evidence, desk);
  Diagnosis diagnosis{.kernel = evidence.release, .cases = evidence.cases};
  for (const Lost& lost : evidence.lost) diagnosis.lost += lost.cases;
  diagnosis.findings = desk.findings();
  std::stable_sort(diagnosis.findings.begin(), diagnosis.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.cases > b.cases; });
  return diagnosis;
}

namespace {

// "12 checks of net/veth, net/bridge", shortened to families where there are many.
std::string cost_of(const Finding& finding) {
  if (finding.cases == 0) return "nothing";
  constexpr std::size_t few = 4;
  return fmt::format(
      "{} cases of {}", finding.cases,
      fmt::join(finding.probes.size() <= few ? finding.probes : finding.families, ", "));
}

void append_line(std::string& text, std::string_view name, const std::string& value,
                 std::size_t width) {
  if (value.empty()) return;
  constexpr std::size_t indent = 13;
  text += fmt::format("   {:<10}{}\n", name, wrap(value, width, indent, indent));
}

}  // namespace

std::string to_text(const Diagnosis& diagnosis, std::size_t width) {
  std::string text = fmt::format("Linux {}: {} of {} cases can be checked here\n", diagnosis.kernel,
                                 diagnosis.cases - diagnosis.lost, diagnosis.cases);
  int number = 0;
  for (const Finding& finding : diagnosis.findings) {
    text += fmt::format("\n{}. {}\n", ++number, finding.what);
    append_line(text, "costs", cost_of(finding), width);
    append_line(text, "evidence", finding.evidence, width);
    // A command is never broken over lines: it is there to be copied.
    if (!finding.lift.empty()) text += fmt::format("   {:<10}{}\n", "lift", finding.lift);
    append_line(text, "note", finding.advice, width);
  }
  if (number == 0) text += "nothing stands in the way\n";
  return text;
}

std::string to_json(const Diagnosis& diagnosis) {
  nlohmann::ordered_json out = {{"kernel", diagnosis.kernel},
                                {"cases", diagnosis.cases},
                                {"lost", diagnosis.lost},
                                {"findings", nlohmann::json::array()}};
  for (const Finding& finding : diagnosis.findings) {
    out["findings"].push_back({{"id", finding.id},
                               {"what", finding.what},
                               {"evidence", finding.evidence},
                               {"lift", finding.lift},
                               {"note", finding.advice},
                               {"cases", finding.cases},
                               {"families", finding.families},
                               {"probes", finding.probes}});
  }
  return with_hidden_escaped(out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) +
         "\n";
}

}  // namespace nsbench::doctor
