#include "rpc/grpc_head.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace etcd::rpc {
namespace {

using Fields = std::vector<std::pair<std::string_view, std::string_view>>;

Metadata request_with(const Fields& extra, std::string_view method = "POST",
                      std::string_view type = "application/grpc") {
  Metadata fields;
  fields.add(":method", method);
  fields.add(":path", "/a/B");
  fields.add(":authority", "x");
  fields.add("content-type", type);
  for (const auto& [name, value] : extra) fields.add(name, value);
  return fields;
}

TEST(GrpcHead, ASaneRequestIsRead) {
  Metadata fields = request_with({{"grpc-timeout", "5S"}, {"grpc-encoding", "gzip"}}, "POST", "application/grpc+proto");
  const GrpcHead head = read_grpc_head(fields);
  EXPECT_FALSE(head.refusal);
  EXPECT_EQ(head.path, "/a/B");
  EXPECT_EQ(head.content_subtype, "proto");
  EXPECT_EQ(head.timeout_ns, 5'000'000'000);
  EXPECT_EQ(head.message_encoding(), Encoding::kGzip);
  EXPECT_EQ(head.refuse_encoding(), std::nullopt);
}

TEST(GrpcHead, BinaryFieldsAreDecoded) {
  Metadata fields = request_with({{"trace-bin", "AP8"}, {"plain", "AP8"}});
  EXPECT_FALSE(read_grpc_head(fields).refusal);
  EXPECT_EQ(fields.find("trace-bin"), std::string_view("\0\xff", 2));
  EXPECT_EQ(fields.find("plain"), "AP8");
}

TEST(GrpcHead, EachFaultIsRefusedInGrpcGosWords) {
  struct Case {
    Metadata fields;
    Refusal expected;
  };
  const std::vector<Case> cases = {
      {request_with({{":authority", "y"}}),
       {400,
        {GrpcCode::kInternal,
         "num values of :authority: 2, num values of host: 0, both must only have 1 value as per HTTP/2 spec"}}},
      {request_with({}, "POST", "application/grpc-web"),
       {415, {GrpcCode::kInvalidArgument, "invalid gRPC request content-type \"application/grpc-web\""}}},
      {request_with({{"grpc-timeout", "5"}}),
       {400, {GrpcCode::kInternal, "malformed grpc-timeout: transport: timeout string is too short: \"5\""}}},
      {request_with({{"t-bin", "?"}}),
       {400,
        {GrpcCode::kInternal,
         "malformed binary metadata \"?\" in header \"t-bin\": illegal base64 data at input byte 0"}}},
      {request_with({}, "GET"),
       {405, {GrpcCode::kInternal, "Received a HEADERS frame with :method \"GET\" which should be POST"}}},
      {request_with({{"grpc-timeout", "0S"}}), {200, {GrpcCode::kDeadlineExceeded, "context deadline exceeded"}}},
      {request_with({{"grpc-timeout", "1n"}}), {200, {GrpcCode::kDeadlineExceeded, "context deadline exceeded"}}}};
  for (const Case& one : cases) {
    Metadata fields = one.fields;
    const GrpcHead head = read_grpc_head(fields);
    ASSERT_TRUE(head.refusal) << one.expected.status.message;
    EXPECT_EQ(head.refusal->http_status, one.expected.http_status);
    EXPECT_EQ(head.refusal->status, one.expected.status);
  }
}

TEST(GrpcHead, AnUnknownEncodingIsUnimplemented) {
  Metadata fields = request_with({{"grpc-encoding", "snappy"}});
  EXPECT_EQ(read_grpc_head(fields).refuse_encoding(),
            (GrpcStatus{GrpcCode::kUnimplemented, "grpc: Decompressor is not installed for grpc-encoding \"snappy\""}));
}

}  // namespace
}  // namespace etcd::rpc
