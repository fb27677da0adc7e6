// nsbench fleet: many kernels on machines that LAVA owns. What runs when and where is LAVA's to
// decide: here its jobs are made and given to it, and what became of them comes back.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reports/file.h"
#include "reports/json.h"
#include "reports/policy.h"
#include "reports/printable.h"
#include "suites/cli/catalog_order.h"
#include "suites/cli/command.h"
#include "suites/cli/fleet_jobs.h"
#include "suites/cli/outputs.h"
#include "suites/cli/rights.h"
#include "suites/cli/stop.h"
#include "suites/fleet/collect.h"
#include "suites/fleet/follow.h"
#include "suites/fleet/verdict.h"
#include "suites/history/history.h"

namespace nsbench::cli {

namespace {

namespace fs = std::filesystem;
using fleet::Directory;
using fleet::Fleet;
using fleet::Outcome;
using fleet::Plan;
using fleet::PlannedJob;

struct Options {
  FleetOptions make;
  std::vector<std::string> fleets;  // directories
  std::string server;               // empty: the plan's
  std::string token_file;
  std::optional<double> wait;  // minutes
  double poll = 20;            // seconds
  std::size_t resubmit = 2;
  std::string reports;  // a directory; empty: the server's logs
  std::string db;
  bool keep_reports = false;
  std::string base;
  OutputOptions out;     // its policy
  double threshold = 1;  // percent
  double alpha = 0.01;
  bool json = false;
};

ExitCode usage(const Error& error) {
  complain(error.str());
  return ExitCode::Usage;
}

ExitCode print(const std::string& text) {
  const Status said = write_file("-", text);
  return said ? ExitCode::Ok : cant_write(said.error());
}

std::vector<Directory> directories_of(const Options& options) {
  std::vector<Directory> directories;
  for (const std::string& path : options.fleets) directories.emplace_back(fs::path(path));
  if (directories.empty()) directories.emplace_back(fs::path(FleetOptions().directory));
  return directories;
}

std::string title(const PlannedJob& job) { return fmt::format("{} boot {}", job.kernel, job.boot); }

// A server, while one command speaks to it.
class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const Options& options, const std::string& url,
                                                  const volatile std::sig_atomic_t* stop) {
    std::string token;
    if (!options.token_file.empty()) {
      constexpr std::size_t enough = 1U << 16U;
      const Result<std::string> text = read_file(options.token_file, enough);
      if (!text) return text.error();
      Result<std::string> word = fleet::token_of(*text);
      if (!word) {
        return Error{fmt::format("{}: {}", printable(options.token_file), word.error().str())};
      }
      token = std::move(*word);
    }
    if (!token.empty() && fleet::is_in_clear(url)) {
      complain(fmt::format("the token goes to {} in clear: who listens on the way has it",
                           printable(url, 200)));
    }
    Result<std::unique_ptr<fleet::Http>> http =
        fleet::connect({.url = url, .token = std::move(token), .stop = stop});
    if (!http) return http.error();
    auto connection = std::unique_ptr<Connection>(new Connection(std::move(*http), stop));
    // Whether it is one of LAVA is known before anything is asked of it.
    const Result<std::string> version = connection->lava_.version();
    if (!version) {
      return Error{fmt::format("{} is no server of LAVA that answers: {}", printable(url, 200),
                               version.error().str())};
    }
    return connection;
  }

  fleet::Lava& lava() { return lava_; }
  [[nodiscard]] bool stopped() const { return *stop_ != 0; }
  // false: it is to end.
  [[nodiscard]] bool pause(double seconds) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!stopped() && std::chrono::steady_clock::now() < end) {
      constexpr long tenth = 100'000'000;
      const timespec little{.tv_sec = 0, .tv_nsec = tenth};
      ::nanosleep(&little, nullptr);
    }
    return !stopped();
  }

 private:
  Connection(std::unique_ptr<fleet::Http> http, const volatile std::sig_atomic_t* stop)
      : stop_(stop),
        http_(std::move(http)),
        lava_(*http_, [this](double seconds) { return pause(seconds); }) {}

  const volatile std::sig_atomic_t* stop_;
  std::unique_ptr<fleet::Http> http_;
  fleet::Lava lava_;
};

