// Writes two sample reports, for the tests that open them with other people's tools.
#include <cstdio>
#include <string>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/testdata/sample_report.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: write_sample BEFORE.json AFTER.json\n", stderr);
    return 2;
  }
  const nsbench::Report reports[] = {nsbench::sample_report(), nsbench::sample_report(1.08)};
  for (int i = 0; i < 2; ++i) {
    const nsbench::Status written = nsbench::write_file(argv[i + 1], nsbench::to_json(reports[i]));
    if (written) continue;
    std::fprintf(stderr, "write_sample: %s\n", written.error().str().c_str());
    return 1;
  }
  return 0;
}
