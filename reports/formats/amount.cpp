#include "reports/formats/amount.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace nsbench::text {

Unit unit_for(double value, std::string_view measured_in) {
  constexpr std::array times{Unit{1e9, "s"}, Unit{1e6, "ms"}, Unit{1e3, "us"}, Unit{1, "ns"}};
  constexpr std::array sizes{Unit{1e9, "GB"}, Unit{1e6, "MB"}, Unit{1e3, "kB"}, Unit{1, "B"}};
  constexpr std::array counts{Unit{1e9, "Ginsn"}, Unit{1e6, "Minsn"}, Unit{1e3, "kinsn"},
                              Unit{1, "insn"}};
  const auto of = [value](const auto& units) {
    const auto fits = [value](const Unit& unit) { return std::abs(value) >= unit.size; };
    const auto found = std::find_if(units.begin(), units.end(), fits);
    return found == units.end() ? units.back() : *found;
  };
  if (measured_in == "ns") return of(times);
  if (measured_in == "instructions") return of(counts);
  if (measured_in == "bytes") return of(sizes);
  return {1, measured_in};
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
