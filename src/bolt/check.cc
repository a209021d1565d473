#include "bolt/check.h"

#include <optional>
#include <utility>

#include "bolt/bucket_value.h"
#include "bolt/db.h"
#include "bolt/page_set.h"
#include "bolt/page_walk.h"
#include "bolt/stored_freelist.h"
#include "bolt/version.h"

namespace etcd::bolt {

namespace {

constexpr std::size_t kMaxFaults = 100;

// What a page's parent promises about its keys: all of them lie in [low, high).
struct Bounds {
  std::optional<std::string_view> low;
  std::optional<std::string_view> high;
};

struct Visit {
  PageId id;
  PageView page;
  Bounds bounds;
  std::uint32_t index = 0;
  std::uint32_t depth = 0;         // 0: the root of its bucket
  std::uint32_t bucket_depth = 0;  // 0: the root bucket
};

class Checker {
 public:
  Checker(const Pages& pages, const Meta& meta) : pages_(pages), meta_(meta) {}

  CheckReport run() {
    check_stored_list();
    enter(meta_.root, {}, 0, 0);
    while (!stack_.empty()) step();
    count_pages();
    return std::move(report_);
  }

 private:
  void fault(PageId id, const std::string& what) { note(report_.faults, id, what); }
  void untidy(PageId id, const std::string& what) { note(report_.untidy, id, what); }
  static void note(std::vector<std::string>& list, PageId id, const std::string& what) {
    if (list.size() < kMaxFaults) list.push_back("page " + std::to_string(id.value) + ": " + what);
  }

  void enter(PageId id, const Bounds& bounds, std::uint32_t depth, std::uint32_t bucket_depth) {
    const auto page = pages_.find(id);
    if (!page) return fault(id, "not a leaf or branch page below the high-water mark");
    if (depth >= kMaxTreeDepth || bucket_depth >= kMaxBucketDepth) return fault(id, "too deep");
    if (!reached_.insert(id, page->bytes().size() / pages_.page_size())) return fault(id, "in use twice");
    check_elements(id, *page, bounds);
    if (page->count() == 0 && !page->is_leaf()) fault(id, "a branch without children");
    if (page->count() == 1 && !page->is_leaf()) untidy(id, "a branch with a single child");
    if (page->count() == 0 && depth > 0) untidy(id, "an empty leaf below a branch");
    if (bounds.low && page->count() > 0 && page->key(0) != bounds.low) {
      untidy(id, "its first key is not its parent's key for it");
    }
    stack_.push_back({.id = id, .page = *page, .bounds = bounds, .depth = depth, .bucket_depth = bucket_depth});
  }

  // Goes below the next element of the page on top of the stack.
  void step() {
    Visit& visit = stack_.back();
    if (visit.index == visit.page.count()) {
      stack_.pop_back();
      return;
    }
    const std::uint32_t index = visit.index++;
    if (visit.page.is_leaf()) {
      below_leaf_element(visit, index);
    } else {
      below_branch_element(visit, index);
    }
  }

  void below_branch_element(const Visit& visit, std::uint32_t index) {
    const auto element = visit.page.branch_element(index);
    if (!element) return;  // reported by check_elements
    Bounds bounds{.low = element->key, .high = visit.bounds.high};
    if (index + 1 < visit.page.count()) bounds.high = visit.page.key(index + 1);
    enter(element->page, bounds, visit.depth + 1, visit.bucket_depth);
  }

  void below_leaf_element(const Visit& visit, std::uint32_t index) {
    const auto element = visit.page.leaf_element(index);
    if (!element) return;
    if (!element->is_bucket()) {
      ++report_.keys;
      if (visit.bucket_depth == 0) fault(visit.id, "a value among the top-level buckets");
      return;
    }
    ++report_.buckets;
    const auto root = bucket_target(element->value);
    if (!root) return fault(visit.id, "a damaged bucket header");
    if (*root != PageId(0)) return enter(*root, {}, 0, visit.bucket_depth + 1);
    const auto page = PageView::parse(element->value.substr(kBucketHeaderBytes));
    check_elements(visit.id, *page, {});
    report_.keys += page->count();
  }

  // Of one page: positions, sizes, order.
  void check_elements(PageId id, const PageView& page, const Bounds& bounds) {
    std::uint64_t bytes = kPageHeaderBytes;
    std::optional<std::string_view> last;
    for (std::uint32_t i = 0; i < page.count(); ++i) {
      const auto leaf = page.is_leaf() ? page.leaf_element(i) : std::nullopt;
      const auto key = page.is_leaf() && !leaf ? std::nullopt : page.key(i);
      if (!key) return fault(id, "element " + std::to_string(i) + " lies outside the page");
      if (key->empty() || key->size() > kMaxKeyBytes) fault(id, "a key of " + std::to_string(key->size()) + " bytes");
      if (last && compare_keys(*last, *key) >= 0) {
        fault(id, "key " + std::to_string(i) + " is not greater than the one before");
      }
      last = key;
      bytes += kElementBytes + key->size() + (leaf ? leaf->value.size() : 0);
      if (bounds.low && compare_keys(*key, *bounds.low) < 0) {
        fault(id, "key " + std::to_string(i) + " is less than its parent's key for the page");
      }
      if (bounds.high && compare_keys(*key, *bounds.high) >= 0) {
        fault(id, "key " + std::to_string(i) + " belongs to a later page");
      }
    }
    if (bytes > page.bytes().size()) fault(id, "elements share bytes");
  }

  void check_stored_list() {
    const auto list = stored_freelist(pages_, meta_);
    if (!list) return fault(meta_.freelist, "not a free list");
    if (!*list) return;
    list_ = **list;
    reached_.insert(list_->page, list_->pages);
    for (std::uint64_t i = 0; i < list_->count(); ++i) {
      const PageId id = list_->id(i);
      if (id.value < 2 || id >= meta_.high_water) {
        fault(id, "free, but out of range");
      } else if (!listed_.insert(id)) {
        fault(id, "free twice");
      }
    }
  }

  void count_pages() {
    for (PageId id(2); id < meta_.high_water; id = id.next()) {
      const bool used = reached_.contains(id);
      if (list_ && used && listed_.contains(id)) fault(id, "free and in use");
      if (list_ && !used && !listed_.contains(id)) fault(id, "neither free nor in use");
      ++(used ? report_.pages_in_use : report_.pages_free);
    }
    report_.pages_in_use += 2;
  }

  const Pages& pages_;
  const Meta& meta_;
  CheckReport report_;
  PageSet reached_;
  std::optional<StoredFreelist> list_;
  PageSet listed_;
  std::vector<Visit> stack_;
};

}  // namespace

CheckReport check(const ReadTx& tx) {
  return Checker(tx.version().pages(), tx.version().meta()).run();
}

Result<CheckReport> check_file(base::FileSystem& fs, const std::string& path) {
  if (!fs.exists(path)) return fail(Errc::kNotExist, "db " + path + ": no such file");
  TRY_ASSIGN(const auto db, Db::open(fs, path, {}));
  return check(db->begin_read());
}

}  // namespace etcd::bolt
