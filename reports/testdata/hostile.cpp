#include "reports/testdata/hostile.h"

#include "reports/testdata/sample_report.h"

namespace nsbench {

Report hostile_report() {
  const std::string text =
      "<script>document.title='owned'</script></script><!--<img src=x onerror=\"document.title="
      "'owned'\">--> </style></title>\"'&amp;\x01\x1b[31m\n\xff]]>${x}`";
  Report report = sample_report();
  report.kernel.release = report.kernel.version = report.kernel.cmdline = text;
  report.kernel.machine = report.kernel.engine = text;
  report.kernel.splats = {{"bug", "BUG: " + text + '\n' + text, text}};
  report.kernel.accelerator_note = report.kernel.config = text;
  report.environment.host_name = report.environment.cpu_model = report.environment.lsm = text;
  report.environment.virtualisation = report.environment.missing_capabilities = text;
  report.environment.namespaces.emplace_back(text, true);
  report.environment.limits[text] = 1;
  report.run.command = report.run.version = report.run.suite = report.run.started = text;
  report.warnings = {{text, text}};
  for (CaseResult& result : report.cases) {
    result.observed += text;
    result.expected += text;
    for (Statement& statement : result.statements) {
      statement.text += text;
      statement.observed += text;
    }
  }
  for (Series& series : report.series) {
    series.error += text;
    series.workload += text;
  }
  return report;
}

}  // namespace nsbench
