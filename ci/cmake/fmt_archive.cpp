// {fmt} for static programs, from its headers. They define all of it as inline here, and what is
// named below is compiled. The rest of nsbench is compiled for {fmt}'s library: what it comes to
// need of that and is missing here is an error of the linker.
#include <fmt/format.h>

#include <cstdint>
#include <cstdio>
#include <locale>
#include <string>

namespace nsbench {

struct NeededOfFmt {
  std::string (*vformat)(fmt::string_view, fmt::format_args) = &fmt::vformat;
  void (*vprint)(fmt::string_view, fmt::format_args) = &fmt::vprint;
  void (*vprint_to)(std::FILE*, fmt::string_view, fmt::format_args) = &fmt::vprint;
  bool (*is_printable)(std::uint32_t) = &fmt::detail::is_printable;
  void (*throw_format_error)(const char*) = &fmt::detail::throw_format_error;
  fmt::detail::thousands_sep_result<char> (*thousands_sep)(fmt::detail::locale_ref) =
      &fmt::detail::thousands_sep_impl<char>;
  std::locale (fmt::detail::locale_ref::*locale)() const =
      &fmt::detail::locale_ref::get<std::locale>;
};

extern const NeededOfFmt needed_of_fmt;
const NeededOfFmt needed_of_fmt;

}  // namespace nsbench
