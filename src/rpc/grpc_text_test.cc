#include "rpc/grpc_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace etcd::rpc {
namespace {

TEST(GrpcText, ATimeoutIsANumberOfEachUnit) {
  EXPECT_EQ(*parse_timeout("2H"), 7'200'000'000'000);
  EXPECT_EQ(*parse_timeout("3M"), 180'000'000'000);
  EXPECT_EQ(*parse_timeout("5S"), 5'000'000'000);
  EXPECT_EQ(*parse_timeout("100m"), 100'000'000);
  EXPECT_EQ(*parse_timeout("7u"), 7'000);
  EXPECT_EQ(*parse_timeout("0n"), 0);
  EXPECT_EQ(*parse_timeout("99999999n"), 99'999'999);
}

TEST(GrpcText, HoursThatOverflowAreClamped) {
  EXPECT_EQ(*parse_timeout("99999999H"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(*parse_timeout("2562047H"), 2'562'047LL * 3'600'000'000'000LL);
}

TEST(GrpcText, ABadTimeoutIsRefusedInGrpcGosWords) {
  EXPECT_EQ(parse_timeout("").error().detail, "transport: timeout string is too short: \"\"");
  EXPECT_EQ(parse_timeout("5").error().detail, "transport: timeout string is too short: \"5\"");
  EXPECT_EQ(parse_timeout("123456789S").error().detail, "transport: timeout string is too long: \"123456789S\"");
  EXPECT_EQ(parse_timeout("12x").error().detail, "transport: timeout unit is not recognized: \"12x\"");
  EXPECT_EQ(parse_timeout("-1S").error().detail, "strconv.ParseUint: parsing \"-1\": invalid syntax");
}

TEST(GrpcText, AMessageIsPercentEncodedOutsidePrintableAscii) {
  EXPECT_EQ(encode_message("etcdserver: plain ~ text"), "etcdserver: plain ~ text");
  EXPECT_EQ(encode_message("50%\n"), "50%25%0A");
  EXPECT_EQ(encode_message("\xc3\xa9"), "%C3%A9");
  EXPECT_EQ(encode_message("\xf0\x9f\x98\x80"), "%F0%9F%98%80");
}

TEST(GrpcText, BrokenUtf8BecomesTheReplacementCharacter) {
  EXPECT_EQ(encode_message("a\xff"), "a%EF%BF%BD");
  EXPECT_EQ(encode_message("\xc3"), "%EF%BF%BD");
  EXPECT_EQ(encode_message("\xed\xa0\x80"), "%EF%BF%BD%EF%BF%BD%EF%BF%BD");
}

TEST(GrpcText, AnEncodedMessageDecodesToItself) {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  EXPECT_EQ(decode_message(encode_message(all)), all);
  EXPECT_EQ(decode_message("%zz%4"), "%zz%4");
}

TEST(GrpcText, OnlyGrpcContentTypesHaveASubtype) {
  EXPECT_EQ(content_subtype("application/grpc"), "");
  EXPECT_EQ(content_subtype("application/grpc+proto"), "proto");
  EXPECT_EQ(content_subtype("application/grpc;x"), "x");
  EXPECT_EQ(content_subtype("application/grpc-web"), std::nullopt);
  EXPECT_EQ(content_subtype("application/json"), std::nullopt);
}

TEST(GrpcText, BinaryMetadataIsBase64WithOrWithoutPadding) {
  EXPECT_EQ(*decode_binary("AP8="), std::string("\0\xff", 2));
  EXPECT_EQ(*decode_binary("AP8"), std::string("\0\xff", 2));
  EXPECT_EQ(*decode_binary("YWJj"), "abc");
  EXPECT_EQ(*decode_binary(""), "");
  EXPECT_EQ(decode_binary("YW*j").error().detail, "illegal base64 data at input byte 2");
  EXPECT_FALSE(decode_binary("YWJjZ").has_value());
}

TEST(GrpcText, BinaryMetadataComesBackAsItWas) {
  std::string bytes;
  for (int length = 0; length < 20; ++length) {
    EXPECT_EQ(*decode_binary(encode_binary(bytes)), bytes);
    bytes += static_cast<char>(length * 37);
  }
}

}  // namespace
}  // namespace etcd::rpc
