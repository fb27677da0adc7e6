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

constexpr std::size_t widest_command = 40;  // bytes, in a table
constexpr std::size_t most_holders = 3;     // that are told of one namespace

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
  const std::string who =
      fmt::format("{} ({})", holder.pid, printable(holder.command, widest_command));
  switch (holder.by) {
    case Holder::By::Descriptor:
      return fmt::format("descriptor {} of {}", holder.fd, who);
    case Holder::By::Mount:
      return fmt::format("mounted on {}, as {} sees it", printable(holder.path), who);
    case Holder::By::Thread:
      return fmt::format("thread {} of {}", holder.tid, who);
    case Holder::By::Child:
      break;
  }
  return fmt::format("what belongs to it: {}", holder.child);
}

// Why a namespace is there that no process is in; of one that has processes, who else would keep
// it.
std::string held_by(const Namespace& one) {
  std::string text;
  for (std::size_t i = 0; i < std::min(one.holders.size(), most_holders); ++i) {
    text += (i == 0 ? "" : "; ") + holder_text(one.holders[i]);
  }
  if (one.holders.size() > most_holders) {
    text += fmt::format("; and {} more", one.holders.size() - most_holders);
  }
  return text.empty() ? "nothing that can be seen from here" : text;
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
               {lived_in ? printable(one.command, widest_command) : "-"},
               number(id_text(one.owner)),
               number(id_text(one.parent))});
    if (!lived_in) {
      table.add({{""}, {"kept by " + held_by(one), Tone::Doubt, false, true}});
    }
  }
  return table.str(0, 2, options.width, options.color);
}

// One kind's nesting; what a user namespace owns stands below it.
class Tree {
 public:
  Tree(const System& system, const ListOptions& options) : options_(options) {
    for (const Namespace& one : system.namespaces) {
      all_.emplace(one.id, &one);
      if (one.kind == Kind::User || one.kind == Kind::Pid) {
        children_[{one.kind, one.parent.value_or(0)}].push_back(&one);
      }
      if (one.kind != Kind::User) owned_[one.owner.value_or(0)].push_back(&one);
    }
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
        one.processes == 0 ? "no process; kept by " + held_by(one)
                           : fmt::format("{} {}, {} {} ({})", one.processes,
                                         one.processes == 1 ? "process" : "processes", one.pid,
                                         printable(one.command, widest_command), user_of(one.uid));
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
  std::string text;
  if (!users.empty()) {
    text += paint("User namespaces, and what belongs to each", Tone::Strong, options.color) + "\n" +
            users;
  }
  if (!pids.empty()) {
    text += (text.empty() ? "" : "\n") + paint("Pid namespaces", Tone::Strong, options.color) +
            "\n" + pids;
  }
  return text.empty() ? table_text(system, options) : text;
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
        "{} of {} processes belong to others and are not shown to you (ptrace(2), access "
        "mode checking)\n",
        system.hidden, system.processes);
  }
  return text;
}

}  // namespace nsbench::observe
