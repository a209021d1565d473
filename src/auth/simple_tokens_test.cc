#include "auth/simple_tokens.h"

#include <gtest/gtest.h>

namespace etcd::auth {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTtl = 300 * kSecond;

TEST(SimpleTokens, ATokenStandsForItsUserUntilNobodyHasUsedItForItsTime) {
  SimpleTokens tokens(kTtl);
  tokens.assign("alice", "a.1", 0);
  EXPECT_EQ(tokens.find("a.1", kTtl)->user(), "alice");
  EXPECT_EQ(tokens.find("a.1", kTtl + 1), nullptr);
  EXPECT_EQ(tokens.find("a.2", 0), nullptr);
}

TEST(SimpleTokens, UseGivesItsWholeTimeAgain) {
  SimpleTokens tokens(kTtl);
  tokens.assign("alice", "a.1", 0);
  const auto token = tokens.find("a.1", 0);
  EXPECT_TRUE(token->use(200 * kSecond));
  EXPECT_TRUE(token->use(499 * kSecond));
  EXPECT_TRUE(token->is_good(799 * kSecond));
  EXPECT_FALSE(token->use(799 * kSecond + 1));
  EXPECT_EQ(tokens.find("a.1", 799 * kSecond + 1), nullptr);
}

TEST(SimpleTokens, AnExpiredTokenDoesNotComeBackByUse) {
  SimpleTokens tokens(kTtl);
  tokens.assign("alice", "a.1", 0);
  const auto token = tokens.find("a.1", 0);
  EXPECT_FALSE(token->use(kTtl + 1));
  EXPECT_FALSE(token->is_good(kTtl + 1));
}

TEST(SimpleTokens, WhoHoldsATokenLearnsOfItsRevocation) {
  SimpleTokens tokens(kTtl);
  tokens.assign("alice", "a.1", 0);
  tokens.assign("alice", "a.2", 0);
  tokens.assign("bob", "b.3", 0);
  const auto alices = tokens.find("a.1", 0);
  const auto bobs = tokens.find("b.3", 0);
  tokens.revoke_user("alice");
  EXPECT_FALSE(alices->use(1));
  EXPECT_EQ(tokens.find("a.1", 1), nullptr);
  EXPECT_EQ(tokens.find("a.2", 1), nullptr);
  EXPECT_TRUE(bobs->use(1));
  tokens.revoke_all();
  EXPECT_FALSE(bobs->use(2));
  EXPECT_EQ(tokens.size(), 0u);
}

TEST(SimpleTokens, ExpiredTokensTakeNoMemory) {
  SimpleTokens tokens(kTtl);
  for (int i = 0; i < 1000; ++i) tokens.assign("alice", "a." + std::to_string(i), i * kSecond);
  EXPECT_LE(tokens.size(), 302u);
}

TEST(SimpleTokens, AUsedTokenStaysWhileOthersGo) {
  SimpleTokens tokens(kTtl);
  tokens.assign("alice", "kept.1", 0);
  const auto kept = tokens.find("kept.1", 0);
  for (int i = 0; i < 2000; ++i) {
    tokens.assign("bob", "b." + std::to_string(i), i * kSecond);
    if (i % 100 == 0) {
      EXPECT_TRUE(kept->use(i * kSecond)) << i;
    }
  }
  EXPECT_NE(tokens.find("kept.1", 2000 * kSecond), nullptr);
}

TEST(SimpleTokens, TheLogMayBeReadAgain) {
  SimpleTokens tokens(kTtl);
  tokens.assign("alice", "a.1", 0);
  tokens.assign("mallory", "a.1", 5);
  EXPECT_EQ(tokens.find("a.1", 6)->user(), "alice");
}

TEST(SimpleTokens, TheIndexIsWhatFollowsTheDot) {
  EXPECT_EQ(index_of_simple_token("abcdefghijklmnop.17"), 17u);
  EXPECT_EQ(index_of_simple_token(".18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "abc", "abc.", "abc.x", "abc.1.2", "abc.-1", "abc.+1", "abc. 1", "a.18446744073709551616"}) {
    EXPECT_EQ(index_of_simple_token(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace etcd::auth
