#include "suites/selftest/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/json_layout.h"
#include "reports/printable.h"
#include "reports/verdict.h"

namespace nsbench::selftest {

namespace {

std::size_t heard(const LieOutcome& outcome) {
  return outcome.failed.size() + outcome.passed + outcome.skipped + outcome.broken;
}

// "12 of 20 cases: uts/hostname:clone:root, .."
std::string noticed_by(const LieOutcome& outcome) {
  constexpr std::size_t shown = 2;
  std::string text = fmt::format("{} of {}:", outcome.failed.size(), heard(outcome));
  for (std::size_t i = 0; i < outcome.failed.size() && i < shown; ++i) {
    text += fmt::format("{} {}", i == 0 ? "" : ",", outcome.failed[i].str());
  }
  return text + (outcome.failed.size() > shown ? ", .." : "");
}

std::string what_came_of(const LieOutcome& outcome) {
  switch (outcome.kind) {
    case LieOutcome::Kind::Noticed:
      return noticed_by(outcome);
    case LieOutcome::Kind::NotNoticed:
      return fmt::format("NOT NOTICED: {} pass, {} skip, {} broken{}{}", outcome.passed,
                         outcome.skipped, outcome.broken, outcome.why.empty() ? "" : "; ",
                         outcome.why);
    case LieOutcome::Kind::LeftOut:
      return "left out: its cases are skipped here";
    case LieOutcome::Kind::Unknown:
      return fmt::format("CAN'T TELL: {}", printable(outcome.why));
  }
  return "";
}

std::string summary(const SelftestReport& report) {
  std::size_t noticed = 0;
  std::size_t told = 0;
  for (const FamilyScore& score : scores(report)) {
    noticed += score.noticed;
    told += score.told;
  }
  return fmt::format("{} of {} lies were noticed", noticed, told);
}

nlohmann::ordered_json as_json(const LieOutcome& outcome) {
  nlohmann::ordered_json entry;
  entry["name"] = outcome.lie->name;
  entry["sentence"] = outcome.lie->sentence;
  entry["row"] = outcome.lie->row;
  entry["outcome"] = id(outcome.kind);
  if (!outcome.why.empty()) entry["why"] = printable(outcome.why);
  entry["failed"] = nlohmann::json::array();
  for (const CaseId& id : outcome.failed) entry["failed"].push_back(id.str());
  entry["passed"] = outcome.passed;
  entry["skipped"] = outcome.skipped;
  entry["broken"] = outcome.broken;
  entry["changes"] = outcome.changes;
  entry["seconds"] = outcome.seconds;
  return entry;
}

}  // namespace

std::string to_text(const SelftestReport& report) {
  std::size_t width = 3;
  std::size_t row_width = 6;
  for (const LieOutcome& outcome : report.lies) {
    width = std::max(width, outcome.lie->name.size());
    row_width = std::max(row_width, outcome.lie->row.size());
  }
  std::string text = fmt::format("{:<{}}  {:<{}}  noticed by\n", "lie", width, "breaks", row_width);
  for (const LieOutcome& outcome : report.lies) {
    text += fmt::format("{:<{}}  {:<{}}  {}\n", outcome.lie->name, width, outcome.lie->row,
                        row_width, what_came_of(outcome));
  }
  const std::vector<const CaseResult*> unfit = report.baseline.unfit();
  if (!unfit.empty()) text += "\nWithout a lie, and therefore not asked:\n";
  for (const CaseResult* one : unfit) {
    text += fmt::format("  {} {}: {}; {}\n", one->id.str(), id(one->verdict),
                        printable(one->expected), printable(one->observed));
  }
  const std::vector<std::string> suspects = report.suspects();
  if (!suspects.empty()) text += "\nNo lie of this run turned:\n";
  for (const std::string& suspect : suspects) text += fmt::format("  {}\n", suspect);
  text += fmt::format("\n{}\n", summary(report));
  for (const FamilyScore& score : scores(report)) {
    text += fmt::format("  {:<8} {} of {}\n", score.family, score.noticed, score.told);
  }
  return text + fmt::format("\n{} cases without a lie, then {} lies in {:.0f} s\n",
                            report.baseline.cases().size(), report.lies.size(), report.seconds);
}

std::string to_markdown(const SelftestReport& report) {
  std::string text =
      "| lie | what the kernel then does | breaks | noticed by |\n|---|---|---|---|\n";
  for (const LieOutcome& outcome : report.lies) {
    text += fmt::format("| `{}` | {} | `{}` | {} |\n", outcome.lie->name, outcome.lie->sentence,
                        outcome.lie->row, what_came_of(outcome));
  }
  text += fmt::format("\n{}\n\n| properties | noticed | told |\n|---|---|---|\n", summary(report));
  for (const FamilyScore& score : scores(report)) {
    text += fmt::format("| {} | {} | {} |\n", score.family, score.noticed, score.told);
  }
  return text;
}

std::string to_json(const SelftestReport& report) {
  nlohmann::ordered_json json;
  json["lies"] = nlohmann::json::array();
  for (const LieOutcome& outcome : report.lies) json["lies"].push_back(as_json(outcome));
  json["scores"] = nlohmann::json::array();
  for (const FamilyScore& score : scores(report)) {
    json["scores"].push_back(
        {{"family", score.family}, {"noticed", score.noticed}, {"told", score.told}});
  }
  json["unfit"] = nlohmann::json::array();
  for (const CaseResult* one : report.baseline.unfit()) {
    json["unfit"].push_back({{"id", one->id.str()},
                             {"verdict", id(one->verdict)},
                             {"expected", printable(one->expected)},
                             {"observed", printable(one->observed)}});
  }
  json["suspects"] = report.suspects();
  json["complete"] = report.complete;
  json["seconds"] = report.seconds;
  return with_hidden_escaped(json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) +
         "\n";
}

std::string list_as_text(std::span<const Lie* const> lies) {
  std::string text;
  for (const Lie* lie : lies) {
    text += fmt::format("{}\n  {}\n  breaks   {}\n  told to  {}\n", lie->name, lie->sentence,
                        lie->row, lie->cases);
  }
  return text;
}

}  // namespace nsbench::selftest
