#include "reports/observation.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace nsbench {
namespace {

// The encoding: a mark, then counted lists of counted strings; all numbers little-endian.
//   mark  u32 entries { str side, str act, u32 facts { u8 kind, str name, str | i64 value } }
//   str = u32 length, bytes
constexpr std::string_view mark = "nsT1";
constexpr int max_errno = 4095;  // MAX_ERRNO of linux/err.h

void put_number(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xffU);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size(), 4);
  out += text;
}

void put_fact(std::string& out, const Fact& fact) {
  put_number(out, static_cast<std::uint64_t>(fact.kind), 1);
  put_text(out, fact.name);
  if (fact.kind == Fact::Kind::Text) {
    put_text(out, fact.text);
  } else {
    put_number(out, static_cast<std::uint64_t>(fact.number), 8);
  }
}

// Takes values off the front of the bytes. After the first that isn't there, all read as zero.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes), total_(bytes.size()) {}

  std::uint64_t number(std::size_t size, const char* what) {
    const std::string_view raw = take(size, what);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(raw[i])) << (8 * i);
    }
    return value;
  }

  std::string text(const char* what) { return std::string(take(number(4, what), what)); }

  void refuse(std::string_view why) {
    if (!error_.empty()) return;
    error_ = fmt::format("transcript, byte {} of {}: {}", total_ - bytes_.size(), total_, why);
    bytes_ = {};
  }

  void expect_end() {
    if (!bytes_.empty()) refuse(fmt::format("{} bytes follow the last act", bytes_.size()));
  }

  [[nodiscard]] bool ok() const { return error_.empty(); }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  std::string_view take(std::size_t size, const char* what) {
    if (!ok()) return {};
    if (size > bytes_.size()) {
      refuse(fmt::format("the {} needs {} bytes, {} are left", what, size, bytes_.size()));
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

  std::string_view bytes_;
  std::size_t total_;
  std::string error_;
};

void decode_errno(Decoder& in, std::string_view name, Observation& seen) {
  const auto err = static_cast<std::int64_t>(in.number(8, "errno"));
  if (err < 0 || err > max_errno) {
    in.refuse(fmt::format("{} is not an errno", err));
  } else {
    seen.result(name, static_cast<int>(err));
  }
}

void decode_fact(Decoder& in, Observation& seen) {
  const std::uint64_t kind = in.number(1, "kind of a fact");
  const std::string name = in.text("name of a fact");
  if (!in.ok()) return;
  if (seen.find(name) != nullptr) return in.refuse("a fact stands there twice");
  switch (kind) {
    case static_cast<std::uint64_t>(Fact::Kind::Text):
      return seen.text(name, in.text("text of a fact"));
    case static_cast<std::uint64_t>(Fact::Kind::Number):
      return seen.number(name, static_cast<std::int64_t>(in.number(8, "number of a fact")));
    case static_cast<std::uint64_t>(Fact::Kind::Errno):
      return decode_errno(in, name, seen);
    default:
      return in.refuse(fmt::format("{} is not a kind of fact", kind));
  }
}

Entry decode_entry(Decoder& in) {
  Entry entry;
  entry.side = in.text("side of an act");
  entry.act = in.text("name of an act");
  const std::uint64_t facts = in.number(4, "count of facts");
  for (std::uint64_t i = 0; i < facts && in.ok(); ++i) decode_fact(in, entry.seen);
  return entry;
}

}  // namespace

std::string Fact::str() const {
  switch (kind) {
    case Kind::Text:
      return text;
    case Kind::Number:
      return fmt::format("{}", number);
    case Kind::Errno:
      return number == 0 ? "ok" : errno_name(static_cast<int>(number));
  }
  return {};
}

Fact& Observation::slot(std::string_view name, Fact::Kind kind) {
  for (Fact& fact : facts_) {
    if (fact.name != name) continue;
    fact = Fact{fact.name, kind, {}, 0};
    return fact;
  }
  return facts_.emplace_back(Fact{std::string(name), kind, {}, 0});
}

void Observation::text(std::string_view name, std::string_view value) {
  slot(name, Fact::Kind::Text).text = value;
}

void Observation::number(std::string_view name, std::int64_t value) {
  slot(name, Fact::Kind::Number).number = value;
}

void Observation::result(std::string_view name, int err) {
  // What can't be an errno must not read as success either.
  const bool possible = err >= 0 && err <= max_errno;
  slot(name, Fact::Kind::Errno).number = possible ? err : max_errno;
}

long Observation::call(std::string_view name, long returned) {
  result(name, returned < 0 ? errno : 0);
  return returned;
}

const Fact* Observation::find(std::string_view name) const {
  for (const Fact& fact : facts_) {
    if (fact.name == name) return &fact;
  }
  return nullptr;
}

std::string Observation::text_of(std::string_view name) const {
  const Fact* fact = find(name);
  return fact != nullptr && fact->kind == Fact::Kind::Text ? fact->text : "(not seen)";
}

std::int64_t Observation::number_of(std::string_view name) const {
  const Fact* fact = find(name);
  return fact != nullptr && fact->kind == Fact::Kind::Number ? fact->number : -1;
}

int Observation::errno_of(std::string_view name) const {
  const Fact* fact = find(name);
  return fact != nullptr && fact->kind == Fact::Kind::Errno ? static_cast<int>(fact->number) : -1;
}

const Observation& Transcript::at(std::string_view act) const {
  static const Observation nothing;
  for (const Entry& entry : entries_) {
    if (entry.act == act) return entry.seen;
  }
  return nothing;
}

std::string Transcript::encode() const {
  std::string out(mark);
  put_number(out, entries_.size(), 4);
  for (const Entry& entry : entries_) {
    put_text(out, entry.side);
    put_text(out, entry.act);
    put_number(out, entry.seen.facts().size(), 4);
    for (const Fact& fact : entry.seen.facts()) put_fact(out, fact);
  }
  return out;
}

Result<Transcript> Transcript::decode(std::string_view bytes) {
  if (!bytes.starts_with(mark)) return Error{"transcript: does not begin with its mark"};
  Decoder in(bytes.substr(mark.size()));
  Transcript transcript;
  const std::uint64_t entries = in.number(4, "count of acts");
  for (std::uint64_t i = 0; i < entries && in.ok(); ++i) {
    Entry entry = decode_entry(in);
    if (in.ok()) transcript.add(std::move(entry));
  }
  in.expect_end();
  if (!in.ok()) return Error{in.error()};
  return transcript;
}

}  // namespace nsbench
