#include "apply/bootstrap.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "raft/codec.h"

namespace etcd::apply {
namespace {

// The expected bytes are the entry that Go's raft.RawNode.Bootstrap makes for this member.
TEST(BootstrapEntries, EqualGo) {
  const auto entries = bootstrap_entries(
      {{.id = MemberId(0x8e9e05c52164694d), .name = "default", .peer_urls = {"http://localhost:2380"}}});
  ASSERT_EQ(entries.size(), 1u);
  std::string bytes;
  raft::encode(entries[0], bytes);
  EXPECT_EQ(base::to_hex(bytes),
            "0801100118012260100018cdd2918bd2b881cf8e0122517b226964223a31303237363635373734333933323937353433372c227065"
            "657255524c73223a5b226874"
            "74703a2f2f6c6f63616c686f73743a32333830225d2c226e616d65223a2264656661756c74227d");
}

TEST(BootstrapEntries, OneForEachMemberInOrderOfIds) {
  const auto entries = bootstrap_entries({{.id = MemberId(1)}, {.id = MemberId(2)}, {.id = MemberId(9)}});
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[2].index, LogIndex(3));
  EXPECT_EQ(entries[2].term, Term(1));
  EXPECT_EQ(raft::decode_conf_change(entries[2].data)->node_id, MemberId(9));
}

}  // namespace
}  // namespace etcd::apply
