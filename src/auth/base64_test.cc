#include "auth/base64.h"

#include <gtest/gtest.h>

namespace etcd::auth {
namespace {

TEST(Base64, EveryLengthComesBack) {
  EXPECT_EQ(base64_encode(""), "");
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foo"), "Zm9v");
  EXPECT_EQ(base64_encode("\xff\xfe\xfb"), "//77");
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, TakesWhatGoTakes) {
  EXPECT_EQ(base64_decode("Zm\r\n9v\n"), "foo");
  EXPECT_EQ(base64_decode("Zh=="), "f");  // bits left over are not looked at
  for (const char* refused : {"Z", "Zg", "Zg=", "Z===", "====", "Zm9v=", "Zg==Zg==", "Zm 9v", "Zm9-", "Zm9v===="}) {
    EXPECT_FALSE(base64_decode(refused)) << refused;
  }
}

}  // namespace
}  // namespace etcd::auth
