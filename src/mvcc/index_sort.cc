#include "mvcc/index_sort.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "base/check.h"
#include "mvcc/index_node.h"

namespace etcd::mvcc {
namespace {

struct Item {
  std::uint64_t word;        // the key's bytes [depth, depth + 8)
  std::uint32_t record;
  std::uint32_t rest;        // how many bytes the key has from depth on, 9 for more than 8: sorts "a" before "a\0"
};

bool operator<(const Item& a, const Item& b) {
  return std::tie(a.word, a.rest, a.record) < std::tie(b.word, b.rest, b.record);
}

constexpr std::uint32_t kMoreThanWord = sizeof(Item::word) + 1;

// Items whose keys agree before `depth`.
struct Run {
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

class Sorter {
 public:
  explicit Sorter(const std::vector<IndexRecord>& records) : records_(records), items_(records.size()) {
    for (std::size_t i = 0; i < items_.size(); ++i) items_[i].record = static_cast<std::uint32_t>(i);
  }

  std::vector<std::uint32_t> sort() {
    std::vector<Run> runs;
    if (!items_.empty()) runs.push_back({0, items_.size(), 0});
    while (!runs.empty()) {
      const Run run = runs.back();
      runs.pop_back();
      sort_run(run, runs);
    }
    std::vector<std::uint32_t> order(items_.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = items_[i].record;
    return order;
  }

 private:
  std::string_view key(std::size_t item) const { return records_[items_[item].record].key; }

  // Sorts by the next eight bytes in which the keys may differ, and leaves the runs that need more of them.
  void sort_run(const Run& run, std::vector<Run>& rest) {
    const std::size_t depth = skip_shared(run);
    for (std::size_t i = run.begin; i < run.end; ++i) {
      items_[i].word = word_at(key(i), depth);
      items_[i].rest = static_cast<std::uint32_t>(std::min<std::size_t>(key(i).size() - depth, kMoreThanWord));
    }
    std::sort(items_.begin() + static_cast<std::ptrdiff_t>(run.begin), items_.begin() + static_cast<std::ptrdiff_t>(run.end));
    for (std::size_t begin = run.begin; begin < run.end;) {
      std::size_t end = begin + 1;
      while (end < run.end && items_[end].word == items_[begin].word && items_[end].rest == items_[begin].rest) ++end;
      if (end - begin > 1 && items_[begin].rest == kMoreThanWord) rest.push_back({begin, end, depth + sizeof(Item::word)});
      begin = end;
    }
  }

  // Equal keys, the many versions of one, end here: their shared prefix is all of the key.
  std::size_t skip_shared(const Run& run) const {
    const std::string_view first = key(run.begin);
    std::size_t shared = first.size();
    for (std::size_t i = run.begin + 1; i < run.end && shared > run.depth; ++i) {
      shared = run.depth + shared_prefix(first.substr(run.depth, shared - run.depth), key(i).substr(run.depth));
    }
    return shared;
  }

  const std::vector<IndexRecord>& records_;
  std::vector<Item> items_;
};

}  // namespace

std::vector<std::uint32_t> sort_by_key(const std::vector<IndexRecord>& records) {
  CHECK(records.size() < std::numeric_limits<std::uint32_t>::max(), records.size());
  return Sorter(records).sort();
}

}  // namespace etcd::mvcc
