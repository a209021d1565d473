#include "cluster/membership.h"

#include <gtest/gtest.h>

#include "bolt/schema.h"

namespace etcd::cluster {
namespace {

Member member(std::uint64_t id, bool learner = false) {
  return {.id = MemberId(id),
          .name = "m" + std::to_string(id),
          .peer_urls = {"http://" + std::to_string(id)},
          .is_learner = learner};
}

struct MembershipTest : testing::Test {
  void SetUp() override {
    for (const std::uint64_t id : {1, 2}) membership.add(member(id), changes);
    membership.add(member(3, /*learner=*/true), changes);
    changes = {};
  }
  Errc code(const Status& status) { return status ? Errc::kIo : status.error().code; }

  Membership membership;
  bolt::WriteBatch changes;
};

TEST_F(MembershipTest, VotersAndLearnersAreRaftsConfiguration) {
  EXPECT_EQ(membership.voters(), (std::vector<MemberId>{MemberId(1), MemberId(2)}));
  EXPECT_EQ(membership.learners(), (std::vector<MemberId>{MemberId(3)}));
}

TEST_F(MembershipTest, AnAdditionNeedsANewIdNewUrlsAndRoomForLearners) {
  EXPECT_EQ(code(membership.check_add(member(1), 1)), Errc::kMemberExists);
  Member twin = member(9);
  twin.peer_urls = {"http://9", "http://2"};
  EXPECT_EQ(code(membership.check_add(twin, 1)), Errc::kPeerUrlExists);
  EXPECT_EQ(code(membership.check_add(member(9, true), 1)), Errc::kTooManyLearners);
  EXPECT_TRUE(membership.check_add(member(9, true), 2));
  EXPECT_TRUE(membership.check_add(member(9), 1));
}

TEST_F(MembershipTest, ARemovedIdNeverComesBack) {
  membership.remove(MemberId(2), changes);
  EXPECT_EQ(code(membership.check_add(member(2), 1)), Errc::kMemberNotFound);
  EXPECT_EQ(code(membership.check_remove(MemberId(2))), Errc::kMemberNotFound);
  EXPECT_EQ(code(membership.check_update(member(2))), Errc::kMemberNotFound);
  EXPECT_EQ(code(membership.check_promote(MemberId(2))), Errc::kMemberNotFound);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes.writes()[0].bucket, bolt::schema::kMembers);
  EXPECT_FALSE(changes.writes()[0].value);
  EXPECT_EQ(changes.writes()[1].bucket, bolt::schema::kMembersRemoved);
  EXPECT_EQ(changes.writes()[1].value->view(), "removed");
}

TEST_F(MembershipTest, OnlyALearnerIsPromoted) {
  EXPECT_EQ(code(membership.check_promote(MemberId(1))), Errc::kMemberNotLearner);
  EXPECT_EQ(code(membership.check_promote(MemberId(8))), Errc::kMemberNotFound);
  ASSERT_TRUE(membership.check_promote(MemberId(3)));
  membership.promote(MemberId(3), changes);
  EXPECT_EQ(membership.voters().size(), 3u);
  EXPECT_EQ(changes.writes()[0].value->view(), R"({"id":3,"peerURLs":["http://3"],"name":"m3"})");
}

TEST_F(MembershipTest, TheLastVoterStays) {
  membership.remove(MemberId(2), changes);
  EXPECT_EQ(code(membership.check_remove(MemberId(1))), Errc::kMemberNotEnoughStarted);
  EXPECT_TRUE(membership.check_remove(MemberId(3)));
}

TEST_F(MembershipTest, AnUpdateTouchesPeerUrlsOnly) {
  EXPECT_EQ(code(membership.check_update({.id = MemberId(3), .peer_urls = {"http://1"}})), Errc::kPeerUrlExists);
  EXPECT_EQ(code(membership.check_update({.id = MemberId(8)})), Errc::kMemberNotFound);
  ASSERT_TRUE(membership.check_update({.id = MemberId(3), .peer_urls = {"http://3"}}));
  membership.update_peer_urls(MemberId(3), {"http://new"}, changes);
  EXPECT_EQ(*membership.find(MemberId(3)),
            (Member{.id = MemberId(3), .name = "m3", .peer_urls = {"http://new"}, .is_learner = true}));
}

TEST_F(MembershipTest, AttributesOfARemovedMemberArePassedOver) {
  membership.remove(MemberId(2), changes);
  changes = {};
  EXPECT_TRUE(membership.set_attributes(MemberId(2), "x", {}, changes));
  EXPECT_TRUE(changes.empty());
  EXPECT_EQ(code(membership.set_attributes(MemberId(8), "x", {}, changes)), Errc::kMemberNotFound);
  EXPECT_TRUE(membership.set_attributes(MemberId(1), "x", {"http://c"}, changes));
  EXPECT_EQ(membership.find(MemberId(1))->name, "x");
}

TEST_F(MembershipTest, IsLoadedFromWhatItStored) {
  Membership first;
  bolt::WriteBatch stored;
  for (const std::uint64_t id : {5, 6, 0xabc}) first.add(member(id, id == 6), stored);
  first.remove(MemberId(5), stored);
  Membership loaded;
  for (const bolt::Write& write : stored.writes()) {
    if (write.bucket == bolt::schema::kMembersRemoved) {
      ASSERT_TRUE(loaded.load_removed(write.key));
    } else if (write.value && write.key != "5") {
      ASSERT_TRUE(loaded.load_member(write.key, write.value->view()));
    }
  }
  EXPECT_EQ(loaded.list(), first.list());
  EXPECT_EQ(loaded.removed(), first.removed());
  EXPECT_EQ(code(loaded.load_member("zz", "{}")), Errc::kCorrupt);
  EXPECT_EQ(code(loaded.load_member("1", R"({"id":2})")), Errc::kCorrupt);
  EXPECT_EQ(code(loaded.load_removed("")), Errc::kCorrupt);
}

TEST(Reconfiguration, NeedsAStartedQuorumAfterwards) {
  const auto cluster = [](std::vector<bool> started) {
    std::vector<Member> members;
    for (const bool is_started : started) {
      Member one = member(members.size() + 1);
      if (!is_started) one.name.clear();
      members.push_back(one);
    }
    return members;
  };
  EXPECT_TRUE(may_add_voter(cluster({true})));
  EXPECT_FALSE(may_add_voter(cluster({true, false})));
  EXPECT_TRUE(may_add_voter(cluster({true, true})));
  EXPECT_FALSE(may_add_voter(cluster({true, true, false})));
  EXPECT_TRUE(may_add_voter(cluster({true, true, true})));
  EXPECT_FALSE(may_remove_voter(cluster({true}), MemberId(1)));
  EXPECT_TRUE(may_remove_voter(cluster({true, false}), MemberId(2)));
  EXPECT_FALSE(may_remove_voter(cluster({true, false}), MemberId(1)));
  EXPECT_TRUE(may_promote(cluster({true})));
  EXPECT_FALSE(may_promote(cluster({true, false, false})));
}

}  // namespace
}  // namespace etcd::cluster
