#include "base/wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/rng.h"
#include "base/wire_fields.h"

namespace etcd::base {
namespace {

std::vector<WireField> fields_of(std::string_view message, bool* failed = nullptr) {
  WireReader reader(message);
  std::vector<WireField> fields;
  while (auto field = reader.next()) fields.push_back(*field);
  if (failed != nullptr) *failed = reader.failed();
  return fields;
}

bool malformed(std::string_view message) {
  bool failed = false;
  fields_of(message, &failed);
  return failed;
}

TEST(Wire, WhatIsWrittenIsReadBack) {
  std::string bytes;
  WireWriter writer(bytes);
  writer.varint(1, 0);
  writer.varint(2, std::numeric_limits<std::uint64_t>::max());
  writer.int64(3, -5);
  writer.bytes(536870911, "abc");
  const auto fields = fields_of(bytes);
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_EQ(fields[0].varint, 0u);
  EXPECT_EQ(fields[1].varint, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(fields[2].as_int64(), -5);
  EXPECT_EQ(fields[3].number, 536870911u);
  EXPECT_EQ(fields[3].bytes, "abc");
}

TEST(Wire, TheConditionalCallsLeaveZerosOut) {
  std::string bytes;
  WireWriter writer(bytes);
  writer.varint_if(1, 0);
  writer.int64_if(2, 0);
  writer.bytes_if(3, "");
  writer.bool_if(4, false);
  EXPECT_EQ(bytes, "");
  writer.bool_if(4, true);
  EXPECT_EQ(bytes, "\x20\x01");
}

TEST(Wire, VarintsHaveProtobufsBytes) {
  std::string bytes;
  put_varint(bytes, 300);
  EXPECT_EQ(bytes, "\xac\x02");
  for (const std::uint64_t value : {0ull, 1ull, 127ull, 128ull, 16383ull, 16384ull, ~0ull}) {
    bytes.clear();
    put_varint(bytes, value);
    EXPECT_EQ(bytes.size(), varint_size(value));
    std::string_view rest = bytes;
    EXPECT_EQ(take_varint(rest), value);
    EXPECT_TRUE(rest.empty());
  }
}

TEST(Wire, AVarintOfMoreThanSixtyFourBitsIsRefused) {
  std::string_view eleven_bytes = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
  EXPECT_FALSE(take_varint(eleven_bytes));
  std::string_view too_many_bits = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
  EXPECT_FALSE(take_varint(too_many_bits));
}

TEST(Wire, MalformedMessagesFail) {
  EXPECT_TRUE(malformed("\x08"));                          // varint missing
  EXPECT_TRUE(malformed("\x0a\x05" "abc"));                // bytes too short
  EXPECT_TRUE(malformed(std::string_view("\x00\x00", 2)));  // field number 0
  EXPECT_TRUE(malformed("\x0e\x00"));                      // wire type 6
  EXPECT_TRUE(malformed("\x09\x01\x02"));                  // fixed64 too short
  EXPECT_TRUE(malformed("\x0c"));                          // group end without a start
  EXPECT_TRUE(malformed("\x0b\x08\x01"));                  // group without an end
  EXPECT_TRUE(malformed("\x0b\x14"));                      // group ended by another's number
  EXPECT_TRUE(malformed("\x0b\x13\x0c\x14"));              // groups that overlap
  EXPECT_TRUE(malformed("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));  // length 2^64-1
}

TEST(Wire, GroupsAreSkippedToALimitedDepth) {
  const std::string after = "\x10\x07";
  const auto fields = fields_of("\x0b\x08\x01\x0b\x0c\x0c" + after);
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].number, 2u);
  EXPECT_FALSE(malformed(std::string(100, '\x0b') + std::string(100, '\x0c')));
  EXPECT_TRUE(malformed(std::string(101, '\x0b') + std::string(101, '\x0c')));
}

TEST(Wire, Utf8IsTold) {
  EXPECT_TRUE(is_utf8("plain"));
  EXPECT_TRUE(is_utf8("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(is_utf8("\x80"));              // a continuation alone
  EXPECT_FALSE(is_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_FALSE(is_utf8("\xe2\x82"));          // cut short
}

TEST(Wire, EveryPrefixOfAMessageIsReadOrRefusedWithoutHarm) {
  Rng rng(7);
  std::string bytes;
  WireWriter writer(bytes);
  for (std::uint32_t number = 1; number < 40; ++number) {
    if (rng.one_in(2)) {
      writer.varint(number, rng.next() >> rng.below(64));
    } else {
      writer.bytes(number, std::string(rng.below(20), 'b'));
    }
  }
  std::size_t whole_fields = 0;
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    const std::string prefix = bytes.substr(0, cut);
    bool failed = false;
    const std::size_t count = fields_of(prefix, &failed).size();
    EXPECT_GE(count, whole_fields);
    if (!failed) whole_fields = count;
  }
  EXPECT_EQ(whole_fields, 39u);
}

TEST(WireFields, AFieldOfAnotherTypeIsPassedOverAndTheLastOfSeveralStands) {
  std::string bytes;
  WireWriter writer(bytes);
  writer.varint(1, 3);
  writer.bytes(1, "three");
  writer.bytes(2, "two");
  writer.varint(2, 2);
  writer.varint(1, 4);
  std::int64_t number = 0;
  std::string_view text;
  const Status read = read_message("Message", bytes, [&](const WireField& field) {
    if (field.number == 1) set(number, field);
    if (field.number == 2) set(text, field);
  });
  EXPECT_TRUE(read);
  EXPECT_EQ(number, 4);
  EXPECT_EQ(text, "two");
}

TEST(WireFields, AMalformedMessageIsRefusedByName) {
  const Status read = read_message("Message", "\x0a\x05" "ab", [](const WireField&) {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Errc::kInvalid);
  EXPECT_EQ(read.error().detail, "malformed Message");
}

}  // namespace
}  // namespace etcd::base