fleet::Patience patience_of(const Options& options) {
  return {.now = [] { return static_cast<std::int64_t>(std::time(nullptr)); },
          .resubmit = options.resubmit};
}

std::size_t count(const Plan& plan, Outcome outcome) {
  return static_cast<std::size_t>(
      std::count_if(plan.jobs.begin(), plan.jobs.end(),
                    [outcome](const PlannedJob& job) { return job.outcome == outcome; }));
}

// In which order they are told.
constexpr std::array outcomes{Outcome::Planned,   Outcome::Waiting, Outcome::Ended,
                              Outcome::Collected, Outcome::Failed,  Outcome::Damaged,
                              Outcome::Lost,      Outcome::Canceled};

// "12 jobs: 3 waiting, 9 ended"
std::string summary(const Plan& plan) {
  std::string text = fmt::format("{} jobs", plan.jobs.size());
  const char* between = ": ";
  for (const Outcome outcome : outcomes) {
    const std::size_t jobs = count(plan, outcome);
    if (jobs == 0) continue;
    text += fmt::format("{}{} {}", between, jobs, id(outcome));
    between = ", ";
  }
  return text;
}

ExitCode make_jobs(const Options& options) {
  keep_rights_over_files();
  const Result<MadeFleet> made = make_fleet(options.make);
  if (!made) return usage(made.error());
  std::string text;
  for (const PlannedJob& job : made->plan.jobs) {
    text +=
        fmt::format("{} {}\n", job.id, Directory{fs::path(options.make.directory)}.job_file(job));
  }
  return print(text);
}

// What was done stands in the plan, whatever happened: it is kept, and then `done` counts.
Status keep(const Directory& directory, const Plan& plan, const Status& done) {
  const Status kept = directory.keep(plan);
  return done ? kept : done;
}

fleet::Follower follower_of(Connection& connection, const Directory& directory,
                            const Options& options) {
  return {connection.lava(),
          [&directory](const PlannedJob& job) { return read_file(directory.job_file(job)); },
          patience_of(options)};
}

Status refresh(fleet::Follower& follower, Plan& plan, const Directory& directory,
               std::set<std::string>& said) {
  Status fresh = follower.refresh(plan, [&directory, &plan] { return directory.keep(plan); });
  for (const std::string& stranger : follower.strangers()) {
    if (said.insert(stranger).second) complain(stranger);
  }
  return fresh;
}

Status submit_once(fleet::Follower& follower, Plan& plan, const Directory& directory,
                   Connection& connection, std::set<std::string>& said) {
  if (Status fresh = refresh(follower, plan, directory, said); !fresh) return fresh;
  return follower.submit_due(
      plan,
      [](const PlannedJob& job) {
        fmt::print("{} {}: submitted as {}{}\n", job.id, title(job), job.submissions.back().number,
                   job.submissions.size() > 1 ? " again" : "");
        std::fflush(stdout);
      },
      [&connection] { return connection.stopped(); });
}

ExitCode submit(const Options& options) {
  keep_rights_over_files();
  const auto* const stop = stop_on_signals();
  Result<MadeFleet> made = make_fleet(options.make);
  if (!made) return usage(made.error());
  Plan& plan = made->plan;
  const Directory directory{fs::path(options.make.directory)};
  check_kept(plan, directory);
  if (!options.server.empty()) plan.server = options.server;
  if (plan.server.empty()) return usage(Error{"which server? --server"});
  auto connection = Connection::open(options, plan.server, stop);
  if (!connection) return usage(connection.error());
  fleet::Follower follower = follower_of(**connection, directory, options);
  std::set<std::string> strangers;
  const auto begin = std::chrono::steady_clock::now();
  constexpr double minute = 60;
  std::string said;
  for (;;) {
    const Status done =
        keep(directory, plan, submit_once(follower, plan, directory, **connection, strangers));
    const bool is_over = done && follower.is_over(plan);
    if (std::string now = summary(plan); now != said) {
      fmt::print("{}\n", now);
      std::fflush(stdout);
      said = std::move(now);
    }
    if ((*connection)->stopped()) {
      complain("interrupted: the same command goes on from here");
      return ExitCode::Unknown;
    }
    if (!done) {
      // What is waited for is not lost because a server is away for a while.
      if (!options.wait) return usage(done.error());
      complain(done.error().str());
    }
    if (is_over) break;
    if (!options.wait) return ExitCode::Ok;
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - begin;
    if (waited.count() > *options.wait * minute) {
      complain(
          fmt::format("not all has ended after {:g} minutes: the same command goes on from "
                      "here",
                      *options.wait));
      return ExitCode::Unknown;
    }
    (void)(*connection)->pause(options.poll);
  }
  // An end is an end: what it came to is for collect and gate.
  return count(plan, Outcome::Lost) + count(plan, Outcome::Canceled) > 0 && options.wait
             ? ExitCode::Unknown
             : ExitCode::Ok;
}

