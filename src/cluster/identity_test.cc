#include "cluster/identity.h"

#include <gtest/gtest.h>

#include "cluster/member.h"

namespace etcd::cluster {
namespace {

// The expected ids are etcd's own for the same input.
TEST(Identity, AMemberIdIsTheHashOfItsUrlsAndTheToken) {
  EXPECT_EQ(to_hex(member_id({"http://localhost:2380"}, "etcd-cluster")), "8e9e05c52164694d");
  EXPECT_EQ(to_hex(member_id({"http://b:2380", "http://a:2380"}, "tkn")), "9627641b585a835f");
  EXPECT_EQ(to_hex(member_id({"http://10.0.0.1:2380"}, "", 1'700'000'000)), "20887cfd5ab65081");
}

TEST(Identity, TheOrderOfUrlsDoesNotMatter) {
  EXPECT_EQ(member_id({"http://a:1", "http://b:1"}, "t"), member_id({"http://b:1", "http://a:1"}, "t"));
}

TEST(Identity, AClusterIdIsTheHashOfItsMembersInAnyOrder) {
  EXPECT_EQ(to_hex(cluster_id({MemberId(0x8e9e05c52164694d)})), "cdf818194e3a8c32");
  const MemberId a(0x2beb0753adc96a29), b(0x41ee4f11b451270c), c(0x63d47f680a0ee1ea);
  EXPECT_EQ(to_hex(cluster_id({c, a, b})), "5158d46e5a06bc71");
}

}  // namespace
}  // namespace etcd::cluster
