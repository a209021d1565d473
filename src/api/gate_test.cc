#include "api/gate.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/health.pb.h"
#include "proto/kv_service.pb.h"
#include "proto/maintenance.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;

std::string serializable_range() {
  etcdserverpb::RangeRequest request;
  request.set_key("a");
  request.set_serializable(true);
  return request.SerializeAsString();
}

constexpr const char* kNotForLearners = "etcdserver: rpc not supported for learner";

TEST(Gate, ALearnerAnswersStatusAndSerializableRangesOnly) {
  ApiRig rig;
  rig.node.now.is_learner = true;
  EXPECT_EQ(rig.call("Maintenance/Status", "").code, "0");
  EXPECT_EQ(rig.call("KV/Range", serializable_range()).code, "0");
  etcdserverpb::RangeRequest linearizable;
  linearizable.set_key("a");
  for (const auto& [method, request] : std::vector<std::pair<const char*, std::string>>{{"KV/Range", linearizable.SerializeAsString()},
                                                                                        {"KV/Put", ""},
                                                                                        {"KV/Txn", ""},
                                                                                        {"Cluster/MemberList", ""},
                                                                                        {"KV/RangeStream", serializable_range()},
                                                                                        {"Lease/LeaseLeases", ""},
                                                                                        {"grpc.health.v1.Health/Check", ""}}) {
    const auto outcome = rig.call(method, request);
    EXPECT_EQ(outcome.code, "9") << method;
    EXPECT_EQ(outcome.message, kNotForLearners) << method;
  }
}

TEST(Gate, ALearnerSendsSnapshots) {
  ApiRig rig;
  rig.node.now.is_learner = true;
  rig.node.snapshot_answer = std::string("db");
  const std::int32_t stream = rig.begin("Maintenance/Snapshot", "");
  rig.node.run_jobs();
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
}

TEST(Gate, ClientsThatInsistOnALeaderAreRefusedWithoutOne) {
  ApiRig rig;
  rig.node.now.leader = MemberId();
  const auto refused = rig.call("KV/Range", serializable_range(), {{"hasleader", "true"}});
  EXPECT_EQ(refused.code, "14");
  EXPECT_EQ(refused.message, "etcdserver: no leader");
  EXPECT_EQ(rig.call("KV/Range", serializable_range(), {{"hasleader", "false"}}).code, "0");
  EXPECT_EQ(rig.call("KV/Range", serializable_range()).code, "0");
}

TEST(Gate, AStreamThatInsistsOnALeaderEndsAfterThreeElectionTimeoutsWithoutOne) {
  Options options;
  options.election_timeout_ns = 1'000'000'000;
  ApiRig rig(options);
  const std::int32_t insists = rig.begin("grpc.health.v1.Health/Watch", "", {{"hasleader", "true"}});
  const std::int32_t does_not = rig.begin("grpc.health.v1.Health/Watch", "");
  rig.node.now.leader = MemberId();
  for (int poll = 0; poll < 3; ++poll) {
    EXPECT_EQ(rig.outcome_of(insists).code, "not answered") << poll;
    rig.clock.now_ns += options.election_timeout_ns;
    rig.settle();
  }
  EXPECT_EQ(rig.outcome_of(insists).code, "14");
  EXPECT_EQ(rig.outcome_of(insists).message, "etcdserver: no leader");
  EXPECT_EQ(rig.outcome_of(does_not).code, "not answered");
}

TEST(Gate, ALeaderThatComesBackInTimeKeepsTheStream) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("grpc.health.v1.Health/Watch", "", {{"hasleader", "true"}});
  for (int poll = 0; poll < 6; ++poll) {
    rig.node.now.leader = poll % 3 == 2 ? rig.node.now.member_id : MemberId();
    rig.clock.now_ns += Options().election_timeout_ns;
    rig.settle();
  }
  EXPECT_EQ(rig.outcome_of(stream).code, "not answered");
}

TEST(Gate, TheClientsVersionMustBeText) {
  ApiRig rig;
  const auto refused = rig.call("KV/Range", serializable_range(), {{"client-api-version", "3.\xff"}});
  EXPECT_EQ(refused.code, "3");
  EXPECT_EQ(refused.message, "etcdserver: invalid client api version");
}

TEST(Gate, RequestsAreCountedByTheClientsVersion) {
  ApiRig rig;
  for (int i = 0; i < 3; ++i) (void)rig.call("KV/Range", serializable_range(), {{"client-api-version", "3.7"}});
  (void)rig.call("KV/Range", serializable_range());
  (void)rig.call("KV/Range", serializable_range(), {{"client-api-version", "3.7"}});
  (void)rig.call("KV/RangeStream", serializable_range());
  const std::string metrics = rig.http("GET", "/metrics");
  EXPECT_NE(metrics.find("etcd_server_client_requests_total{client_api_version=\"3.7\",type=\"unary\"} 4\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_client_requests_total{client_api_version=\"unknown\",type=\"unary\"} 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_client_requests_total{client_api_version=\"unknown\",type=\"stream\"} 1\n"), std::string::npos);
}

TEST(Gate, ClientsCannotFillTheMetricsWithVersions) {
  ApiRig rig;
  for (int i = 0; i < 150; ++i) (void)rig.call("KV/Range", serializable_range(), {{"client-api-version", std::to_string(i)}});
  const std::string metrics = rig.http("GET", "/metrics");
  EXPECT_NE(metrics.find("etcd_server_client_requests_total{client_api_version=\"99\",type=\"unary\"} 1\n"), std::string::npos);
  EXPECT_EQ(metrics.find("etcd_server_client_requests_total{client_api_version=\"149\""), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_client_requests_total{client_api_version=\"other\",type=\"unary\"} 50\n"), std::string::npos);
}

}  // namespace
}  // namespace etcd::api
