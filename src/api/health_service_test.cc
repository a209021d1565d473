#include "api/health_service.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/health.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace pb = grpc::health::v1;

std::string asking_for(const std::string& service) {
  pb::HealthCheckRequest request;
  request.set_service(service);
  return request.SerializeAsString();
}

TEST(HealthService, TheWholeServerServesFromTheStart) {
  ApiRig rig;
  pb::HealthCheckResponse response;
  ASSERT_TRUE(response.ParseFromString(rig.call("grpc.health.v1.Health/Check", "").response));
  EXPECT_EQ(response.status(), pb::HealthCheckResponse::SERVING);
  EXPECT_TRUE(rig.lines->has("\"msg\":\"grpc service status changed\",\"service\":\"\",\"status\":\"SERVING\""));
}

TEST(HealthService, NoOtherServiceIsKnown) {
  ApiRig rig;
  const auto outcome = rig.call("grpc.health.v1.Health/Check", asking_for("etcdserverpb.KV"));
  EXPECT_EQ(outcome.code, "5");
  EXPECT_EQ(outcome.message, "unknown service");
}

TEST(HealthService, ListsTheOneService) {
  ApiRig rig;
  pb::HealthListResponse list;
  ASSERT_TRUE(list.ParseFromString(rig.call("grpc.health.v1.Health/List", "").response));
  ASSERT_EQ(list.statuses_size(), 1);
  EXPECT_EQ(list.statuses().at("").status(), pb::HealthCheckResponse::SERVING);
}

TEST(HealthService, AWatchOfAnUnknownServiceStaysOpen) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("grpc.health.v1.Health/Watch", asking_for("x"));
  EXPECT_EQ(rig.answer_of(stream).messages(), std::vector<std::string>{"\x08\x03"});
  EXPECT_FALSE(rig.answer_of(stream).ended);
}

TEST(HealthService, StoppingEndsTheWatches) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("grpc.health.v1.Health/Watch", "");
  rig.api().stop();
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "14");
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: server stopped");
  EXPECT_EQ(rig.call("grpc.health.v1.Health/Check", "").response, "\x08\x02");
}

TEST(HealthService, AWatcherThatGoesIsForgotten) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("grpc.health.v1.Health/Watch", "");
  rig.client().reset(stream, 8);
  rig.settle();
  rig.api().stop();
  rig.settle();
  EXPECT_EQ(rig.call("grpc.health.v1.Health/Check", "").response, "\x08\x02");
}

}  // namespace
}  // namespace etcd::api
