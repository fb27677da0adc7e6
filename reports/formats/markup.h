// Text in XML, HTML and Markdown: the one place that knows what has to be escaped there.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nsbench::markup {

// As an XML or HTML text or attribute: printable(), with & < > " ' as character references.
std::string xml(std::string_view text, std::size_t limit = 4096);

// As Markdown that stays the text it is, on one line: no link, no image, no table cell, no HTML.
std::string markdown(std::string_view text, std::size_t limit = 4096);

// As a Markdown code span, which may stand in a table.
std::string code(std::string_view text, std::size_t limit = 4096);

}  // namespace nsbench::markup
