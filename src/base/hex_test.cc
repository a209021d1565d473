#include "base/hex.h"

#include <gtest/gtest.h>

namespace etcd::base {
namespace {

TEST(Hex, EveryByteComesBack) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string digits = to_hex(bytes);
  EXPECT_EQ(digits.substr(0, 6), "000102");
  EXPECT_EQ(digits.substr(digits.size() - 6), "fdfeff");
  EXPECT_EQ(from_hex(digits), bytes);
  EXPECT_EQ(from_hex("FE0a"), std::string("\xfe\x0a"));
}

TEST(Hex, WhatIsNoHexIsNothing) {
  for (const char* text : {"0", "012", "0g", "g0", " 00", "0x00", "\xff\xff"}) EXPECT_FALSE(from_hex(text)) << text;
}

}  // namespace
}  // namespace etcd::base
