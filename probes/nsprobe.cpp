// nsprobe: shows the namespaces it was started in, as nsbench's probes see them. Changes nothing.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "probes/sandbox/standard_descriptors.h"
#include "probes/view.h"
#include "reports/file.h"
#include "reports/terminal_filter.h"

namespace {

constexpr int exit_usage = 2;
constexpr int exit_unknown = 3;  // the result can't be told

int complain(int status, const std::string& text) {
  fmt::print(stderr, "nsprobe: {}\n", nsbench::printable_lines(text));
  return status;
}

int run(int argc, char** argv) {
  CLI::App app{
      "Shows the namespaces it was started in, as nsbench's probes see them. Changes nothing.",
      "nsprobe"};
  app.set_version_flag("--version", "nsprobe " NSBENCH_VERSION);
  app.footer(
      "Examples:\n"
      "  nsprobe                        what every probe sees here\n"
      "  nsprobe uts net/interfaces     a family and a single probe\n"
      "  unshare -Urn nsprobe user net  what they see in namespaces of their own\n"
      "  nsprobe --json | jq '.probes[].seen'");
  std::vector<std::string> names;
  bool json = false;
  bool list = false;
  app.add_option("NAME", names, "Probes, as family/name or name, or whole families; all if none");
  CLI::Option* as_json = app.add_flag("--json", json, "Print one JSON document");
  app.add_flag("--list", list, "List the probes and what must hold; look at nothing")
      ->excludes(as_json);
  try {
    std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);  // no argv[0], even
    std::reverse(words.begin(), words.end());                               // as CLI11 wants them
    app.parse(std::move(words));
  } catch (const CLI::ParseError& error) {
    std::ostringstream out, err;
    const bool asked_for = app.exit(error, out, err) == 0;  // --help, --version
    fmt::print("{}", out.str());
    fmt::print(stderr, "{}", nsbench::printable_lines(err.str()));  // quotes what was typed
    return asked_for ? 0 : exit_usage;
  }
  const nsbench::Result<std::vector<const nsbench::Probe*>> probes = nsbench::choose_probes(names);
  if (!probes) {
    return complain(exit_usage, probes.error().str() + " (nsprobe --list shows all)");
  }
  const std::string text = list   ? nsbench::probe_list(*probes)
                           : json ? nsbench::view_json(*probes)
                                  : nsbench::view_text(*probes);
  const nsbench::Status written = nsbench::write_file("-", text);
  return written ? 0 : complain(exit_unknown, written.error().str());
}

}  // namespace

int main(int argc, char** argv) {
  nsbench::hold_closed_descriptors();
  try {
    return run(argc, argv);
  } catch (const std::exception& thrown) {
    return complain(exit_unknown, thrown.what());
  }
}
