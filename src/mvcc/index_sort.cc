#include "mvcc/index_sort.h"

#include <algorithm>

#include "mvcc/index_node.h"

namespace etcd::mvcc {
namespace {

struct Item {
  std::uint64_t word;  // the key's bytes [depth, depth + 8)
  IndexRecords::Place place;
  std::uint16_t rest;  // how many bytes the key has from depth on, 9 for more than 8: sorts "a" before "a\0"
  bool first_of_key;   // known once the item is in its place
};

constexpr std::uint16_t kMoreThanWord = sizeof(Item::word) + 1;

struct ByWord {
  bool operator()(const Item& a, const Item& b) const {
    if (a.word != b.word) return a.word < b.word;
    return a.rest != b.rest ? a.rest < b.rest : a.place < b.place;
  }
};

bool agree(const Item& a, const Item& b) {
  return a.word == b.word && a.rest == b.rest;
}

// Items whose keys agree before `depth`.
struct Run {
  std::size_t begin;
  std::size_t end;
  std::size_t depth;
};

class Sorter {
 public:
  explicit Sorter(const IndexRecords& records) : records_(records) {
    items_.reserve(records.size());
    for (const IndexRecords::Place place : records.places()) items_.push_back({0, place, 0, false});
  }

  std::vector<SortedRecord> sort() {
    std::vector<Run> runs;
    if (!items_.empty()) runs.push_back({0, items_.size(), 0});
    while (!runs.empty()) {
      const Run run = runs.back();
      runs.pop_back();
      sort_run(run, runs);
    }
    std::vector<SortedRecord> sorted;
    sorted.reserve(items_.size());
    for (const Item& item : items_) sorted.push_back({item.place, item.first_of_key});
    return sorted;
  }

 private:
  std::string_view key(std::size_t item) const { return records_[items_[item].place].key(); }

  // Sorts by the next eight bytes in which the keys may differ, and leaves the runs that need more of them.
  void sort_run(const Run& run, std::vector<Run>& rest) {
    const std::size_t depth = skip_shared(run);
    for (std::size_t i = run.begin; i < run.end; ++i) {
      items_[i].word = word_at(key(i), depth);
      items_[i].rest = static_cast<std::uint16_t>(std::min<std::size_t>(key(i).size() - depth, kMoreThanWord));
    }
    std::sort(items_.begin() + static_cast<std::ptrdiff_t>(run.begin),
              items_.begin() + static_cast<std::ptrdiff_t>(run.end), ByWord());
    for (std::size_t begin = run.begin; begin < run.end;) {
      std::size_t end = begin + 1;
      while (end < run.end && agree(items_[begin], items_[end])) ++end;
      if (end - begin > 1 && items_[begin].rest == kMoreThanWord) {
        rest.push_back({begin, end, depth + sizeof(Item::word)});
      } else {
        for (std::size_t i = begin; i < end; ++i) items_[i].first_of_key = i == begin;
      }
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

  const IndexRecords& records_;
  std::vector<Item> items_;
};

}  // namespace

std::vector<SortedRecord> sort_by_key(const IndexRecords& records) {
  return Sorter(records).sort();
}

}  // namespace etcd::mvcc
