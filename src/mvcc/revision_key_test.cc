#include "mvcc/revision_key.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

namespace etcd::mvcc {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::string key(std::int64_t main, std::int64_t sub, bool tombstone = false) {
  return std::string(RevisionKey({Revision(main), sub}, tombstone).view());
}

TEST(RevisionKey, HasEtcdsBytes) {
  EXPECT_EQ(key(0x0102, 3), std::string("\0\0\0\0\0\0\x01\x02_\0\0\0\0\0\0\0\x03", 17));
  EXPECT_EQ(key(1, 0, true), std::string("\0\0\0\0\0\0\0\x01_\0\0\0\0\0\0\0\0t", 18));
}

TEST(RevisionKey, OrdersAsRevisionsDo) {
  std::vector<ChangeId> ids;
  for (const std::int64_t main : {std::int64_t{0}, std::int64_t{1}, std::int64_t{255}, std::int64_t{256}, kMax}) {
    for (const std::int64_t sub : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1000}, kMax}) {
      ids.push_back({{Revision(main), sub}, false});
      ids.push_back({{Revision(main), sub}, true});
    }
  }
  EXPECT_TRUE(std::ranges::is_sorted(ids));
  EXPECT_TRUE(std::ranges::is_sorted(ids, {}, [](const ChangeId& id) { return std::string(RevisionKey(id).view()); }));
  for (const ChangeId& id : ids) EXPECT_EQ(parse_revision_key(RevisionKey(id).view()), id);
}

TEST(RevisionKey, WhatIsNoneIsRefused) {
  const std::string good = key(5, 6);
  for (const std::string& bad : {std::string(), good.substr(1), good + "x", good + "tt", key(-1, 0), key(0, -1),
                                 std::string(17, 'x'), std::string(18, 't')}) {
    const auto parsed = parse_revision_key(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_EQ(parsed.error().code, Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace etcd::mvcc
