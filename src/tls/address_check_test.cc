#include "tls/address_check.h"

#include <gtest/gtest.h>

namespace etcd::tls {
namespace {

// A name service that knows one member.
NameService service() {
  return {.names_of = [](const std::string& address) -> std::vector<std::string> {
            if (address == "10.0.0.1") return {"m1.example.org"};
            return {};
          },
          .addresses_of = [](const std::string& name) -> std::vector<std::string> {
            if (name == "m2.example.org") return {"10.0.0.8", "10.0.0.2"};
            return {};
          }};
}

TEST(AddressCheck, ACertificateWithoutNamesMayComeFromAnywhere) {
  EXPECT_FALSE(needs_names({}, "10.0.0.9"));
  EXPECT_TRUE(check_address({}, "10.0.0.9", {}));
}

TEST(AddressCheck, ItsOwnAddressNeedsNoNameService) {
  const Certificate certificate{.common_name = "", .dns_names = {"m1.example.org"}, .ip_addresses = {"10.0.0.9"}};
  EXPECT_FALSE(needs_names(certificate, "10.0.0.9"));
  EXPECT_TRUE(check_address(certificate, "10.0.0.9", {}));
  EXPECT_TRUE(needs_names(certificate, "10.0.0.1"));
}

TEST(AddressCheck, WithAddressesAloneAnotherOneIsRefused) {
  const Certificate certificate{.common_name = "", .dns_names = {}, .ip_addresses = {"127.0.0.1"}};
  EXPECT_FALSE(needs_names(certificate, "10.0.0.9"));
  const Status outcome = check_address(certificate, "10.0.0.9", {});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().detail, "x509: certificate is valid for 127.0.0.1, not 10.0.0.9");
}

TEST(AddressCheck, ANameOfTheAddressWillDoAndAWildcardOverIt) {
  EXPECT_TRUE(check_address({.common_name = "", .dns_names = {"m1.example.org"}, .ip_addresses = {}}, "10.0.0.1", service()));
  EXPECT_TRUE(check_address({.common_name = "", .dns_names = {"*.example.org"}, .ip_addresses = {}}, "10.0.0.1", service()));
}

TEST(AddressCheck, ANameThatLeadsToTheAddressWillDo) {
  const Certificate certificate{.common_name = "", .dns_names = {"m2.example.org"}, .ip_addresses = {"10.0.0.9"}};
  EXPECT_TRUE(check_address(certificate, "10.0.0.2", service()));
}

TEST(AddressCheck, AllOthersAreRefusedInEtcdsWords) {
  const Certificate certificate{.common_name = "", .dns_names = {"m1.example.org", "*.org"}, .ip_addresses = {}};
  const Status outcome = check_address(certificate, "10.0.0.7", service());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().detail, R"(tls: "10.0.0.7" does not match any of DNSNames ["m1.example.org" "*.org"])");
}

}  // namespace
}  // namespace etcd::tls
