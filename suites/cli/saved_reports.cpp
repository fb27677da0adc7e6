#include "suites/cli/saved_reports.h"

#include <fmt/format.h>

#include <utility>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/printable.h"

namespace nsbench::cli {

Result<std::vector<Report>> read_reports(const std::vector<std::string>& files) {
  std::vector<Report> reports;
  for (const std::string& file : files) {
    const Result<std::string> text = read_file(file, max_report_bytes);
    if (!text) return text.error();
    Result<Report> report = from_json(*text);
    if (!report) return Error{fmt::format("{}: {}", printable(file), report.error().str())};
    reports.push_back(std::move(*report));
  }
  return reports;
}

}  // namespace nsbench::cli
