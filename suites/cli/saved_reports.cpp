#include "suites/cli/saved_reports.h"

#include <fmt/format.h>

#include <utility>

#include "reports/file.h"
#include "reports/json.h"

namespace nsbench::cli {

Result<std::vector<Report>> read_reports(const std::vector<std::string>& files) {
  std::vector<Report> reports;
  for (const std::string& file : files) {
    const Result<std::string> text = read_file(file);
    if (!text) return text.error();
    Result<Report> report = from_json(*text);
    if (!report) return Error{fmt::format("{}: {}", file, report.error().str())};
    reports.push_back(std::move(*report));
  }
  return reports;
}

}  // namespace nsbench::cli
