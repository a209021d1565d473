#include "base/go_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <utility>

#include "base/wire.h"

namespace etcd::base {

namespace {

constexpr char kHex[] = "0123456789abcdef";

// How many bytes at the front of `text` are one well-formed UTF-8 character; 0 if none.
std::size_t character_length(std::string_view text) {
  for (std::size_t length = 1; length <= 4 && length <= text.size(); ++length) {
    if (is_utf8(text.substr(0, length))) return length;
  }
  return 0;
}

void quote_ascii(std::string& out, char c) {
  constexpr std::string_view kFrom = "\"\\\a\b\f\n\r\t\v";
  constexpr std::string_view kTo = "\"\\abfnrtv";
  if (const std::size_t at = kFrom.find(c); at != std::string_view::npos) {
    out.append({'\\', kTo[at]});
  } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
    const unsigned value = static_cast<unsigned char>(c);
    out.append({'\\', 'x', kHex[value >> 4], kHex[value & 0xf]});
  } else {
    out.push_back(c);
  }
}

// `value` / 10^`digits` with the zeros at the end of the fraction left out.
std::string decimal(std::uint64_t value, int digits) {
  std::uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string fraction = std::to_string(value % scale + scale).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return std::to_string(value / scale) + (fraction.empty() ? "" : "." + fraction);
}

constexpr std::uint64_t kSecond = 1'000'000'000;

std::string format_magnitude(std::uint64_t ns) {
  if (ns == 0) return "0s";
  if (ns < 1'000) return std::to_string(ns) + "ns";
  if (ns < 1'000'000) return decimal(ns, 3) + "µs";
  if (ns < kSecond) return decimal(ns, 6) + "ms";
  const std::uint64_t minutes = ns / (60 * kSecond);
  std::string out = decimal(ns % (60 * kSecond), 9) + "s";
  if (minutes > 0) out = std::to_string(minutes % 60) + "m" + out;
  if (minutes >= 60) out = std::to_string(minutes / 60) + "h" + out;
  return out;
}

std::optional<std::uint64_t> unit_ns(std::string_view unit) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits{{{"ns", 1},
                                                                              {"us", 1'000},
                                                                              {"\u00b5s", 1'000},
                                                                              {"\u03bcs", 1'000},
                                                                              {"ms", 1'000'000},
                                                                              {"s", kSecond},
                                                                              {"m", 60 * kSecond},
                                                                              {"h", 3600 * kSecond}}};
  for (const auto& [name, ns] : kUnits) {
    if (name == unit) return ns;
  }
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr std::uint64_t kMaxMagnitude = std::uint64_t{1} << 63;  // of a negative duration; a positive one must stay below

class DurationReader {
 public:
  explicit DurationReader(std::string_view text) : whole_(text), rest_(text) {}

  Result<Duration> read() {
    const bool negative = rest_.starts_with('-');
    if (negative || rest_.starts_with('+')) rest_.remove_prefix(1);
    if (rest_ == "0") return Duration(0);
    if (rest_.empty()) return invalid();
    std::uint64_t total = 0;
    while (!rest_.empty()) {
      TRY_ASSIGN(const std::uint64_t part, read_part());
      if (part > kMaxMagnitude - total) return invalid();
      total += part;
    }
    if (negative) return Duration(static_cast<std::int64_t>(0 - total));
    if (total == kMaxMagnitude) return invalid();
    return Duration(static_cast<std::int64_t>(total));
  }

 private:
  tl::unexpected<Error> invalid() { return fail(Errc::kInvalid, "time: invalid duration " + go_quote(whole_)); }

  std::string_view take_digits() {
    std::size_t length = 0;
    while (length < rest_.size() && is_digit(rest_[length])) ++length;
    const std::string_view digits = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return digits;
  }

  Result<std::uint64_t> read_part() {
    if (!is_digit(rest_.front()) && rest_.front() != '.') return invalid();
    const std::string_view whole = take_digits();
    std::string_view fraction;
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      fraction = take_digits();
    }
    if (whole.empty() && fraction.empty()) return invalid();
    std::uint64_t count = 0;
    if (!whole.empty() && std::from_chars(whole.data(), whole.data() + whole.size(), count).ec != std::errc{}) {
      return invalid();
    }
    TRY_ASSIGN(const std::uint64_t unit, read_unit());
    if (count > kMaxMagnitude / unit) return invalid();
    return count * unit + fraction_of(fraction, unit);
  }

  Result<std::uint64_t> read_unit() {
    std::size_t length = 0;
    while (length < rest_.size() && rest_[length] != '.' && !is_digit(rest_[length])) ++length;
    if (length == 0) return fail(Errc::kInvalid, "time: missing unit in duration " + go_quote(whole_));
    const std::string_view name = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (const auto ns = unit_ns(name)) return *ns;
    return fail(Errc::kInvalid, "time: unknown unit " + go_quote(name) + " in duration " + go_quote(whole_));
  }

  // Digits beyond 63 bits are below any unit's nanosecond.
  static std::uint64_t fraction_of(std::string_view digits, std::uint64_t unit) {
    std::uint64_t value = 0;
    double scale = 1;
    for (const char digit : digits) {
      if (value > (kMaxMagnitude - 1) / 10) break;
      value = value * 10 + static_cast<std::uint64_t>(digit - '0');
      scale *= 10;
    }
    return static_cast<std::uint64_t>(static_cast<double>(value) * (static_cast<double>(unit) / scale));
  }

  std::string_view whole_;
  std::string_view rest_;
};

struct Notation {
  int base;
  std::string digits;  // without prefix and underscores; empty: malformed
};

// Underscores may stand between digits and between a prefix and the first of them.
bool underscores_in_place(std::string_view digits, bool prefixed) {
  if (digits.front() == '_' && !prefixed) return false;
  return digits.back() != '_' && digits.find("__") == std::string_view::npos;
}

Notation split_notation(std::string_view text) {
  int base = 10;
  bool prefixed = false;
  if (text.size() > 1 && text[0] == '0') {
    prefixed = true;
    switch (text[1] | 0x20) {
      case 'x': base = 16; text.remove_prefix(2); break;
      case 'o': base = 8; text.remove_prefix(2); break;
      case 'b': base = 2; text.remove_prefix(2); break;
      default: base = 8; text.remove_prefix(1); break;
    }
  }
  if (text.empty() || !underscores_in_place(text, prefixed)) return {base, ""};
  std::string digits;
  for (const char c : text) {
    if (c != '_') digits.push_back(c);
  }
  return {base, digits};
}

}  // namespace

std::string go_quote(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = character_length(text);
    if (length > 1) {
      out.append(text.substr(0, length));
    } else {
      quote_ascii(out, text.front());
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out.push_back('"');
  return out;
}

std::string format_duration(Duration duration) {
  const std::int64_t ns = duration.count();
  if (ns >= 0) return format_magnitude(static_cast<std::uint64_t>(ns));
  return "-" + format_magnitude(0 - static_cast<std::uint64_t>(ns));
}

Result<Duration> parse_duration(std::string_view text) { return DurationReader(text).read(); }

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 10) return std::to_string(bytes) + " B";
  std::size_t unit = 0;
  std::uint64_t scale = 1;
  while (bytes / scale >= 1000) {
    scale *= 1000;
    ++unit;
  }
  const double value = static_cast<double>(bytes) / static_cast<double>(scale);
  const double rounded = std::floor(value * 10 + 0.5) / 10;
  char text[32];
  std::snprintf(text, sizeof text, "%.*f %s", rounded < 10 ? 1 : 0, rounded, kUnits[unit]);
  return text;
}

std::optional<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"1", "t", "T", "true", "True", "TRUE"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"0", "f", "F", "false", "False", "FALSE"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

ParsedNumber<std::uint64_t> parse_uint(std::string_view text, std::uint64_t max) {
  const Notation notation = split_notation(text);
  if (notation.digits.empty()) return {0, NumberFault::kSyntax};
  std::uint64_t value = 0;
  const char* end = notation.digits.data() + notation.digits.size();
  const auto [stop, fault] = std::from_chars(notation.digits.data(), end, value, notation.base);
  if (stop != end || fault == std::errc::invalid_argument) return {0, NumberFault::kSyntax};
  if (fault == std::errc::result_out_of_range || value > max) return {max, NumberFault::kRange};
  return {value, std::nullopt};
}

ParsedNumber<std::int64_t> parse_int(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto magnitude = parse_uint(text, kMaxMagnitude - (negative ? 0 : 1));
  if (magnitude.fault == NumberFault::kSyntax) return {0, NumberFault::kSyntax};
  const std::uint64_t value = negative ? 0 - magnitude.value : magnitude.value;
  return {static_cast<std::int64_t>(value), magnitude.fault};
}

}  // namespace etcd::base
