// Looking into bytes whose sizes and offsets nobody vouches for.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nsbench::kernel {

// What lies at [offset, offset + size); nothing if that is not wholly within `bytes`.
inline std::optional<std::string_view> slice(std::string_view bytes, std::uint64_t offset,
                                             std::uint64_t size) {
  if (offset > bytes.size() || size > bytes.size() - offset) return std::nullopt;
  return bytes.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

// The little-endian number at `offset`; nothing if `bytes` end before it does.
template <std::unsigned_integral Number>
std::optional<Number> number_at(std::string_view bytes, std::uint64_t offset) {
  const std::optional<std::string_view> found = slice(bytes, offset, sizeof(Number));
  if (!found) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value |= std::uint64_t{static_cast<unsigned char>((*found)[i])} << (8 * i);
  }
  return static_cast<Number>(value);
}

// The text at `offset` up to its NUL byte, or up to the end.
inline std::string_view text_at(std::string_view bytes, std::uint64_t offset) {
  if (offset >= bytes.size()) return {};
  const std::string_view rest = bytes.substr(static_cast<std::size_t>(offset));
  return rest.substr(0, rest.find('\0'));
}

}  // namespace nsbench::kernel
