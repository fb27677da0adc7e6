#include <fmt/format.h>
#include <pwd.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <set>

#include "probes/sandbox/files.h"
#include "reports/formats/table.h"
#include "reports/printable.h"
#include "suites/observe/namespaces.h"

namespace nsbench::observe {
namespace {

constexpr std::size_t most_holders = 3;  // of each sort, that are told of one namespace

// Bytes of a command, so that its row fits where there is a terminal.
std::size_t command_width(const ListOptions& options) {
  constexpr std::size_t other_columns = 76;
  return std::clamp<std::size_t>(options.width - std::min(options.width, other_columns), 12, 60);
}

// The names in /etc/passwd. Not getpwuid(3): a program without shared libraries has no others.
std::map<uid_t, std::string> read_users() {
  std::map<uid_t, std::string> users;
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen("/etc/passwd", "re"), &std::fclose);
  while (const passwd* entry = file ? ::fgetpwent(file.get()) : nullptr) {
    users.try_emplace(entry->pw_uid, printable(entry->pw_name, 16));
  }
  return users;
}

std::string user_of(uid_t uid) {
  static const std::map<uid_t, std::string> users = read_users();
  const auto known = users.find(uid);
  return known != users.end() ? known->second : std::to_string(uid);
}

std::string id_text(const std::optional<std::uint64_t>& id) {
  return id ? std::to_string(*id) : "-";
}

std::string holder_text(const Holder& holder) {
  constexpr std::size_t widest = 40;
  const std::string who = fmt::format("{} ({})", holder.pid, printable(holder.command, widest));
  if (holder.by == Holder::By::Descriptor) {
    return fmt::format("descriptor {} of {}", holder.fd, who);
  }
  if (holder.by == Holder::By::Thread) return fmt::format("thread {} of {}", holder.tid, who);
  return fmt::format("the mount on {}, as {} sees it", printable(holder.path), who);
}

// Joins up to most_holders of them; how many more there are.
std::string some_of(const std::vector<std::string>& all, std::string_view separator) {
  std::string text;
  for (std::size_t i = 0; i < std::min(all.size(), most_holders); ++i) {
    text += (i == 0 ? "" : std::string(separator)) + all[i];
  }
  if (all.size() > most_holders) text += fmt::format(" and {} more", all.size() - most_holders);
  return text;
}

// Why a namespace is there that no process is in.
std::string held_by(const Namespace& one) {
  std::vector<std::string> holders;
  std::vector<std::string> children;
  for (const Holder& holder : one.holders) {
    if (holder.by == Holder::By::Child) {
      children.push_back(std::to_string(holder.child));
    } else {
      holders.push_back(holder_text(holder));
    }
  }
  std::string text = some_of(holders, "; ");
  if (!children.empty()) {
    text += (text.empty() ? "" : "; ") + ("what belongs to it: " + some_of(children, ", "));
  }
  // A mount that is detached, a descriptor that is on its way through a socket, and the like.
  return text.empty() ? "something that /proc does not show here" : text;
}

// What stands in place of a process.
std::string without_process(const System& system, const Namespace& one) {
  return (system.hidden == 0 ? "no process; kept by " : "no process that you may see; kept by ") +
         held_by(one);
}

Cell number(const std::string& text) { return {text, Tone::Plain, true}; }

Table::Row heading() {
  Table::Row row;
  for (const char* name :
       {"type", "namespace", "processes", "pid", "user", "command", "owner", "parent"}) {
    const std::string_view text = name;
    const bool right = text == "namespace" || text == "processes" || text == "pid" ||
                       text == "owner" || text == "parent";
    row.push_back({name, Tone::Strong, right});
  }
  return row;
}

std::string table_text(const System& system, const ListOptions& options) {
  Table table;
  table.add(heading());
  for (const Namespace& one : system.namespaces) {
    const bool lived_in = one.processes != 0;
    table.add({{std::string(row(one.kind).name)},
               number(std::to_string(one.id)),
               number(std::to_string(one.processes)),
               number(lived_in ? std::to_string(one.pid) : "-"),
               {lived_in ? user_of(one.uid) : "-"},
               {lived_in ? printable(one.command, command_width(options)) : "-"},
               number(id_text(one.owner)),
               number(id_text(one.parent))});
    if (!lived_in) {
      table.add({{""}, {without_process(system, one), Tone::Doubt, false, true}});
    }
  }
  return table.str(0, 2, options.width, options.color);
}

// One kind's nesting; what a user namespace owns stands below it.
class Tree {
 public:
  Tree(const System& system, const ListOptions& options) : system_(system), options_(options) {
    for (const Namespace& one : system.namespaces) {
      all_.emplace(one.id, &one);
      if (one.kind == Kind::User || one.kind == Kind::Pid) {
        children_[{one.kind, one.parent.value_or(0)}].push_back(&one);
      }
      if (one.kind != Kind::User) owned_[one.owner.value_or(0)].push_back(&one);
    }
  }

