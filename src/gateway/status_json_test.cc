#include "gateway/status_json.h"

#include <gtest/gtest.h>

namespace etcd::gateway {
namespace {

using rpc::GrpcCode;

TEST(StatusJson, EachCodeHasGrpcGatewaysHttpStatus) {
  const int expected[] = {200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401};
  for (std::size_t code = 0; code < rpc::kGrpcCodes; ++code)
    EXPECT_EQ(http_status_of(static_cast<GrpcCode>(code)), expected[code]) << code;
}

TEST(StatusJson, AStatusIsItsCodeAndMessage) {
  EXPECT_EQ(to_json({GrpcCode::kNotFound, "Not Found"}), R"({"code":5,"message":"Not Found"})");
  EXPECT_EQ(to_json({GrpcCode::kUnknown, R"("leader" field must be provided)"}),
            R"({"code":2,"message":"\"leader\" field must be provided"})");
  EXPECT_EQ(to_json({GrpcCode::kUnknown, ""}), R"({"code":2})");
  EXPECT_EQ(to_json({GrpcCode::kOk, ""}), "{}");
}

TEST(StatusJson, StreamsWrapTheirMessagesAndTheirEnd) {
  EXPECT_EQ(result_json(R"({"created":true})"), R"({"result":{"created":true}})");
  EXPECT_EQ(error_json({GrpcCode::kUnavailable, "x"}), R"({"error":{"code":14,"message":"x"}})");
}

}  // namespace
}  // namespace etcd::gateway
