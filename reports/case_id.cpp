#include "reports/case_id.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/printable.h"

namespace nsbench {
namespace {

struct MethodName {
  Method method;
  std::string_view id;
};
constexpr std::array method_names{
    MethodName{Method::Clone, "clone"},
    MethodName{Method::Clone3, "clone3"},
    MethodName{Method::Unshare, "unshare"},
    MethodName{Method::Setns, "setns"},
};

bool is_word(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Splits at the first separator; the second part is absent without one.
std::pair<std::string_view, std::optional<std::string_view>> cut(std::string_view text,
                                                                 char separator) {
  const std::size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, std::nullopt};
  return {text.substr(0, at), text.substr(at + 1)};
}

// Fills a CaseId part by part; each step says what is wrong with its part, or nothing.
using Complaint = std::optional<std::string>;

Complaint not_a_word(std::string_view what, std::string_view text) {
  if (is_word(text)) return std::nullopt;
  if (text.empty()) return fmt::format("the {} is empty", what);
  return fmt::format("the {} '{}' is not of [a-z0-9_]", what, printable(text, 64));
}

Complaint read_param(std::string_view text, CaseId& id) {
  const auto [key, value] = cut(text, '=');
  if (!value) {
    return fmt::format("'{}' is not a parameter (key=value)", printable(text, 64));
  }
  if (Complaint wrong = not_a_word("parameter name", key)) return wrong;
  if (Complaint wrong = not_a_word("parameter value", *value)) return wrong;
  for (const auto& known : id.params) {
    if (known.first == key) return fmt::format("the parameter '{}' stands there twice", key);
  }
  id.params.emplace_back(key, *value);
  return std::nullopt;
}

Complaint read_subject(std::string_view text, CaseId& id) {
  const std::vector<std::string_view> parts = split(text, '/');
  if (parts.size() < 2) {
    return fmt::format("'{}' has no name after its family (family/name)", printable(text, 64));
  }
  if (Complaint wrong = not_a_word("family", parts[0])) return wrong;
  if (Complaint wrong = not_a_word("name", parts[1])) return wrong;
  id.family = parts[0];
  id.name = parts[1];
  for (std::size_t i = 2; i < parts.size(); ++i) {
    if (Complaint wrong = read_param(parts[i], id)) return wrong;
  }
  return std::nullopt;
}

Complaint read_way(std::string_view text, CaseId& id) {
  const auto [name, variant] = cut(text, '.');
  const std::optional<Method> method = parse_method(name);
  if (!method) {
    return fmt::format("the method '{}' is none of clone, clone3, unshare, setns",
                       printable(name, 64));
  }
  id.method = *method;
  if (!variant) return std::nullopt;
  id.variant = *variant;
  return not_a_word("method's variant", *variant);
}

Complaint read_privilege(std::string_view text, CaseId& id) {
  const std::optional<Privilege> privilege = parse_privilege(text);
  if (!privilege) {
    return fmt::format("the privilege '{}' is neither root nor userns", printable(text, 64));
  }
  id.privilege = *privilege;
  return std::nullopt;
}

Complaint read_id(std::string_view text, CaseId& id) {
  const std::vector<std::string_view> parts = split(text, ':');
  if (parts.size() < 3) return "a case is family/name:method:privilege";
  if (Complaint wrong = read_subject(parts[0], id)) return wrong;
  if (Complaint wrong = read_way(parts[1], id)) return wrong;
  if (Complaint wrong = read_privilege(parts[2], id)) return wrong;
  id.control = parts.size() == 4 && parts[3] == "control";
  if (parts.size() == 3 || id.control) return std::nullopt;
  return "only ':control' may follow the privilege";
}

}  // namespace

std::string_view id(Method method) { return method_names.at(static_cast<std::size_t>(method)).id; }

std::string_view id(Privilege privilege) {
  return privilege == Privilege::Root ? "root" : "userns";
}

std::optional<Method> parse_method(std::string_view text) {
  for (const MethodName& known : method_names) {
    if (known.id == text) return known.method;
  }
  return std::nullopt;
}

std::optional<Privilege> parse_privilege(std::string_view text) {
  for (const Privilege known : all_privileges) {
    if (id(known) == text) return known;
  }
  return std::nullopt;
}

std::string CaseId::subject() const {
  std::string out = fmt::format("{}/{}", family, name);
  for (const auto& [key, value] : params) out += fmt::format("/{}={}", key, value);
  return out;
}

std::string CaseId::way() const {
  const std::string_view plain = nsbench::id(method);
  return variant.empty() ? std::string(plain) : fmt::format("{}.{}", plain, variant);
}

std::string CaseId::str() const {
  return fmt::format("{}:{}:{}{}", subject(), way(), nsbench::id(privilege),
                     control ? ":control" : "");
}

CaseId CaseId::with_control(bool is_control) const {
  CaseId other = *this;
  other.control = is_control;
  return other;
}

Result<CaseId> CaseId::parse(std::string_view text) {
  CaseId id;
  if (const Complaint wrong = read_id(text, id)) {
    return Error{fmt::format("case id '{}': {}", printable(text, 128), *wrong)};
  }
  return id;
}

}  // namespace nsbench
