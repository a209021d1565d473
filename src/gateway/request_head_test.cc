#include "gateway/request_head.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace etcd::gateway {
namespace {

constexpr std::int64_t kNowNs = 1'000'000'000'000;

RequestHead read(const std::vector<std::pair<std::string, std::string>>& fields) {
  rpc::HttpRequest request;
  request.host = "h:2379";
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  auto peer = std::make_shared<rpc::Peer>();
  peer->address = "10.0.0.1:5";
  request.peer = peer;
  return read_request_head(request, kNowNs);
}

TEST(RequestHead, AuthorizationAndMetadataGoThrough) {
  const RequestHead head = read({{"authorization", "token"},
                                 {"grpc-metadata-hasleader", "true"},
                                 {"grpc-metadata-x-bin", "AAE"},
                                 {"accept", "*/*"},
                                 {"x-other", "no"}});
  const rpc::Metadata& metadata = head.call.metadata;
  EXPECT_TRUE(head.fault.ok());
  EXPECT_EQ(metadata.find("authorization"), "token");
  EXPECT_EQ(metadata.find("grpcgateway-authorization"), "token");
  EXPECT_EQ(metadata.find("hasleader"), "true");
  EXPECT_EQ(metadata.find("x-bin"), std::string_view("\0\x01", 2));
  EXPECT_EQ(metadata.find("grpcgateway-accept"), "*/*");
  EXPECT_EQ(metadata.find("x-other"), std::nullopt);
  EXPECT_EQ(head.call.deadline_ns, rpc::kNoDeadline);
}

TEST(RequestHead, TheCallSaysWhereItCameFrom) {
  EXPECT_EQ(read({}).call.metadata.find("x-forwarded-for"), "10.0.0.1");
  EXPECT_EQ(read({}).call.metadata.find("x-forwarded-host"), "h:2379");
  const RequestHead proxied = read({{"x-forwarded-for", "1.2.3.4"}, {"x-forwarded-host", "front"}});
  EXPECT_EQ(proxied.call.metadata.find("x-forwarded-for"), "1.2.3.4, 10.0.0.1");
  EXPECT_EQ(proxied.call.metadata.find("x-forwarded-host"), "front");
}

TEST(RequestHead, NamesAndValuesThatGrpcDoesNotAllowAreLeftOut) {
  const RequestHead head = read({{"grpc-metadata-a!", "x"}, {"grpc-metadata-b", "\xc3\xa4"}, {"grpc-metadata-", "x"}});
  EXPECT_EQ(head.call.metadata.find("a!"), std::nullopt);
  EXPECT_EQ(head.call.metadata.find("b"), std::nullopt);
  EXPECT_EQ(head.call.metadata.find(""), std::nullopt);
}

TEST(RequestHead, ATimeoutIsADeadline) {
  const auto after = [](const char* text) { return read({{"grpc-timeout", text}}).call.deadline_ns - kNowNs; };
  EXPECT_EQ(after("5S"), 5'000'000'000);
  EXPECT_EQ(after("2H"), 7'200'000'000'000);
  EXPECT_EQ(after("1M"), 60'000'000'000);
  EXPECT_EQ(after("30m"), 30'000'000);
  EXPECT_EQ(after("7u"), 7'000);
  EXPECT_EQ(after("+9n"), 9);
  EXPECT_LT(after("-1S"), 0);
  for (const char* none : {"0S", "9223372036854775807H", ""})
    EXPECT_EQ(read({{"grpc-timeout", none}}).call.deadline_ns, rpc::kNoDeadline) << none;
}

TEST(RequestHead, FieldsThatMakeNoSenseAreRefused) {
  for (const char* text : {"5", "S", "5s", "xS", "1.5S", "+-1S", "99999999999999999999S"}) {
    EXPECT_EQ(read({{"grpc-timeout", text}}).fault,
              (rpc::GrpcStatus{rpc::GrpcCode::kInvalidArgument, std::string("invalid grpc-timeout: ") + text}));
  }
  EXPECT_EQ(read({{"grpc-metadata-x-bin", "a?"}}).fault.message,
            "invalid binary header Grpc-Metadata-X-Bin: illegal base64 data at input byte 1");
}

}  // namespace
}  // namespace etcd::gateway
