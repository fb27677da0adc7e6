// How our JSON files are laid out.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace nsbench {

// `document` (an object) with one element of each array on a line of its own: a report can be
// grepped, and a diff of two can be read. Invalid UTF-8 becomes U+FFFD. Ends in a newline.
std::string lay_out(const nlohmann::ordered_json& document);

}  // namespace nsbench
