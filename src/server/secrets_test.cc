#include "server/secrets.h"

#include <gtest/gtest.h>

namespace etcd::server {
namespace {

TEST(Secrets, PasswordsAreNotShownHoweverTheyAreGiven) {
  const std::vector<std::string> given = {"etcd", "--name=a", "--discovery-password=hidden", "-discovery-password", "hidden", "--discovery-user=b"};
  const std::vector<std::string> shown = {"etcd", "--name=a", "--discovery-password=(secret)", "-discovery-password", "(secret)", "--discovery-user=b"};
  EXPECT_EQ(without_secrets(given), shown);
  EXPECT_EQ(without_secrets({"etcd", "--discovery-password"}), (std::vector<std::string>{"etcd", "--discovery-password"}));
}

TEST(Secrets, VariablesOfOthersWithPasswordsAreSecretsToo) {
  EXPECT_TRUE(is_secret("ETCD_DISCOVERY_PASSWORD"));
  EXPECT_TRUE(is_secret("ETCD_ROOT_PASSWORD"));
  EXPECT_FALSE(is_secret("ETCD_NAME"));
}

}  // namespace
}  // namespace etcd::server
