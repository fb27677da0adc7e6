// nsbench list: what there is to check and to time. nsbench explain: one of it, in full.
#include <unistd.h>

#include <memory>
#include <string>

#include "reports/file.h"
#include "suites/catalog.h"
#include "suites/cli/command.h"
#include "suites/cli/rights.h"
#include "suites/cli/terminal.h"

namespace nsbench::cli {

namespace {

struct ListOptions {
  bool long_form = false;
  bool cases = false;
  bool json = false;
};

ExitCode print(const Result<std::string>& text) {
  const Status written = text ? write_file("-", *text) : Status(text.error());
  return written ? ExitCode::Ok : cant_write(written.error());
}

ExitCode list(const ListOptions& options) {
  return print(options.json    ? catalog_json()
               : options.cases ? catalog_ids()
                               : catalog_text(options.long_form));
}

}  // namespace

Action add_list(CLI::App& app) {
  const auto options = std::make_shared<ListOptions>();
  CLI::Option* long_form =
      app.add_flag("--long", options->long_form,
                   "With source, first kernel, methods, privileges, control, statements");
  CLI::Option* cases = app.add_flag("--cases", options->cases, "Every case id, one a line");
  app.add_flag("--json", options->json, "All that is known of each, as JSON")
      ->excludes(long_form)
      ->excludes(cases);
  cases->excludes(long_form);
  return [options](const std::string&) {
    keep_rights_over_files();
    return list(*options);
  };
}

Action add_explain(CLI::App& app) {
  struct Options {
    std::string name;
    bool json = false;
  };
  const auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name,
                 "A check or benchmark, as nsbench list names it, or one of its case ids")
      ->required();
  app.add_flag("--json", options->json, "As JSON");
  return [options](const std::string&) {
    keep_rights_over_files();
    const auto width = static_cast<std::size_t>(columns(STDOUT_FILENO));
    return print(options->json ? explain_json(options->name) : explain(options->name, width));
  };
}

}  // namespace nsbench::cli
