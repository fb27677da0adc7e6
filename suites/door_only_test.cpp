// No other file than the door's makes the raw calls: namespaces are entered in one place.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

namespace nsbench {
namespace {

namespace fs = std::filesystem;

bool is_source(const fs::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".cpp" || extension == ".h" || extension == ".c";
}

// The door itself, and the C loop that benchmarks are held against.
bool is_allowed(const std::string& path) {
  return path.starts_with("probes/sandbox/") || path == "bench/reference.c";
}

// Lies name the calls that they are told about, and make none.
bool may_name_numbers(const std::string& path) { return path.starts_with("suites/selftest/lies_"); }

// A call of the C library's wrapper (not of calls::), or a system call number.
bool has_raw_call(const std::string& line, bool numbers_allowed = false) {
  static const std::regex wrapper(R"((^|[^\w:.])(::)?(clone|clone3|unshare|setns)\s*\()");
  static const std::regex number(R"(\b(SYS|__NR)_(clone3?|unshare|setns)\b)");
  if (line.find("clone") == std::string::npos && line.find("unshare") == std::string::npos &&
      line.find("setns") == std::string::npos) {
    return false;  // most lines, without the cost of an expression
  }
  std::smatch match;
  const std::string code = line.substr(0, line.find("//"));
  const std::string unquoted = std::regex_replace(code, std::regex(R"("([^"\\]|\\.)*")"), "\"\"");
  if (std::regex_search(unquoted, match, wrapper)) return true;
  return !numbers_allowed && std::regex_search(unquoted, number);
}

std::vector<std::string> raw_calls_in(const fs::path& file, const std::string& name) {
  std::vector<std::string> found;
  std::ifstream lines(file);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (has_raw_call(line, may_name_numbers(name)))
      found.push_back(name + ":" + std::to_string(number) + ": " + line);
  }
  return found;
}

TEST(DoorOnly, NoRawCallStandsOutsideTheDoor) {
  const fs::path root(NSBENCH_SOURCE_DIR);
  int files = 0;
  for (const char* room : {"reports", "probes", "bench", "suites", "ci"}) {
    if (!fs::exists(root / room)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / room)) {
      const std::string name = fs::relative(entry.path(), root).string();
      if (!entry.is_regular_file() || !is_source(entry.path()) || is_allowed(name)) continue;
      ++files;
      for (const std::string& call : raw_calls_in(entry.path(), name)) ADD_FAILURE() << call;
    }
  }
  EXPECT_GT(files, 20) << "the sources were not found in " << root;
}

TEST(DoorOnly, TheRuleRecognisesRawCalls) {
  EXPECT_TRUE(has_raw_call("  if (unshare(CLONE_NEWNS) != 0) {"));
  EXPECT_TRUE(has_raw_call("::setns(fd, 0);"));
  EXPECT_TRUE(has_raw_call("syscall(SYS_clone3, &args, sizeof args);"));
  EXPECT_TRUE(has_raw_call("return __NR_unshare;"));
  EXPECT_TRUE(has_raw_call("::unshare(CLONE_NEWNS);", true));
  EXPECT_FALSE(has_raw_call("constexpr std::array calls{long{SYS_unshare}};", true));
  EXPECT_FALSE(has_raw_call("calls::unshare(flags);"));
  EXPECT_FALSE(has_raw_call("fail(\"unshare(CLONE_NEWNS)\");"));
  EXPECT_FALSE(has_raw_call("// unshare() is called by the door"));
}

}  // namespace
}  // namespace nsbench
