// How libFuzzer changes inputs that are JSON documents, with a NUL byte between several: changed
// byte by byte nearly all would be refused as no JSON, and what lies behind the parser never seen.
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "reports/fuzz/check.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace nsbench::fuzz {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find('\0');
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }

  void change(Json& document) {
    std::vector<Json*> all;
    collect(document, all);
    Json& chosen = *all[below(all.size())];
    if (below(8) == 0) {
      chosen = *all[below(all.size())];  // a copy of another
    } else if (chosen.is_structured() && !chosen.empty()) {
      change_members(chosen);
    } else {
      change_value(chosen);
    }
  }

 private:
  static void collect(Json& value, std::vector<Json*>& all) {
    all.push_back(&value);
    if (!value.is_structured()) return;
    for (Json& member : value) collect(member, all);
  }
  void change_members(Json& value) {
    const auto place = std::next(value.begin(), static_cast<long>(below(value.size())));
    if (value.is_object() || below(2) == 0) {
      value.erase(place);
    } else {
      const Json copy = *place;
      for (std::size_t i = 1 + below(20); i > 0; --i) value.push_back(copy);
    }
  }
  void change_value(Json& value) {
    static const std::vector<Json> values{nullptr,
                                          true,
                                          false,
                                          0,
                                          1,
                                          -1,
                                          2,
                                          7,
                                          100,
                                          1e-9,
                                          0.5,
                                          -0.0,
                                          1e15,
                                          1e18,
                                          1e300,
                                          -1e300,
                                          1.7e308,
                                          5e-324,
                                          2147483647,
                                          -2147483648,
                                          4294967295,
                                          9223372036854775807,
                                          18446744073709551615U,
                                          "",
                                          "ns",
                                          "bytes",
                                          "wall",
                                          "instructions",
                                          "qemu-tcg",
                                          "uml",
                                          "new",
                                          "base",
                                          "null",
                                          "pass",
                                          "fail",
                                          "skip",
                                          "broken",
                                          "limit",
                                          "EPERM",
                                          "errno 524",
                                          "x\n<b>|`",
                                          "2026-01-15T09:30:00Z",
                                          "\x1b[31m",
                                          "create/net:clone:root",
                                          "uts/a:clone:root:control"};
    if (value.is_number_float() && below(2) == 0) {
      value = value.get<double>() * (0.5 + static_cast<double>(below(1000)) / 500);
    } else if (value.is_string() && below(4) == 0) {
      value = value.get<std::string>() + std::string(1 + below(200), 'x');
    } else {
      value = values[below(values.size())];
    }
  }

  std::minstd_rand random_;
};

}  // namespace
}  // namespace nsbench::fuzz

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  using namespace nsbench::fuzz;
  Mutator mutator(seed);
  if (mutator.below(5) == 0) return LLVMFuzzerMutate(data, size, max_size);
  std::vector<std::string> parts = parts_of(text_of(data, size));
  std::string& part = parts[mutator.below(parts.size())];
  Json document = Json::parse(part, nullptr, false);
  if (document.is_discarded()) return LLVMFuzzerMutate(data, size, max_size);
  for (std::size_t i = 1 + mutator.below(3); i > 0; --i) mutator.change(document);
  part = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string text = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) text += '\0' + parts[i];
  if (text.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
