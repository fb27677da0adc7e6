// nsbench doctor: what stands in the way on this machine, and the command that would lift it.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <string>

#include "reports/file.h"
#include "suites/cli/command.h"
#include "suites/cli/terminal.h"
#include "suites/doctor/examination.h"

namespace nsbench::cli {

namespace {

ExitCode see(const std::string& json) {
  ::signal(SIGPIPE, SIG_IGN);
  const doctor::Diagnosis diagnosis = doctor::diagnose(doctor::examine());
  Status written;
  if (json != "-") {
    const auto width = static_cast<std::size_t>(columns(STDOUT_FILENO));
    written = write_file("-", doctor::to_text(diagnosis, width));
  }
  if (written && !json.empty()) written = write_file(json, doctor::to_json(diagnosis));
  if (!written) return cant_write(written.error());
  return diagnosis.lost < diagnosis.cases ? ExitCode::Ok : ExitCode::Unknown;
}

}  // namespace

Action add_doctor(CLI::App& app) {
  const auto json = std::make_shared<std::string>();
  app.add_option("--json", *json,
                 "Write the findings as JSON to FILE, or, without one, to standard output in place "
                 "of the text")
      ->type_name("FILE")
      ->expected(0, 1)
      ->default_str("-");
  app.footer(
      "Changes nothing: it looks, and tries in children. Exit status: 0 if anything can be "
      "checked here, 3 if nothing can.");
  return [json](const std::string&) { return see(*json); };
}

}  // namespace nsbench::cli
