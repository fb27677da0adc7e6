// Times and sizes as a person reads them: three digits and a unit.
#pragma once

#include <string>
#include <string_view>

namespace nsbench::text {

struct Unit {
  double size;  // of one, in what series are measured in: nanoseconds, instructions or bytes
  std::string_view name;
};

// The unit in which `value` reads best, of "ns", "instructions" or "bytes"; whatever else is left
// as it is. One for a whole row, so that its numbers can be compared by eye.
Unit unit_for(double value, std::string_view measured_in);
// Three digits that mean something; whole numbers are never rounded further. "-" if not finite.
std::string amount(double value, Unit unit);
// A plain number for other programs, with at most 3 decimals: so much as a report keeps of a time.
std::string decimal(double value);

}  // namespace nsbench::text
