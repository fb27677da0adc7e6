#include <nlohmann/json.hpp>

#include "reports/json_layout.h"
#include "suites/observe/namespaces.h"

namespace nsbench::observe {
namespace {

using Json = nlohmann::ordered_json;

constexpr int schema = 1;

Json number_or_null(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json(nullptr);
}

Json holder_json(const Holder& holder) {
  switch (holder.by) {
    case Holder::By::Descriptor:
      return {{"by", "descriptor"},
              {"pid", holder.pid},
              {"command", holder.command},
              {"fd", holder.fd}};
    case Holder::By::Mount:
      return {
          {"by", "mount"}, {"pid", holder.pid}, {"command", holder.command}, {"path", holder.path}};
    case Holder::By::Thread:
      return {
          {"by", "thread"}, {"pid", holder.pid}, {"command", holder.command}, {"tid", holder.tid}};
    case Holder::By::Child:
      break;
  }
  return {{"by", "child"}, {"namespace", holder.child}};
}

Json namespace_json(const Namespace& one) {
  Json json{{"type", row(one.kind).name}, {"id", one.id}, {"processes", one.processes}};
  const bool lived_in = one.processes != 0;
  json["pid"] = lived_in ? Json(one.pid) : Json(nullptr);
  json["uid"] = lived_in ? Json(one.uid) : Json(nullptr);
  json["command"] = lived_in ? Json(one.command) : Json(nullptr);
  json["owner"] = number_or_null(one.owner);
  json["parent"] = number_or_null(one.parent);
  json["held_by"] = Json::array();
  for (const Holder& holder : one.holders) json["held_by"].push_back(holder_json(holder));
  return json;
}

}  // namespace

std::string namespaces_json(const System& system) {
  Json json{{"schema", schema},
            {"version", NSBENCH_VERSION},
            {"processes", system.processes},
            {"hidden_processes", system.hidden},
            {"listed_by_kernel", system.by_kernel},
            {"namespaces", Json::array()}};
  for (const Namespace& one : system.namespaces) json["namespaces"].push_back(namespace_json(one));
  return lay_out(json);
}

}  // namespace nsbench::observe
