#include "auth/password_cache.h"

#include <gtest/gtest.h>

namespace etcd::auth {
namespace {

TEST(PasswordCache, APasswordIsRightForTheHashItWasRightForAndNoOther) {
  PasswordCache cache({1});
  EXPECT_FALSE(cache.has({"alice", "secret", "hash1"}, 0));
  cache.add({"alice", "secret", "hash1"}, 0);
  EXPECT_TRUE(cache.has({"alice", "secret", "hash1"}, 1));
  EXPECT_FALSE(cache.has({"alice", "secret", "hash2"}, 1));
  EXPECT_FALSE(cache.has({"alice", "secre", "hash1"}, 1));
  EXPECT_FALSE(cache.has({"bob", "secret", "hash1"}, 1));
}

TEST(PasswordCache, UserAndPasswordDoNotRunIntoEachOther) {
  PasswordCache cache({1});
  cache.add({"ab", "c", "hash"}, 0);
  EXPECT_FALSE(cache.has({"a", "bc", "hash"}, 0));
  cache.add({"1", ":x", "hash"}, 0);
  EXPECT_FALSE(cache.has({"", "11:x", "hash"}, 0));
}

TEST(PasswordCache, TheNewestHashCounts) {
  PasswordCache cache({1});
  cache.add({"alice", "secret", "hash1"}, 0);
  cache.add({"alice", "secret", "hash2"}, 0);
  EXPECT_FALSE(cache.has({"alice", "secret", "hash1"}, 0));
  EXPECT_TRUE(cache.has({"alice", "secret", "hash2"}, 0));
  EXPECT_EQ(cache.size(), 1u);
}

TEST(PasswordCache, WhatNobodyAsksForIsForgotten) {
  PasswordCache cache({1});
  cache.add({"alice", "secret", "hash"}, 0);
  EXPECT_TRUE(cache.has({"alice", "secret", "hash"}, PasswordCache::kLifeNs));
  EXPECT_TRUE(cache.has({"alice", "secret", "hash"}, 2 * PasswordCache::kLifeNs));
  EXPECT_FALSE(cache.has({"alice", "secret", "hash"}, 3 * PasswordCache::kLifeNs + 1));
  EXPECT_EQ(cache.size(), 0u);
}

TEST(PasswordCache, TheLeastAskedForMakesPlace) {
  PasswordCache cache({1});
  cache.add({"first", "x", "hash"}, 0);
  cache.add({"second", "x", "hash"}, 0);
  EXPECT_TRUE(cache.has({"first", "x", "hash"}, 1));
  for (std::size_t i = 0; i + 1 < PasswordCache::kMaxEntries; ++i) cache.add({std::to_string(i), "x", "hash"}, 2);
  EXPECT_EQ(cache.size(), PasswordCache::kMaxEntries);
  EXPECT_TRUE(cache.has({"first", "x", "hash"}, 3));
  EXPECT_FALSE(cache.has({"second", "x", "hash"}, 3));
}

}  // namespace
}  // namespace etcd::auth
