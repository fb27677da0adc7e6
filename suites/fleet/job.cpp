#include "suites/fleet/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/string_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <map>
#include <optional>

#include "reports/printable.h"

namespace nsbench::fleet {
namespace {

// A namespace of our own for names (RFC 4122, 4.3). It must never change: ids are a promise.
constexpr const char* our_namespace = "6f0f2f0e-5d0c-4a53-9c1e-3c0a5f6d7b21";

// Between double quotes of YAML.
std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

bool is_of_placeholder(char c) { return (c >= 'A' && c <= 'Z') || c == '_'; }

// The word of a placeholder that begins at `at` with its first '@'; nothing if none does.
std::optional<std::string_view> placeholder_at(std::string_view text, std::size_t at) {
  std::size_t end = at + 1;
  while (end < text.size() && is_of_placeholder(text[end])) ++end;
  if (end == at + 1 || end == text.size() || text[end] != '@') return std::nullopt;
  return text.substr(at + 1, end - at - 1);
}

using Words = std::map<std::string, std::string, std::less<>>;

Words words_of(const Job& job, const std::string& id, const std::string& name) {
  return {{"JOB_ID", id},
          {"JOB_NAME", in_quotes(name)},
          {"KERNEL", in_quotes(job.kernel)},
          {"RELEASE", in_quotes(job.release)},
          {"DEVICE_TYPE", in_quotes(job.device_type)},
          {"BOOT", fmt::format("{}", job.boot)},
          {"BASE", in_quotes(job.base)},
          {"COMMAND", in_quotes(job.command)},
          {"APPEND", job.append},
          {"KERNEL_URL", in_quotes(job.kernel_url)},
          {"INITRAMFS_URL", in_quotes(job.initramfs_url)},
          {"RUN_MINUTES", fmt::format("{}", job.run_minutes)},
          {"JOB_MINUTES", fmt::format("{}", job_minutes(job.run_minutes))}};
}

Result<std::string> filled_in(std::string_view text, const Words& words) {
  std::string out;
  std::map<std::string, int, std::less<>> used;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::optional<std::string_view> word =
        text[i] == '@' ? placeholder_at(text, i) : std::nullopt;
    if (!word) {
      out += text[i];
      continue;
    }
    const auto known = words.find(*word);
    if (known == words.end()) {
      return Error{fmt::format("@{}@ stands for nothing", printable(*word, 100))};
    }
    out += known->second;
    ++used[known->first];
    i += word->size() + 1;
  }
  for (const char* needed : {"JOB_NAME", "JOB_ID", "KERNEL_URL", "INITRAMFS_URL"}) {
    if (!used.contains(needed)) return Error{fmt::format("there is no @{}@ in it", needed)};
  }
  return out;
}

std::string uuid_of(std::string_view text) {
  const boost::uuids::name_generator_sha1 generate(boost::uuids::string_generator()(our_namespace));
  return to_string(generate(text.data(), text.size()));
}

}  // namespace

bool is_name(std::string_view text) {
  constexpr std::size_t longest = 64;
  return !text.empty() && text.front() != '.' && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c >= ' ' && c <= '~' && std::string_view("'\"\\$`{}").find(c) == std::string_view::npos;
  });
}

std::string url_of(std::string_view url) {
  std::string out;
  for (const char c : url) {
    const bool kept =
        c > ' ' && c <= '~' && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
    if (kept) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::string fingerprint(std::string_view bytes) { return uuid_of(bytes); }

Result<JobText> make_job(std::string_view job_template, const Job& job) {
  // What the job is without its own name, and what it boots, whatever its URLs are called.
  const Result<std::string> nameless = filled_in(job_template, words_of(job, "", ""));
  if (!nameless) return nameless.error();
  JobText made;
  made.id = uuid_of(fmt::format("{}\n{}", job.content, *nameless));
  made.name =
      fmt::format("nsbench {} boot {} on {} {}", job.kernel, job.boot, job.device_type, made.id);
  Result<std::string> text = filled_in(job_template, words_of(job, made.id, made.name));
  if (!text) return text.error();
  made.yaml = std::move(*text);
  return made;
}

}  // namespace nsbench::fleet
