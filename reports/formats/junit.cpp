#include "reports/formats/junit.h"

#include <fmt/format.h>

#include <map>
#include <vector>

#include "reports/formats/markup.h"
#include "reports/formats/splats.h"
#include "reports/formats/words.h"
#include "reports/statistics.h"

namespace nsbench {
namespace {

using markup::xml;

// What a testsuite sums up.
struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
  double seconds = 0;

  void operator+=(const Counts& other) {
    tests += other.tests;
    failures += other.failures;
    errors += other.errors;
    skipped += other.skipped;
    seconds += other.seconds;
  }
};

struct Suite {
  Counts counts;
  std::string cases;
};

void add_case(Suite& suite, const std::string& classname, std::string_view name, double seconds,
              const std::string& inside) {
  suite.cases += fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                             classname, xml(name), seconds);
  suite.cases += inside.empty() ? "/>\n" : fmt::format(">\n{}    </testcase>\n", inside);
  suite.counts.seconds += seconds;
  ++suite.counts.tests;
}

std::string element(const char* name, std::string_view type, const std::string& message,
                    const std::string& body = "") {
  std::string out = fmt::format("      <{} ", name);
  if (!type.empty()) out += fmt::format("type=\"{}\" ", xml(type));
  out += fmt::format("message=\"{}\"", xml(message));
  return out + (body.empty() ? "/>\n" : fmt::format(">{}</{}>\n", body, name));
}

std::string failure_of(const CaseResult& result) {
  std::string message;
  std::string body;
  for (const words::Finding& finding : words::findings(result)) {
    if (message.empty()) message = finding.rule.empty() ? finding.expected : finding.rule;
    body += fmt::format("{}\n  expected: {}\n  observed: {}\n", xml(finding.rule),
                        xml(finding.expected), xml(finding.observed));
  }
  return element("failure", "isolation", message,
                 body + "again: nsbench rerun " + xml(result.id.str()) + '\n');
}

// The name within its family.
std::string name_of(const CaseId& id) { return id.str().substr(id.family.size() + 1); }

// JUnit has no word for a failure that is known: it is skipped, and says why.
bool add_known(Suite& suite, const Ruling& judged, const CaseId& id, std::string& inside) {
  const KnownCase* const known = find(judged.xfail, id);
  if (known == nullptr) return false;
  ++suite.counts.skipped;
  inside = element("skipped", "", "XFAIL: " + known->str());
  return true;
}

void add(Suite& suite, const std::string& classname, const CaseResult& result,
         const Ruling& judged) {
  std::string inside;
  switch (result.verdict) {
    case VerdictKind::Pass:
      break;
    case VerdictKind::Fail:
      if (add_known(suite, judged, result.id, inside)) break;
      ++suite.counts.failures;
      inside = failure_of(result);
      break;
    case VerdictKind::Skip:
      ++suite.counts.skipped;
      inside = element("skipped", "",
                       fmt::format("{}: {}", result.skip ? id(*result.skip) : "", result.observed));
      break;
    case VerdictKind::Broken:
      ++suite.counts.errors;
      inside = element("error", "broken", result.observed);
      break;
  }
  add_case(suite, classname, name_of(result.id), result.seconds, inside);
}

void add(Suite& suite, const std::string& classname, const KernelInfo& kernel,
         const Ruling& judged) {
  constexpr std::size_t longest = 32'000;
  const std::vector<Splat> all = splats_of(kernel);
  std::string inside;
  switch (splats::outcome_of(kernel, judged)) {
    case splats::Outcome::Well:
      break;
    case splats::Outcome::Known:
      ++suite.counts.skipped;
      inside = element("skipped", "", "XFAIL: " + headline(all.front()));
      break;
    case splats::Outcome::Unwell:
      ++suite.counts.failures;
      std::string body;
      for (const Splat& splat : all) {
        body += xml(splats::title(splat)) + '\n';
        for (const std::string& line : splats::lines(splat, 60)) body += xml(line) + '\n';
        if (body.size() > longest) break;
      }
      inside = element("failure", "splat", headline(all.front()), body);
      break;
  }
  add_case(suite, classname, splats::probe, 0, inside);
}

double seconds_of(const Series& series) {
  double seconds = 0;
  for (const Batch& batch : series.batches) seconds += batch.seconds;
  return seconds;
}

