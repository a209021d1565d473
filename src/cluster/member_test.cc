#include "cluster/member.h"

#include <gtest/gtest.h>

namespace etcd::cluster {
namespace {

const MemberId kId(0x8e9e05c52164694d);

Member started() {
  return {
      .id = kId, .name = "default", .peer_urls = {"http://localhost:2380"}, .client_urls = {"http://localhost:2379"}};
}

// The expected texts are what Go's encoding/json makes of the same members.
TEST(MemberJson, EqualsGo) {
  EXPECT_EQ(
      member_json(started()),
      R"({"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"name":"default","clientURLs":["http://localhost:2379"]})");
  EXPECT_EQ(member_json({.id = MemberId(1)}), R"({"id":1,"peerURLs":null})");
}

TEST(MemberJson, EscapesAsGo) {
  const Member member{.id = MemberId(UINT64_MAX),
                      .peer_urls = {"https://[::1]:2380?a=1&b=<x>", "unix://\u2028/\u00e9\"\\\x01\t\b\f\xff"},
                      .is_learner = true};
  EXPECT_EQ(member_json(member),
            "{\"id\":18446744073709551615,\"peerURLs\":[\"https://[::1]:2380?a=1\\u0026b=\\u003cx\\u003e\","
            "\"unix://\\u2028/\u00e9\\\"\\\\\\u0001\\t\\b\\f\\ufffd\"],\"isLearner\":true}");
}

TEST(MemberJson, AChangeSaysWhetherItPromotes) {
  EXPECT_EQ(
      member_change_json({.member = started()}),
      R"({"id":10276657743932975437,"peerURLs":["http://localhost:2380"],"name":"default","clientURLs":["http://localhost:2379"],)"
      R"("isPromote":false})");
  EXPECT_EQ(member_change_json({.member = {.id = MemberId(7)}, .is_promote = true}),
            R"({"id":7,"peerURLs":null,"isPromote":true})");
}

TEST(MemberJson, TheHalvesOfTheV2StoreOmitWhatIsEmpty) {
  EXPECT_EQ(raft_attributes_json(started()), R"({"peerURLs":["http://localhost:2380"]})");
  EXPECT_EQ(attributes_json(started()), R"({"name":"default","clientURLs":["http://localhost:2379"]})");
  EXPECT_EQ(attributes_json({}), "{}");
}

TEST(MemberJson, IsReadBackAsItWasWritten) {
  for (const bool learner : {false, true}) {
    Member member = started();
    member.is_learner = learner;
    const auto read = parse_member(member_json(member));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, member);
  }
  const auto change = parse_member_change(member_change_json({.member = started(), .is_promote = true}));
  ASSERT_TRUE(change);
  EXPECT_EQ(change->member, started());
  EXPECT_TRUE(change->is_promote);
}

TEST(MemberJson, UnknownKeysNullsAndOtherCaseAreRead) {
  const auto member = parse_member(R"( {"ID":5,"PEERURLS":[null,"a"],"clientUrls":null,"zz":{"id":1}} )");
  ASSERT_TRUE(member);
  EXPECT_EQ(*member, (Member{.id = MemberId(5), .peer_urls = {"", "a"}}));
  EXPECT_TRUE(parse_member("null"));
}

TEST(MemberJson, WhatGoRefusesIsInvalid) {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& json :
       {std::string(R"({"id":-1})"), std::string(R"({"id":1.0})"), std::string(R"({"id":"1"})"),
        std::string(R"({"id":18446744073709551616})"), std::string("[]"), std::string(R"({"id":1} x)"),
        std::string(R"({"isLearner":1})"), std::string(R"({"peerURLs":"a"})"), std::string(), std::string("{"),
        R"({"x":)" + deep + "}"}) {
    const auto read = parse_member(json);
    ASSERT_FALSE(read) << json.substr(0, 40);
    EXPECT_EQ(read.error().code, Errc::kInvalid);
  }
}

TEST(Hex, HasNoPadding) {
  EXPECT_EQ(to_hex(std::uint64_t{0}), "0");
  EXPECT_EQ(to_hex(std::uint64_t{0xabc}), "abc");
  EXPECT_EQ(to_hex(UINT64_MAX), "ffffffffffffffff");
}

}  // namespace
}  // namespace etcd::cluster
