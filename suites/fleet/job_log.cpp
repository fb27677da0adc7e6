#include "suites/fleet/job_log.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/printable.h"

namespace nsbench::fleet {
namespace {

using Json = nlohmann::json;

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// One line of LAVA's log: an object, behind "- " in what a server has.
void take_line(std::string_view line, JobLog& log) {
  // Few lines matter, and a console's are many: they are not parsed in vain.
  const bool matters = line.find(R"("lvl": "results")") != std::string_view::npos ||
                       line.find(R"("start: )") != std::string_view::npos;
  if (!matters) return;
  const std::size_t begin = line.find('{');
  if (begin == std::string_view::npos) return;
  const Json object = Json::parse(line.substr(begin), nullptr, false);
  if (!object.is_object()) return;
  const auto message = object.find("msg");
  if (message == object.end()) return;
  const std::string level = text_at(object, "lvl");
  // Jobs of ours boot by their second action.
  if (message->is_string() && level != "target" &&
      message->get_ref<const std::string&>().starts_with("start: 2 ")) {
    log.booted = true;
  }
  if (level != "results" || !message->is_object() || text_at(*message, "definition") != "lava" ||
      text_at(*message, "case") != "job") {
    return;
  }
  log.ended = true;
  log.error.reset();
  if (text_at(*message, "result") != "pass") {
    log.error = LavaError{text_at(*message, "error_type"), text_at(*message, "error_msg")};
  }
}

}  // namespace

JobLog read_job_log(std::string_view text) {
  JobLog log;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    take_line(text.substr(at, end - at), log);
    at = end + 1;
  }
  log.spoke = kernel::console_in_lava_log(text).find("Linux version ") != std::string::npos;
  log.console = kernel::read_console_log(text);
  return log;
}

bool JobLog::kernel_failed() const {
  if (!console.report.kernel.splats.empty()) return true;
  if (!booted && !spoke) return false;
  return error && (error->type == "Job" || error->type == "Test");
}

std::string JobLog::why() const {
  constexpr std::size_t longest = 300;
  std::string by_lava =
      error ? printable(fmt::format("{}: {}", error->type, error->text), longest) : "";
  if (!console.report.kernel.splats.empty()) {
    const std::string said = printable(headline(console.report.kernel.splats.front()), longest);
    return by_lava.empty() ? said : fmt::format("{} ({})", said, by_lava);
  }
  if (!by_lava.empty()) return by_lava;
  return ended ? "" : "its log has no end";
}

}  // namespace nsbench::fleet
