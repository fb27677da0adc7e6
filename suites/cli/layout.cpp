#include "suites/cli/layout.h"

#include <fmt/format.h>
#include <sys/personality.h>
#include <unistd.h>

#include <cstdlib>

#include "probes/sandbox/files.h"

namespace nsbench::cli {

namespace {

constexpr unsigned long query = 0xffffffff;
constexpr const char* tried_mark = "NSBENCH_LAYOUT_TRIED";

bool is_fixed() {
  const int now = ::personality(query);
  return now >= 0 && (static_cast<unsigned>(now) & ADDR_NO_RANDOMIZE) != 0;
}

bool fix() {
  const int now = ::personality(query);
  return now >= 0 && ::personality(static_cast<unsigned>(now) | ADDR_NO_RANDOMIZE) >= 0;
}

Warning warning(const Error& error) {
  return {"layout",
          fmt::format("the process's memory lies elsewhere at each start, which fork-like "
                      "clones depend on: {}",
                      error.str())};
}

Error exec_self(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv("/proc/self/exe", argv.data());
  return Error::last("exec(/proc/self/exe)");
}

}  // namespace

std::optional<Warning> fix_address_space_layout() {
  // An exec that gains capabilities, as root's does where they were dropped, takes the personality
  // away again (kernel: PER_CLEAR_ON_SETID): tried once, or it would never end.
  const bool tried = std::getenv(tried_mark) != nullptr;
  ::unsetenv(tried_mark);
  if (is_fixed()) return std::nullopt;
  if (tried) return warning(Error{"exec takes ADDR_NO_RANDOMIZE away"});
  const Result<std::string> text = read_small_file("/proc/self/cmdline");
  if (!text) return warning(text.error());
  if (!fix()) return warning(Error::last("personality(ADDR_NO_RANDOMIZE)"));
  std::vector<std::string> words;  // each ends with a zero byte
  for (std::size_t at = 0; at < text->size();) {
    words.emplace_back(text->c_str() + at);
    at += words.back().size() + 1;
  }
  ::setenv(tried_mark, "1", 1);
  const Error refused = exec_self(std::move(words));
  ::unsetenv(tried_mark);
  return warning(refused);
}

Error become_nsbench(const std::vector<std::string>& words) {
  static_cast<void>(fix());  // what can't be had is said by the run itself
  std::vector<std::string> all{"nsbench"};
  all.insert(all.end(), words.begin(), words.end());
  return exec_self(std::move(all));
}

}  // namespace nsbench::cli
