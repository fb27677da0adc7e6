#include "probes/view.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <utility>

#include "reports/json_layout.h"
#include "reports/printable.h"

namespace nsbench {

namespace {

std::string subject(const Probe& probe) { return fmt::format("{}/{}", probe.family, probe.name); }

bool is_called(const Probe& probe, std::string_view name) {
  return name == probe.family || name == probe.name || name == subject(probe);
}

// Levenshtein's distance: how many characters must be added, dropped or replaced.
std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t k = 0; k < to.size(); ++k) {
      const std::size_t replaced = diagonal + (from[i] == to[k] ? 0 : 1);
      diagonal = row[k + 1];
      row[k + 1] = std::min({replaced, diagonal + 1, row[k] + 1});
    }
  }
  return row.back();
}

std::string nearest_names(std::string_view wrong) {
  std::set<std::string> names;
  for (const Probe* probe : all_probes()) {
    if (!is_viewable(*probe)) continue;
    names.insert({std::string(probe->family), std::string(probe->name), subject(*probe)});
  }
  return nearest(wrong, {names.begin(), names.end()});
}

// Ends the process if a look takes too long, and says which: a /proc of somebody's making (FUSE)
// need not answer.
class LookDeadline {
 public:
  explicit LookDeadline(const Probe& probe) {
    line_ = fmt::format("nsprobe: {} did not answer within {} s\n", subject(probe), seconds);
    struct sigaction action {};
    action.sa_handler = give_up;
    ::sigaction(SIGALRM, &action, nullptr);
    ::alarm(seconds);
  }
  LookDeadline(const LookDeadline&) = delete;
  LookDeadline& operator=(const LookDeadline&) = delete;
  ~LookDeadline() { ::alarm(0); }

 private:
  static constexpr unsigned seconds = 30;
  static void give_up(int) {
    constexpr int exit_unknown = 3;
    static_cast<void>(::write(STDERR_FILENO, line_.data(), line_.size()) < 0);  // nobody listens
    ::_exit(exit_unknown);
  }
  static inline std::string line_;
};

Observation look(const Probe& probe) {
  const LookDeadline deadline(probe);
  Observation seen;
  probe.look(seen);
  return seen;
}

using Group = std::vector<const Probe*>;

// Probes that look at the same, together.
std::vector<Group> by_look(std::span<const Probe* const> probes) {
  std::vector<Group> groups;
  for (const Probe* probe : probes) {
    const auto same = std::find_if(groups.begin(), groups.end(), [probe](const Group& group) {
      return group.front()->look == probe->look;
    });
    if (same == groups.end()) {
      groups.push_back({probe});
    } else {
      same->push_back(probe);
    }
  }
  return groups;
}

std::string joined(const Group& group, std::string_view Probe::*part) {
  std::vector<std::string_view> words;
  for (const Probe* probe : group) {
    const std::string_view word = probe->*part;
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(word);
  }
  return fmt::format("{}", fmt::join(words, ","));
}

// "uts/hostname,hostname_sysctl"
std::string heading(const Group& group) {
  return joined(group, &Probe::family) + "/" + joined(group, &Probe::name);
}

std::string fact_lines(const Observation& seen) {
  std::size_t width = 0;
  for (const Fact& fact : seen.facts()) width = std::max(width, fact.name.size());
  std::string text;
  for (const Fact& fact : seen.facts()) {
    const std::string value = printable(fact.str());
    text += fmt::format("    {:<{}}  {}\n", printable(fact.name), width,
                        value.empty() ? "\"\"" : value);
  }
  return text;
}

utsname kernel() {
  utsname names{};
  ::uname(&names);  // fails for a bad address only
  return names;
}

using Json = nlohmann::ordered_json;

Json seen_json(const Observation& seen) {
  Json out = Json::object();
  for (const Fact& fact : seen.facts()) {
    out[fact.name] = fact.kind == Fact::Kind::Number ? Json(fact.number) : Json(fact.str());
  }
  return out;
}

}  // namespace

std::string nearest(std::string_view wrong, std::vector<std::string> names) {
  std::sort(names.begin(), names.end(), [wrong](const std::string& a, const std::string& b) {
    return std::pair(distance(wrong, a), a) < std::pair(distance(wrong, b), b);
  });
  constexpr std::size_t shown = 3;
  names.resize(std::min(shown, names.size()));
  return fmt::format("{}", fmt::join(names, ", "));
}

bool is_viewable(const Probe& probe) { return probe.look != nullptr && probe.family != "all"; }

Result<std::vector<const Probe*>> choose_probes(std::span<const std::string> names) {
  std::vector<const Probe*> chosen;
  for (const Probe* probe : all_probes()) {
    if (!is_viewable(*probe)) continue;
    const bool wanted =
        names.empty() || std::any_of(names.begin(), names.end(), [probe](const std::string& name) {
          return is_called(*probe, name);
        });
    if (wanted) chosen.push_back(probe);
  }
  for (const std::string& name : names) {
    const bool known = std::any_of(chosen.begin(), chosen.end(),
                                   [&name](const Probe* probe) { return is_called(*probe, name); });
    const auto acts = [&name](const Probe* probe) { return is_called(*probe, name); };
    if (!known && std::any_of(all_probes().begin(), all_probes().end(), acts)) {
      return Error{
          fmt::format("\"{}\" can't be seen without acting; see nsbench explain {}", name, name)};
    }
    if (!known) {
      return Error{fmt::format("no probe or family is called \"{}\"; nearest: {}", printable(name),
                               nearest_names(name))};
    }
  }
  return chosen;
}

std::string view_text(std::span<const Probe* const> probes) {
  const utsname names = kernel();
  std::string text = fmt::format("{} {} {}, pid {}\n", printable(names.sysname),
                                 printable(names.release), printable(names.machine), ::getpid());
  for (const Group& group : by_look(probes)) {
    text += fmt::format("\n{}\n{}", heading(group), fact_lines(look(*group.front())));
  }
  return text;
}

std::string view_json(std::span<const Probe* const> probes) {
  const utsname names = kernel();
  Json all = Json::array();
  for (const Probe* probe : probes) {
    all.push_back({{"family", probe->family},
                   {"name", probe->name},
                   {"sentence", probe->sentence},
                   {"source", probe->source},
                   {"seen", seen_json(look(*probe))}});
  }
  const Json document{{"nsprobe", {{"version", NSBENCH_VERSION}, {"schema", view_schema}}},
                      {"kernel", {{"release", names.release}, {"machine", names.machine}}},
                      {"pid", ::getpid()},
                      {"probes", std::move(all)}};
  return with_hidden_escaped(document.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
}

std::string probe_list(std::span<const Probe* const> probes) {
  std::size_t width = 0;
  for (const Probe* probe : probes) width = std::max(width, subject(*probe).size());
  std::string text;
  for (const Probe* probe : probes) {
    text += fmt::format("{:<{}}  {}\n", subject(*probe), width, probe->sentence);
  }
  return text;
}

}  // namespace nsbench
