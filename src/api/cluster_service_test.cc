#include "api/cluster_service.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/cluster.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;

TEST(MemberList, ListsTheMembersWithoutARevision) {
  ApiRig rig;
  rig.node.cluster_state.members.push_back(
      {.id = MemberId(0xb2), .name = "", .peer_urls = {"http://p:2", "http://p:3"}, .client_urls = {}, .is_learner = true});
  etcdserverpb::MemberListResponse list;
  ASSERT_TRUE(list.ParseFromString(rig.call("Cluster/MemberList", "").response));
  EXPECT_EQ(list.header().revision(), 0);
  EXPECT_EQ(list.header().member_id(), 0xa1u);
  EXPECT_EQ(list.header().raft_term(), 7u);
  ASSERT_EQ(list.members_size(), 2);
  EXPECT_EQ(list.members(0).id(), 0xa1u);
  EXPECT_EQ(list.members(0).name(), "m1");
  EXPECT_EQ(list.members(0).clienturls(0), "http://c:1");
  EXPECT_FALSE(list.members(0).islearner());
  EXPECT_EQ(list.members(1).peerurls_size(), 2);
  EXPECT_TRUE(list.members(1).islearner());
}

TEST(MemberList, ALinearizableOneWaitsForTheBarrier) {
  ApiRig rig;
  etcdserverpb::MemberListRequest request;
  request.set_linearizable(true);
  const std::int32_t stream = rig.begin("Cluster/MemberList", request.SerializeAsString());
  EXPECT_EQ(rig.outcome_of(stream).code, "not answered");
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  rig.node.barriers.front()({});
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "0");
}

TEST(Unsupported, WhatIsMissingSaysSo) {
  ApiRig rig;
  for (const char* method : {"Cluster/MemberAdd", "Cluster/MemberRemove", "Cluster/MemberUpdate", "Cluster/MemberPromote"}) {
    const auto outcome = rig.call(method, "");
    EXPECT_EQ(outcome.code, "12") << method;
    EXPECT_EQ(outcome.message, "changing the membership is not supported yet");
  }
  EXPECT_EQ(rig.call("Lease/LeaseGrant", "").message, "Lease is not supported yet");
  EXPECT_EQ(rig.call("Auth/Authenticate", "").message, "Auth is not supported yet");
}

}  // namespace
}  // namespace etcd::api
