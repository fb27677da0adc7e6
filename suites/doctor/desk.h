// Where findings are collected, and the cases that they explain are handed out.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "suites/doctor/diagnosis.h"

namespace nsbench::doctor {

// Each finding takes the lost cases that it explains, so that none is counted twice.
class Desk {
 public:
  using IsIts = std::function<bool(const Lost&)>;

  explicit Desk(const Evidence& evidence) : seen_(evidence), open_(evidence.lost) {}

  // A finding that stands for itself, whatever it costs; and one only worth mentioning where it
  // costs something.
  void add(Finding finding, const IsIts& is_its);
  void add_if_costly(Finding finding, const IsIts& is_its);
  void add_free(Finding finding) { findings_.push_back(std::move(finding)); }

  // As whoever runs this would type it.
  [[nodiscard]] std::string as_root(std::string_view command) const;
  [[nodiscard]] bool in_container() const { return !seen_.container.empty(); }
  // What no finding has taken yet.
  [[nodiscard]] const std::vector<Lost>& open() const { return open_; }
  [[nodiscard]] std::vector<Finding> findings() const { return findings_; }

 private:
  bool take(Finding& finding, const IsIts& is_its);

  const Evidence& seen_;
  std::vector<Lost> open_;
  std::vector<Finding> findings_;
};

bool mentions(const Lost& lost, std::string_view word);

// The module that a skipped case's text names: "modprobe veth makes it", "needs the module
// nf_tables"; empty if it names none.
std::string module_in(const std::string& text);

// What this process may not: rights, switches, filters, limits.
void look_for_rights(const Evidence& seen, Desk& desk);
// What the machine lacks: namespaces, modules, filesystems, newer kernels. Leaves nothing open.
void look_for_features(const Evidence& seen, Desk& desk);

}  // namespace nsbench::doctor
