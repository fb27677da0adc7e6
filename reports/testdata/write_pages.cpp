// Writes sample pages, for the test that opens them in a browser.
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reports/file.h"
#include "reports/formats/html.h"
#include "reports/testdata/hostile.h"
#include "reports/testdata/sample_report.h"
#include "reports/testdata/sample_sides.h"

namespace {

using namespace nsbench;

std::string page_of(const std::vector<Report>& base, const std::vector<Report>& now) {
  const Result<Comparison> comparison = compare(base, now, {});
  return comparison ? to_html(*comparison, base, now) : std::string();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_pages DIRECTORY\n", stderr);
    return 2;
  }
  const SampleSides sides = sample_sides();
  std::vector<Report> hostile{hostile_report()};
  std::vector<Report> hostile_now = hostile;
  hostile_now.front().run.seed += 1;
  for (CaseResult& result : hostile_now.front().cases) {
    if (result.verdict == VerdictKind::Pass) result.verdict = VerdictKind::Fail;
  }
  const std::pair<const char*, std::string> pages[] = {
      {"sample", to_html(sample_report())},
      {"healthy", to_html(healthy_report())},
      {"comparison", page_of({sides.base}, {sides.now, sides.null})},
      {"hostile", to_html(hostile.front())},
      {"hostile-comparison", page_of(hostile, hostile_now)}};
  for (const auto& [name, page] : pages) {
    const std::string path = std::string(argv[1]) + "/page-" + name + ".html";
    const Status written = write_file(path, page);
    if (written && !page.empty()) continue;
    std::fprintf(stderr, "write_pages: %s: %s\n", path.c_str(),
                 written ? "no comparison" : written.error().str().c_str());
    return 1;
  }
  return 0;
}
