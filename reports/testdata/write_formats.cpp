// Writes sample reports as every format there is, NAME.FORMAT each, for the tests that read them
// with the programs they are made for.
#include <cstdio>
#include <span>
#include <string>
#include <utility>

#include "reports/file.h"
#include "reports/formats/format.h"
#include "reports/testdata/sample_report.h"

int main(int argc, char** argv) {
  using namespace nsbench;
  if (argc != 2) {
    std::fputs("usage: write_formats DIRECTORY\n", stderr);
    return 2;
  }
  const std::pair<const char*, Report> reports[] = {
      {"sample", sample_report()}, {"healthy", healthy_report()}, {"unwell", unwell_report()}};
  for (const auto& [name, report] : reports) {
    for (const Format& format : all_formats()) {
      if (!serves(format, Serves::Report)) continue;
      const std::string path = std::string(argv[1]) + '/' + name + '.' + std::string(format.name);
      const Status written = write_file(path, format.of_reports(std::span(&report, 1), {}));
      if (written) continue;
      std::fprintf(stderr, "write_formats: %s\n", written.error().str().c_str());
      return 1;
    }
  }
  return 0;
}
