// The frame of a page: its style, its script, its data, and the policy that lets nothing else in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/formats/words.h"
#include "reports/gate.h"

namespace nsbench::html {

// What a page brings along. The texts come from page.css, page.js and, where ci/install-deps.sh
// has fetched it, uPlot; embed.cmake makes a source file of them.
struct Assets {
  std::string_view style, script;
  std::string_view style_hash, script_hash;  // "sha256-...", as a Content-Security-Policy has them
};
extern const Assets assets;

// The name of a case or a benchmark, which may be broken where one of its words ends.
std::string name(std::string_view text);

// A whole page. `title` is plain text; `body` is HTML, in which everything that came from a report
// has gone through markup::xml().
std::string document(std::string_view title, std::string_view body, const nlohmann::json& data);

// What the page opens with: what was found, why, what to do next and what was looked at. All are
// plain text; `next` and lines may be empty.
struct Verdict {
  Decision decision;
  std::string headline;
  std::string next;
  std::vector<std::string> beware;
  std::vector<std::string> lines;
};
std::string header(const Verdict& verdict);

// "good", "bad" or "doubt": the class that has the colour.
std::string_view tone(ExitCode code);

// A text field, and a button for each of `words`: its class in the page, and its title.
std::string filters(const std::vector<std::pair<std::string, std::string>>& words);

// A table of what was demanded and what was seen.
std::string findings(const std::vector<words::Finding>& all);
std::string command(std::string_view text);  // to be copied
std::string warnings(const std::vector<Warning>& all);
// A section that the page's table of contents names. Empty if `content` is.
std::string section(std::string_view id, std::string_view title, const std::string& content);

}  // namespace nsbench::html
