#include "mvcc/index_sort.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/rng.h"

namespace etcd::mvcc {
namespace {

void expect_sorted(const std::vector<std::string>& keys) {
  IndexRecords records;
  for (const std::string& key : keys) {
    records.add(key, {{Revision(static_cast<std::int64_t>(records.size())), 0}, false}, Revision(0), 0);
  }
  const std::vector<IndexRecords::Place> places = records.places();
  std::vector<std::uint32_t> expected(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) expected[i] = static_cast<std::uint32_t>(i);
  std::ranges::stable_sort(expected, {}, [&](std::uint32_t i) { return keys[i]; });
  const std::vector<SortedRecord> sorted = sort_by_key(records);
  ASSERT_EQ(sorted.size(), keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    ASSERT_EQ(sorted[i].place, places[expected[i]]) << i;
    ASSERT_EQ(records[sorted[i].place].key(), keys[expected[i]]);
    ASSERT_EQ(sorted[i].first_of_key, i == 0 || keys[expected[i]] != keys[expected[i - 1]]) << i;
  }
}

TEST(SortByKey, SortsAsAStableSortDoes) {
  base::Rng rng(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> keys;
    const std::size_t distinct = 1 + rng.below(60);
    for (std::uint64_t i = 0; i < rng.below(300); ++i) {
      std::string key(rng.below(4) * 8 + rng.below(3), 'p');  // shared beginnings that end about where words do
      key += std::to_string(rng.below(distinct));
      key.append(rng.one_in(3) ? rng.below(18) : 0, '\0');
      keys.push_back(key);
    }
    expect_sorted(keys);
  }
}

TEST(SortByKey, TakesNothingOneAndManyOfTheSame) {
  expect_sorted({});
  expect_sorted({""});
  expect_sorted({"", "", ""});
  expect_sorted(std::vector<std::string>(1000, "the same key every time"));
  expect_sorted({std::string(3 << 20, 'b'), "c", std::string(3 << 20, 'a'), "b", std::string(1 << 20, 'b')});
}

}  // namespace
}  // namespace etcd::mvcc
