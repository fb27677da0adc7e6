#include "probes/sandbox/namespace_set.h"

namespace nsbench {

std::vector<Kind> NamespaceSet::kinds() const {
  std::vector<Kind> found;
  for (const KindRow& r : all_kinds) {
    if (has(r.kind)) found.push_back(r.kind);
  }
  return found;
}

std::vector<std::string> NamespaceSet::names() const {
  std::vector<std::string> found;
  for (Kind kind : kinds()) found.emplace_back(row(kind).name);
  return found;
}

std::uint64_t NamespaceSet::flags() const {
  std::uint64_t flags = 0;
  for (Kind kind : kinds()) flags |= row(kind).flag;
  return flags;
}

std::string NamespaceSet::flag_names() const {
  std::string text;
  for (Kind kind : kinds()) {
    if (!text.empty()) text += '|';
    text += row(kind).flag_name;
  }
  return text.empty() ? "0" : text;
}

std::string NamespaceSet::str() const {
  if (empty()) return "none";
  if (*this == all()) return "all";
  std::string text;
  for (const std::string& name : names()) {
    if (!text.empty()) text += ',';
    text += name;
  }
  return text;
}

Result<NamespaceSet> NamespaceSet::parse(std::string_view text) {
  if (text == "none") return NamespaceSet{};
  if (text == "all") return all();
  NamespaceSet set;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const std::string_view word = text.substr(start, end - start);
    bool known = false;
    for (const KindRow& r : all_kinds) {
      if (word != r.name) continue;
      set = set | NamespaceSet{r.kind};
      known = true;
    }
    if (!known) {
      return Error{"unknown namespace \"" + std::string(word) + "\" in \"" + std::string(text) +
                   "\" (known: user, pid, uts, ipc, net, cgroup, time, mnt)"};
    }
    start = end + 1;
  }
  return set;
}

}  // namespace nsbench
