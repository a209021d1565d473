#include "base/wire.h"

#include <array>
#include <cstring>

namespace etcd::base {

namespace {

constexpr int kMaxVarintBytes = 10;
constexpr std::size_t kMaxGroupDepth = 100;
constexpr std::uint64_t kMaxFieldNumber = (1u << 29) - 1;

std::optional<std::uint64_t> take_fixed(std::string_view& rest, std::size_t width) {
  if (rest.size() < width) return std::nullopt;
  std::uint64_t value = 0;
  std::memcpy(&value, rest.data(), width);
  rest.remove_prefix(width);
  return value;
}

std::optional<WireField> take_tag(std::string_view& rest) {
  auto tag = take_varint(rest);
  if (!tag) return std::nullopt;
  const std::uint64_t number = *tag >> 3;
  if (number == 0 || number > kMaxFieldNumber || (*tag & 7) > 5) return std::nullopt;
  return WireField{.number = static_cast<std::uint32_t>(number), .type = static_cast<WireType>(*tag & 7)};
}

bool take_bytes(std::string_view& rest, std::string_view& bytes) {
  auto length = take_varint(rest);
  if (!length || *length > rest.size()) return false;
  bytes = rest.substr(0, *length);
  rest.remove_prefix(*length);
  return true;
}

bool take_number(std::optional<std::uint64_t> taken, std::uint64_t& value) {
  if (!taken) return false;
  value = *taken;
  return true;
}

// Reads the payload of a field that is no group.
bool take_value(std::string_view& rest, WireField& field) {
  switch (field.type) {
    case WireType::kVarint: return take_number(take_varint(rest), field.varint);
    case WireType::kFixed64: return take_number(take_fixed(rest, 8), field.varint);
    case WireType::kFixed32: return take_number(take_fixed(rest, 4), field.varint);
    case WireType::kBytes: return take_bytes(rest, field.bytes);
    default: return false;
  }
}

// `number`: of the field whose start tag was read. Groups must end with the number they began with.
bool skip_group(std::string_view& rest, std::uint32_t number) {
  std::array<std::uint32_t, kMaxGroupDepth> open{number};
  for (std::size_t depth = 1; depth > 0;) {
    auto field = take_tag(rest);
    if (!field) return false;
    if (field->type == WireType::kStartGroup) {
      if (depth == kMaxGroupDepth) return false;
      open[depth++] = field->number;
    } else if (field->type == WireType::kEndGroup) {
      if (open[--depth] != field->number) return false;
    } else if (!take_value(rest, *field)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::optional<std::uint64_t> take_varint(std::string_view& rest) {
  std::uint64_t value = 0;
  for (int i = 0; i < kMaxVarintBytes && static_cast<std::size_t>(i) < rest.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(rest[static_cast<std::size_t>(i)]);
    if (i == kMaxVarintBytes - 1 && byte > 1) return std::nullopt;
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      rest.remove_prefix(static_cast<std::size_t>(i) + 1);
      return value;
    }
  }
  return std::nullopt;
}

std::optional<WireField> WireReader::next() {
  while (!rest_.empty() && !failed_) {
    auto field = take_tag(rest_);
    if (!field) return fail();
    if (field->type == WireType::kStartGroup) {
      if (!skip_group(rest_, field->number)) return fail();
      continue;
    }
    if (!take_value(rest_, *field)) return fail();
    return field;
  }
  return std::nullopt;
}

std::optional<WireField> WireReader::fail() {
  failed_ = true;
  return std::nullopt;
}

bool is_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = at + text.size();
  while (at < end) {
    if (*at < 0x80) {
      ++at;
      continue;
    }
    const int extra = (*at & 0xe0) == 0xc0 ? 1 : (*at & 0xf0) == 0xe0 ? 2 : (*at & 0xf8) == 0xf0 ? 3 : 0;
    if (extra == 0 || end - at <= extra) return false;
    std::uint32_t point = *at & (0x3fu >> extra);
    for (int i = 1; i <= extra; ++i) {
      if ((at[i] & 0xc0) != 0x80) return false;
      point = (point << 6) | (at[i] & 0x3fu);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0x80, 0x800, 0x10000};
    if (point < kSmallest[extra] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return false;
    at += extra + 1;
  }
  return true;
}

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void WireWriter::varint(std::uint32_t field, std::uint64_t value) {
  put_varint(out_, static_cast<std::uint64_t>(field) << 3);
  put_varint(out_, value);
}

void WireWriter::bytes(std::uint32_t field, std::string_view value) {
  bytes_header(field, value.size());
  out_.append(value);
}

void WireWriter::bytes_header(std::uint32_t field, std::size_t size) {
  put_varint(out_, (static_cast<std::uint64_t>(field) << 3) | static_cast<std::uint64_t>(WireType::kBytes));
  put_varint(out_, size);
}

}  // namespace etcd::base
