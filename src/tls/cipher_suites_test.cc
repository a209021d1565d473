#include "tls/cipher_suites.h"

#include <gtest/gtest.h>

namespace etcd::tls {
namespace {

TEST(CipherSuites, GoNamesAndEtcdsShortOnesAreKnown) {
  EXPECT_TRUE(check_cipher_suites({}));
  EXPECT_TRUE(check_cipher_suites({"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305"}));
  EXPECT_EQ(check_cipher_suites({"TLS_AES_128_GCM_SHA256", "foo", "bar"}).error().detail,
            "unexpected TLS cipher suite \"foo\"");
}

TEST(CipherSuites, OursIsTheOrder) {
  EXPECT_EQ(openssl_suites({"TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}),
            "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA");
}

TEST(CipherSuites, WhatOpenSslLacksIsPassedOver) {
  EXPECT_EQ(openssl_suites({"TLS_RSA_WITH_RC4_128_SHA", "TLS_AES_128_GCM_SHA256"}), "");
}

TEST(CipherSuites, TheDefaultHasForwardSecrecyOnly) {
  const auto suites = openssl_suites({});
  ASSERT_TRUE(suites);
  EXPECT_TRUE(suites->starts_with("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"));
  EXPECT_EQ(suites->find(":AES"), std::string::npos);
}

}  // namespace
}  // namespace etcd::tls
