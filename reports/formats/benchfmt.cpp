#include "reports/formats/benchfmt.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "reports/formats/amount.h"
#include "reports/formats/dotted.h"
#include "reports/printable.h"

namespace nsbench {
namespace {

std::string name_of(const CaseId& id) {
  std::string out = fmt::format("Benchmark{}/name={}", id.family, id.name);
  char& first = out[std::string_view("Benchmark").size()];
  if (first >= 'a' && first <= 'z') first = static_cast<char>(first - 'a' + 'A');
  for (const auto& [key, value] : id.params) out += fmt::format("/{}={}", key, value);
  return out + fmt::format("/method={}/privilege={}", id.way(), nsbench::id(id.privilege));
}

std::string unit_of(const std::string& unit) {
  if (unit == "ns") return "ns/op";
  if (unit == "bytes") return "B/op";
  const std::string known = id_text(unit, 40);
  return fmt::format("{}/op", known.empty() ? "units" : known);
}

// What tools name this architecture.
std::string_view goarch(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  return machine;
}

// Also without a value: that takes back what an earlier report in the file said.
void line(std::string& out, std::string_view key, std::string_view value) {
  out += fmt::format("{}:{}{}\n", key, value.empty() ? "" : " ", printable(value, 1000));
}

std::string configuration(const Report& report, bool among_others) {
  const KernelInfo& kernel = report.kernel;
  std::string out = fmt::format("# nsbench {}, {}\n", printable(report.run.version, 100),
                                printable(report.run.started, 100));
  if (!among_others) {
    out += fmt::format("# Linux {} {}\n", printable(kernel.release), printable(kernel.version));
  }
  line(out, "goos", "linux");
  line(out, "goarch", goarch(kernel.machine));
  line(out, "pkg", "nsbench");
  line(out, "cpu", report.environment.cpu_model);
  line(out, "virtualisation", report.environment.virtualisation);
  line(out, "engine", kernel.engine);
  line(out, "clock", kernel.clock);
  line(out, "workload-version", fmt::format("{}", report.run.workload_version));
  if (among_others) {
    line(out, "kernel", fmt::format("{} {}", kernel.release, kernel.version));
    line(out, "side", report.run.side);
  }
  return out;
}

}  // namespace

std::string to_benchfmt(std::span<const Report> reports) {
  std::string out;
  for (const Report& report : reports) {
    if (!out.empty()) out += '\n';
    out += configuration(report, reports.size() > 1) + '\n';
    for (const Series& series : report.series) {
      if (!series.is_result()) continue;
      const std::string name = name_of(series.id);
      for (const Batch& batch : series.batches) {
        if (!std::isfinite(batch.p25)) continue;
        out += fmt::format("{} {} {} {}\n", name, batch.calls, text::decimal(batch.p25),
                           unit_of(series.unit));
      }
    }
  }
  return out;
}

}  // namespace nsbench
