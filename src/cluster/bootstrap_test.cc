#include "cluster/bootstrap.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace etcd::cluster {
namespace {

std::vector<InitialMember> initial(std::string_view text) {
  return parse_initial_cluster(text).value();
}

TEST(InitialCluster, IsGroupedByNameAndSorted) {
  const auto members = initial("m3=http://c:1,m1=http://b:1,,m1=http://a:1,m2=http://d:1");
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].name, "m1");
  EXPECT_EQ(members[0].peer_urls, (std::vector<std::string>{"http://a:1", "http://b:1"}));
  EXPECT_EQ(to_string(members), "m1=http://a:1,m1=http://b:1,m2=http://d:1,m3=http://c:1");
}

TEST(InitialCluster, PairsWithoutNameOrUrlAreRefused) {
  for (const char* text : {"http://a:1", "=http://a:1", "a=", "a=b,c"})
    EXPECT_FALSE(parse_initial_cluster(text)) << text;
}

struct Refusal {
  const char* initial;
  const char* name;
  std::vector<std::string> advertised;
  const char* text;
};

TEST(InitialCluster, IsCheckedWithTheTextsOfEtcd) {
  const Refusal refusals[] = {
      {"a=http://x:1", "b", {"http://x:1"}, "couldn't find local name \"b\" in the initial cluster configuration"},
      {"", "b", {}, "couldn't find local name \"b\" in the initial cluster configuration"},
      {"a=http://x:1",
       "a",
       {"http://y:1"},
       "--initial-cluster has a=http://x:1 but missing from --initial-advertise-peer-urls=http://y:1 "
       "(resolved urls: \"http://y:1\" != \"http://x:1\")"},
      {"a=http://x:1,a=http://y:1",
       "a",
       {"http://y:1"},
       "--initial-cluster has a=http://x:1 but missing from --initial-advertise-peer-urls=http://y:1 "
       "(len([\"http://y:1\"]) != len([\"http://x:1\" \"http://y:1\"]))"},
      {"a=http://x:1",
       "a",
       {"http://x:1", "http://y:1"},
       "--initial-advertise-peer-urls has http://y:1 but missing from --initial-cluster=a=http://x:1,a=http://y:1"},
      {"a=http://x:1,b=http://x:1", "a", {"http://x:1"}, "initial cluster a=http://x:1,b=http://x:1 has duplicate url"},
  };
  for (const Refusal& refusal : refusals) {
    const Status status = check_initial_cluster(initial(refusal.initial), refusal.name, refusal.advertised);
    ASSERT_FALSE(status) << refusal.text;
    EXPECT_EQ(describe(status.error()), refusal.text);
  }
  EXPECT_TRUE(check_initial_cluster(initial("a=http://x:1,b=http://y:1"), "b", {"http://y:1"}));
}

// Ids as etcd computes them.
TEST(Bootstrap, GivesEveryMemberTheIdsThatEtcdGives) {
  const auto made = bootstrap(initial("m3=http://c:1,m1=http://b:1,m1=http://a:1,m2=http://d:1"), "tkn", "m2");
  ASSERT_TRUE(made);
  EXPECT_EQ(to_hex(made->cluster_id), "5158d46e5a06bc71");
  EXPECT_EQ(to_hex(made->local_id), "41ee4f11b451270c");
  EXPECT_EQ(made->local().name, "m2");
  ASSERT_EQ(made->members.size(), 3u);
  EXPECT_EQ(member_json(made->members[0]),
            R"({"id":3164631219137243689,"peerURLs":["http://a:1","http://b:1"],"name":"m1"})");
  EXPECT_EQ(to_hex(made->members[2].id), "63d47f680a0ee1ea");
}

TEST(Bootstrap, MembersOfOneIdAreRefused) {
  EXPECT_FALSE(bootstrap({{"a", {"http://x:1"}}, {"b", {"http://x:1"}}}, "t", "a"));
}

TEST(MatchExisting, TakesIdsOverByPeerUrls) {
  const std::vector<Member> running = {
      {.id = MemberId(7), .name = "m1", .peer_urls = {"http://b:1", "http://a:1"}},
      {.id = MemberId(3), .name = "", .peer_urls = {"http://d:1"}, .is_learner = true}};
  const auto joined = match_existing(initial("m1=http://a:1,m1=http://b:1,m2=http://d:1"), ClusterId(9), running, "m2");
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->cluster_id, ClusterId(9));
  EXPECT_EQ(joined->local_id, MemberId(3));
  EXPECT_TRUE(joined->local().is_learner);
  ASSERT_EQ(joined->members.size(), 2u);
  EXPECT_EQ(joined->members[1].id, MemberId(7));
}

TEST(MatchExisting, RefusesWhatDoesNotMatch) {
  const std::vector<Member> running = {{.id = MemberId(0xab), .peer_urls = {"http://a:1"}}};
  EXPECT_EQ(describe(match_existing(initial("m1=http://a:1,m2=http://b:1"), ClusterId(9), running, "m1").error()),
            "member count is unequal");
  EXPECT_EQ(describe(match_existing(initial("m1=http://b:1"), ClusterId(9), running, "m1").error()),
            "PeerURLs: no match found for existing member (ab, [\"http://a:1\"]), last resolver error "
            "(resolved urls: \"http://a:1\" != \"http://b:1\")");
}

}  // namespace
}  // namespace etcd::cluster
