#include "reports/formats/amount.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace nsbench::text {

Unit unit_for(double value, std::string_view measured_in) {
  constexpr std::array times{Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}, Unit{1, "ns"}};
  constexpr std::array sizes{Unit{1e9, "GB"}, Unit{1e6, "MB"}, Unit{1e3, "kB"}, Unit{1, "B"}};
  if (measured_in != "ns" && measured_in != "bytes") return {1, measured_in};
  const auto& units = measured_in == "ns" ? times : sizes;
  for (const Unit unit : units) {
    if (std::abs(value) >= unit.size) return unit;
  }
  return units.back();
}

std::string amount(double value, Unit unit) {
  if (!std::isfinite(value)) return "-";
  const double scaled = value / unit.size;
  if (std::abs(scaled) < 9.995) return fmt::format("{:.2f}", scaled);
  if (std::abs(scaled) < 99.95) return fmt::format("{:.1f}", scaled);
  return fmt::format("{:.0f}", scaled);
}

std::string decimal(double value) {
  std::string text = fmt::format("{:.3f}", value);
  if (text.find('.') == std::string::npos) return text;  // inf, nan
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace nsbench::text
