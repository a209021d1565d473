#include "auth/permission_order.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

namespace etcd::auth {

namespace {

// Go's pattern-defeating quicksort keeps the order of equal elements up to this size, since it then inserts...
constexpr std::size_t kInsertsUpTo = 12;
// ...and from this size on, since a list that is sorted but for its last element is then put in order by moving that one.
constexpr std::size_t kShiftsFrom = 50;

// In between it partitions. `permissions` is sorted but for its last element, which is smaller than the one before.
class GoQuicksort {
 public:
  explicit GoQuicksort(std::vector<Permission>& list) : list_(list) {}

  void sort() {
    const auto size = static_cast<int>(list_.size());
    sort_part(0, size, static_cast<int>(std::bit_width(list_.size())));
  }

 private:
  struct Pivot {
    int place;
    bool list_looks_sorted;
  };
  struct Partition {
    int pivot;
    bool was_partitioned;
  };

  bool less(int a, int b) const { return at(a).key < at(b).key; }
  void swap(int a, int b) { std::swap(at(a), at(b)); }
  Permission& at(int i) const { return list_[static_cast<std::size_t>(i)]; }

  void sort_part(int begin, int end, int bad_pivots_left) {
    bool balanced = true;
    bool partitioned = true;
    while (end - begin > static_cast<int>(kInsertsUpTo)) {
      const int length = end - begin;
      if (bad_pivots_left == 0) return heap_sort(begin, end);
      if (!balanced) {
        scatter(begin, end);
        --bad_pivots_left;
      }
      const Pivot pivot = choose_pivot(begin, end);
      if (balanced && partitioned && pivot.list_looks_sorted && is_sorted(begin, end)) return;
      if (begin > 0 && !less(begin - 1, pivot.place)) {
        begin = gather_equal(begin, end, pivot.place);
        continue;
      }
      const Partition done = partition(begin, end, pivot.place);
      partitioned = done.was_partitioned;
      const int left = done.pivot - begin;
      const int right = end - done.pivot;
      balanced = std::min(left, right) >= length / 8;
      if (left < right) {
        sort_part(begin, done.pivot, bad_pivots_left);
        begin = done.pivot + 1;
      } else {
        sort_part(done.pivot + 1, end, bad_pivots_left);
        end = done.pivot;
      }
    }
    insertion_sort(begin, end);
  }

  void insertion_sort(int begin, int end) {
    for (int i = begin + 1; i < end; ++i) {
      for (int j = i; j > begin && less(j, j - 1); --j) swap(j, j - 1);
    }
  }

  bool is_sorted(int begin, int end) const {
    for (int i = begin + 1; i < end; ++i) {
      if (less(i, i - 1)) return false;
    }
    return true;
  }

  // The median of three; how often it had to turn two round tells what the list looks like.
  Pivot choose_pivot(int begin, int end) const {
    const int quarter = (end - begin) / 4;
    int a = begin + quarter;
    int b = begin + quarter * 2;
    int c = begin + quarter * 3;
    int turns = 0;
    const auto order = [&](int& x, int& y) {
      if (!less(y, x)) return;
      std::swap(x, y);
      ++turns;
    };
    order(a, b);
    order(b, c);
    order(a, b);
    return {.place = b, .list_looks_sorted = turns == 0};
  }

  // The pivot waits at `begin` while smaller ones go to the left and the others to the right.
  Partition partition(int begin, int end, int pivot) {
    swap(begin, pivot);
    int left = begin + 1;
    int right = end - 1;
    bool swapped = false;
    for (;;) {
      while (left <= right && less(left, begin)) ++left;
      while (left <= right && !less(right, begin)) --right;
      if (left > right) break;
      swap(left++, right--);
      swapped = true;
    }
    swap(right, begin);
    return {.pivot = right, .was_partitioned = !swapped};
  }

  // Nothing here is smaller than the pivot: those that equal it come first. Returns where the others begin.
  int gather_equal(int begin, int end, int pivot) {
    swap(begin, pivot);
    int left = begin + 1;
    int right = end - 1;
    for (;;) {
      while (left <= right && !less(begin, left)) ++left;
      while (left <= right && less(begin, right)) --right;
      if (left > right) return left;
      swap(left++, right--);
    }
  }

  // Against patterns that make for bad pivots: three swaps by a fixed sequence of numbers (xorshift64).
  void scatter(int begin, int end) {
    const int length = end - begin;
    const std::uint64_t mask = std::bit_ceil(static_cast<std::uint64_t>(length) + 1) - 1;
    auto random = static_cast<std::uint64_t>(length);
    const int middle = begin + length / 4 * 2;
    for (int place = middle - 1; place <= middle + 1; ++place) {
      random ^= random << 13;
      random ^= random >> 7;
      random ^= random << 17;
      int other = static_cast<int>(random & mask);
      if (other >= length) other -= length;
      swap(place, begin + other);
    }
  }

  void heap_sort(int begin, int end) {
    const int length = end - begin;
    for (int root = (length - 1) / 2; root >= 0; --root) sift_down(root, length, begin);
    for (int last = length - 1; last >= 0; --last) {
      swap(begin, begin + last);
      sift_down(0, last, begin);
    }
  }

  void sift_down(int root, int length, int begin) {
    for (int child = 2 * root + 1; child < length; child = 2 * root + 1) {
      if (child + 1 < length && less(begin + child, begin + child + 1)) ++child;
      if (!less(begin + root, begin + child)) return;
      swap(begin + root, begin + child);
      root = child;
    }
  }

  std::vector<Permission>& list_;
};

}  // namespace

void insert_permission(std::vector<Permission>& permissions, Permission added) {
  const auto by_key = [](const Permission& a, const Permission& b) { return a.key < b.key; };
  const auto place = std::upper_bound(permissions.begin(), permissions.end(), added, by_key);
  const std::size_t size = permissions.size() + 1;
  if (place == permissions.end() || size <= kInsertsUpTo || size >= kShiftsFrom) {
    permissions.insert(place, std::move(added));
    return;
  }
  permissions.push_back(std::move(added));
  GoQuicksort(permissions).sort();
}

}  // namespace etcd::auth
