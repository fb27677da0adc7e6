#include "reports/testdata/golden.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "reports/file.h"

namespace nsbench {

void expect_golden(const std::string& name, std::string_view text) {
  const std::string path = std::string(NSBENCH_SOURCE_DIR) + "/reports/testdata/" + name;
  if (std::getenv("NSBENCH_UPDATE_GOLDEN") != nullptr) {
    const Status written = write_file(path, text);
    EXPECT_TRUE(written.ok()) << written.error().str();
    return;
  }
  const Result<std::string> golden = read_file(path);
  ASSERT_TRUE(golden.ok()) << golden.error().str();
  EXPECT_EQ(*golden, text) << "if this is what " << name
                           << " is to look like, run again with NSBENCH_UPDATE_GOLDEN=1";
}

}  // namespace nsbench