  // Those that stand below no user namespace: the owner is not told, or was not asked for.
  std::string without_owner() {
    text_.clear();
    for (const auto& [owner, owned] : owned_) {
      if (all_.contains(owner)) continue;
      for (const Namespace* one : owned) line(*one, "");
    }
    return text_;
  }

  std::string of(Kind kind) {
    text_.clear();
    for (const Namespace* root : roots(kind)) {
      line(*root, "");
      below(*root, "");
    }
    return text_;
  }

 private:
  // Those whose parent is not shown: there is none, it is hidden, or it was not asked for.
  [[nodiscard]] std::vector<const Namespace*> roots(Kind kind) const {
    std::vector<const Namespace*> found;
    for (const auto& [id, one] : all_) {
      if (one->kind == kind && (!one->parent || !all_.contains(*one->parent))) found.push_back(one);
    }
    return found;
  }

  void line(const Namespace& one, const std::string& before) {
    const std::string what =
        one.processes == 0
            ? without_process(system_, one)
            : fmt::format("{} {}, {} {} ({})", one.processes,
                          one.processes == 1 ? "process" : "processes", one.pid,
                          printable(one.command, command_width(options_)), user_of(one.uid));
    text_ += before + paint(fmt::format("{}:[{}]", row(one.kind).name, one.id), Tone::Strong,
                            options_.color);
    text_ += "  " + what + "\n";
  }

  void below(const Namespace& one, const std::string& indent) {
    std::vector<const Namespace*> parts;
    if (one.kind == Kind::User) {
      if (const auto owned = owned_.find(one.id); owned != owned_.end()) parts = owned->second;
    }
    const auto children = children_.find({one.kind, one.id});
    if (children != children_.end()) {
      parts.insert(parts.end(), children->second.begin(), children->second.end());
    }
    for (const Namespace* part : parts) {
      const bool last = part == parts.back();
      line(*part, indent + (last ? "└─ " : "├─ "));
      if (part->kind == one.kind) below(*part, indent + (last ? "   " : "│  "));
    }
  }

  const System& system_;
  const ListOptions& options_;
  std::map<std::uint64_t, const Namespace*> all_;
  std::map<std::pair<Kind, std::uint64_t>, std::vector<const Namespace*>> children_;
  std::map<std::uint64_t, std::vector<const Namespace*>> owned_;
  std::string text_;
};

std::string tree_text(const System& system, const ListOptions& options) {
  Tree tree(system, options);
  const std::string users = tree.of(Kind::User);
  const std::string pids = tree.of(Kind::Pid);
  if (users.empty() && pids.empty()) return table_text(system, options);
  std::string text;
  const auto add = [&](std::string_view heading, const std::string& part) {
    if (part.empty()) return;
    text += (text.empty() ? "" : "\n") + paint(heading, Tone::Strong, options.color) + "\n" + part;
  };
  add("User namespaces, and what belongs to each", users);
  add("Of a user namespace that is not shown", tree.without_owner());
  add("Pid namespaces", pids);
  return text;
}

}  // namespace

Result<System> chosen(System system, const ListOptions& options) {
  std::set<std::pair<Kind, std::uint64_t>> own;
  for (const KindRow& kind : all_kinds) {
    if (options.pid == 0) break;
    const std::string path = fmt::format("/proc/{}/ns/{}", options.pid, kind.name);
    const Result<std::string> link = read_link(path);
    if (!link && (link.error().err == EACCES || link.error().err == EPERM)) return link.error();
    if (const std::optional<Link> found = link ? parse_link(*link) : std::nullopt) {
      own.emplace(found->kind, found->id);
    }
  }
  if (options.pid != 0 && own.empty()) {
    return Error{fmt::format("there is no process {}, or it has ended", options.pid)};
  }
  std::erase_if(system.namespaces, [&](const Namespace& one) {
    return !options.kinds.has(one.kind) || (options.pid != 0 && !own.contains({one.kind, one.id}));
  });
  return system;
}

std::string namespaces_text(const System& system, const ListOptions& options) {
  std::string text = options.tree ? tree_text(system, options) : table_text(system, options);
  if (system.hidden != 0) {
    text += fmt::format(
        "The namespaces of {} of {} processes are not shown to you: other users', or with more "
        "capabilities than yours (ptrace(2), access mode checking)\n",
        system.hidden, system.processes);
  }
  return text;
}

}  // namespace nsbench::observe
