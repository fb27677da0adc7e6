// nsbench history: reports over time, in one SQLite file.
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/printable.h"
#include "suites/cli/command.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"
#include "suites/cli/terminal.h"
#include "suites/history/history.h"
#include "suites/history/history_json.h"
#include "suites/history/history_text.h"
#include "suites/history/trend_html.h"

namespace nsbench::cli {

namespace {

using history::Database;
using history::History;

struct Options {
  std::string db;
  std::vector<std::string> files;
  bool keep_reports = false;
  history::Filter filter;
  std::optional<std::size_t> limit;
  bool json = false;
  bool report = false;  // show: the kept one
  std::int64_t id = 0;
  std::string case_name;
  double threshold = 1;  // percent
  std::string format;
  std::string output = "-";
  std::string color = "auto";
};

ExitCode fail(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

ExitCode print(const std::string& path, const Result<std::string>& text) {
  if (!text) return fail(text.error());
  const Status written = write_file(path, *text);
  return written ? ExitCode::Ok : cant_write(written.error());
}

history::TextOptions text_options(const Options& options) {
  const ColorChoice choice = options.color == "always"  ? ColorChoice::Always
                             : options.color == "never" ? ColorChoice::Never
                                                        : ColorChoice::Auto;
  const bool to_stdout = options.output == "-";
  constexpr std::size_t rows = 40;
  history::TextOptions text;
  text.color = to_stdout ? use_color(choice, STDOUT_FILENO) : choice == ColorChoice::Always;
  if (to_stdout) text.width = static_cast<std::size_t>(columns(STDOUT_FILENO));
  text.limit = options.limit.value_or(rows);
  return text;
}

// The history is opened for the first report that can be read, so that none is made for nothing.
class Adding {
 public:
  explicit Adding(const Options& options) : options_(options) {}

  // What stands there already had better be a history.
  Status open_existing() {
    std::error_code ignored;
    if (!std::filesystem::exists(options_.db, ignored)) return {};
    return open();
  }
  // The line to print.
  Result<std::string> add(const std::string& file) {
    const Result<std::string> text = read_file(file);
    if (!text) return text.error();
    const auto named = [&file](const Error& error) {
      return Error{fmt::format("{}: {}", printable(file), error.str())};
    };
    const Result<Report> report = from_json(*text);
    if (!report) return named(report.error());
    const Result<history::Record> record = history::record_of(*report);
    if (!record) return named(record.error());
    if (Status opened = open(); !opened) return opened.error();
    std::optional<std::string_view> document;
    if (options_.keep_reports) document = *text;
    const Result<history::Added> added = history_->add(*record, document);
    if (!added) return named(added.error());
    return fmt::format("{}: {} run {}\n", printable(file),
                       added->is_new ? "added as" : "is there already:", added->id);
  }

 private:
  Status open() {
    if (history_) return {};
    Result<History> opened = History::open(options_.db, Database::Access::Create);
    if (!opened) return opened.error();
    history_.emplace(std::move(*opened));
    return {};
  }
  const Options& options_;
  std::optional<History> history_;
};

ExitCode add(const Options& options) {
  // A report is added as a whole, and leaves no journal: a signal ends it between two.
  const auto* const stop = stop_on_signals();
  Adding adding(options);
  if (const Status fine = adding.open_existing(); !fine) return fail(fine.error());
  ExitCode code = ExitCode::Ok;
  for (const std::string& file : options.files) {
    if (*stop != 0) {
      complain(
          fmt::format("interrupted: {} was not added, nor what stands behind it", printable(file)));
      return worse(code, ExitCode::Unknown);
    }
    code = worse(code, print("-", adding.add(file)));
  }
  return code;
}

Result<std::string> list(History& history, const Options& options) {
  const std::size_t limit = options.json ? options.limit.value_or(0) : text_options(options).limit;
  const Result<std::vector<history::Run>> runs = history.runs(options.filter, limit);
  if (!runs) return runs.error();
  if (options.json) return history::list_json(*runs);
  const Result<std::int64_t> count = history.count(options.filter);
  if (!count) return count.error();
  return history::list_text(*runs, *count, text_options(options));
}

Result<std::string> kept_report(History& history, std::int64_t id) {
  Result<std::optional<std::string>> document = history.document(id);
  if (!document) return document.error();
  if (*document) return **document;
  return Error{fmt::format("the report of run {} was not kept: history add --keep-reports", id)};
}

Result<std::string> show(History& history, const Options& options) {
  const Result<std::optional<history::Record>> record = history.record(options.id);
  if (!record) return record.error();
  if (!*record) {
    return Error{fmt::format("'{}' has no run {}; nsbench history list tells what it has",
                             options.db, options.id)};
  }
  if (options.report) return kept_report(history, options.id);
  return options.json ? history::show_json(**record)
                      : history::show_text(**record, text_options(options));
}

Error unknown_case(History& history, const Options& options) {
  constexpr std::size_t most = 10;
  std::string text =
      fmt::format("no run in '{}' has a case '{}'", options.db, printable(options.case_name, 200));
  const Result<std::vector<std::string>> similar = history.similar(options.case_name, most);
  if (!similar) return similar.error();
  const char* before = "; there is ";
  for (const std::string& name : *similar) {
    text += before + printable(name, 200);
    before = ", ";
  }
  return Error{text};
}

Result<std::string> trend(History& history, const Options& options) {
  const Result<std::vector<history::CaseName>> names = history.cases_named(options.case_name);
  if (!names) return names.error();
  if (names->empty()) return unknown_case(history, options);
  std::vector<std::pair<history::CaseName, std::vector<history::Point>>> cases;
  for (const history::CaseName& name : *names) {
    Result<std::vector<history::Point>> points = history.points(name, options.filter);
    if (!points) return points.error();
    cases.emplace_back(name, std::move(*points));
  }
  ChangePointOptions how;
  how.threshold = options.threshold / 100;
  const history::Trend trend = history::trend_of(options.case_name, std::move(cases), how);
  if (options.json || options.format == "json") return history::trend_json(trend);
  if (options.format == "html") return history::trend_html(trend);
  return history::trend_text(trend, text_options(options));
}

using Answer = Result<std::string> (*)(History&, const Options&);

ExitCode read_with(Answer answer, const Options& options) {
  ::signal(SIGPIPE, SIG_IGN);
  Result<History> history = History::open(options.db, Database::Access::Existing);
  if (!history) return fail(history.error());
  return print(options.output, answer(*history, options));
}

void add_filter(CLI::App& app, Options& options) {
  app.add_option("--kernel", options.filter.kernel,
                 "Only runs of kernels whose release and version contain this")
      ->type_name("TEXT");
  app.add_option("--machine", options.filter.machine,
                 "Only runs whose host name, machine id or processor contains this")
      ->type_name("TEXT");
}

void add_presentation(CLI::App& app, Options& options) {
  app.add_flag("--json", options.json, "As JSON");
  app.add_option("--output", options.output, "Write to FILE instead of standard output")
      ->type_name("FILE");
  app.add_option("--color", options.color, "Colour the text")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

void add_limit(CLI::App& app, Options& options, const char* about) {
  app.add_option("--limit", options.limit, about)->type_name("N");
}

CLI::App* subcommand(CLI::App& app, Options& options, const char* name, const char* about) {
  CLI::App* const sub = app.add_subcommand(name, about);
  sub->add_option("--db", options.db, "The history")->type_name("FILE")->required();
  return sub;
}

}  // namespace

Action add_history(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  const auto chosen = std::make_shared<std::function<ExitCode()>>();
  const auto choose = [options, chosen](CLI::App* sub, Answer answer) {
    sub->callback([=] { *chosen = [=] { return read_with(answer, *options); }; });
  };
  CLI::App* const adding =
      subcommand(app, *options, "add", "Add reports; the same one again is said, and not doubled");
  adding->add_option("FILE", options->files, "Reports (nsbench run --json=FILE)")->required();
  adding->add_flag("--keep-reports", options->keep_reports,
                   "Keep the whole reports too, compressed: show --report gives them back");
  adding->callback([=] { *chosen = [=] { return add(*options); }; });

  CLI::App* const listing = subcommand(app, *options, "list", "The runs, the newest first");
  add_filter(*listing, *options);
  add_limit(*listing, *options, "No more than N; 0: all (default: 40, with --json all)");
  add_presentation(*listing, *options);
  choose(listing, list);

  CLI::App* const showing = subcommand(app, *options, "show", "What is known of one run");
  showing->add_option("ID", options->id, "The run's, as list shows it")->required();
  showing->add_flag("--report", options->report, "The report itself, if it was kept");
  add_presentation(*showing, *options);
  choose(showing, show);

  CLI::App* const following =
      subcommand(app, *options, "trend", "One case over all runs, and where it changed");
  following->add_option("CASE", options->case_name, "A case id")->required();
  add_filter(*following, *options);
  following
      ->add_option("--threshold", options->threshold, "No changes smaller than this many percent")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  add_limit(*following, *options, "Text: the last N kernels; 0: all (default: 40)");
  following->add_option("--format", options->format, "text, json, or html: one file with a chart")
      ->check(CLI::IsMember({"text", "json", "html"}));
  add_presentation(*following, *options);
  choose(following, trend);

  app.require_subcommand(1);
  app.footer(
      "Keeps of each report where and how it ran, every verdict, and of each benchmark its "
      "percentiles. nsbench(1) tells how changes are found.\n\n"
      "Exit status: 0; 2 for usage, bad input, and a report that could not be added (others that "
      "were given are); 3 if it was interrupted before all were.");
  return [options, chosen](const std::string&) {
    if (Status shared = share_rights_on_the_way_to(options->db); !shared) {
      return fail(shared.error());
    }
    keep_rights_over_files();
    return (*chosen)();
  };
}

}  // namespace nsbench::cli
