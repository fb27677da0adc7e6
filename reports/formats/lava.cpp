#include "reports/formats/lava.h"

#include <fmt/format.h>

#include <cmath>
#include <set>
#include <string_view>

#include "reports/formats/amount.h"
#include "reports/formats/dotted.h"
#include "reports/formats/splats.h"
#include "reports/gate.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

std::string_view word_for(VerdictKind verdict) {
  switch (verdict) {
    case VerdictKind::Pass:
      return "pass";
    case VerdictKind::Fail:
      return "fail";
    case VerdictKind::Skip:
      return "skip";
    case VerdictKind::Broken:
      break;
  }
  return "unknown";
}

// As LAVA stores a name (lava_dispatcher, actions/test/monitor.py): ours are lower case already.
std::string stored(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    if (word) {
      out += c;
    } else if (out.empty() || out.back() != '\n') {
      out += '\n';  // stands for a '_' that was made
    }
  }
  for (char& c : out) c = c == '\n' ? '_' : c;
  return out;
}

class Signals {
 public:
  void add(const std::string& wanted, std::string_view result, double measurement = 0,
           const std::string& unit = "none") {
    std::string name = wanted;
    for (int i = 2; !names_.insert(stored(name)).second; ++i) {
      name = fmt::format("{}.{}", wanted, i);
    }
    // Always all four: the server loses a result without a measurement. A decimal number of at most
    // 20 digits and 10 places is what it keeps.
    const bool kept = std::isfinite(measurement) && std::abs(measurement) < 1e15;
    out_ +=
        fmt::format("<LAVA_SIGNAL_TESTCASE TEST_CASE_ID={} RESULT={} MEASUREMENT={} UNITS={}>\n",
                    name, result, kept ? text::decimal(measurement) : "0", kept ? unit : "none");
    ++count_;
  }
  [[nodiscard]] std::string framed(std::string_view decision) const {
    return fmt::format("nsbench: {} results\n{}nsbench: end of {} results: {}\n", count_, out_,
                       count_, decision);
  }

 private:
  std::string out_;
  std::set<std::string> names_;
  std::size_t count_ = 0;
};

void append(Signals& signals, const Report& report, const std::string& prefix) {
  for (const CaseResult& result : report.cases) {
    if (!result.id.control) signals.add(prefix + dotted(result.id), word_for(result.verdict));
  }
  for (const Series& series : report.series) {
    const std::string name = prefix + dotted(series.id);
    if (!series.is_result()) {
      signals.add(name, series.skip ? "skip" : "unknown");
      continue;
    }
    const std::string unit = id_text(series.unit, 40);
    signals.add(name, "pass", statistics_of(series).p25, unit.empty() ? "none" : unit);
  }
  if (splats::is_told(report.kernel)) {
    signals.add(fmt::format("{}{}.{}", prefix, splats::family, splats::probe),
                splats_of(report.kernel).empty() ? "pass" : "fail");
  }
  if (report.run.interrupted) signals.add(prefix + "interrupted", "unknown");
}

}  // namespace

std::string to_lava(std::span<const Report> reports) {
  Signals signals;
  Decision gravest;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    append(signals, reports[i], reports.size() > 1 ? fmt::format("run{}.", i + 1) : "");
    gravest.code = worse(gravest.code, decide(reports[i]).code);
  }
  return signals.framed(gravest.id());
}

}  // namespace nsbench
