// How our JSON files are laid out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace nsbench {

// `document` (an object) with one element of each array on a line of its own: a report can be
// grepped, and a diff of two can be read. Invalid UTF-8 becomes U+FFFD. Ends in a newline.
// Characters that a terminal would obey or hide are written as \u escapes.
std::string lay_out(const nlohmann::ordered_json& document);

// The same for JSON that was written otherwise: DEL, C1, bidi controls and their like (hidden.h) as
// \u escapes, which mean the same. JSON's own newlines stay.
std::string with_hidden_escaped(std::string_view json);

}  // namespace nsbench
