#include "auth/key_ranges.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <utility>
#include <vector>

namespace etcd::auth {
namespace {

const std::string kZero(1, '\0');

KeyRanges ranges(const std::vector<std::pair<std::string, std::string>>& list) {
  KeyRanges out;
  for (const auto& [key, end] : list) out.add(key, end);
  out.merge();
  return out;
}

TEST(KeyRanges, AKeyIsCoveredByItselfAndByRangesAroundIt) {
  EXPECT_TRUE(ranges({{"b", ""}}).covers("b", ""));
  EXPECT_FALSE(ranges({{"b", ""}}).covers("a", ""));
  EXPECT_FALSE(ranges({{"b", ""}}).covers("bb", ""));
  EXPECT_TRUE(ranges({{"a", "c"}}).covers("b", ""));
  EXPECT_FALSE(ranges({{"a", "c"}}).covers("c", ""));
  EXPECT_TRUE(ranges({{"a", kZero}}).covers("zzz", ""));
  EXPECT_FALSE(ranges({{"b", kZero}}).covers("a", ""));
  EXPECT_FALSE(ranges({}).covers("a", ""));
}

TEST(KeyRanges, ARangeIsCoveredByRangesThatMeet) {
  const KeyRanges meeting = ranges({{"c", "e"}, {"a", "c"}});
  EXPECT_EQ(meeting.size(), 1u);
  EXPECT_TRUE(meeting.covers("a", "e"));
  EXPECT_TRUE(meeting.covers("b", "d"));
  EXPECT_FALSE(meeting.covers("a", "f"));
  EXPECT_FALSE(meeting.covers("0", "b"));
  EXPECT_FALSE(meeting.covers("a", kZero));
  EXPECT_FALSE(ranges({{"a", "c"}, {"d", "e"}}).covers("a", "e"));
  // A key and what follows right after it.
  EXPECT_TRUE(ranges({{"a", ""}, {"a" + kZero, "b"}}).covers("a", "b"));
}

TEST(KeyRanges, WithoutEndIsMoreThanAnyEnd) {
  const KeyRanges open = ranges({{"b", kZero}, {"c", "d"}});
  EXPECT_EQ(open.size(), 1u);
  EXPECT_TRUE(open.covers("b", kZero));
  EXPECT_TRUE(open.covers("c", kZero));
  EXPECT_TRUE(open.covers("c", "\xff\xff"));
  EXPECT_FALSE(ranges({{"b", "\xff\xff"}}).covers("b", kZero));
  EXPECT_TRUE(ranges({{kZero, kZero}}).covers(kZero, kZero));
}

TEST(KeyRanges, EmptyKeysAndEmptyRangesAddNothing) {
  EXPECT_TRUE(ranges({{"", ""}, {"", kZero}, {"", "b"}, {"b", "b"}, {"b", "a"}}).empty());
  EXPECT_FALSE(ranges({{kZero, kZero}}).covers("", ""));
  EXPECT_FALSE(ranges({{kZero, kZero}}).covers("", kZero));
}

TEST(KeyRanges, ARangeThatEndsBeforeItBeginsCountsAsItsFirstKey) {
  EXPECT_TRUE(ranges({{"b", "c"}}).covers("b", "a"));
  EXPECT_FALSE(ranges({{"b", "c"}}).covers("c", "b"));
}

// Every key between two neighbouring ends behaves as the first of them: so few keys stand for all.
TEST(KeyRanges, AgreesWithLookingAtEveryKey) {
  const std::vector<std::string> ends = {kZero, "a", "ab", "b", "b" + kZero, "ba", "c", "\xff"};
  std::set<std::string> points;
  for (const std::string& end : ends) points.insert({end, end + kZero});
  const auto contains = [](const std::string& key, const std::string& end, const std::string& point) {
    if (end.empty()) return point == key;
    return point >= key && (end == kZero || point < end);
  };
  std::mt19937 random(1);
  const auto any = [&](bool may_be_empty) {
    const std::size_t n = random() % (ends.size() + (may_be_empty ? 2 : 0));
    return n < ends.size() ? ends[n] : "";
  };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::pair<std::string, std::string>> list;
    for (std::size_t i = random() % 5; i > 0; --i) list.emplace_back(any(false), any(true));
    const std::string key = any(false);
    const std::string end = any(true);
    if (!end.empty() && end != kZero && end <= key) continue;
    bool all = true;
    for (const std::string& point : points) {
      if (!contains(key, end, point)) continue;
      bool found = false;
      for (const auto& [from, to] : list) found = found || contains(from, to, point);
      all = all && found;
    }
    ASSERT_EQ(ranges(list).covers(key, end), all) << round;
  }
}

}  // namespace
}  // namespace etcd::auth
