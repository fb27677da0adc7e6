#include "reports/comparison_json.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "reports/formats/words.h"
#include "reports/json_layout.h"

namespace nsbench {
namespace {

using Json = nlohmann::ordered_json;

// Six digits that mean something: more is noise, and would differ from machine to machine.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) && scale > 0 ? std::round(value * scale) / scale : 0.0;
}

Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }

Json interval(const std::optional<Interval>& value) {
  return value ? Json{number(value->low), number(value->high)} : Json(nullptr);
}

Json side_json(const ComparedSide& side) {
  return {{"reports", side.reports}, {"boots", side.boots},        {"release", side.release},
          {"version", side.version}, {"machine", side.machine},    {"engine", side.engine},
          {"clock", side.clock},     {"cpu_model", side.cpu_model}};
}

Json series_json(const SeriesComparison& row, Procedure procedure) {
  Json out = {{"id", row.id.str()},
              {"change", id(row.change)},
              {"code", row.code},
              {"reason", row.reason},
              {"unit", row.unit},
              {"base", row.ratio ? number(row.base) : Json(nullptr)},
              {"new", row.ratio ? number(row.now) : Json(nullptr)},
              {"ratio", number(row.ratio)},
              {"interval", interval(row.interval)},
              {"p", number(row.p)},
              {"detectable", number(row.detectable)},
              {"drained", row.drained},
              {"threshold", number(row.threshold)}};
  if (const std::string_view action = words::advice(row.code); !action.empty()) {
    out["action"] = action;
  }
  if (procedure == Procedure::LockStep) {
    out["pairs"] = row.pairs;
    out["starts"] = row.starts;
    if (row.null_pairs > 0) {
      out["null"] = {{"pairs", row.null_pairs}, {"ratio", number(row.null_ratio)}};
    }
  } else {
    out["base_n"] = row.base_n;
    out["new_n"] = row.now_n;
  }
  return out;
}

Json case_json(const CaseComparison& one) {
  return {{"id", one.id.str()},
          {"outcome", id(one.outcome)},
          {"benchmark", one.benchmark},
          {"before", one.before},
          {"after", one.after}};
}

Json family_json(const FamilyComparison& family) {
  return {{"family", family.family},
          {"unit", family.unit},
          {"cases", family.cases},
          {"ratio", number(family.ratio)},
          {"interval", interval(family.interval)}};
}

Json summary_json(const Comparison& comparison) {
  const auto series = [&](Change change) {
    return std::count_if(comparison.series.begin(), comparison.series.end(),
                         [&](const auto& row) { return row.change == change; });
  };
  const auto cases = [&](Outcome outcome) {
    return std::count_if(comparison.cases.begin(), comparison.cases.end(),
                         [&](const auto& one) { return one.outcome == outcome; });
  };
  const Decision decision = decide(comparison);
  Json out = {{"decision", decision.id()},
              {"exit_code", static_cast<int>(decision.code)},
              {"reasons", decision.reasons}};
  for (const Change change : {Change::Slower, Change::Faster, Change::Same, Change::CannotTell}) {
    out[std::string(id(change))] = series(change);
  }
  for (const Outcome outcome : {Outcome::Unchanged, Outcome::Fixed, Outcome::Regressed,
                                Outcome::Failing, Outcome::StillFailing, Outcome::LostCoverage,
                                Outcome::GainedCoverage, Outcome::OnlyBefore, Outcome::OnlyAfter}) {
    out[std::string(id(outcome))] = cases(outcome);
  }
  return out;
}

Json comparison_json(const Comparison& comparison) {
  Json out = {{"schema", comparison_schema},
              {"version", NSBENCH_VERSION},
              {"method", id(comparison.procedure)},
              {"threshold", number(comparison.options.threshold)},
              {"margin", number(comparison.options.same_within())},
              {"alpha", number(comparison.options.alpha)},
              {"forced", comparison.options.force},
              {"correction", "holm"},
              {"tested", comparison.tested},
              {"sessions", comparison.sessions},
              {"null", comparison.has_null},
              {"base", side_json(comparison.base)},
              {"new", side_json(comparison.now)},
              {"summary", summary_json(comparison)},
              {"series", Json::array()},
              {"families", Json::array()},
              {"cases", Json::array()},
              {"splats", Json::array()},
              {"warnings", Json::array()}};
  for (const SeriesComparison& row : comparison.series) {
    out["series"].push_back(series_json(row, comparison.procedure));
  }
  for (const FamilyComparison& family : comparison.families) {
    out["families"].push_back(family_json(family));
  }
  for (const CaseComparison& one : comparison.cases) {
    if (one.outcome != Outcome::Unchanged) out["cases"].push_back(case_json(one));
  }
  for (const ComparedSplat& one : comparison.splats) {
    out["splats"].push_back({{"kind", one.splat.kind},
                             {"excerpt", one.splat.excerpt},
                             {"running", one.splat.running},
                             {"new", one.is_new}});
  }
  for (const Warning& warning : comparison.warnings) {
    Json one = {{"code", warning.code}, {"text", warning.text}};
    if (const std::string_view action = words::advice(warning.code); !action.empty()) {
      one["action"] = action;
    }
    out["warnings"].push_back(std::move(one));
  }
  return out;
}

}  // namespace

std::string to_json(const Comparison& comparison) { return lay_out(comparison_json(comparison)); }

}  // namespace nsbench
