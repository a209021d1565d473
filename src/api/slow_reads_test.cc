#include "api/slow_reads.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/kv_service.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;

// A range that waits so long for its barrier.
void slow_range(ApiRig& rig, std::int64_t ns) {
  etcdserverpb::RangeRequest request;
  request.set_key("k");
  rig.node.linearizable = false;
  rig.begin("KV/Range", request.SerializeAsString());
  rig.clock.now_ns += ns;
  rig.node.barriers.front()({});
  rig.node.barriers.pop_front();
  rig.settle();
}

TEST(SlowReads, ARangeThatTakesTooLongIsLoggedAndCounted) {
  ApiRig rig;
  rig.node.store.put("k", "secret");
  slow_range(rig, 100'000'000);
  EXPECT_FALSE(rig.lines->has("took too long"));
  slow_range(rig, 250'000'000);
  EXPECT_TRUE(rig.lines->has("\"msg\":\"apply request took too long\",\"took\":\"250ms\",\"expected-duration\":\"100ms\","
                             "\"prefix\":\"read-only range \",\"request\":\"key:\\\"k\\\"\",\"response\":\"range_response_count:1 size:"))
      << rig.lines->text;
  EXPECT_FALSE(rig.lines->has("secret"));
  EXPECT_NE(rig.http("GET", "/metrics").find("\netcd_server_slow_apply_total 1\n"), std::string::npos);
}

}  // namespace
}  // namespace etcd::api
