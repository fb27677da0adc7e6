#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/formats/html/document.h"
#include "reports/formats/markup.h"
#include "suites/observe/inspection.h"

namespace nsbench::observe {
namespace {

// All that came from the system goes through here.
std::string cell(std::string_view text, std::string_view tone = "") {
  return fmt::format("<td{}>{}</td>", tone.empty() ? "" : fmt::format(" class=\"{}\"", tone),
                     markup::xml(text, 2000));
}

std::string table(std::string_view heading, const std::string& rows) {
  return rows.empty() ? ""
                      : fmt::format(
                            "<div class=\"wide\" tabindex=\"0\"><table><thead><tr>{}</tr>"
                            "</thead><tbody>{}</tbody></table></div>",
                            heading, rows);
}

std::string parts_html(const Inspection& inspection, NamespaceSet expected) {
  std::string rows;
  for (const Part& part : inspection.parts) {
    const bool asked = expected.has(part.kind);
    const std::string_view bad = asked ? "bad" : "doubt";
    std::string ways;
    for (const std::string& way : part.reaches) ways += (ways.empty() ? "" : "; ") + way;
    rows += "<tr>" + cell(row(part.kind).name) +
            cell(part.shared()           ? "shared"
                 : !part.reaches.empty() ? "own, but"
                 : part.told()           ? "own"
                 : part.own()            ? "own, not searched"
                                         : "not told",
                 !part.told()      ? "doubt"
                 : part.isolated() ? "good"
                                   : bad) +
            cell(part.id ? std::to_string(*part.id) : "-") + cell(asked ? "yes" : "") + cell(ways) +
            "</tr>";
  }
  return table(
      "<th>namespace</th><th></th><th>id</th><th>expected to be its own</th><th>reaches "
      "outside</th>",
      rows);
}

std::string sights_html(const Inspection& inspection) {
  std::string rows;
  for (const Sight& sight : inspection.sights) {
    rows += "<tr>" + cell(row(sight.kind).name) + cell(sight.what) + cell(sight.inside) +
            cell(sight.inside == sight.outside ? "the same" : sight.outside) + "</tr>";
  }
  return table("<th>namespace</th><th></th><th>inside</th><th>outside</th>", rows);
}

std::string facts_html(const Inspection& inspection) {
  std::string rows;
  for (const StateFact& fact : inspection.facts) {
    rows += "<tr>" + cell(fact.name) + cell(fact.value, fact.weak ? "doubt" : "") +
            cell(fact.source) + "</tr>";
  }
  return table("<th></th><th></th><th>source</th>", rows);
}

std::string untold_html(const Inspection& inspection) {
  std::string items;
  for (const std::string& one : inspection.untold) items += "<li>" + markup::xml(one) + "</li>";
  return items.empty() ? "" : "<ul>" + items + "</ul>";
}

}  // namespace

std::string inspection_html(const Inspection& inspection, NamespaceSet expected) {
  const html::Verdict verdict{
      .decision = {.code = static_cast<ExitCode>(exit_code_of(inspection, expected))},
      .headline = inspection_headline(inspection, expected),
      .next = fmt::format("nsbench inspect {}", inspection.pid),
      .lines = {fmt::format("process {} ({})", inspection.pid, inspection.command),
                fmt::format("against {} ({})", inspection.against, inspection.against_command)}};
  const std::string body =
      html::header(verdict) +
      html::section("namespaces", "Namespaces", parts_html(inspection, expected)) +
      html::section("seen", "What it sees", sights_html(inspection)) +
      html::section("state", "State", facts_html(inspection)) +
      html::section("untold", "Could not be looked at", untold_html(inspection));
  return html::document(fmt::format("nsbench: process {}", inspection.pid), body,
                        nlohmann::json::object());
}

}  // namespace nsbench::observe
