// Protobuf's wire format by hand, for the messages on hot paths and those whose bytes must equal Go's.
//
// WireReader walks the fields of one message without copying; WireWriter appends fields to a string in the order of the calls. Zero values
// are written by the plain calls too (proto2); the *_if calls leave zeros out (proto3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace etcd::base {

enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kStartGroup = 3, kEndGroup = 4, kFixed32 = 5 };

// One field of a message. `bytes` points into the reader's input.
struct WireField {
  std::uint32_t number = 0;
  WireType type = WireType::kVarint;
  std::uint64_t varint = 0;     // kVarint, kFixed64, kFixed32
  std::string_view bytes = {};  // kBytes

  // Protobuf's reading of a varint as int64, int32, bool and enum: truncation, never an error.
  std::int64_t as_int64() const { return static_cast<std::int64_t>(varint); }
  std::int32_t as_int32() const { return static_cast<std::int32_t>(varint); }
  bool as_bool() const { return varint != 0; }
};

class WireReader {
 public:
  // `message` must outlive the reader and every field it returns.
  explicit WireReader(std::string_view message) : rest_(message) {}

  // The next field; nothing at the end or when the bytes are malformed (see failed()). Groups are skipped as unknown fields are,
  // to a depth of 100.
  std::optional<WireField> next();
  // True once malformed bytes were met: truncated field, varint over 10 bytes, field number 0 or too large, bad wire type, unmatched groups.
  bool failed() const { return failed_; }

 private:
  std::optional<WireField> fail();

  std::string_view rest_;
  bool failed_ = false;
};

// Reads a varint off the front of `rest`; nothing if it is truncated or longer than 10 bytes.
std::optional<std::uint64_t> take_varint(std::string_view& rest);
// True if every byte sequence is well-formed UTF-8 (proto3 `string` fields must be).
bool is_utf8(std::string_view text);

std::size_t varint_size(std::uint64_t value);
void put_varint(std::string& out, std::uint64_t value);

class WireWriter {
 public:
  // Appends to `out`, which must outlive the writer.
  explicit WireWriter(std::string& out) : out_(out) {}

  void varint(std::uint32_t field, std::uint64_t value);
  void int64(std::uint32_t field, std::int64_t value) { varint(field, static_cast<std::uint64_t>(value)); }
  void bytes(std::uint32_t field, std::string_view value);
  // Only tag and length of a bytes field: the caller appends exactly `size` bytes next.
  void bytes_header(std::uint32_t field, std::size_t size);

  void varint_if(std::uint32_t field, std::uint64_t value) { if (value != 0) varint(field, value); }
  void int64_if(std::uint32_t field, std::int64_t value) { if (value != 0) int64(field, value); }
  void bytes_if(std::uint32_t field, std::string_view value) { if (!value.empty()) bytes(field, value); }
  void bool_if(std::uint32_t field, bool value) { if (value) varint(field, 1); }

 private:
  std::string& out_;
};

}  // namespace etcd::base
