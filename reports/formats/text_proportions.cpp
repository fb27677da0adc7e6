// In the text report: paths of containers' networks in proportion to lo.
#include <fmt/format.h>

#include <array>

#include "reports/formats/amount.h"
#include "reports/formats/table.h"
#include "reports/formats/text_parts.h"
#include "reports/proportion.h"

namespace nsbench::text {
namespace {

constexpr std::array<std::string_view, 2> columns{"veth", "bridge"};

Cell right(std::string text, Tone tone = Tone::Plain) {
  return {.text = std::move(text), .tone = tone, .right = true};
}

const InProportion::Over* over(const InProportion& one, std::string_view link) {
  for (const InProportion::Over& found : one.over) {
    if (found.link == link) return &found;
  }
  return nullptr;
}

Table::Row titles() {
  Table::Row row{{}, {.text = "as", .tone = Tone::Faint}, right("lo", Tone::Faint), {}};
  for (const std::string_view link : columns) {
    row.push_back(right(std::string(link), Tone::Faint));
    row.push_back({});
  }
  return row;
}

Table::Row times(const InProportion& one) {
  const Unit unit = unit_for(one.p50, one.unit);
  Table::Row row{{.text = one.what},
                 {.text = std::string(id(one.lo.privilege))},
                 right(amount(one.p50, unit)),
                 {.text = std::string(unit.name)}};
  for (const std::string_view link : columns) {
    const InProportion::Over* const found = over(one, link);
    row.push_back(right(found == nullptr ? "-" : amount(found->p50, unit)));
    row.push_back(
        right(found == nullptr ? "" : fmt::format("x{:.2f}", found->times_lo), Tone::Strong));
  }
  return row;
}

std::string per_second(const InProportion& one, double ns) {
  return amount(one.mebibytes * 1e9 / ns, {.size = 1, .name = "MiB/s"});
}

Table::Row rates(const InProportion& one) {
  Table::Row row{
      {}, {}, right(per_second(one, one.p50), Tone::Faint), {.text = "MiB/s", .tone = Tone::Faint}};
  for (const std::string_view link : columns) {
    const InProportion::Over* const found = over(one, link);
    const bool known = found != nullptr && found->p50 > 0;
    row.push_back(right(known ? per_second(one, found->p50) : "", Tone::Faint));
    row.push_back({});
  }
  return row;
}

}  // namespace

std::string proportions(const Report& report, const TextOptions& options) {
  const std::vector<InProportion> all = proportions_of(report);
  if (all.empty()) return {};
  Table table;
  table.add(titles());
  for (const InProportion& one : all) {
    table.add(times(one));
    if (one.mebibytes > 0) table.add(rates(one));
  }
  const auto width = static_cast<std::size_t>(options.width);
  return heading("Network, in proportion to lo", options) + table.str(2, 2, width, options.color) +
         paint(
             "  " + wrap("p50 of each, and how many times lo's of the same run that is; rates are "
                         "of these times",
                         width, 2, 2),
             Tone::Faint, options.color) +
         '\n';
}

}  // namespace nsbench::text
