#include "rpc/ping_policy.h"

#include <gtest/gtest.h>

#include "rpc/token_bucket.h"

namespace etcd::rpc {
namespace {

TEST(PingPolicy, TheThirdPingTooSoonIsOneTooMany) {
  PingPolicy policy({});
  std::int64_t now = 100 * kSecond;
  EXPECT_TRUE(policy.allow(now, 1));
  EXPECT_TRUE(policy.allow(now += kSecond, 1));
  EXPECT_TRUE(policy.allow(now += kSecond, 1));
  EXPECT_FALSE(policy.allow(now += kSecond, 1));
}

TEST(PingPolicy, PingsAtTheAllowedPaceNeverStrike) {
  PingPolicy policy({});
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_TRUE(policy.allow(i * 5 * kSecond, 1));
}

TEST(PingPolicy, WithoutCallsEveryPingWithinTwoHoursStrikes) {
  PingPolicy policy({});
  EXPECT_TRUE(policy.allow(0, 0));
  EXPECT_TRUE(policy.allow(kMinute, 0));
  EXPECT_TRUE(policy.allow(2 * kMinute, 0));
  EXPECT_FALSE(policy.allow(3 * kMinute, 0));

  PingPolicy permissive({.permit_without_stream = true});
  for (std::int64_t i = 0; i < 100; ++i) EXPECT_TRUE(permissive.allow(i * 10 * kSecond, 0));
}

TEST(PingPolicy, OutputForgivesAllStrikes) {
  PingPolicy policy({});
  for (std::int64_t i = 0; i < 3; ++i) EXPECT_TRUE(policy.allow(i, 1));
  policy.sent_headers_or_data();
  for (std::int64_t i = 3; i < 6; ++i) EXPECT_TRUE(policy.allow(i, 1));
  EXPECT_FALSE(policy.allow(6, 1));
}

TEST(TokenBucket, LetsABurstThroughAndThenTheRate) {
  TokenBucket bucket(3, 10);
  std::int64_t now = kSecond;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_TRUE(bucket.take(now + kSecond / 10));
  EXPECT_FALSE(bucket.take(now + kSecond / 10));
  now += 100 * kSecond;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
}

}  // namespace
}  // namespace etcd::rpc