std::string numbers_of(const Series& series) {
  const SeriesStatistics times = statistics_of(series);
  return fmt::format(
      "      <system-out>p50 {:.6g}, p90 {:.6g}, p99 {:.6g}, max {:.6g} {}; {} calls"
      "</system-out>\n",
      times.p50, times.p90, times.p99, times.max, xml(series.unit), times.calls);
}

void add(Suite& suite, const std::string& classname, const Series& series, const Ruling& judged) {
  std::string inside;
  if (series.skip) {
    ++suite.counts.skipped;
    inside = element("skipped", "", fmt::format("{}: {}", id(*series.skip), series.error));
  } else if (!series.is_result()) {
    if (!add_known(suite, judged, series.id, inside)) {
      ++suite.counts.errors;
      inside = element("error", "benchmark", series.error.empty() ? "timed no call" : series.error);
    }
  } else {
    inside = numbers_of(series);
  }
  add_case(suite, classname, name_of(series.id), seconds_of(series), inside);
}

// In the order in which families come in the report.
struct Suites {
  std::vector<std::string> order;
  std::map<std::string, Suite> by_family;

  Suite& of(const std::string& family) {
    const auto [found, is_new] = by_family.try_emplace(family);
    if (is_new) order.push_back(family);
    return found->second;
  }
};

std::string properties(const Report& report) {
  std::string out = "    <properties>\n";
  const auto add = [&out](const char* name, std::string_view value) {
    out += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", name, xml(value));
  };
  add("kernel", report.kernel.release);
  add("machine", report.kernel.machine);
  add("nsbench", report.run.version);
  add("seed", std::to_string(report.run.seed));
  return out + "    </properties>\n";
}

std::string suite_xml(const Suite& suite, const std::string& name, const Report& report) {
  const Counts& counts = suite.counts;
  std::string out = fmt::format(
      "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" "
      "time=\"{:.3f}\"",
      name, counts.tests, counts.failures, counts.errors, counts.skipped, counts.seconds);
  if (report.run.started.ends_with('Z')) {  // the schema knows no time zone
    out += fmt::format(
        " timestamp=\"{}\"",
        xml(std::string_view(report.run.started).substr(0, report.run.started.size() - 1)));
  }
  return out + ">\n" + properties(report) + suite.cases + "  </testsuite>\n";
}

std::string suites_of(const Report& report, const std::string& prefix, const Judging& by,
                      Counts& all) {
  const Ruling judged = judge(report, by);
  Suites suites;
  const auto classname = [&](const CaseId& id) {
    return fmt::format("{}nsbench.{}", prefix, id.family);
  };
  for (const CaseResult& result : report.cases) {
    if (!result.id.control) add(suites.of(result.id.family), classname(result.id), result, judged);
  }
  for (const Series& series : report.series) {
    add(suites.of(series.id.family), classname(series.id), series, judged);
  }
  if (splats::is_told(report.kernel)) {
    add(suites.of(std::string(splats::family)), fmt::format("{}nsbench.{}", prefix, splats::family),
        report.kernel, judged);
  }
  if (report.run.interrupted) {
    Suite& suite = suites.of("nsbench");
    ++suite.counts.errors;
    ++suite.counts.tests;
    suite.cases += fmt::format(
        "    <testcase classname=\"{}nsbench\" name=\"run\" time=\"0.000\">\n"
        "{}    </testcase>\n",
        prefix, element("error", "interrupted", "the run was interrupted"));
  }
  std::string out;
  for (const std::string& family : suites.order) {
    const Suite& suite = suites.by_family.at(family);
    all += suite.counts;
    out += suite_xml(suite, fmt::format("{}nsbench.{}", prefix, family), report);
  }
  return out;
}

}  // namespace

std::string to_junit(std::span<const Report> reports, const Judging& by) {
  Counts all;
  std::string suites;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const std::string prefix = reports.size() == 1 ? "" : fmt::format("run{}.", i + 1);
    suites += suites_of(reports[i], prefix, by, all);
  }
  // No `skipped` here: Jenkins' schema refuses it.
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<testsuites name=\"nsbench\" tests=\"{}\" failures=\"{}\" errors=\"{}\" "
      "time=\"{:.3f}\">\n{}</testsuites>\n",
      all.tests, all.failures, all.errors, all.seconds, suites);
}

}  // namespace nsbench
