#include "gateway/messages.h"

#include <gtest/gtest.h>

#include "proto/cluster.pb.h"
#include "proto/kv_service.pb.h"
#include "proto/lease.pb.h"
#include "proto/maintenance.pb.h"
#include "proto/watch.pb.h"

namespace etcd::gateway {
namespace {

const Messages& messages() {
  static const Messages kMessages;
  return kMessages;
}

template <typename Message>
Message read(const std::string& method, const std::string& json) {
  Message message;
  const auto encoded = messages().of(method).request.encode(json);
  EXPECT_TRUE(encoded) << json << ": " << (encoded ? "" : encoded.error().detail);
  EXPECT_TRUE(message.ParseFromString(encoded.value_or("")));
  return message;
}

std::string write(const std::string& method, const google::protobuf::Message& message) {
  return messages().of(method).response.to_json(message.SerializeAsString()).value_or("?");
}

TEST(Messages, ResponsesAreCompactWithTheFieldsOwnNames) {
  etcdserverpb::RangeResponse response;
  response.mutable_header()->set_cluster_id(14841639068965178418U);
  response.mutable_header()->set_member_id(10276657743932975437U);
  response.mutable_header()->set_revision(-7);
  response.mutable_header()->set_raft_term(2);
  auto& kv = *response.add_kvs();
  kv.set_key("foo");
  kv.set_create_revision(2);
  kv.set_mod_revision(3);
  kv.set_version(1);
  kv.set_value(std::string("\xfb\xff\0", 3));
  response.set_count(1);
  EXPECT_EQ(write("/etcdserverpb.KV/Range", response),
            R"({"header":{"cluster_id":"14841639068965178418","member_id":"10276657743932975437","revision":"-7",)"
            R"("raft_term":"2"},"kvs":[{"key":"Zm9v","create_revision":"2","mod_revision":"3","version":"1",)"
            R"("value":"+/8A"}],"count":"1"})");
}

TEST(Messages, NamesThatAreCapitalsStayCapitals) {
  etcdserverpb::MemberListResponse members;
  auto& member = *members.add_members();
  member.set_id(1);
  member.add_peerurls("http://localhost:2380");
  member.set_islearner(true);
  EXPECT_EQ(write("/etcdserverpb.Cluster/MemberList", members),
            R"({"members":[{"ID":"1","peerURLs":["http://localhost:2380"],"isLearner":true}]})");
  etcdserverpb::LeaseTimeToLiveResponse lease;
  lease.set_id(5);
  lease.set_ttl(9);
  lease.set_grantedttl(10);
  EXPECT_EQ(write("/etcdserverpb.Lease/LeaseTimeToLive", lease), R"({"ID":"5","TTL":"9","grantedTTL":"10"})");
}

TEST(Messages, EnumsAreNamesAndAFieldOfAOneofIsShownEvenIfEmpty) {
  etcdserverpb::AlarmResponse alarms;
  alarms.add_alarms()->set_alarm(etcdserverpb::NOSPACE);
  EXPECT_EQ(write("/etcdserverpb.Maintenance/Alarm", alarms), R"({"alarms":[{"alarm":"NOSPACE"}]})");
  etcdserverpb::TxnResponse txn;
  txn.set_succeeded(true);
  txn.add_responses()->mutable_response_put();
  EXPECT_EQ(write("/etcdserverpb.KV/Txn", txn), R"({"succeeded":true,"responses":[{"response_put":{}}]})");
}

TEST(Messages, BytesThatAreNoMessageHaveNoJson) {
  EXPECT_FALSE(messages().of("/etcdserverpb.KV/Range").response.to_json("\x0a\xff"));
}

TEST(Messages, InputTakesBothSpellingsOfAName) {
  for (const char* json : {R"({"key":"YQ==","range_end":"Yg==","sort_order":"DESCEND","limit":"5"})",
                           R"({"key":"YQ==","rangeEnd":"Yg==","sortOrder":2,"limit":5})",
                           R"({"key":"YQ","rangeEnd":"Yg","sortOrder":"DESCEND","limit":5.0,"keys_only":false})"}) {
    const auto request = read<etcdserverpb::RangeRequest>("/etcdserverpb.KV/Range", json);
    EXPECT_EQ(request.key(), "a");
    EXPECT_EQ(request.range_end(), "b");
    EXPECT_EQ(request.sort_order(), etcdserverpb::RangeRequest::DESCEND);
    EXPECT_EQ(request.limit(), 5);
  }
}

TEST(Messages, BytesMayBeInEitherAlphabetOfBase64) {
  const std::string bytes("\xfb\xff\xbf", 3);
  for (const char* text : {"+/+/", "-_-_"}) {
    EXPECT_EQ(
        read<etcdserverpb::PutRequest>("/etcdserverpb.KV/Put", std::string(R"({"value":")") + text + "\"}").value(),
        bytes);
  }
}

TEST(Messages, UnknownFieldsAndNullsArePassedOver) {
  const auto request = read<etcdserverpb::PutRequest>(
      "/etcdserverpb.KV/Put", R"({"key":"YQ==","lease":null,"nope":{"x":[1,{}]},"prev_kv":true})");
  EXPECT_EQ(request.key(), "a");
  EXPECT_TRUE(request.prev_kv());
}

TEST(Messages, IntegersKeepAllTheirBits) {
  EXPECT_EQ(
      read<etcdserverpb::LeaseGrantRequest>("/etcdserverpb.Lease/LeaseGrant", R"({"ID":9223372036854775807})").id(),
      INT64_MAX);
  EXPECT_EQ(
      read<etcdserverpb::LeaseGrantRequest>("/etcdserverpb.Lease/LeaseGrant", R"({"ID":"-9223372036854775808"})").id(),
      INT64_MIN);
  EXPECT_EQ(
      read<etcdserverpb::MemberRemoveRequest>("/etcdserverpb.Cluster/MemberRemove", R"({"ID":"18446744073709551615"})")
          .id(),
      UINT64_MAX);
}

TEST(Messages, AnInnerMessageOfAOneofIsTakenByItsName) {
  const auto request = read<etcdserverpb::WatchRequest>("/etcdserverpb.Watch/Watch",
                                                        R"({"create_request":{"key":"YQ==","filters":["NOPUT",1]}})");
  EXPECT_EQ(request.create_request().key(), "a");
  EXPECT_EQ(request.create_request().filters_size(), 2);
}

TEST(Messages, WhatDoesNotFitIsRefused) {
  const MessageType& put = messages().of("/etcdserverpb.KV/Put").request;
  for (const char* json :
       {R"({"key":"?"})", R"({"key":5})", R"({"lease":"x"})", R"({"lease":9223372036854775808})", R"({"lease":1.5})",
        R"({"prev_kv":"maybe"})", R"([])", "5", "\"x\"", R"({"key":{}})", "{\"key\":\"\xff\"}"}) {
    const auto encoded = put.encode(json);
    ASSERT_FALSE(encoded) << json;
    EXPECT_EQ(encoded.error().code, Errc::kInvalid);
    EXPECT_TRUE(encoded.error().detail.starts_with("proto: ")) << encoded.error().detail;
    EXPECT_EQ(encoded.error().detail.find('\n'), std::string::npos);
  }
}

TEST(Messages, DeepInputIsRefusedAndDoesNotRecurse) {
  std::string json;
  for (int i = 0; i < 5000; ++i) json += R"({"success":[{"request_txn":)";
  EXPECT_FALSE(messages().of("/etcdserverpb.KV/Txn").request.encode(json + "{}" + [] {
    std::string end;
    for (int i = 0; i < 5000; ++i) end += "}]}";
    return end;
  }()));
}

}  // namespace
}  // namespace etcd::gateway
