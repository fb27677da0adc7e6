#include "reports/formats/html/document.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/formats/markup.h"

namespace nsbench::html {
namespace {

using markup::xml;

// JSON inside a script element: without a < nothing in it can end the element or begin a comment.
std::string script_data(const nlohmann::json& data) {
  std::string out;
  for (const char c : data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::string document(std::string_view title, std::string_view body, const nlohmann::json& data) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  out += fmt::format(
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{}'; "
      "script-src '{}'; base-uri 'none'; form-action 'none'\">\n",
      assets.style_hash, assets.script_hash);
  out +=
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n";
  out += fmt::format("<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n", xml(title),
                     assets.style);
  out += body;
  out +=
      fmt::format("<script type=\"application/json\" id=\"data\">{}</script>\n", script_data(data));
  out += fmt::format("<script>{}</script>\n</body>\n</html>\n", assets.script);
  return out;
}

std::string name(std::string_view text) {
  std::string out;
  for (const char c : xml(text)) {
    out += c;
    if (c == '_' || c == '/' || c == ':') out += "<wbr>";
  }
  return out;
}

std::string_view tone(ExitCode code) {
  if (code == ExitCode::Ok) return "good";
  return code == ExitCode::Failed ? "bad" : "doubt";
}

std::string header(const Verdict& verdict) {
  std::string out = fmt::format("<header class=\"{}\">\n<h1>{}</h1>\n", tone(verdict.decision.code),
                                xml(verdict.headline));
  for (const std::string& text : verdict.beware) {
    out += fmt::format("<p class=\"beware\"><strong>Beware:</strong> {}</p>\n", xml(text));
  }
  const std::vector<std::string>& reasons = verdict.decision.reasons;
  if (reasons.size() > 1) {
    out += "<ul class=\"reasons\">\n";
    for (std::size_t i = 1; i < reasons.size(); ++i) {
      out += fmt::format("<li>also: {}</li>\n", xml(reasons[i]));
    }
    out += "</ul>\n";
  }
  if (!verdict.next.empty()) {
    out += fmt::format("<p class=\"next\">Next: {}</p>\n", command(verdict.next));
  }
  for (const std::string& line : verdict.lines) {
    if (!line.empty()) out += fmt::format("<p class=\"line\">{}</p>\n", xml(line));
  }
  return out + fmt::format("<p class=\"line\">Exit status {}: {}.</p>\n</header>\n",
                           static_cast<int>(verdict.decision.code),
                           xml(meaning(verdict.decision.code)));
}

std::string filters(const std::vector<std::pair<std::string, std::string>>& words) {
  std::string out =
      "<form class=\"filters\" role=\"search\" hidden>\n<label>Filter <input type=\"search\" "
      "id=\"filter\" placeholder=\"pid/ setns userns\" autocomplete=\"off\" "
      "spellcheck=\"false\"></label>\n<span role=\"group\" aria-label=\"What to show\">";
  for (const auto& [name, title] : words) {
    out +=
        fmt::format("<button type=\"button\" data-show=\"{}\" aria-pressed=\"false\">{}</button>",
                    xml(name), xml(title));
  }
  return out + "</span>\n<output id=\"count\" for=\"filter\"></output>\n</form>\n";
}

std::string findings(const std::vector<words::Finding>& all) {
  std::string out =
      "<table class=\"statements findings\"><thead><tr><th scope=col>rule<th scope=col>expected<th "
      "scope=col>observed</thead>\n<tbody>\n";
  for (const words::Finding& finding : all) {
    out += fmt::format(
        "<tr><td data-label=rule>{}<td data-label=expected>{}<td data-label=observed>{}\n",
        xml(finding.rule, 1000), xml(finding.expected, 1000), xml(finding.observed, 1000));
  }
  return out + "</tbody></table>\n";
}

std::string command(std::string_view text) { return fmt::format("<code>{}</code>", xml(text)); }

std::string warnings(const std::vector<Warning>& all) {
  if (all.empty()) return {};
  std::string out = "<dl class=\"keys\">\n";
  for (const Warning& warning : all) {
    out += fmt::format("<dt><code>{}</code><dd>{}", xml(warning.code), xml(warning.text));
    const std::string_view advice = words::advice(warning.code);
    if (!advice.empty()) out += fmt::format("<p class=\"advice\">{}</p>", xml(advice));
    out += '\n';
  }
  return out + "</dl>\n";
}

std::string section(std::string_view id, std::string_view title, const std::string& content) {
  if (content.empty()) return {};
  return fmt::format(
      "<section id=\"{}\" aria-labelledby=\"{}-title\">\n<h2 id=\"{}-title\">{}</h2>\n"
      "{}</section>\n",
      id, id, id, xml(title), content);
}

}  // namespace nsbench::html
