// The name of one result, everywhere: in tables, reports, filters, and when reports are joined.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/result.h"

namespace nsbench {

// The system call by which a namespace is entered.
enum class Method : std::uint8_t { Clone, Clone3, Unshare, Setns };
// Who enters: a process with CAP_SYS_ADMIN, or an unprivileged one by way of a user namespace.
enum class Privilege : std::uint8_t { Root, Userns };

inline constexpr std::array all_methods{Method::Clone, Method::Clone3, Method::Unshare,
                                        Method::Setns};
inline constexpr std::array all_privileges{Privilege::Root, Privilege::Userns};

std::string_view id(Method method);        // "clone", "clone3", "unshare", "setns"
std::string_view id(Privilege privilege);  // "root", "userns"
std::optional<Method> parse_method(std::string_view text);
std::optional<Privilege> parse_privilege(std::string_view text);

// family/name[/key=value..]:method[.variant]:privilege[:control]
// e.g. "net/interfaces:setns.pidfd:userns", "create/mnt/mounts=1000:clone3.vfork:root".
// Every word is [a-z0-9_]+, so that no format has to escape one.
struct CaseId {
  std::string family;
  std::string name;
  std::vector<std::pair<std::string, std::string>> params;
  Method method = Method::Clone;
  std::string variant;  // empty: the method's plain form
  Privilege privilege = Privilege::Root;
  bool control = false;

  [[nodiscard]] std::string str() const;
  // "net/interfaces", with the params: the part before the method
  [[nodiscard]] std::string subject() const;
  // "setns.pidfd"
  [[nodiscard]] std::string way() const;
  // The same case without, or with, `:control`.
  [[nodiscard]] CaseId with_control(bool is_control) const;
  // Errors name the text and the part that is wrong.
  static Result<CaseId> parse(std::string_view text);

  friend bool operator==(const CaseId&, const CaseId&) = default;
  friend auto operator<=>(const CaseId&, const CaseId&) = default;
};

}  // namespace nsbench
