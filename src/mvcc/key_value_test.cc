#include "mvcc/key_value.h"

#include <gtest/gtest.h>

#include <limits>

namespace etcd::mvcc {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

// The bytes are what Go's proto.Marshal makes of the same mvccpb.KeyValue.
TEST(KeyValue, IsEncodedAsGoDoes) {
  EXPECT_EQ(encode({}), "");
  EXPECT_EQ(encode({.key = "a"}),
            "\x0a\x01"
            "a");
  EXPECT_EQ(encode({.key = "k",
                    .create_revision = Revision(2),
                    .mod_revision = Revision(300),
                    .version = 1,
                    .value = "v",
                    .lease = LeaseId(7)}),
            "\x0a\x01k\x10\x02\x18\xac\x02\x20\x01\x2a\x01v\x30\x07");
  EXPECT_EQ(encode({.key = "k", .lease = LeaseId(-1)}), "\x0a\x01k\x30\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(KeyValue, ReadsBackWhatItWrote) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 16383u, 16384u, 70000u}) {
    const std::string key(size, 'k');
    const std::string value(size * 2, '\0');
    for (const std::int64_t number :
         {std::int64_t{0}, std::int64_t{1}, std::int64_t{127}, std::int64_t{128}, kMax, -kMax - 1}) {
      const KeyValue kv{key, Revision(number), Revision(number / 2), number, value, LeaseId(number)};
      const std::string bytes = encode(kv);
      ASSERT_EQ(bytes.size(), encoded_size(kv));
      ASSERT_EQ(decode_key_value(bytes), kv);
    }
  }
}

TEST(KeyValue, AnEmptyRecordIsAnEmptyKeyValue) {
  EXPECT_EQ(decode_key_value(""), KeyValue());
}

TEST(KeyValue, UnknownFieldsAreSkippedAndTheLastOfARepeatedFieldCounts) {
  const auto kv = decode_key_value(
      "\x0a\x01"
      "a"
      "\x3a\x02zz\x0a\x01"
      "b\x20\x05\x20\x06");
  ASSERT_TRUE(kv);
  EXPECT_EQ(kv->key, "b");
  EXPECT_EQ(kv->version, 6);
}

TEST(KeyValue, AFieldOfTheWrongTypeIsUnknown) {
  const auto kv = decode_key_value("\x08\x05\x22\x01x\x0a\x01k"sv);
  ASSERT_TRUE(kv);
  EXPECT_EQ(*kv, (KeyValue{.key = "k"}));
}

TEST(KeyValue, MalformedBytesAreRefused) {
  for (const std::string_view bytes :
       {"\x0a"sv,
        "\x0a\x05"
        "abc"sv,
        "\x10"sv, "\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"sv, "\x00"sv,
        "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x2a\xff\xff\xff\xff\x7f"sv}) {
    const auto kv = decode_key_value(bytes);
    ASSERT_FALSE(kv);
    EXPECT_EQ(kv.error().code, Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace etcd::mvcc
