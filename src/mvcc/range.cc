#include "mvcc/range.h"

#include <algorithm>
#include <limits>

#include "mvcc/index.h"
#include "mvcc/key_range.h"
#include "mvcc/key_value.h"
#include "mvcc/read_view.h"
#include "mvcc/record_reader.h"

namespace etcd::mvcc {
namespace {

// A key in range, as the index knows it.
struct Found {
  std::string_view key;
  KeyState state;
};

// What etcd makes of the order asked for: no order given means the index's own for the key, and ascending for other
// targets.
bool index_order(const RangeOptions& options) {
  return options.sort_target == SortTarget::kKey && options.sort_order != SortOrder::kDescend;
}

bool has_bounds(const RangeOptions& options) {
  return options.min_mod_revision != Revision(0) || options.max_mod_revision != Revision(0) ||
         options.min_create_revision != Revision(0) || options.max_create_revision != Revision(0);
}

bool outside(Revision revision, Revision min, Revision max) {
  return (max != Revision(0) && revision > max) || (min != Revision(0) && revision < min);
}

bool within_bounds(const RangeOptions& options, const KeyState& state) {
  return !outside(state.modified.main, options.min_mod_revision, options.max_mod_revision) &&
         !outside(state.created, options.min_create_revision, options.max_create_revision);
}

Result<Revision> revision_to_read(const ReadView& view, Revision asked) {
  if (asked > view.revision()) return fail(Errc::kFutureRevision);
  const Revision revision = asked <= Revision(0) ? view.revision() : asked;
  if (revision < view.compact_revision()) return fail(Errc::kCompacted);
  return revision;
}

// How many keys have to be looked at, in order of key. One more than the limit where a sort follows that may prefer it
// (see range.h).
std::int64_t keys_needed(const RangeOptions& options) {
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  const bool cut_by_key = options.sort_order == SortOrder::kNone || index_order(options);
  if (options.limit <= 0 || !cut_by_key || has_bounds(options) || options.limit == kAll) return kAll;
  return index_order(options) ? options.limit : options.limit + 1;
}

class Range {
 public:
  Range(const ReadView& view, const RangeOptions& options, Revision at)
      : view_(view), options_(options), range_(KeyRange::of(options.key, options.range_end)), at_(at) {}

  Result<RangeResult> run() && {
    if (options_.count_only) {
      result_.count = view_.index().count(range_, at_);
      return std::move(result_);
    }
    if (range_.kind == KeyRange::Kind::kSingle) {
      find_one();
    } else {
      collect();
    }
    if (options_.sort_target == SortTarget::kValue) {
      TRY(read_and_sort_by_value());
    } else {
      sort_by_state();
      cut(found_);
      TRY(options_.keys_only ? make_keys() : read(found_));
    }
    return std::move(result_);
  }

 private:
  void find_one() {
    const auto history = view_.index().find(range_.begin);
    const auto state = history ? history->state(at_) : std::nullopt;
    if (!state) return;
    result_.count = 1;
    if (within_bounds(options_, *state)) found_.push_back({history->key(), *state});
  }

  void collect() {
    const std::int64_t needed = keys_needed(options_);
    std::int64_t seen = 0;
    if (!has_bounds(options_)) found_.reserve(static_cast<std::size_t>(std::min(needed, view_.index().count(range_, at_))));
    IndexCursor cursor = view_.index().seek(range_.begin);
    for (; seen < needed && cursor.valid(); cursor.next()) {
      const HistoryView history = cursor.history();
      if (!range_.contains(history.key())) break;
      const auto state = history.state(at_);
      if (!state) continue;
      ++seen;
      if (within_bounds(options_, *state)) found_.push_back({history.key(), *state});
    }
    result_.count = seen < needed ? seen : view_.index().count(range_, at_);
    // The index says what a scan of one key more would have found.
    if (index_order(options_) && seen == needed) result_.more = result_.count > seen;
  }

  void sort_by_state() {
    switch (options_.sort_target) {
      case SortTarget::kKey:
        if (!index_order(options_)) std::reverse(found_.begin(), found_.end());
        return;
      case SortTarget::kVersion:
        return sort_by(found_, [](const Found& f) { return f.state.version; });
      case SortTarget::kCreate:
        return sort_by(found_, [](const Found& f) { return f.state.created; });
      case SortTarget::kMod:
        return sort_by(found_, [](const Found& f) { return f.state.modified.main; });
      case SortTarget::kValue:
        return;
    }
  }

  // Equal elements stay in order of key either way.
  template <typename Element, typename Projection>
  void sort_by(std::vector<Element>& elements, Projection projection) const {
    if (options_.sort_order == SortOrder::kDescend) {
      std::ranges::stable_sort(elements, std::ranges::greater(), projection);
    } else {
      std::ranges::stable_sort(elements, std::ranges::less(), projection);
    }
  }

  template <typename Element>
  void cut(std::vector<Element>& elements) {
    if (options_.limit <= 0 || elements.size() <= static_cast<std::uint64_t>(options_.limit)) return;
    elements.erase(elements.begin() + options_.limit, elements.end());
    result_.more = true;
  }

  Status read(const std::vector<Found>& found) {
    std::vector<RevisionPair> revisions;
    revisions.reserve(found.size());
    for (const Found& f : found) revisions.push_back(f.state.modified);
    TRY_ASSIGN(result_.kvs, read_records(view_, revisions));
    return {};
  }

  // keys_only without a sort by value does not look at the db, and so knows no lease: as in etcd 3.7.
  Status make_keys() {
    result_.kvs.reserve(found_.size());
    for (const Found& f : found_) {
      add_owned({.key = f.key,
                 .create_revision = f.state.created,
                 .mod_revision = f.state.modified.main,
                 .version = f.state.version,
                 .value = {},
                 .lease = {}});
    }
    return {};
  }

  Status read_and_sort_by_value() {
    TRY(read(found_));
    std::vector<KeyValue> kvs;
    kvs.reserve(result_.kvs.size());
    for (const std::string_view bytes : result_.kvs) {
      TRY_ASSIGN(kvs.emplace_back(), decode_key_value(bytes));
    }
    std::vector<std::size_t> order(kvs.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    sort_by(order, [&](std::size_t i) { return kvs[i].value; });
    cut(order);
    const std::vector<std::string_view> unsorted = std::exchange(result_.kvs, {});
    for (const std::size_t i : order) {
      kvs[i].value = {};
      if (options_.keys_only)
        add_owned(kvs[i]);
      else
        result_.kvs.push_back(unsorted[i]);
    }
    return {};
  }

  // Appends an encoded KeyValue that lies neither in the tail nor in the db.
  void add_owned(const KeyValue& kv) {
    constexpr std::size_t kChunkBytes = 16 * 1024;
    const std::size_t size = encoded_size(kv);
    if (result_.owned.empty() || result_.owned.back().size() + size > result_.owned.back().capacity()) {
      result_.owned.emplace_back().reserve(std::max(size, kChunkBytes));
    }
    std::string& chunk = result_.owned.back();
    const std::size_t at = chunk.size();
    append_encoded(chunk, kv);
    result_.kvs.push_back(std::string_view(chunk).substr(at));
  }

  const ReadView& view_;
  const RangeOptions& options_;
  const KeyRange range_;
  const Revision at_;
  std::vector<Found> found_;
  RangeResult result_;
};

}  // namespace

Result<RangeResult> range(const ReadView& view, const RangeOptions& options) {
  TRY_ASSIGN(const Revision at, revision_to_read(view, options.revision));
  return Range(view, options, at).run();
}

}  // namespace etcd::mvcc
