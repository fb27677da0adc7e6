#include "suites/cli/saved_reports.h"

#include <fmt/format.h>

#include <utility>

#include "ci/kernel/console_log.h"
#include "reports/file.h"
#include "reports/json.h"
#include "reports/printable.h"
#include "suites/cli/catalog_order.h"
#include "suites/cli/command.h"

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

Result<Captured> read_captured_reports(const std::vector<std::string>& files) {
  Captured all;
  for (const std::string& file : files) {
    const Result<std::string> text = read_file(file);
    if (!text) return text.error();
    kernel::ConsoleLog log = kernel::read_console_log(*text);
    const std::string name = printable(file);
    for (const std::string& lost : log.lost) complain(fmt::format("{}: {}", name, lost));
    if (!log.complete) complain(fmt::format("{}: {}", name, log.trouble));
    if (!log.any) {
      all.one_is_missing = true;
      continue;
    }
    put_in_catalog_order(log.report);
    all.reports.push_back(std::move(log.report));
  }
  return all;
}

}  // namespace nsbench::cli
