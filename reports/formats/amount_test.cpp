#include "reports/formats/amount.h"

#include <gtest/gtest.h>

#include <limits>

namespace nsbench::text {
namespace {

std::string in_its_unit(double value, std::string_view measured_in) {
  const Unit unit = unit_for(value, measured_in);
  return amount(value, unit) + " " + std::string(unit.name);
}

TEST(Amount, HasThreeDigitsAndItsUnit) {
  EXPECT_EQ(in_its_unit(0.5, "ns"), "0.50 ns");
  EXPECT_EQ(in_its_unit(641.2, "ns"), "641 ns");
  EXPECT_EQ(in_its_unit(1'832, "ns"), "1.83 us");
  EXPECT_EQ(in_its_unit(22'400, "ns"), "22.4 us");
  EXPECT_EQ(in_its_unit(31e6, "ns"), "31.0 ms");
  EXPECT_EQ(in_its_unit(2e9, "ns"), "2.00 s");
  EXPECT_EQ(in_its_unit(215'000, "bytes"), "215 kB");
  EXPECT_EQ(in_its_unit(64, "bytes"), "64.0 B");
  EXPECT_EQ(in_its_unit(983, "instructions"), "983 insn");
  EXPECT_EQ(in_its_unit(108'701, "instructions"), "109 kinsn");
  EXPECT_EQ(in_its_unit(1'234, "calls/s"), "1234 calls/s");
  EXPECT_EQ(amount(std::numeric_limits<double>::quiet_NaN(), {1, "ns"}), "-");
}

TEST(Decimal, IsPlainAndNoLongerThanItHasToBe) {
  EXPECT_EQ(decimal(0), "0");
  EXPECT_EQ(decimal(-0.0001), "0");
  EXPECT_EQ(decimal(1234.5), "1234.5");
  EXPECT_EQ(decimal(81546.23355199999), "81546.234");
  EXPECT_EQ(decimal(100), "100");
  EXPECT_EQ(decimal(3e8), "300000000");
}

}  // namespace
}  // namespace nsbench::text
