#include "suites/lockstep/command_line.h"

#include <fmt/format.h>

#include <utility>

namespace nsbench::lockstep {
namespace {

class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) {}

  Result<std::vector<std::string>> take() {
    while (!rest_.empty()) {
      const char c = next();
      if (c == '\'' || c == '"') {
        in_word_ = true;
        if (!quoted(c)) return Error{fmt::format("a quote is left open: {}", c)};
      } else if (c == '\\' && !rest_.empty()) {
        add(next());
      } else if (c == ' ' || c == '\t' || c == '\n') {
        end_word();
      } else {
        add(c);
      }
    }
    end_word();
    if (words_.empty()) return Error{"no command"};
    return std::move(words_);
  }

 private:
  char next() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  void add(char c) {
    in_word_ = true;
    word_ += c;
  }
  bool quoted(char quote) {
    while (!rest_.empty()) {
      const char c = next();
      if (c == quote) return true;
      const bool escapes = quote == '"' && c == '\\' && !rest_.empty() &&
                           (rest_.front() == '"' || rest_.front() == '\\');
      word_ += escapes ? next() : c;
    }
    return false;
  }
  void end_word() {
    if (std::exchange(in_word_, false)) words_.push_back(std::exchange(word_, {}));
  }

  std::string_view rest_;
  std::string word_;
  bool in_word_ = false;
  std::vector<std::string> words_;
};

}  // namespace

Result<std::vector<std::string>> words_of(std::string_view text) { return Words(text).take(); }

}  // namespace nsbench::lockstep
