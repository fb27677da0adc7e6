#include <nlohmann/json.hpp>

#include "reports/json_layout.h"
#include "suites/observe/inspection.h"

namespace nsbench::observe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int schema = 1;

Json number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json(nullptr);
}

}  // namespace

std::string inspection_json(const Inspection& inspection, NamespaceSet expected) {
  Json json{{"schema", schema},
            {"version", NSBENCH_VERSION},
            {"process", {{"pid", inspection.pid}, {"command", inspection.command}}},
            {"against", {{"pid", inspection.against}, {"command", inspection.against_command}}},
            {"expected", expected.names()},
            {"not_isolated", inspection.open(expected).names()},
            {"exit_code", exit_code_of(inspection, expected)},
            {"namespaces", Json::array()},
            {"seen", Json::array()},
            {"state", Json::array()},
            {"untold", inspection.untold}};
  for (const Part& part : inspection.parts) {
    json["namespaces"].push_back({{"type", row(part.kind).name},
                                  {"id", number_or_null(part.id)},
                                  {"against", number_or_null(part.other)},
                                  {"own", part.id && part.other ? Json(part.own()) : Json(nullptr)},
                                  {"isolated", part.told() ? Json(part.isolated()) : Json(nullptr)},
                                  {"reaches_outside", part.reaches}});
  }
  for (const Sight& sight : inspection.sights) {
    json["seen"].push_back({{"type", row(sight.kind).name},
                            {"what", sight.what},
                            {"inside", sight.inside},
                            {"outside", sight.outside}});
  }
  for (const StateFact& fact : inspection.facts) {
    json["state"].push_back(
        {{"name", fact.name}, {"value", fact.value}, {"source", fact.source}, {"weak", fact.weak}});
  }
  return lay_out(json);
}

}  // namespace nsbench::observe