// Each fleet of the command with its lock.
struct Opened {
  Fleet fleet;
  Fd lock;
};
Result<std::vector<Opened>> open_all(const Options& options) {
  std::vector<Opened> all;
  for (Directory& directory : directories_of(options)) {
    Result<Fd> lock = directory.lock();
    if (!lock) return lock.error();
    Result<Plan> plan = directory.plan();
    if (!plan) return plan.error();
    all.push_back({{std::move(directory), std::move(*plan)}, std::move(*lock)});
  }
  return all;
}

// What its server has now. Nothing to be asked for is no error where there is no server.
Status refresh(Fleet& fleet, const Options& options, const volatile std::sig_atomic_t* stop,
               std::unique_ptr<Connection>& connection) {
  check_kept(fleet.plan, fleet.directory);
  if (!options.server.empty()) fleet.plan.server = options.server;
  if (fleet.plan.server.empty() ||
      count(fleet.plan, Outcome::Collected) == fleet.plan.jobs.size()) {
    return {};
  }
  Result<std::unique_ptr<Connection>> opened = Connection::open(options, fleet.plan.server, stop);
  if (!opened) return opened.error();
  connection = std::move(*opened);
  fleet::Follower follower = follower_of(*connection, fleet.directory, options);
  std::set<std::string> strangers;
  return refresh(follower, fleet.plan, fleet.directory, strangers);
}

std::string status_text(const Fleet& fleet) {
  const Plan& plan = fleet.plan;
  std::string text =
      fmt::format("{} on {}, {}\n", plan.device_type,
                  plan.server.empty() ? "no server" : printable(plan.server, 200), summary(plan));
  std::vector<std::string> kernels;
  std::size_t width = std::string_view("kernel").size();
  for (const PlannedJob& job : plan.jobs) {
    if (std::find(kernels.begin(), kernels.end(), job.kernel) == kernels.end()) {
      kernels.push_back(job.kernel);
    }
    width = std::max(width, job.kernel.size());
  }
  text += fmt::format("  {:<{}}", "kernel", width);
  for (const Outcome outcome : outcomes) text += fmt::format("  {:>9}", id(outcome));
  text += "\n";
  for (const std::string& kernel : kernels) {
    text += fmt::format("  {:<{}}", kernel, width);
    for (const Outcome outcome : outcomes) {
      const auto jobs = std::count_if(plan.jobs.begin(), plan.jobs.end(), [&](const auto& job) {
        return job.kernel == kernel && job.outcome == outcome;
      });
      text += fmt::format("  {:>9}", jobs == 0 ? "." : fmt::to_string(jobs));
    }
    text += "\n";
  }
  for (const PlannedJob& job : plan.jobs) {
    if (!job.why.empty()) {
      text += fmt::format("  {}: {}: {}\n", title(job), id(job.outcome), printable(job.why, 400));
    }
  }
  return text;
}

bool is_ended(const Plan& plan) {
  return count(plan, Outcome::Planned) + count(plan, Outcome::Waiting) == 0;
}

