// No thread is started but where one is the subject: unshare(2) and setns(2) of a user namespace
// want a process with one thread, and a fork of a process with more must not even allocate.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>

namespace nsbench {
namespace {

namespace fs = std::filesystem;

// What each of them is about; they start theirs in a process that is made for it.
const std::set<std::string> may_start_threads{
    "probes/calls/sharing.cpp",  // what a thread shares
    "probes/pid/nesting.cpp",    // pid namespaces are refused to processes with threads
    "probes/time/children.cpp",  // setns(2) into a time namespace is as well
    "probes/user/refused.cpp",   // and so are user namespaces
};

bool starts_thread(const std::string& line) {
  // std::this_thread is no thread that is started, and std::thread::id none either.
  static const std::regex start(
      R"(\bstd::(jthread|async|thread)\b(?!::)|\b(pthread|thrd)_create\s*\(|\bSIGEV_THREAD\b)"
      R"(|\bstd::execution::par)");
  const std::string code = line.substr(0, line.find("//"));
  if (code.find("thread") == std::string::npos && code.find("async") == std::string::npos &&
      code.find("thrd") == std::string::npos && code.find("THREAD") == std::string::npos &&
      code.find("execution") == std::string::npos) {
    return false;  // most lines, without the cost of an expression
  }
  return std::regex_search(std::regex_replace(code, std::regex(R"("([^"\\]|\\.)*")"), "\"\""),
                           start);
}

bool is_product(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::string extension = path.extension().string();
  if (extension != ".cpp" && extension != ".h" && extension != ".c") return false;
  if (name.ends_with("_test.cpp")) return false;
  for (const fs::path& folder : path) {
    if (folder == "testing" || folder == "testdata" || folder == "fuzz") return false;
  }
  return true;
}

TEST(Threads, AreStartedOnlyWhereTheyAreTheSubject) {
  const fs::path root(NSBENCH_SOURCE_DIR);
  int files = 0;
  std::set<std::string> found;
  for (const char* room : {"reports", "probes", "bench", "suites", "ci"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / room)) {
      const std::string name = fs::relative(entry.path(), root).string();
      if (!entry.is_regular_file() || !is_product(name)) continue;
      ++files;
      std::ifstream lines(entry.path());
      int number = 0;
      for (std::string line; std::getline(lines, line);) {
        ++number;
        if (!starts_thread(line)) continue;
        found.insert(name);
        EXPECT_TRUE(may_start_threads.contains(name)) << name << ':' << number << ": " << line;
      }
    }
  }
  EXPECT_GT(files, 200) << "the sources were not found in " << root;
  EXPECT_EQ(found, may_start_threads) << "one of these no longer starts any";
}

TEST(Threads, TheRuleRecognisesThem) {
  EXPECT_TRUE(starts_thread("  std::thread([&] { look(); }).join();"));
  EXPECT_TRUE(starts_thread("std::jthread watcher(run);"));
  EXPECT_TRUE(starts_thread("auto run = std::async(std::launch::async, body);"));
  EXPECT_TRUE(starts_thread("if (::pthread_create(&thread, nullptr, body, nullptr) != 0) return;"));
  EXPECT_TRUE(starts_thread("event.sigev_notify = SIGEV_THREAD;"));
  EXPECT_FALSE(starts_thread("std::this_thread::sleep_for(1ms);"));
  EXPECT_FALSE(starts_thread("const std::thread::id self;"));
  EXPECT_FALSE(starts_thread("fail(\"std::thread\");"));
  EXPECT_FALSE(starts_thread("// std::thread would be refused"));
}

}  // namespace
}  // namespace nsbench
