#include "reports/formats/format.h"

#include <algorithm>
#include <array>

#include "reports/comparison_json.h"
#include "reports/formats/benchfmt.h"
#include "reports/formats/comparison_text.h"
#include "reports/formats/github.h"
#include "reports/formats/html.h"
#include "reports/formats/junit.h"
#include "reports/formats/kcidb.h"
#include "reports/formats/lava.h"
#include "reports/formats/lkp.h"
#include "reports/formats/markdown.h"
#include "reports/formats/tap.h"
#include "reports/json.h"

namespace nsbench {
namespace {

// One after the other, as if each had been written alone.
template <std::string (*one)(const Report&, const FormatOptions&)>
std::string each(std::span<const Report> reports, const FormatOptions& options) {
  std::string out;
  for (const Report& report : reports) {
    if (!out.empty()) out += '\n';
    out += one(report, options);
  }
  return out;
}

std::string text(const Report& report, const FormatOptions& options) {
  return to_text(report, options.text, options.judging);
}
std::string text_of(const Compared& compared, const FormatOptions& options) {
  return to_text(compared.comparison, options.text);
}

std::string json(std::span<const Report> reports, const FormatOptions&) {
  return to_json(reports.front());
}
std::string json_of(const Compared& compared, const FormatOptions&) {
  return to_json(compared.comparison);
}

std::string markdown(const Report& report, const FormatOptions& options) {
  return to_markdown(report, options.judging);
}
std::string markdown_of(const Compared& compared, const FormatOptions&) {
  return to_markdown(compared.comparison);
}

std::string junit(std::span<const Report> reports, const FormatOptions& options) {
  return to_junit(reports, options.judging);
}

std::string github(std::span<const Report> reports, const FormatOptions& options) {
  return to_github(reports, options.judging);
}
std::string github_of(const Compared& compared, const FormatOptions&) {
  return to_github(compared.comparison);
}

std::string ktap(std::span<const Report> reports, const FormatOptions& options) {
  return to_tap(reports, Tap::Ktap, options.judging);
}
std::string tap13(std::span<const Report> reports, const FormatOptions& options) {
  return to_tap(reports, Tap::Tap13, options.judging);
}

std::string kcidb(std::span<const Report> reports, const FormatOptions& options) {
  return to_kcidb(reports, options.origin);
}
std::string lava(std::span<const Report> reports, const FormatOptions&) { return to_lava(reports); }
std::string lkp(std::span<const Report> reports, const FormatOptions&) { return to_lkp(reports); }
std::string lkp_of(const Compared& compared, const FormatOptions&) {
  return to_lkp(compared.comparison, compared.base, compared.now);
}
std::string benchfmt(std::span<const Report> reports, const FormatOptions&) {
  return to_benchfmt(reports);
}

std::string html(std::span<const Report> reports, const FormatOptions& options) {
  return to_html(reports.front(), options.judging);
}
std::string html_of(const Compared& compared, const FormatOptions&) {
  return to_html(compared.comparison, compared.base, compared.now);
}

constexpr std::array formats{
    Format{"text", "people at a terminal", each<text>, text_of},
    Format{"markdown", "issues, mails, the summaries of forges", each<markdown>, markdown_of},
    Format{"ktap", "the kernel's kunit.py, KernelCI", ktap, nullptr},
    Format{"tap13", "prove, kselftest's runner", tap13, nullptr},
    Format{"junit", "Jenkins, GitLab and most other CI", junit, nullptr},
    Format{"json", "our own record; Google Benchmark's tools read a run's", json, json_of, true},
    Format{"html", "people with a browser: one page that needs nothing else", html, html_of, true},
    Format{"kcidb", "KernelCI's common database (KCIDB v5)", kcidb, nullptr},
    Format{"lava", "LAVA, by the lines on a console", lava, nullptr},
    Format{"github", "GitHub Actions: annotations, and a summary of the step", github, github_of},
    Format{"lkp", "the kernel test robot and readers of its mails", lkp, lkp_of},
    Format{"benchfmt", "Go's benchstat", benchfmt, nullptr},
};

}  // namespace

std::span<const Format> all_formats() { return formats; }

const Format* find_format(std::string_view name) {
  const auto* const found = std::find_if(formats.begin(), formats.end(),
                                         [name](const Format& one) { return one.name == name; });
  return found == formats.end() ? nullptr : found;
}

bool serves(const Format& format, Serves what) {
  return what == Serves::Compare ? format.of_comparison != nullptr : format.of_reports != nullptr;
}

std::string names_of_formats(Serves what) {
  std::string names;
  for (const Format& format : formats) {
    if (!serves(format, what)) continue;
    if (!names.empty()) names += ", ";
    names += format.name;
  }
  return names;
}

}  // namespace nsbench
