#include "auth/records.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "auth/permission_order.h"
#include "base/testing/go_vectors.h"

namespace etcd::auth {
namespace {

struct GoRecords : ::testing::Test {
  std::map<std::string, std::string> vectors = base::testing::go_vectors();
};

TEST_F(GoRecords, UsersAreReadAndWrittenAsGoDoes) {
  const User user = decode_user(vectors["user"]).value();
  EXPECT_EQ(user.name, "alice");
  EXPECT_EQ(user.password_hash, "$2a$10$hash");
  EXPECT_EQ(user.roles, (std::vector<std::string>{"r1", "r2"}));
  EXPECT_FALSE(user.no_password());
  EXPECT_TRUE(user.options.has_value());
  EXPECT_TRUE(user.has_role("r2"));
  EXPECT_FALSE(user.has_role("r"));
  EXPECT_EQ(encode(user), vectors["user"]);
}

TEST_F(GoRecords, AUserWithoutPasswordAndOneOfAnOldVersionStayWhatTheyAre) {
  const User without = decode_user(vectors["user_no_password"]).value();
  EXPECT_TRUE(without.no_password());
  EXPECT_EQ(encode(without), vectors["user_no_password"]);
  const User old = decode_user(vectors["user_old"]).value();
  EXPECT_FALSE(old.options.has_value());
  EXPECT_EQ(encode(old), vectors["user_old"]);
}

TEST_F(GoRecords, RolesAreReadAndWrittenAsGoDoes) {
  const Role role = decode_role(vectors["role"]).value();
  ASSERT_EQ(role.permissions.size(), 4u);
  EXPECT_EQ(role.permissions[0], (Permission{PermissionType::kRead, "a", ""}));
  EXPECT_EQ(role.permissions[1], (Permission{PermissionType::kWrite, "b", "c"}));
  EXPECT_EQ(role.permissions[2], (Permission{PermissionType::kReadWrite, "k", std::string(1, '\0')}));
  EXPECT_EQ(role.permissions[3].type, static_cast<PermissionType>(-1));
  EXPECT_EQ(encode(role), vectors["role"]);
  EXPECT_EQ(encode(decode_role(vectors["role_empty"]).value()), vectors["role_empty"]);
}

// Of 60 roles with up to 60 grants on few keys each: sizes at which Go's sort keeps the order of equal keys, and at which
// it does not.
TEST_F(GoRecords, PermissionsOfOneKeyAreInTheOrderThatGosSortLeaves) {
  std::size_t largest = 0;
  for (int n = 0; n < 60; ++n) {
    const std::string& grants = vectors["grants_" + std::to_string(n)];
    Role role{.name = "r", .permissions = {}};
    for (std::size_t at = 0; at < grants.size(); at += 4) {
      const Permission added{static_cast<PermissionType>(grants[at] - '0'), grants.substr(at + 1, 1), grants.substr(at + 2, 2)};
      const auto first = std::find_if(role.permissions.begin(), role.permissions.end(),
                                      [&](const Permission& one) { return one.key >= added.key; });
      if (first != role.permissions.end() && first->key == added.key && first->range_end == added.range_end) {
        first->type = added.type;
      } else {
        insert_permission(role.permissions, added);
      }
    }
    largest = std::max(largest, role.permissions.size());
    EXPECT_EQ(encode(role), vectors["granted_" + std::to_string(n)]) << n;
  }
  EXPECT_GE(largest, 50u);
}

TEST(Records, DamagedOnesAreCorrupt) {
  for (const std::string& bytes : {std::string("\x0a\x05" "ali"), std::string("\x22\x01\x08"), std::string("\x1a\x01\xff"), std::string("\xff")}) {
    const auto user = decode_user(bytes);
    ASSERT_FALSE(user);
    EXPECT_EQ(user.error().code, Errc::kCorrupt);
  }
  for (const std::string& bytes : {std::string("\x0a\x05" "ali"), std::string("\x12\x01\x08"), std::string("\xff")}) {
    const auto role = decode_role(bytes);
    ASSERT_FALSE(role);
    EXPECT_EQ(role.error().code, Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace etcd::auth
