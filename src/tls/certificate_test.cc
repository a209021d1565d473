#include "tls/certificate.h"

#include <gtest/gtest.h>

namespace etcd::tls {
namespace {

TEST(Certificates, ANameMatchesItselfInAnyCaseAndAWildcardOneLabel) {
  EXPECT_TRUE(matches_name("a.example.org", "A.Example.org."));
  EXPECT_TRUE(matches_name("*.example.org", "a.example.org"));
  EXPECT_FALSE(matches_name("*.example.org", "a.b.example.org"));
  EXPECT_FALSE(matches_name("*.example.org", "example.org"));
  EXPECT_FALSE(matches_name("*.example.org", ".example.org"));
  EXPECT_FALSE(matches_name("a*.example.org", "ab.example.org"));
  EXPECT_FALSE(matches_name("", ""));
}

TEST(Certificates, AHostMustBeAmongTheNamesOrAddresses) {
  const Certificate both{.common_name = "cn", .dns_names = {"a.org", "*.b.org"}, .ip_addresses = {"10.0.0.1", "::1"}};
  EXPECT_TRUE(check_host(both, "a.org"));
  EXPECT_TRUE(check_host(both, "x.b.org"));
  EXPECT_TRUE(check_host(both, "10.0.0.1"));
  EXPECT_TRUE(check_host(both, "::ffff:10.0.0.1"));
  EXPECT_TRUE(check_host(both, "0:0::1"));
  EXPECT_FALSE(check_host(both, "cn"));
  EXPECT_FALSE(check_host(both, "10.0.0.2"));
}

TEST(Certificates, RefusalsAreWordedAsInGo) {
  const Certificate both{.common_name = "", .dns_names = {"a.org", "b.org"}, .ip_addresses = {"127.0.0.1"}};
  const Certificate none;
  EXPECT_EQ(check_host(both, "10.0.0.2").error().detail, "x509: certificate is valid for 127.0.0.1, not 10.0.0.2");
  EXPECT_EQ(check_host(both, "c.org").error().detail, "x509: certificate is valid for a.org, b.org, not c.org");
  EXPECT_EQ(check_host(none, "10.0.0.2").error().detail,
            "x509: cannot validate certificate for 10.0.0.2 because it doesn't contain any IP SANs");
  EXPECT_EQ(check_host(none, "c.org").error().detail,
            "x509: certificate is not valid for any names, but wanted to match c.org");
}

}  // namespace
}  // namespace etcd::tls
