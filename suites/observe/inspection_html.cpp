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
    const std::string_view bad = asked ? "fail" : "broken";
    std::string ways;
    for (const std::string& way : part.reaches) ways += (ways.empty() ? "" : "; ") + way;
    rows += "<tr>" + cell(row(part.kind).name) +
            cell(part.shared()           ? "shared"
                 : !part.reaches.empty() ? "own, but"
                 : part.told()           ? "own"
                 : part.own()            ? "own, not searched"
                                         : "not told",
                 !part.told()      ? "broken"
                 : part.isolated() ? "pass"
                                   : bad) +
            cell(part.id ? std::to_string(*part.id) : "-") + cell(asked ? "yes" : "") + cell(ways) +
            "</tr>";
  }
  return table(
      "<th>namespace</th><th>is</th><th>id</th><th>expected to be its own</th><th>reaches "
      "outside</th>",
      rows);
}

std::string sights_html(const Inspection& inspection) {
  std::string rows;
  for (const Sight& sight : inspection.sights) {
    rows += "<tr>" + cell(row(sight.kind).name) + cell(sight.what) + cell(sight.inside) +
            cell(sight.inside == sight.outside ? "the same" : sight.outside) + "</tr>";
  }
  return table("<th>namespace</th><th>what</th><th>inside</th><th>outside</th>", rows);
}

std::string facts_html(const Inspection& inspection) {
  std::string rows;
  for (const StateFact& fact : inspection.facts) {
    rows += "<tr>" + cell(fact.name) + cell(fact.value, fact.weak ? "broken" : "") +
            cell(fact.source) + "</tr>";
  }
  return table("<th>what</th><th>value</th><th>source</th>", rows);
}

std::string untold_html(const Inspection& inspection) {
  std::string items;
  for (const std::string& one : inspection.untold) items += "<li>" + markup::xml(one) + "</li>";
  return items.empty() ? "" : "<ul>" + items + "</ul>";
}

// A colour says that something was expected, and whether it is so.
std::string header_html(const Inspection& inspection, NamespaceSet expected) {
  const int code = exit_code_of(inspection, expected);
  const auto process = [](const char* what, pid_t pid, const std::string& command) {
    return fmt::format("<p class=\"line\">{} {} ({})</p>\n", what, pid, markup::xml(command, 300));
  };
  return fmt::format("<header class=\"{}\">\n<h1>{}</h1>\n",
                     expected.empty() && code == 0 ? "" : html::tone(static_cast<ExitCode>(code)),
                     markup::xml(inspection_headline(inspection, expected))) +
         process("process", inspection.pid, inspection.command) +
         process("against", inspection.against, inspection.against_command) +
         fmt::format("<p class=\"line\">Exit status {}.</p>\n</header>\n", code);
}

}  // namespace

std::string inspection_html(const Inspection& inspection, NamespaceSet expected) {
  const std::string body =
      header_html(inspection, expected) +
      html::section("namespaces", "Namespaces", parts_html(inspection, expected)) +
      html::section("seen", "What it sees", sights_html(inspection)) +
      html::section("state", "State", facts_html(inspection)) +
      html::section("untold", "Could not be looked at", untold_html(inspection));
  return html::document(fmt::format("nsbench: process {}", inspection.pid), body,
                        nlohmann::json::object());
}

}  // namespace nsbench::observe
