#include "mvcc/drop_list.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace etcd::mvcc {
namespace {

TEST(DropList, GivesInOrderOfRevisionWhatCameInAnyOrder) {
  base::Rng rng(1);
  for (int round = 0; round < 20; ++round) {
    DropList list;
    std::vector<ChangeId> all;
    for (std::uint64_t adds = rng.below(40); adds > 0; --adds) {
      std::vector<ChangeId> part;
      for (std::uint64_t i = rng.below(2000); i > 0; --i) {
        part.push_back({{Revision(static_cast<std::int64_t>(rng.next() >> 2)), static_cast<std::int64_t>(rng.below(3))},
                        rng.one_in(2)});
      }
      all.insert(all.end(), part.begin(), part.end());
      list.add(part);
    }
    std::ranges::sort(all);
    EXPECT_EQ(list.size(), all.size());
    std::vector<ChangeId> taken;
    while (!list.empty()) {
      const std::vector<ChangeId> part = list.take(1 + rng.below(3000));
      ASSERT_FALSE(part.empty());
      taken.insert(taken.end(), part.begin(), part.end());
    }
    ASSERT_EQ(taken, all);
    EXPECT_TRUE(list.take(5).empty());
  }
}

}  // namespace
}  // namespace etcd::mvcc
