#include "rpc/grpc_text.h"

#include <array>
#include <limits>

#include "base/go_text.h"

namespace etcd::rpc {

namespace {

constexpr std::string_view kGrpcContentType = "application/grpc";
constexpr std::size_t kMaxTimeoutText = 9;  // eight digits and the unit

bool is_plain(unsigned char c) {
  return c >= ' ' && c <= '~' && c != '%';
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void put_percent(std::string& out, unsigned char c) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  out += '%';
  out += kDigits[c >> 4];
  out += kDigits[c & 15];
}

bool is_continuation(unsigned char c) {
  return (c & 0xc0) == 0x80;
}

// The length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629), 0 if there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return is_continuation(static_cast<unsigned char>(byte(1))) ? 2 : 0;
  const unsigned second = byte(1);
  const bool third_ok = is_continuation(static_cast<unsigned char>(byte(2)));
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return second >= low && second <= high && third_ok ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return second >= low && second <= high && third_ok && is_continuation(static_cast<unsigned char>(byte(3))) ? 4 : 0;
  }
  return 0;
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> base64_values() {
  std::array<std::int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (std::size_t i = 0; i < kBase64.size(); ++i)
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return values;
}

tl::unexpected<Error> bad_base64(std::size_t at) {
  return fail(Errc::kInvalid, "illegal base64 data at input byte " + std::to_string(at));
}

}  // namespace

std::optional<std::int64_t> timeout_unit_ns(char unit) {
  switch (unit) {
    case 'H':
      return 3'600'000'000'000;
    case 'M':
      return 60'000'000'000;
    case 'S':
      return 1'000'000'000;
    case 'm':
      return 1'000'000;
    case 'u':
      return 1'000;
    case 'n':
      return 1;
    default:
      return std::nullopt;
  }
}

Result<std::int64_t> parse_timeout(std::string_view text) {
  if (text.size() < 2) return fail(Errc::kInvalid, "transport: timeout string is too short: " + base::go_quote(text));
  if (text.size() > kMaxTimeoutText)
    return fail(Errc::kInvalid, "transport: timeout string is too long: " + base::go_quote(text));
  const auto unit = timeout_unit_ns(text.back());
  if (!unit) return fail(Errc::kInvalid, "transport: timeout unit is not recognized: " + base::go_quote(text));
  const std::string_view digits = text.substr(0, text.size() - 1);
  std::int64_t count = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') {
      return fail(Errc::kInvalid, "strconv.ParseUint: parsing " + base::go_quote(digits) + ": invalid syntax");
    }
    count = count * 10 + (c - '0');
  }
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  return count > kMax / *unit ? kMax : count * *unit;
}

std::string encode_message(std::string_view message) {
  std::string out;
  out.reserve(message.size());
  while (!message.empty()) {
    const std::size_t length = utf8_length(message);
    if (length == 0) {
      out += "%EF%BF%BD";
    } else {
      for (const char c : message.substr(0, length)) {
        const auto byte = static_cast<unsigned char>(c);
        is_plain(byte) ? void(out += c) : put_percent(out, byte);
      }
    }
    message.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string decode_message(std::string_view encoded) {
  std::string out;
  out.reserve(encoded.size());
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] == '%' && i + 2 < encoded.size()) {
      const int high = hex_value(encoded[i + 1]);
      const int low = hex_value(encoded[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += encoded[i];
  }
  return out;
}

std::optional<std::string_view> content_subtype(std::string_view content_type) {
  if (!content_type.starts_with(kGrpcContentType)) return std::nullopt;
  content_type.remove_prefix(kGrpcContentType.size());
  if (content_type.empty()) return content_type;
  if (content_type.front() != '+' && content_type.front() != ';') return std::nullopt;
  return content_type.substr(1);
}

Result<std::string> decode_binary(std::string_view value) {
  static constexpr auto kValues = base64_values();
  std::size_t end = value.size();
  if (end % 4 == 0) {  // padded, or no padding needed
    for (int padding = 0; padding < 2 && end > 0 && value[end - 1] == '='; ++padding) --end;
  }
  std::string out;
  out.reserve(end / 4 * 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (std::size_t i = 0; i < end; ++i) {
    const int sextet = kValues[static_cast<unsigned char>(value[i])];
    if (sextet < 0) return bad_base64(i);
    bits = (bits << 6 | static_cast<std::uint32_t>(sextet)) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (end % 4 == 1) return bad_base64(end - 1);  // six bits are no byte
  return out;
}

std::string encode_binary(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() * 4 + 2) / 3);
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffffff;
    held += 8;
    while (held >= 6) {
      held -= 6;
      out += kBase64[bits >> held & 63];
    }
  }
  if (held > 0) out += kBase64[bits << (6 - held) & 63];
  return out;
}

}  // namespace etcd::rpc
