// The report from JSON: what from_json() accepts.
#include <fmt/format.h>

#include <charconv>
#include <map>

#include "reports/json.h"
#include "reports/json_cursor.h"
#include "reports/printable.h"

namespace nsbench {
namespace {

using Cursor = JsonCursor;

// A name out of a closed list.
template <class Parse>
auto enumerated(const Cursor& in, Parse parse, std::string_view what) {
  const std::string text = in.text();
  auto value = parse(text);
  if (!value) in.refuse(fmt::format("'{}' is not {}", printable(text, 60), what));
  return value;
}

std::optional<SkipReason> read_skip(const Cursor& in) {
  if (in.is_null()) return std::nullopt;
  return enumerated(in, parse_skip_reason, "a reason to skip");
}

std::optional<Statement::Kind> parse_statement_kind(std::string_view text) {
  for (const auto kind :
       {Statement::Kind::Isolation, Statement::Kind::Works, Statement::Kind::Rule}) {
    if (text == id(kind)) return kind;
  }
  return std::nullopt;
}

// "EPERM", or "errno 524" for one without a name; see errno_name().
std::optional<int> parse_errno(std::string_view text) {
  constexpr std::string_view numbered = "errno ";
  int err = errno_value(text);
  if (text.starts_with(numbered)) {
    std::from_chars(text.data() + numbered.size(), text.data() + text.size(), err);
  }
  return err != 0 && errno_name(err) == text ? std::optional(err) : std::nullopt;
}

// As the schema has them: formats write them behind numbers as they are.
std::optional<std::string> parse_unit(std::string_view text) {
  for (const std::string_view unit : {"ns", "instructions", "bytes"}) {
    if (text == unit) return std::string(unit);
  }
  return std::nullopt;
}

int read_errno(const Cursor& in) {
  if (!in.has("errno")) return 0;
  return enumerated(in.at("errno"), parse_errno, "the name of an errno").value_or(0);
}

std::vector<CacheInfo> read_caches(const Cursor& in) {
  std::vector<CacheInfo> caches;
  for (const Cursor& cache : in.elements()) {
    caches.push_back({cache.at("type").text(), cache.at("level").integer<int>(),
                      cache.at("size").integer<std::int64_t>(),
                      cache.at("num_sharing").integer<int>()});
  }
  return caches;
}

// Before anything else: a report of a newer schema may differ in every other place.
void check_schema(const Cursor& in) {
  if (!in.has("nsbench")) return in.refuse("has no key 'nsbench': this is not a report of nsbench");
  const Cursor schema = in.at("nsbench").at("schema");
  const int number = schema.integer<int>();
  if (number > report_schema) {
    schema.refuse(fmt::format("{} is newer than the newest that this nsbench reads ({})", number,
                              report_schema));
  } else if (number < 1) {
    schema.refuse(fmt::format("{} is not a schema number", number));
  }
}

RunInfo read_run(const Cursor& in) {
  RunInfo run;
  run.version = in.at("version").text();
  run.build_type = in.at("build_type").text();
  run.workload_version = in.at("workload_version").integer<int>();
  run.command = in.at("command").text();
  run.suite = in.at("suite").text();
  run.seed = in.at("seed").integer<std::uint64_t>();
  run.started = in.at("started").text();
  run.seconds = in.at("seconds").number();
  run.interrupted = in.at("interrupted").boolean();
  if (in.has("budget")) run.budget = in.at("budget").number();
  if (in.has("lockstep")) {
    run.lockstep = in.at("lockstep").at("id").text();
    run.side = in.at("lockstep").at("side").text();
  }
  return run;
}

std::string read_splat_kind(const Cursor& in) {
  std::string kind = in.text();
  if (!is_splat_kind(kind)) {
    in.refuse(fmt::format("'{}' is not a kind of splat", printable(kind, 60)));
  }
  return kind;
}

// What reports of older versions lack keeps its default.
void read_boot(const Cursor& in, KernelInfo& kernel) {
  if (in.has("taint_before")) kernel.taint_before = in.at("taint_before").integer<std::int64_t>();
  if (in.has("splats")) {
    for (const Cursor& splat : in.at("splats").elements()) {
      kernel.splats.push_back({read_splat_kind(splat.at("kind")), splat.at("excerpt").text(),
                               splat.at("running").text()});
    }
  }
  if (in.has("boot_seconds")) kernel.boot_seconds = in.at("boot_seconds").number();
  if (in.has("config")) kernel.config = in.at("config").text();
  if (in.has("config_options")) {
    for (const auto& [name, value] : in.at("config_options").members()) {
      kernel.config_options[name] = value.text();
    }
  }
  if (in.has("accelerator_note")) kernel.accelerator_note = in.at("accelerator_note").text();
}

KernelInfo read_kernel(const Cursor& in) {
  KernelInfo kernel;
  kernel.release = in.at("release").text();
  kernel.version = in.at("version").text();
  kernel.machine = in.at("machine").text();
  kernel.cmdline = in.at("cmdline").text();
  kernel.engine = in.at("engine").text();
  kernel.clock = in.at("clock").text();
  kernel.machine_id = in.at("machine_id").text();
  kernel.boot_id = in.at("boot_id").text();
  kernel.taint = in.at("taint").integer<std::int64_t>();
  read_boot(in, kernel);
  return kernel;
}

Environment read_environment(const Cursor& in) {
  Environment environment;
  environment.host_name = in.at("host_name").text();
  environment.cpu_model = in.at("cpu_model").text();
  environment.cpus = in.at("cpus").integer<int>();
  environment.mhz = in.at("mhz").number();
  environment.caches = read_caches(in.at("caches"));
  environment.load_avg = in.at("load_avg").numbers();
  environment.virtualisation = in.at("virtualisation").text();
  environment.uid = in.at("uid").integer<std::uint32_t>();
  environment.initial_user_namespace = in.at("initial_user_namespace").boolean();
  environment.capabilities = in.at("capabilities").text();
  environment.missing_capabilities = in.at("missing_capabilities").text();
  environment.seccomp = in.at("seccomp").text();
  environment.lsm = in.at("lsm").text();
  for (const auto& [name, limit] : in.at("limits").members()) {
    environment.limits[name] = limit.integer<std::int64_t>();
  }
  for (const Cursor& kind : in.at("namespaces").elements()) {
    environment.namespaces.emplace_back(kind.at("name").text(), kind.at("available").boolean());
  }
  return environment;
}

CaseId read_id(const Cursor& in) {
  const std::string text = in.text();
  Result<CaseId> id = CaseId::parse(text);
  if (id) return *std::move(id);
  in.refuse(id.error().str());
  return {};
}

Statement read_statement(const Cursor& in) {
  Statement statement;
  const auto kind = enumerated(in.at("kind"), parse_statement_kind, "a kind of statement");
  statement.kind = kind.value_or(Statement::Kind::Isolation);
  statement.text = in.at("text").text();
  statement.expected = in.at("expected").text();
  statement.observed = in.at("observed").text();
  statement.holds = in.at("holds").boolean();
  statement.err = read_errno(in);
  return statement;
}

CaseResult read_case(const Cursor& in) {
  CaseResult result;
  result.id = read_id(in.at("id"));
  result.namespaces = in.at("namespaces").texts();
  const auto verdict = enumerated(in.at("verdict"), parse_verdict, "a verdict");
  result.verdict = verdict.value_or(VerdictKind::Broken);
  result.skip = read_skip(in.at("reason"));
  result.expected = in.at("expected").text();
  result.observed = in.at("observed").text();
  result.err = read_errno(in);
  result.seconds = in.at("seconds").number();
  for (const Cursor& statement : in.at("statements").elements()) {
    result.statements.push_back(read_statement(statement));
  }
  if (result.skip.has_value() != (result.verdict == VerdictKind::Skip)) {
    in.at("reason").refuse(fmt::format("must be given with the verdict 'skip' and only then"));
  }
  return result;
}

// What reports of older versions lack keeps its default.
Batch read_batch(const Cursor& in) {
  Batch batch;
  batch.t = in.at("t").number();
  batch.p25 = in.at("p25").number();
  batch.min = in.at("min").number();
  batch.cpu = in.at("cpu").number();
  batch.calls = in.at("n").integer<std::uint64_t>();
  if (in.has("seconds")) batch.seconds = in.at("seconds").number();
  if (in.has("drain")) batch.drain = in.at("drain").number();
  if (in.has("mean")) batch.mean = in.at("mean").number();
  if (in.has("pair")) batch.pair = in.at("pair").integer<std::int64_t>();
  if (in.has("start")) batch.start = in.at("start").integer<std::int64_t>();
  return batch;
}

Series read_series(const Cursor& in) {
  Series series;
  series.id = read_id(in.at("id"));
  series.workload = in.at("workload").text();
  series.namespaces = in.at("namespaces").texts();
  series.unit = enumerated(in.at("unit"), parse_unit, "a unit").value_or("");
  if (in.has("calls_per_timing")) {
    series.calls_per_timing = in.at("calls_per_timing").integer<std::uint64_t>();
  }
  series.calls = in.at("calls").integer<std::uint64_t>();
  series.failures = in.at("failures").integer<std::uint64_t>();
  series.error = in.at("error").text();
  series.skip = read_skip(in.at("skip"));
  series.drained = in.at("drained").boolean();
  series.warmup_batches = in.at("warmup_batches").integer<std::uint64_t>();
  series.samples = in.at("samples").numbers();
  if (series.samples.size() > series.calls) {
    in.at("samples").refuse(
        fmt::format("{} samples of {} calls", series.samples.size(), series.calls));
  }
  for (const Cursor& batch : in.at("batches").elements()) {
    series.batches.push_back(read_batch(batch));
  }
  if (series.calls > 0) {  // null otherwise
    series.min = in.at("min").number();
    series.max = in.at("max").number();
    series.mean = in.at("mean").number();
  }
  return series;
}

// Reads an array whose elements each have an id of their own.
template <class Element>
std::vector<Element> read_unique(const Cursor& in, Element (*read)(const Cursor&)) {
  std::vector<Element> out;
  std::map<CaseId, std::string> places;
  for (const Cursor& element : in.elements()) {
    out.push_back(read(element));
    const auto [first, is_new] = places.emplace(out.back().id, element.place());
    if (!is_new) {
      element.at("id").refuse(
          fmt::format("'{}' stands at {} already", out.back().id.str(), first->second));
    }
  }
  return out;
}

std::vector<Warning> read_warnings(const Cursor& in) {
  std::vector<Warning> warnings;
  for (const Cursor& warning : in.elements()) {
    warnings.push_back({warning.at("code").text(), warning.at("text").text()});
  }
  return warnings;
}

}  // namespace

Result<Report> from_json(std::string_view text) {
  const Result<nlohmann::json> document = parse_json(text);
  if (!document) return document.error();
  std::string error;
  const Cursor in(*document, "", error);
  Report report;
  check_schema(in);
  if (!error.empty()) return Error{error};
  report.run = read_run(in.at("nsbench"));
  report.kernel = read_kernel(in.at("kernel"));
  report.environment = read_environment(in.at("environment"));
  report.cases = read_unique<CaseResult>(in.at("cases"), read_case);
  report.series = read_unique<Series>(in.at("series"), read_series);
  report.warnings = read_warnings(in.at("warnings"));
  if (!error.empty()) return Error{error};
  return report;
}

}  // namespace nsbench
