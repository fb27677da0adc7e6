#include <fmt/format.h>

#include "reports/formats/table.h"
#include "reports/printable.h"
#include "suites/observe/inspection.h"

namespace nsbench::observe {
namespace {

constexpr std::size_t longest = 300;  // bytes of a value

std::string heading(std::string_view text, bool color) {
  return "\n" + paint(text, Tone::Strong, color) + "\n";
}

std::string id_text(const std::optional<std::uint64_t>& id) {
  return id ? std::to_string(*id) : "-";
}

Cell state_of(const Part& part, bool expected) {
  if (part.shared()) return {"shared", expected ? Tone::Bad : Tone::Doubt};
  if (!part.reaches.empty()) return {"own, but", expected ? Tone::Bad : Tone::Doubt};
  if (!part.told()) return {part.own() ? "own, not searched" : "not told", Tone::Doubt};
  return {"own", Tone::Good};
}

std::string parts_text(const Inspection& inspection, NamespaceSet expected, std::size_t width,
                       bool color) {
  Table table;
  for (const Part& part : inspection.parts) {
    const bool asked = expected.has(part.kind);
    table.add({{std::string(row(part.kind).name)},
               state_of(part, asked),
               {id_text(part.id), Tone::Plain, true},
               {asked ? "expected to be its own" : "", Tone::Faint}});
    for (const std::string& way : part.reaches) {
      table.add({{""}, {printable(way, longest), Tone::Doubt, false, true}});
    }
  }
  return heading("Namespaces", color) + table.str(2, 2, width, color);
}

std::string sights_text(const Inspection& inspection, std::size_t width, bool color) {
  if (inspection.sights.empty()) return "";
  Table table;
  table.add({{""}, {""}, {"inside", Tone::Strong}, {"outside", Tone::Strong}});
  constexpr std::size_t widest = 44;
  for (const Sight& sight : inspection.sights) {
    const bool same = sight.inside == sight.outside;
    table.add(
        {{std::string(row(sight.kind).name)},
         {sight.what},
         {printable(sight.inside, widest)},
         {same ? "the same" : printable(sight.outside, widest), same ? Tone::Faint : Tone::Plain}});
  }
  return heading("What it sees", color) + table.str(2, 2, width, color);
}

std::string facts_text(const Inspection& inspection, std::size_t width, bool color) {
  std::string text = heading("State", color);
  std::size_t widest = 0;
  for (const StateFact& fact : inspection.facts) widest = std::max(widest, fact.name.size());
  for (const StateFact& fact : inspection.facts) {
    const std::size_t indent = widest + 4;
    const std::string value =
        fmt::format("{} [{}]", printable(fact.value, 2000), printable(fact.source, longest));
    text += fmt::format(
        "{} {:<{}}  {}\n", fact.weak ? '!' : ' ', fact.name, widest,
        paint(wrap(value, width, indent, indent), fact.weak ? Tone::Doubt : Tone::Plain, color));
  }
  return text;
}

}  // namespace

std::string inspection_headline(const Inspection& inspection, NamespaceSet expected) {
  if (expected.empty()) {
    NamespaceSet isolated;
    NamespaceSet untold;
    for (const Part& part : inspection.parts) {
      if (part.isolated()) isolated = isolated | NamespaceSet{part.kind};
      if (!part.told()) untold = untold | NamespaceSet{part.kind};
    }
    if (exit_code_of(inspection, expected) != 0) return "CAN'T TELL anything";
    return fmt::format("isolated: {}", isolated.str()) +
           (untold.empty() ? "" : fmt::format("; can't tell: {}", untold.str()));
  }
  switch (exit_code_of(inspection, expected)) {
    case 0:
      return fmt::format("ISOLATED as expected: {}", expected.str());
    case 1:
      return fmt::format("NOT ISOLATED: {}", inspection.open(expected).str());
    default:
      return fmt::format("CAN'T TELL: {}", inspection.open(expected).str());
  }
}

std::string inspection_text(const Inspection& inspection, NamespaceSet expected, std::size_t width,
                            bool color) {
  const auto process = [](pid_t pid, const std::string& command) {
    return fmt::format("{} ({})", pid, printable(command, 100));
  };
  std::string text =
      fmt::format("process {}\nagainst {}\n", process(inspection.pid, inspection.command),
                  process(inspection.against, inspection.against_command));
  text += parts_text(inspection, expected, width, color);
  text += sights_text(inspection, width, color);
  text += facts_text(inspection, width, color);
  if (!inspection.untold.empty()) {
    text += heading("Could not be looked at", color);
    for (const std::string& one : inspection.untold) text += "  " + printable(one, longest) + "\n";
  }
  const int code = exit_code_of(inspection, expected);
  const Tone tone = code == 0 ? Tone::Good : code == 1 ? Tone::Bad : Tone::Doubt;
  return text + "\n" + paint(inspection_headline(inspection, expected), tone, color) +
         fmt::format("; exit {}\n", code);
}

}  // namespace nsbench::observe
