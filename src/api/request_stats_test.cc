#include "api/request_stats.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "apply/request_text.h"
#include "proto/kv_service.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace pb = etcdserverpb;

pb::PutRequest put_of(const std::string& key, const std::string& value) {
  pb::PutRequest request;
  request.set_key(key);
  request.set_value(value);
  return request;
}

// A put that takes `ns` on the rig's clock.
void slow_put(ApiRig& rig, std::int64_t ns) {
  rig.begin("KV/Put", put_of("key", "secret").SerializeAsString());
  rig.clock.now_ns += ns;
  rig.node.answer(base::Rope(std::string("\x0a\x00", 2)));
  rig.settle();
}

TEST(RequestStats, ASlowRequestIsWarnedOfWithoutItsValue) {
  Options options;
  options.warn_request_ns = 1'000'000;
  ApiRig rig(options);
  slow_put(rig, 1'500'000);
  EXPECT_TRUE(rig.lines->has("\"level\":\"warn\""));
  EXPECT_TRUE(rig.lines->has("\"msg\":\"request stats\",\"start time\":\"1970-01-01T00:16:40.000000Z\",\"time spent\":\"1.5ms\",\"remote\":\""));
  EXPECT_TRUE(rig.lines->has("\"response type\":\"/etcdserverpb.KV/Put\",\"request count\":1,\"request size\":13,\"response count\":0,"
                             "\"response size\":2,\"request content\":\"key:\\\"key\\\" value_size:6\"}"));
  EXPECT_FALSE(rig.lines->has("secret"));
}

TEST(RequestStats, AFastOneIsNot) {
  Options options;
  options.warn_request_ns = 1'000'000;
  ApiRig rig(options);
  slow_put(rig, 1'000'000);
  EXPECT_FALSE(rig.lines->has("request stats"));
}

TEST(RequestStats, AtLevelDebugEveryRequestIsLogged) {
  ApiRig rig({}, base::LogLevel::kDebug);
  slow_put(rig, 0);
  (void)rig.call("Maintenance/Status", "");
  EXPECT_TRUE(rig.lines->has("{\"level\":\"debug\""));
  EXPECT_TRUE(rig.lines->has("\"response type\":\"/etcdserverpb.KV/Put\""));
  EXPECT_TRUE(rig.lines->has("\"response type\":\"/etcdserverpb.Maintenance/Status\",\"request count\":-1,\"request size\":-1"));
}

TEST(RequestStats, CountsWhatWasFoundDeletedAndTaken) {
  ApiRig rig({}, base::LogLevel::kDebug);
  rig.node.store.put("a", "1");
  rig.node.store.put("b", "1");
  pb::RangeRequest range;
  range.set_key("a");
  range.set_range_end("c");
  (void)rig.call("KV/Range", range);
  EXPECT_TRUE(rig.lines->has("\"response count\":2"));
  EXPECT_TRUE(rig.lines->has("\"request content\":\"key:\\\"a\\\" range_end:\\\"c\\\"\""));
  pb::TxnRequest txn;
  *txn.add_failure()->mutable_request_range() = range;
  txn.add_compare()->set_key("a");
  txn.mutable_compare(0)->set_version(9);
  (void)rig.call("KV/Txn", txn);
  EXPECT_TRUE(rig.lines->has("\"request count\":1"));
}

TEST(RequestStats, DurationsAreMeasuredByTypeAndSuccess) {
  ApiRig rig;
  slow_put(rig, 3'000'000);
  rig.begin("KV/Put", put_of("key", "x").SerializeAsString());
  rig.node.answer(fail(Errc::kTimeout));
  const std::string metrics = rig.http("GET", "/metrics");
  EXPECT_NE(metrics.find("etcd_server_request_duration_seconds_bucket{success=\"true\",type=\"Put\",le=\"0.002\"} 0\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_request_duration_seconds_bucket{success=\"true\",type=\"Put\",le=\"0.004\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_request_duration_seconds_count{success=\"false\",type=\"Put\"} 1\n"), std::string::npos);
}

TEST(RequestText, ShowsRequestsInProtobufsTextWithoutTheirValues) {
  apply::PutRequest put;
  put.key = "k";
  put.value = "123";
  put.lease = LeaseId(-5);
  put.prev_kv = true;
  EXPECT_EQ(describe(put), "key:\"k\" value_size:3 lease:-5 prev_kv:true");
  apply::RangeRequest range;
  range.key = std::string_view("\0", 1);
  range.limit = 5;
  range.sort_order = apply::SortOrder::kDescend;
  EXPECT_EQ(describe(range), "key:\"\\x00\" limit:5 sort_order:DESCEND");
  apply::DeleteRangeRequest deletion;
  deletion.key = "a";
  deletion.range_end = "b";
  EXPECT_EQ(describe(deletion), "key:\"a\" range_end:\"b\"");
}

TEST(RequestText, ShowsTransactionsWithTheirBranches) {
  pb::TxnRequest txn;
  pb::Compare& compare = *txn.add_compare();
  compare.set_key("a");
  compare.set_target(pb::Compare::VALUE);
  compare.set_value("secret");
  *txn.add_success()->mutable_request_put() = put_of("k", "secret");
  txn.add_failure()->mutable_request_txn()->add_success()->mutable_request_delete_range()->set_key("d");
  const std::string bytes = txn.SerializeAsString();
  const auto decoded = apply::decode_txn(bytes);
  ASSERT_TRUE(decoded.has_value());
  EXPECT_EQ(describe(*decoded),
            "compare:<target:VALUE key:\"a\" value_size:6> success:<request_put:<key:\"k\" value_size:6>> "
            "failure:<request_txn:<compare:<> success:<request_delete_range:<key:\"d\">> failure:<>>>");
}

}  // namespace
}  // namespace etcd::api
