#include "server/room_options.h"

#include <gtest/gtest.h>

namespace etcd::server {
namespace {

TEST(RoomOptions, AQuotaOfZeroIsTwoGibibytesAndOneBelowIsNone) {
  Config config;
  base::Metrics metrics;
  constexpr std::int64_t kGiB = std::int64_t{1} << 30;
  config.member.quota_backend_bytes = 0;
  EXPECT_EQ(node_options(config, metrics)->start.machine.quota_bytes, 2 * kGiB);
  config.member.quota_backend_bytes = 8 * kGiB;
  const auto large = node_options(config, metrics);
  EXPECT_EQ(large->start.machine.quota_bytes, 8 * kGiB);
  EXPECT_EQ(large->apply.quota_bytes, 8 * kGiB) << "the gate and the state machine go by one number";
  EXPECT_GE(large->start.db.map_bytes, static_cast<std::uint64_t>(16 * kGiB));
  config.member.quota_backend_bytes = -1;
  const auto unlimited = node_options(config, metrics);
  EXPECT_LT(unlimited->start.machine.quota_bytes, 0);
  EXPECT_GT(unlimited->start.db.map_bytes, large->start.db.map_bytes);
}

TEST(RoomOptions, TheShortestLeaseOutlivesAnElection) {
  Config config;
  base::Metrics metrics;
  for (const auto& [election_ms, least_s] : {std::pair<unsigned, std::int64_t>{1000, 2}, {1334, 3}, {2000, 3}}) {
    config.member.election_ms = election_ms;
    EXPECT_EQ(node_options(config, metrics)->start.machine.lease.min_ttl_s, least_s) << election_ms;
  }
}

TEST(RoomOptions, MessagesMayBeLargerThanRequestsByWhatGrpcAdds) {
  Config config;
  config.member.max_request_bytes = 1000;
  EXPECT_EQ(rpc_options(config).max_receive_message_bytes, 1000u + 512 * 1024);
  EXPECT_EQ(api_options(config).max_request_bytes, 1000u);
}

TEST(RoomOptions, WithoutAnIntervalOrATimeoutNobodyIsPinged) {
  Config config;
  EXPECT_NE(rpc_options(config).keepalive_pings.after_ns, rpc::kNoDeadline);
  config.member.grpc_keepalive_timeout = {};
  EXPECT_EQ(rpc_options(config).keepalive_pings.after_ns, rpc::kNoDeadline);
}

}  // namespace
}  // namespace etcd::server
