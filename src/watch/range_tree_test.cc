#include "watch/range_tree.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/rng.h"

namespace etcd::watch {
namespace {

using mvcc::KeyRange;

std::unique_ptr<RangeNode> node_of(const KeyRange& range) {
  auto node = std::make_unique<RangeNode>();
  node->begin = range.begin;
  node->end = range.end;
  node->is_open = range.kind == KeyRange::Kind::kFrom;
  return node;
}

std::vector<const RangeNode*> stabbed(const RangeTree& tree, std::string_view key) {
  std::vector<const RangeNode*> found;
  tree.stab(key, [&](RangeNode& node) { found.push_back(&node); });
  return found;
}

TEST(RangeTree, AKeyFindsTheRangesThatContainIt) {
  RangeTree tree;
  const auto prefix = node_of(KeyRange::of("a/", "a0"));
  const auto from = node_of(KeyRange::of("a/m", std::string_view("\0", 1)));
  const auto part = node_of(KeyRange::of("a/b", "a/c"));
  for (RangeNode* node : {prefix.get(), from.get(), part.get()}) tree.insert(*node);
  EXPECT_EQ(stabbed(tree, "a/"), (std::vector<const RangeNode*>{prefix.get()}));
  EXPECT_EQ(stabbed(tree, "a/b"), (std::vector<const RangeNode*>{prefix.get(), part.get()}));
  EXPECT_EQ(stabbed(tree, "a/c"), (std::vector<const RangeNode*>{prefix.get()}));
  EXPECT_EQ(stabbed(tree, "a/z"), (std::vector<const RangeNode*>{prefix.get(), from.get()}));
  EXPECT_EQ(stabbed(tree, "a0"), (std::vector<const RangeNode*>{from.get()}));
  EXPECT_TRUE(stabbed(tree, "A").empty());
  EXPECT_EQ(tree.find(KeyRange::of("a/", "a0")), prefix.get());
  EXPECT_EQ(tree.find(KeyRange::of("a/", "a1")), nullptr);
  EXPECT_EQ(tree.find(KeyRange::of("a/", std::string_view("\0", 1))), nullptr);
}

std::string random_key(base::Rng& rng) {
  std::string key;
  for (std::uint64_t i = rng.below(4); i > 0; --i) key.push_back(static_cast<char>('a' + rng.below(4)));
  return key;
}

TEST(RangeTree, AgreesWithAListWhileRangesComeAndGo) {
  base::Rng rng(7);
  RangeTree tree;
  std::vector<std::unique_ptr<RangeNode>> list;
  for (int round = 0; round < 20'000; ++round) {
    const bool grows = rng.below(3) > 0 ? list.size() < 150 : list.empty();
    if (grows) {
      auto node = std::make_unique<RangeNode>();
      node->begin = random_key(rng);
      node->is_open = rng.below(5) == 0;
      if (!node->is_open) node->end = random_key(rng) + "~";
      const KeyRange range{node->begin, node->end, node->is_open ? KeyRange::Kind::kFrom : KeyRange::Kind::kInterval};
      const bool is_there = std::ranges::any_of(list, [&](const auto& other) {
        return other->begin == node->begin && other->end == node->end && other->is_open == node->is_open;
      });
      ASSERT_EQ(tree.find(range) != nullptr, is_there);
      if (is_there) continue;
      tree.insert(*node);
      list.push_back(std::move(node));
    } else {
      const auto victim = static_cast<std::ptrdiff_t>(rng.below(list.size()));
      tree.erase(*list[static_cast<std::size_t>(victim)]);
      list.erase(list.begin() + victim);
    }
    ASSERT_EQ(tree.size(), list.size());
    const std::string key = random_key(rng);
    std::vector<const RangeNode*> expected;
    for (const auto& node : list) {
      if (node->contains(key)) expected.push_back(node.get());
    }
    auto found = stabbed(tree, key);
    std::ranges::sort(expected);
    std::ranges::sort(found);
    ASSERT_EQ(found, expected) << round;
    if (round % 100 == 0) {
      ASSERT_TRUE(tree.check()) << round;
    }
  }
}

}  // namespace
}  // namespace etcd::watch