ExitCode status(const Options& options) {
  keep_rights_over_files();
  const auto* const stop = stop_on_signals();
  Result<std::vector<Opened>> all = open_all(options);
  if (!all) return usage(all.error());
  bool ended = true;
  for (Opened& one : *all) {
    std::unique_ptr<Connection> connection;
    const Status done =
        keep(one.fleet.directory, one.fleet.plan, refresh(one.fleet, options, stop, connection));
    if (!done) return usage(done.error());
    const ExitCode printed =
        options.json ? print(fleet::plan_json(one.fleet.plan)) : print(status_text(one.fleet));
    if (printed != ExitCode::Ok) return printed;
    ended = ended && is_ended(one.fleet.plan);
  }
  return ended ? ExitCode::Ok : ExitCode::Unknown;
}

// What is collected is entered, each report once: the history knows those that it has.
Status enter(history::History& history, const Fleet& fleet, bool keep_reports,
             std::size_t& entered) {
  for (const PlannedJob& job : fleet.plan.jobs) {
    if (job.outcome != Outcome::Collected) continue;
    const Result<Report> report = fleet.directory.report(job);
    if (!report) return report.error();
    const Result<history::Record> record = history::record_of(*report);
    if (!record) {
      return Error{
          fmt::format("{}: {}", printable(fleet.directory.report_file(job)), record.error().str())};
    }
    std::optional<std::string> document;
    if (keep_reports) document = to_json(*report);
    const Result<history::Added> added = history.add(*record, document);
    if (!added) return added.error();
    entered += added->is_new ? 1 : 0;
  }
  return {};
}

Status collect_one(Fleet& fleet, const Options& options, const volatile std::sig_atomic_t* stop) {
  const fleet::Collecting how{.into = fleet.directory,
                              .tell =
                                  [](const PlannedJob& job, const std::string& what) {
                                    fmt::print("{} {}: {}\n", job.id, title(job),
                                               printable(what, 600));
                                    std::fflush(stdout);
                                  },
                              .arrange = put_in_catalog_order};
  std::unique_ptr<Connection> connection;
  if (options.reports.empty()) {
    if (Status fresh = refresh(fleet, options, stop, connection); !fresh) return fresh;
  } else {
    check_kept(fleet.plan, fleet.directory);
  }
  for (PlannedJob& job : fleet.plan.jobs) {
    if (*stop != 0) return {};
    Status done;
    if (!options.reports.empty()) {
      done = fleet::collect(job, options.reports, how);
    } else if (connection) {
      done = fleet::collect(job, connection->lava(), how);
    }
    if (!done) return done;
  }
  return {};
}

ExitCode collect(const Options& options) {
  if (!options.db.empty()) {
    if (Status shared = share_rights_on_the_way_to(options.db); !shared) {
      return usage(shared.error());
    }
  }
  keep_rights_over_files();
  const auto* const stop = stop_on_signals();
  Result<std::vector<Opened>> all = open_all(options);
  if (!all) return usage(all.error());
  std::optional<history::History> history;
  std::size_t entered = 0;
  bool whole = true;
  for (Opened& one : *all) {
    Fleet& fleet = one.fleet;
    const Status done = keep(fleet.directory, fleet.plan, collect_one(fleet, options, stop));
    if (!done) return usage(done.error());
    // A kernel that did not get to its end has no report: that is known, and gate's to judge.
    whole = whole && count(fleet.plan, Outcome::Collected) + count(fleet.plan, Outcome::Failed) ==
                         fleet.plan.jobs.size();
    for (const PlannedJob& job : fleet.plan.jobs) {
      if (job.outcome == Outcome::Collected) continue;
      fmt::print("{} {}: no report: {}{}{}\n", job.id, title(job), id(job.outcome),
                 job.why.empty() ? "" : ": ", printable(job.why, 400));
    }
    fmt::print("{}: {}\n", fleet.plan.device_type, summary(fleet.plan));
    if (options.db.empty() || *stop != 0) continue;
    if (!history) {
      Result<history::History> opened =
          history::History::open(options.db, history::Database::Access::Create);
      if (!opened) return usage(opened.error());
      history.emplace(std::move(*opened));
    }
    if (Status done_too = enter(*history, fleet, options.keep_reports, entered); !done_too) {
      return usage(done_too.error());
    }
  }
  if (history) fmt::print("{}: {} reports are new\n", printable(options.db), entered);
  if (*stop != 0) complain("interrupted: the same command goes on from here");
  return whole && *stop == 0 ? ExitCode::Ok : ExitCode::Unknown;
}

