#include "reports/json_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/hidden.h"
#include "reports/printable.h"

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;

std::string one_line(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string with_hidden_escaped(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const std::size_t length = std::max<std::size_t>(utf8_length(json.substr(at)), 1);
    const std::string_view character = json.substr(at, length);
    at += length;
    if (character == "\n" || !is_hidden(character)) {
      out += character;
      continue;
    }
    char32_t code = code_point_of(character);
    constexpr char32_t astral = 0x10000, high = 0xd800, low = 0xdc00;
    if (code >= astral) {  // RFC 8259, section 7: as a surrogate pair
      code -= astral;
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(high + (code >> 10U)));
      code = low + (code & 0x3ffU);
    }
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
  }
  return out;
}

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
  return with_hidden_escaped(out + "\n}\n");
}

}  // namespace nsbench
