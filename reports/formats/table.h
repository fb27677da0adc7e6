// Aligned columns for a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/formats/terminal.h"

namespace nsbench {

struct Cell {
  std::string text;  // valid UTF-8, one line
  Tone tone = Tone::Plain;
  bool right = false;  // aligned to the right: numbers
  // Runs on over the columns that follow, and makes none wider: a heading over several columns, or
  // a sentence in place of numbers, which is wrapped under itself at the table's limit.
  bool spans = false;
};

class Table {
 public:
  using Row = std::vector<Cell>;

  void add(Row row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  // Columns that the widest row takes (cells that span are not counted).
  [[nodiscard]] std::size_t width(std::size_t gap) const;
  // Every row on a line of its own, `gap` spaces between columns, no space at the end of a line.
  // Only what spans is wrapped at `limit` columns.
  [[nodiscard]] std::string str(std::size_t indent, std::size_t gap, std::size_t limit,
                                bool color) const;

 private:
  [[nodiscard]] std::vector<std::size_t> column_widths() const;
  std::vector<Row> rows_;
};

}  // namespace nsbench
