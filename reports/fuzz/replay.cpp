// Gives a fuzz target every file of its corpus, where there is no libFuzzer: what was found once
// stays found.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "reports/file.h"
#include "reports/fuzz/check.h"

int main(int argc, char** argv) {
  if (argc != 2 || !std::filesystem::is_directory(argv[1])) {
    std::fputs("usage: replay CORPUS\n", stderr);
    return 2;
  }
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    const nsbench::Result<std::string> text = nsbench::read_file(file);
    nsbench::fuzz::check(text.ok(), file);
    std::puts(file.c_str());
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text->data()), text->size());
  }
  return files.empty() ? 1 : 0;  // a corpus that is not found tests nothing
}
