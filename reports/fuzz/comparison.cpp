// Two reports, or several, that are compared: the input's parts between NUL bytes, of which the
// second half is the new side. Every format takes the comparison.
#include <vector>

#include "reports/compare.h"
#include "reports/formats/format.h"
#include "reports/fuzz/check.h"
#include "reports/json.h"

using namespace nsbench;

namespace {

constexpr std::size_t most_reports = 32;

std::vector<Report> reports_of(std::string_view text) {
  std::vector<Report> reports;
  while (!text.empty() && reports.size() < most_reports) {
    const std::size_t end = text.find('\0');
    Result<Report> report = from_json(text.substr(0, end));
    if (report) reports.push_back(*std::move(report));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reports;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<Report> reports = reports_of(fuzz::text_of(data, size));
  if (reports.empty()) return 0;
  const std::size_t half = (reports.size() + 1) / 2;
  const std::vector<Report> base(reports.begin(), reports.begin() + static_cast<long>(half));
  std::vector<Report> now(reports.begin() + static_cast<long>(half), reports.end());
  if (now.empty()) now = base;
  const Result<Comparison> comparison = compare(base, now, {});
  if (!comparison) return 0;
  const Compared compared{*comparison, base, now};
  for (const Format& format : all_formats()) {
    if (!serves(format, Serves::Compare)) continue;
    fuzz::check(!format.of_comparison(compared, {}).empty(), format.name);
  }
  return 0;
}
