#include "suites/siege/kept_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "reports/file.h"
#include "reports/json.h"
#include "suites/testing/subprocess.h"

namespace nsbench::siege {

namespace {

namespace fs = std::filesystem;

std::string extension_of(const std::string& name) { return fs::path(name).extension().string(); }

std::string trimmed_end(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \n");
  return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

// As many results as the plan says.
std::string torn_ktap(const std::string& text) {
  std::istringstream lines(text);
  std::size_t planned = 0;
  std::size_t results = 0;
  static const std::regex plan(R"(^1\.\.([0-9]+)( .*)?$)");
  static const std::regex result("^(not )?ok [0-9]+.*");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, plan)) planned = std::stoul(match[1]);
    if (std::regex_match(line, result)) ++results;
  }
  if (planned > 0 && planned == results) return "";
  return fmt::format("{} results of {}", results, planned);
}

// Who opens it after a kill is told what was committed, and who adds to it next leaves no journal.
std::string torn_database(const std::string& program, const std::string& path,
                          const std::string& report) {
  const testing::Finished list =
      testing::run_program({program, "history", "list", "--db", path, "--json"});
  if (list.exit_code != 0) return "history list: " + list.err;
  const nlohmann::json runs = nlohmann::json::parse(list.out, nullptr, false);
  if (runs.is_discarded()) return "history list: no JSON";
  if (!fs::exists(path + "-journal")) return "";
  const testing::Finished add =
      testing::run_program({program, "history", "add", "--db", path, report});
  if (add.exit_code != 0) return "history add: " + add.err;
  for (const char* rest : {"-journal", "-wal", "-shm"}) {
    if (fs::exists(path + rest))
      return fmt::format("{}{} is left by who adds to it next", path, rest);
  }
  return "";
}

bool is_temporary_of(const std::string& name, const std::vector<std::string>& names) {
  static const std::regex form(R"((.*)\.[0-9a-f]{16}\.tmp)");
  std::smatch match;
  return std::regex_match(name, match, form) &&
         std::find(names.begin(), names.end(), match[1].str()) != names.end();
}

}  // namespace

std::string old_file(const std::string& inputs, const std::string& name) {
  return inputs + "/old" + extension_of(name);
}

std::string what_is_torn(const std::string& name, const std::string& text) {
  const std::string kind = extension_of(name);
  const std::string end = trimmed_end(text);
  if (text.empty()) return "it is empty";
  if (kind == ".json") return nlohmann::json::accept(text) ? "" : "it is no JSON";
  if (kind == ".xml") return end.ends_with("</testsuites>") ? "" : "it does not end as XML";
  if (kind == ".html") return end.ends_with("</html>") ? "" : "it does not end as HTML";
  if (text.back() != '\n') return "its last line has no end";
  return kind == ".ktap" ? torn_ktap(text) : "";
}

KeptFiles look_at_files(const std::string& program, const std::string& directory,
                        const std::vector<std::string>& names, const std::string& inputs,
                        bool killed, const std::string& filler) {
  KeptFiles kept;
  for (const std::string& name : names) {
    const std::string path = directory + "/" + name;
    const Result<std::string> before = read_file(old_file(inputs, name));
    const bool is_database = extension_of(name) == ".db";
    if (is_database) {
      if (!killed && fs::exists(path + "-journal")) {
        kept.troubles.push_back(name + "-journal is left");
      }
      if (const std::string torn = torn_database(program, path, inputs + "/big.json");
          !torn.empty()) {
        kept.troubles.push_back(fmt::format("{}: {}", name, torn));
        continue;
      }
    }
    const Result<std::string> now = read_file(path);
    if (!before || !now) {
      kept.troubles.push_back(fmt::format("{}: {}", name, (before ? now : before).error().str()));
    } else if (*now == *before) {
      ++kept.old;
    } else if (const std::string torn = is_database ? "" : what_is_torn(name, *now); torn.empty()) {
      ++kept.fresh;
    } else {
      kept.troubles.push_back(
          fmt::format("{} is neither the old one nor a whole new one: {}", name, torn));
    }
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (name == filler || std::find(names.begin(), names.end(), name) != names.end()) continue;
    const Result<std::string> text = read_file(entry.path());
    const std::string of = fs::path(name).stem().stem();
    if (killed && is_temporary_of(name, names) && text && what_is_torn(of, *text).empty()) {
      ++kept.temporaries;
    } else {
      kept.troubles.push_back(name + " is left");
    }
  }
  if (kept.temporaries > 1) kept.troubles.emplace_back("more than one temporary is left");
  return kept;
}

}  // namespace nsbench::siege
