// Characters that drive a terminal, or reorder or hide their neighbours.
#pragma once

#include <string_view>

namespace nsbench {

// Of one character in valid UTF-8: a C0 or C1 control, DEL, a bidi control (the "Trojan Source" set
// and U+061C), one of no width, a line separator, an annotation or a tag.
bool is_hidden(std::string_view character);
char32_t code_point_of(std::string_view character);

}  // namespace nsbench
