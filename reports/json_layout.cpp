#include "reports/json_layout.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;

std::string one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string lay_out(const Json& document) {
  std::string out = "{";
  const char* separator = "\n";
  for (const auto& [key, value] : document.items()) {
    out += fmt::format("{}  \"{}\": ", separator, key);
    separator = ",\n";
    if (!value.is_array() || value.empty()) {
      out += one_line(value);
      continue;
    }
    const char* before = "[\n    ";
    for (const Json& element : value) {
      out += before + one_line(element);
      before = ",\n    ";
    }
    out += "\n  ]";
  }
  return out + "\n}\n";
}

}  // namespace nsbench
