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

// Begins a call, lets the node carry out the one change that is proposed, and gives back both.
struct Changed {
  raft::ConfChange proposed;
  ApiRig::Outcome outcome;
};
Changed change(ApiRig& rig, const std::string& method, const google::protobuf::MessageLite& request, const Status& applied = {}) {
  const std::int32_t stream = rig.begin(method, request.SerializeAsString());
  if (rig.node.membership_changes.size() != 1) return {{}, rig.outcome_of(stream)};
  auto asked = std::move(rig.node.membership_changes.front());
  rig.node.membership_changes.pop_front();
  asked.done(applied);
  rig.settle();
  return {std::move(asked.change), rig.outcome_of(stream)};
}

TEST(MemberAdd, ProposesTheMemberAndAnswersWithIt) {
  ApiRig rig;
  etcdserverpb::MemberAddRequest request;
  request.add_peerurls("http://10.0.0.2:2380");
  request.set_islearner(true);
  const Changed changed = change(rig, "Cluster/MemberAdd", request);
  ASSERT_EQ(changed.outcome.code, "0") << changed.outcome.message;
  EXPECT_EQ(changed.proposed.type, raft::ConfChangeType::kAddLearnerNode);
  const auto member = cluster::parse_member(changed.proposed.context.view());
  ASSERT_TRUE(member);
  EXPECT_EQ(member->id, changed.proposed.node_id);
  EXPECT_EQ(member->peer_urls, std::vector<std::string>{"http://10.0.0.2:2380"});
  etcdserverpb::MemberAddResponse response;
  ASSERT_TRUE(response.ParseFromString(changed.outcome.response));
  EXPECT_EQ(response.member().id(), member->id.value);
  EXPECT_TRUE(response.member().islearner());
  EXPECT_EQ(response.members_size(), 1);
}

TEST(MemberAdd, RefusesBadUrlsAndAQuorumThatCouldNotWork) {
  ApiRig rig;
  etcdserverpb::MemberAddRequest bad;
  bad.add_peerurls("10.0.0.2:2380");
  EXPECT_EQ(change(rig, "Cluster/MemberAdd", bad).outcome.message, "etcdserver: given member URLs are invalid");
  etcdserverpb::MemberAddRequest good;
  good.add_peerurls("http://10.0.0.3:2380");
  rig.node.cluster_state.members.push_back({.id = MemberId(0xb2), .name = "", .peer_urls = {"http://p:2"}});
  EXPECT_EQ(change(rig, "Cluster/MemberAdd", good).outcome.message, "etcdserver: re-configuration failed due to not enough started members");
  rig.node.cluster_state.members.back().name = "m2";
  rig.node.cluster_state.members.push_back({.id = MemberId(0xc3), .name = "m3", .peer_urls = {"http://p:3"}});
  EXPECT_EQ(change(rig, "Cluster/MemberAdd", good).outcome.message, "etcdserver: unhealthy cluster") << "nobody has been heard of";
}

TEST(MemberRemove, ProposesItOrSaysWhatTheClusterSays) {
  ApiRig rig;
  rig.node.cluster_state.members.push_back({.id = MemberId(0xb2), .name = "", .peer_urls = {"http://p:2"}, .client_urls = {}, .is_learner = true});
  etcdserverpb::MemberRemoveRequest request;
  request.set_id(0xb2);
  const Changed changed = change(rig, "Cluster/MemberRemove", request);
  EXPECT_EQ(changed.outcome.code, "0");
  EXPECT_EQ(changed.proposed.type, raft::ConfChangeType::kRemoveNode);
  EXPECT_EQ(changed.proposed.node_id, MemberId(0xb2));
  EXPECT_EQ(change(rig, "Cluster/MemberRemove", request, fail(Errc::kMemberNotFound)).outcome.message, "etcdserver: member not found");
}

TEST(MemberUpdate, CarriesTheUrlsAlone) {
  ApiRig rig;
  etcdserverpb::MemberUpdateRequest request;
  request.set_id(0xa1);
  request.add_peerurls("http://10.0.0.9:2380");
  const Changed changed = change(rig, "Cluster/MemberUpdate", request);
  EXPECT_EQ(changed.outcome.code, "0");
  EXPECT_EQ(changed.proposed.type, raft::ConfChangeType::kUpdateNode);
  EXPECT_EQ(changed.proposed.context.view(), R"({"id":161,"peerURLs":["http://10.0.0.9:2380"]})");
}

TEST(MemberUpdate, BadUrlsMatterOnlyForAMemberThatIsThere) {
  ApiRig rig;
  rig.node.cluster_state.members = {{.id = MemberId(7), .name = "a"}};
  etcdserverpb::MemberUpdateRequest request;
  request.set_id(7);
  EXPECT_EQ(change(rig, "Cluster/MemberUpdate", request).outcome.message, "etcdserver: given member URLs are invalid");
  request.set_id(8);
  EXPECT_EQ(change(rig, "Cluster/MemberUpdate", request).outcome.message, "etcdserver: member not found");
}

TEST(MemberPromote, IsRefusedForALearnerThatIsBehind) {
  ApiRig rig;
  etcdserverpb::MemberPromoteRequest request;
  request.set_id(0xb2);
  rig.node.learner_answer = fail(Errc::kLearnerNotReady);
  EXPECT_EQ(change(rig, "Cluster/MemberPromote", request).outcome.message, "etcdserver: can only promote a learner member which is in sync with leader");
  rig.node.learner_answer = {};
  const Changed changed = change(rig, "Cluster/MemberPromote", request);
  EXPECT_EQ(changed.outcome.code, "0");
  const auto promotion = cluster::parse_member_change(changed.proposed.context.view());
  ASSERT_TRUE(promotion);
  EXPECT_TRUE(promotion->is_promote);
  const std::string metrics = rig.http("GET", "/metrics");
  EXPECT_NE(metrics.find("etcd_server_learner_promote_successes 1\n"), std::string::npos);
  EXPECT_NE(metrics.find("etcd_server_learner_promote_failures{Reason=\"etcdserver: can only promote a learner member which is in sync with leader\"} 1\n"),
            std::string::npos);
}

}  // namespace
}  // namespace etcd::api
