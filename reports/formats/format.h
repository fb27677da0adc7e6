// The one table of formats: what a report, or a comparison, can be written as. Everything here is a
// pure function of reports.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/compare.h"
#include "reports/formats/text.h"
#include "reports/policy.h"
#include "reports/report.h"

namespace nsbench {

struct FormatOptions {
  TextOptions text;  // of what is for people to read in a terminal
  // Known failures are shown as such: XFAIL. Not for json, kcidb, lava, lkp and benchfmt, which say
  // what was found, whoever reads it.
  Judging judging = {};
  std::string origin = "nsbench";  // kcidb: whose database entries they are, is_kcidb_origin()
};

// A comparison, and what it was made of.
struct Compared {
  const Comparison& comparison;
  std::span<const Report> base, now;
};

struct Format {
  std::string_view name;
  std::string_view about;  // half a sentence: who reads it
  // Of one report or several, in their order; there is at least one. Null: not for reports.
  std::string (*of_reports)(std::span<const Report> reports, const FormatOptions& options);
  // Null: not for comparisons.
  std::string (*of_comparison)(const Compared& compared, const FormatOptions& options);
  bool one_report = false;  // can't hold several
};

std::span<const Format> all_formats();
// Null if there is none of that name.
const Format* find_format(std::string_view name);

// Which commands a format serves.
enum class Serves : unsigned char { Run, Report, Compare };
bool serves(const Format& format, Serves what);
// "text, json": the names of those that serve, in the order of the table.
std::string names_of_formats(Serves what);

}  // namespace nsbench
