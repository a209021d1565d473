#include "auth/bcrypt.h"

#include <gtest/gtest.h>

namespace etcd::auth {
namespace {

constexpr BcryptSalt kSalt = {0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10, 0x41, 0x04, 0x10};

// Made by golang.org/x/crypto/bcrypt at cost 4, of "secret", "" and the bytes ff fe 80.
constexpr const char* kGosSecret = "$2a$04$ykshHE1vLtyI/8t7FGVoKePZhTvuK5XuygmH0/4qLGzr.BsrhJPcy";
constexpr const char* kGosEmpty = "$2a$04$KH8lLwh.VXySTR8camjMee3I/EcM6kSX/cZtDXIFGmMwjweAzOJYq";
constexpr const char* kGosHigh = "$2a$04$39TSzLn3hk/iApfKcZ7Vdus7AWzK58vDvqV2qJPIHMPfESQWfY4/e";

TEST(Bcrypt, WhatGoHashedMatches) {
  EXPECT_TRUE(bcrypt_matches(kGosSecret, "secret"));
  EXPECT_FALSE(bcrypt_matches(kGosSecret, "secret2"));
  EXPECT_FALSE(bcrypt_matches(kGosSecret, ""));
  EXPECT_TRUE(bcrypt_matches(kGosEmpty, ""));
  EXPECT_TRUE(bcrypt_matches(kGosHigh, "\xff\xfe\x80"));
}

TEST(Bcrypt, AHashHasGosNameAndMatches) {
  const auto hash = bcrypt_hash("pa\xc3\xa4ss", kMinBcryptCost, kSalt);
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(hash->size(), 60u);
  EXPECT_EQ(hash->substr(0, 7), "$2a$04$");
  EXPECT_TRUE(bcrypt_matches(*hash, "pa\xc3\xa4ss"));
  EXPECT_FALSE(bcrypt_matches(*hash, "pass"));
}

TEST(Bcrypt, TheSameHashUnderTheOtherNamesMatches) {
  std::string hash = *bcrypt_hash("secret", kMinBcryptCost, kSalt);
  for (const char name : {'b', 'y'}) {
    hash[2] = name;
    EXPECT_TRUE(bcrypt_matches(hash, "secret")) << name;
  }
  hash[2] = 'x';
  EXPECT_FALSE(bcrypt_matches(hash, "secret"));
}

TEST(Bcrypt, WhatIsNoHashMatchesNothing) {
  const std::string hash = *bcrypt_hash("secret", kMinBcryptCost, kSalt);
  EXPECT_FALSE(bcrypt_matches("", "secret"));
  EXPECT_FALSE(bcrypt_matches("", ""));
  EXPECT_FALSE(bcrypt_matches(hash.substr(0, 59), "secret"));
  EXPECT_FALSE(bcrypt_matches(hash + "a", "secret"));
  std::string broken = hash;
  broken[5] = 'x';
  EXPECT_FALSE(bcrypt_matches(broken, "secret"));
  broken = hash;
  broken[20] = '\0';
  EXPECT_FALSE(bcrypt_matches(broken, "secret"));
}

TEST(Bcrypt, AZeroByteNeverCutsAPassword) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(bcrypt_hash("a\0b"sv, kMinBcryptCost, kSalt).error().code, Errc::kUnsupported);
  EXPECT_FALSE(bcrypt_matches(*bcrypt_hash("a", kMinBcryptCost, kSalt), "a\0b"sv));
}

TEST(Bcrypt, LongPasswordsAreRefusedAsInGo) {
  EXPECT_TRUE(bcrypt_hash(std::string(72, 'x'), kMinBcryptCost, kSalt).has_value());
  EXPECT_EQ(bcrypt_hash(std::string(73, 'x'), kMinBcryptCost, kSalt).error().detail, "bcrypt: password length exceeds 72 bytes");
}

}  // namespace
}  // namespace etcd::auth
