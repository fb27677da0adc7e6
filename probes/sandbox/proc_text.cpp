#include "probes/sandbox/proc_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/number.h"

namespace nsbench {

namespace {

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool is_octal(char c) { return c >= '0' && c <= '7'; }

// "a\040b" is "a b": blanks, tabs, newlines and backslashes are written so (fs/seq_file.c
// mangle_path()).
std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string_view digits = text.substr(at).substr(1, 3);
    const bool escape = text[at] == '\\' && digits.size() == 3 && digits[0] <= '3' &&
                        std::all_of(digits.begin(), digits.end(), is_octal);
    if (!escape) {
      out += text[at];
      continue;
    }
    out += static_cast<char>((digits[0] - '0') * 64 + (digits[1] - '0') * 8 + digits[2] - '0');
    at += digits.size();
  }
  return out;
}

// "shared:12" gives 12 for "shared:".
void take_tag(std::string_view word, std::string_view tag, std::string& value) {
  if (word.starts_with(tag)) value = std::string(word.substr(tag.size()));
}

MountInfo mount_of(const std::vector<std::string_view>& fields) {
  constexpr std::size_t id = 0, parent = 1, device = 2, root = 3, point = 4, options = 5,
                        optional_fields = 6;
  MountInfo mount;
  const auto field = [&fields](std::size_t i) {
    return i < fields.size() ? fields[i] : std::string_view();
  };
  mount.id = std::string(field(id));
  mount.parent = std::string(field(parent));
  mount.device = std::string(field(device));
  mount.root = unescaped(field(root));
  mount.point = unescaped(field(point));
  mount.options = std::string(field(options));
  std::size_t at = optional_fields;
  for (; at < fields.size() && fields[at] != "-"; ++at) {
    take_tag(fields[at], "shared:", mount.peers);
    take_tag(fields[at], "master:", mount.master);
    if (fields[at] == "unbindable") mount.unbindable = true;
  }
  mount.type = std::string(field(at + 1));
  mount.source = unescaped(field(at + 2));
  mount.super_options = std::string(field(at + 3));
  return mount;
}

// The first field of the first line that begins with `name`, behind it.
std::optional<std::int64_t> number_behind(std::string_view text, std::string_view name) {
  for (const std::string_view line : split_lines(text)) {
    if (line.starts_with(name)) return parse_first_number<std::int64_t>(line.substr(name.size()));
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  if (text.empty()) return {};
  std::vector<std::string_view> lines = split(text, "\n");
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::vector<std::string_view> split_words(std::string_view line) {
  std::vector<std::string_view> words = split(line, " \t");
  std::erase_if(words, [](std::string_view word) { return word.empty(); });
  return words;
}

std::vector<MountInfo> parse_mountinfo(std::string_view text) {
  constexpr std::size_t least = 5;
  std::vector<MountInfo> mounts;
  for (const std::string_view line : split_lines(text)) {
    // One blank stands between fields: two are around an empty source.
    const std::vector<std::string_view> fields = split(line, " ");
    if (fields.size() >= least && !fields[least - 1].empty()) mounts.push_back(mount_of(fields));
  }
  return mounts;
}

Result<std::vector<IdExtent>> parse_id_map(std::string_view text) {
  std::vector<IdExtent> map;
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string_view> words = split_words(line);
    std::vector<std::uint32_t> numbers;
    for (const std::string_view word : words) {
      const auto number = parse_number<std::uint32_t>(word);
      if (number) numbers.push_back(*number);
    }
    if (words.size() != 3 || numbers.size() != 3) {
      return Error{fmt::format("line {} of an id map is no extent", map.size() + 1)};
    }
    map.push_back({numbers[0], numbers[1], numbers[2]});
  }
  return map;
}

bool is_mapped(const std::vector<IdExtent>& map, std::int64_t id) {
  return std::any_of(map.begin(), map.end(), [id](const IdExtent& extent) {
    return id >= extent.inside && id < std::int64_t{extent.inside} + extent.count;
  });
}

bool maps_all_to_themselves(const std::vector<IdExtent>& map) {
  return !map.empty() && map.front() == IdExtent{0, 0, UINT32_MAX};
}

std::vector<CgroupLine> parse_cgroup(std::string_view text) {
  std::vector<CgroupLine> all;
  for (const std::string_view line : split_lines(text)) {
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    all.push_back({std::string(line.substr(0, first)),
                   std::string(line.substr(first + 1, second - first - 1)),
                   std::string(line.substr(second + 1))});
  }
  return all;
}

bool has_word(std::string_view list, std::string_view word) {
  const std::vector<std::string_view> words = split(list, ",");
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<std::int64_t> parse_uptime_ms(std::string_view text) {
  const std::vector<std::string_view> words = split_words(text.substr(0, text.find('\n')));
  const auto seconds = words.empty() ? std::nullopt : parse_number<double>(words.front());
  constexpr double most = 1e15;  // exact as a double, and as milliseconds no overflow
  if (!seconds || *seconds < 0 || *seconds > most) return std::nullopt;
  return static_cast<std::int64_t>(*seconds * 1000);
}

std::optional<std::int64_t> parse_btime(std::string_view text) {
  return number_behind(text, "btime ");
}

std::optional<std::int64_t> parse_starttime(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  constexpr std::size_t behind_name = 22 - 3;
  const std::vector<std::string_view> words =
      split_words(text.substr(name_end + 1, text.find('\n', name_end) - name_end - 1));
  if (words.size() <= behind_name) return std::nullopt;
  return parse_number<std::int64_t>(words[behind_name]);
}

std::optional<std::int64_t> parse_last_pid(std::string_view text) {
  const std::vector<std::string_view> words = split_words(text.substr(0, text.find('\n')));
  constexpr std::size_t fields = 5;
  return words.size() == fields ? parse_number<std::int64_t>(words.back()) : std::nullopt;
}

std::optional<ClockOffsets> parse_timens_offsets(std::string_view text) {
  const auto monotonic = number_behind(text, "monotonic ");
  const auto boottime = number_behind(text, "boottime ");
  if (!monotonic || !boottime) return std::nullopt;
  return ClockOffsets{*monotonic, *boottime};
}

std::optional<std::int64_t> parse_active_objects(std::string_view text, std::string_view slab) {
  for (const std::string_view line : split_lines(text)) {
    const std::vector<std::string_view> words = split_words(line);
    if (words.size() < 2 || words.front() != slab) continue;
    return parse_number<std::int64_t>(words[1]);
  }
  return std::nullopt;
}

std::optional<std::string> parse_lock_holder(std::string_view text, std::uint64_t inode,
                                             std::int64_t start) {
  const std::string wanted = fmt::format(":{}", inode);
  constexpr std::size_t pid = 4, file = 5, first_byte = 6;
  for (const std::string_view line : split_lines(text)) {
    // "1: POSIX  ADVISORY  WRITE 1234 00:2d:77 10 10"
    const std::vector<std::string_view> words = split_words(line);
    if (words.size() <= first_byte || !words[file].ends_with(wanted)) continue;
    if (parse_number<std::int64_t>(words[first_byte]) != start) continue;
    return std::string(words[pid]);
  }
  return std::nullopt;
}

std::vector<std::string> parse_sysvipc_keys(std::string_view text) {
  std::vector<std::string> keys;
  const std::vector<std::string_view> lines = split_lines(text);
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::vector<std::string_view> words = split_words(lines[i]);
    keys.emplace_back(words.empty() ? std::string_view() : words.front());
  }
  return keys;
}

}  // namespace nsbench