std::string_view verdict_of(ExitCode code) {
  return code == ExitCode::Ok ? "PASS" : code == ExitCode::Failed ? "FAIL" : "CAN'T TELL";
}

void tell_verdict(const fleet::KernelVerdict& verdict) {
  fmt::print("{}  {} on {}{}, {} of {} reports", verdict_of(verdict.decision.code), verdict.kernel,
             verdict.device_type, verdict.is_base ? " (base)" : "", verdict.reports, verdict.jobs);
  if (verdict.benchmarks > 0) {
    fmt::print(", {} of {} benchmarks told", verdict.decided, verdict.benchmarks);
  }
  fmt::print("\n");
  for (const std::string& reason : verdict.decision.reasons) {
    fmt::print("      {}\n", printable(reason, 600));
  }
  std::fflush(stdout);
}

std::string verdict_text(const fleet::FleetVerdict& verdict) {
  std::array<std::size_t, 4> kernels{};
  for (const fleet::KernelVerdict& one : verdict.kernels) {
    if (!one.is_base) ++kernels.at(static_cast<std::size_t>(one.decision.code));
  }
  std::string text;
  for (const fleet::Together& one : verdict.together) {
    text += fmt::format("FAIL  {}: {} is slower, x{:.3f} on {} types of machine together\n",
                        one.kernel, printable(one.series, 200), one.ratio, one.types);
  }
  return text + fmt::format(
                    "{}: of {} comparisons with the base {} pass, {} fail, {} can't be told; exit "
                    "{}\n",
                    verdict_of(verdict.code), verdict.comparisons, kernels[0], kernels[1],
                    kernels[3], static_cast<int>(verdict.code));
}

ExitCode gate(const Options& options) {
  keep_rights_over_files();
  const auto* const stop = stop_on_signals();
  const Result<std::optional<Policy>> policy = policy_of(options.out);
  if (!policy) return usage(policy.error());
  Result<std::vector<Opened>> all = open_all(options);
  if (!all) return usage(all.error());
  std::vector<Fleet> fleets;
  for (Opened& one : *all) {
    check_kept(one.fleet.plan, one.fleet.directory);
    fleets.push_back(one.fleet);
  }
  fleet::GateOptions how{
      .base = options.base, .policy = *policy ? &**policy : nullptr, .today = today()};
  how.compare.threshold = options.threshold / 100;
  how.compare.alpha = options.alpha;
  if (*policy) how.compare.thresholds = thresholds_of(**policy);
  const Result<fleet::FleetVerdict> verdict =
      fleet::gate(fleets, how, [stop] { return *stop != 0; });
  if (!verdict) return usage(verdict.error());
  if (!options.json) {
    for (const fleet::KernelVerdict& one : verdict->kernels) tell_verdict(one);
  }
  const ExitCode printed =
      print(options.json ? fleet::verdict_json(*verdict) : verdict_text(*verdict));
  return worse(printed, verdict->code);
}

void add_server(CLI::App& app, Options& options, const char* about) {
  app.add_option("--server", options.server, about)->type_name("URL");
  app.add_option("--token-file", options.token_file,
                 "What the server knows you by: a file with the token alone")
      ->type_name("FILE")
      ->envname("NSBENCH_LAVA_TOKEN_FILE");
}

void add_fleets(CLI::App& app, Options& options) {
  app.add_option("--fleet", options.fleets,
                 "The directory that fleet submit or jobs made (default: nsbench-fleet); several, "
                 "one for each type of machine")
      ->type_name("DIR");
}

void add_submit(CLI::App& app, Options& options) {
  add_making(app, options.make);
  add_server(app, options, "LAVA's; nsbench keeps it in fleet.json for the other commands");
  app.add_option("--wait", options.wait,
                 "Follow the jobs until all have ended, at most for so many minutes, and submit "
                 "again what was lost with its worker")
      ->type_name("MINUTES")
      ->check(CLI::Range(0.0, 100000.0));
  app.add_option("--poll", options.poll, "With --wait: ask this often")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  app.add_option("--resubmit", options.resubmit, "Submit a lost job again, at most so often")
      ->type_name("N")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.footer(
      "nsbench fleet submit --kernels LIST|DIR --device-type T --server URL --token-file F "
      "[options] [-- options of nsbench run]\n\n"
      "A job that the server has is not submitted twice, whoever submitted it and however this "
      "command ended: call it again to go on.\n\n"
      "Exit status: 0 all is submitted, with --wait: and has ended; 2 usage, bad input, a server "
      "that does not answer; 3 not all has ended, or a job is lost for good.");
}

