#include "reports/formats/table.h"

#include <algorithm>
#include <numeric>

namespace nsbench {
namespace {

// Writes one row at absolute columns; what a line needs of spaces is only known at the next cell.
class Line {
 public:
  Line(std::size_t limit, bool color) : limit_(limit), color_(color) {}

  void put(std::size_t column, std::string_view text, Tone tone) {
    if (text.empty()) return;
    if (column > column_) out_.append(column - column_, ' ');
    column_ = std::max(column, column_) + display_width(text);
    out_ += paint(text, tone, color_);
  }
  void put_spanning(std::size_t column, const Cell& cell) {
    put(column, wrap(cell.text, limit_, column, column), cell.tone);
  }
  [[nodiscard]] const std::string& str() const { return out_; }

 private:
  std::size_t limit_;
  bool color_;
  std::size_t column_ = 0;
  std::string out_;
};

}  // namespace

std::vector<std::size_t> Table::column_widths() const {
  std::vector<std::size_t> widths;
  for (const Row& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (!row[i].spans) widths[i] = std::max(widths[i], display_width(row[i].text));
    }
  }
  return widths;
}

std::size_t Table::width(std::size_t gap) const {
  const std::vector<std::size_t> widths = column_widths();
  const std::size_t gaps = widths.empty() ? 0 : gap * (widths.size() - 1);
  return std::accumulate(widths.begin(), widths.end(), gaps);
}

std::string Table::str(std::size_t indent, std::size_t gap, std::size_t limit, bool color) const {
  const std::vector<std::size_t> widths = column_widths();
  std::string out;
  for (const Row& row : rows_) {
    Line line(limit, color);
    std::size_t column = indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const Cell& cell = row[i];
      if (cell.spans) {
        line.put_spanning(column, cell);
      } else {
        const std::size_t padding = cell.right ? widths[i] - display_width(cell.text) : 0;
        line.put(column + padding, cell.text, cell.tone);
      }
      column += widths[i] + gap;
    }
    out += line.str() + '\n';
  }
  return out;
}

}  // namespace nsbench
