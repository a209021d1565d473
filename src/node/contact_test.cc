#include "node/contact.h"

#include <gtest/gtest.h>

#include <map>

namespace etcd::node {
namespace {

struct Members {
  Members() {
    for (const std::uint64_t id : {1, 2, 3}) view.members.push_back({.id = MemberId(id)});
  }

  cluster::View view;
  std::map<MemberId, std::int64_t> active;
  Contact contact{MemberId(1), [this](MemberId id) { return active[id]; }};
};

TEST(Contact, TheOthersThatAnswerAreCounted) {
  Members members;
  EXPECT_EQ(members.contact.others(members.view), 0U);
  members.active = {{MemberId(1), 5}, {MemberId(2), 5}};
  EXPECT_EQ(members.contact.others(members.view), 1U) << "this member does not count";
}

TEST(Contact, AConnectionThatBrokeAndCameBackDoesNotCountForWhatWasAskedBefore) {
  Members members;
  members.active[MemberId(2)] = 100;
  EXPECT_TRUE(members.contact.with(MemberId(2), 101));
  EXPECT_FALSE(members.contact.with(MemberId(2), 100));
  EXPECT_FALSE(members.contact.with(MemberId(3), 101));
}

TEST(Contact, AQuorumIsMoreThanHalfWithThisMember) {
  Members members;
  EXPECT_FALSE(members.contact.with_quorum(members.view, 50));
  members.active[MemberId(3)] = 10;
  EXPECT_TRUE(members.contact.with_quorum(members.view, 50));
  EXPECT_FALSE(members.contact.with_quorum(members.view, 10));
  members.view.members.push_back({.id = MemberId(4)});
  EXPECT_FALSE(members.contact.with_quorum(members.view, 50)) << "two of four";
}

}  // namespace
}  // namespace etcd::node
