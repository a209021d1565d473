#include "server/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <limits>

namespace etcd::server {
namespace {

TEST(Descriptors, TheLimitIsRaisedToWhatTheSystemAllows) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low{.rlim_cur = 64, .rlim_max = before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_EQ(raise_descriptor_limit(), before.rlim_max);
  rlimit after{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(Descriptors, ClientsLeaveSomeForTheServer) {
  EXPECT_EQ(connections_under(1024), 874U);
  EXPECT_EQ(connections_under(151), 1U);
  EXPECT_EQ(connections_under(150), 0U);
  EXPECT_GT(connections_under(std::numeric_limits<std::uint64_t>::max()), 1'000'000'000U);
}

}  // namespace
}  // namespace etcd::server