void add_collect(CLI::App& app, Options& options) {
  add_fleets(app, options);
  add_server(app, options, "LAVA's (default: where they were submitted)");
  app.add_option("--reports", options.reports,
                 "No server: reports are DIR/ID.json, or in the consoles DIR/ID.log; ID is the "
                 "job's")
      ->type_name("DIR");
  app.add_option("--db", options.db, "Enter them in this history, each once")->type_name("FILE");
  app.add_flag("--keep-reports", options.keep_reports,
               "Keep the whole reports in the history, too");
  app.footer(
      "Exit status: 0 every job's report is there, or its kernel failed; 2 usage, bad input, a "
      "server that does not answer; 3 some are missing, which are named.");
}

void add_gating(CLI::App& app, Options& options) {
  app.add_option("--base", options.base,
                 "The kernel that the others are compared with (default: as it was submitted)")
      ->type_name("NAME");
  add_fleets(app, options);
  app.add_option("--policy", options.out.policy, "Known failures and limits (nsbench(1))")
      ->type_name("FILE");
  app.add_option("--threshold", options.threshold,
                 "A change counts only if it is over this many percent, where the policy has no "
                 "other limit")
      ->type_name("PERCENT")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  app.add_option("--alpha", options.alpha,
                 "The chance of one false alarm among all benchmarks of all kernels")
      ->type_name("P")
      ->check(CLI::Range(1e-9, 0.5))
      ->capture_default_str();
  app.add_flag("--json", options.json, "As JSON");
  app.footer(
      "Each kernel is compared with the base on the same type of machine, out of the reports that "
      "fleet collect has left. A report that is missing is not passed over. Times need eight "
      "boots. "
      "With more than one comparison, what is slower in the first eight boots is a suspicion, "
      "until "
      "three types of machine or more say so together, or the boots behind them say it again.\n\n"
      "Exit status: 0 all kernels hold what the base does; 1 one does not, or did not get to its "
      "end; 2 usage or bad input; 3 it can't be told: a report is missing, or no benchmark could "
      "be decided.");
}

}  // namespace

Action add_fleet(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  const auto chosen = std::make_shared<std::function<ExitCode()>>();
  const auto command = [&](const char* name, const char* about, ExitCode (*run)(const Options&)) {
    CLI::App* const sub = app.add_subcommand(name, about);
    sub->callback([=] { *chosen = [=] { return run(*options); }; });
    return sub;
  };
  CLI::App* const jobs =
      command("jobs", "Write jobs for many kernels, for labs that submit themselves", &make_jobs);
  add_making(*jobs, options->make);
  jobs->footer(
      "nsbench fleet jobs --kernels LIST|DIR --device-type T --out DIR [options] [-- options of "
      "nsbench run]\n\n"
      "Prints each job's id, which is the same as long as the job is, and its file. Nothing is "
      "submitted: that is for fleet submit, or for a lab's own tools, such as lavacli jobs "
      "submit.");
  add_submit(*command("submit", "Make jobs, and give LAVA those that it does not have", &submit),
             *options);
  CLI::App* const telling = command("status", "What became of the jobs", &status);
  add_fleets(*telling, *options);
  add_server(*telling, *options, "LAVA's (default: where they were submitted)");
  telling->add_flag("--json", options->json, "As JSON: the plan itself");
  telling->footer("Exit status: 0 all have ended; 2 usage, bad input; 3 some have not.");
  add_collect(*command("collect", "Fetch the reports of jobs that have ended", &collect), *options);
  add_gating(*command("gate", "One verdict over all kernels and machines", &gate), *options);
  app.require_subcommand(1);
  return [chosen](const std::string&) { return (*chosen)(); };
}

}  // namespace nsbench::cli
