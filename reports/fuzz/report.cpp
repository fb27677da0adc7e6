// A report from JSON: what was read can be written, read again and written the same, and every
// format takes it.
#include "reports/compare.h"
#include "reports/formats/format.h"
#include "reports/fuzz/check.h"
#include "reports/json.h"

using namespace nsbench;

namespace {

void write_all(const Report& report) {
  FormatOptions options;
  options.text.histogram = true;
  options.text.every_check = report.run.seed % 2 == 0;
  options.text.width = static_cast<int>(40 + report.run.seed % 100);
  for (const Format& format : all_formats()) {
    if (!serves(format, Serves::Report)) continue;
    fuzz::check(!format.of_reports({&report, 1}, options).empty() || format.name == "lkp",
                format.name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Result<Report> report = from_json(fuzz::text_of(data, size));
  if (!report) {
    fuzz::check(report.error().str().size() < 1000, "an error is short");
    fuzz::check(report.error().str().find('\n') == std::string::npos, "an error is one line");
    return 0;
  }
  const std::string text = to_json(*report);
  const Result<Report> again = from_json(text);
  fuzz::check(again.ok(), "what was written is read");
  fuzz::check(to_json(*again) == text, "what was read is written the same");
  write_all(*report);
  return 0;
}
