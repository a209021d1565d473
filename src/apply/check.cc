#include "apply/check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace etcd::apply {

namespace {

constexpr std::int64_t kKeyQuotaCost = 256;

bool has_revision_filter(const RangeRequest& request) {
  return request.min_mod_revision != 0 || request.max_mod_revision != 0 || request.min_create_revision != 0 ||
         request.max_create_revision != 0;
}

bool is_default_order(const RangeRequest& request) {
  return request.sort_order == SortOrder::kNone ||
         (request.sort_target == SortTarget::kKey && request.sort_order == SortOrder::kAscend);
}

// The longest of a part's lists: what counts against the limit.
std::size_t op_count(const TxnRequest::Part& part) {
  return std::max({part.compares.size(), part.success.size(), part.failure.size()});
}

// Walks a transaction in the order of its operations. Depth is limited by kMaxTxnDepth.
class ShapeCheck {
 public:
  explicit ShapeCheck(const TxnRequest& request) : request_(request) {}

  Status check_part(const TxnRequest::Part& part, std::size_t max_ops) const {
    const std::size_t count = op_count(part);
    if (count > max_ops) return fail(Errc::kTooManyOps);
    for (std::uint32_t i = part.compares.begin; i < part.compares.end; ++i) {
      if (request_.compares[i].key.empty()) return fail(Errc::kEmptyKey);
    }
    for (std::uint32_t i = part.success.begin; i < part.success.end; ++i)
      TRY(check_op(request_.ops[i], max_ops - count));
    for (std::uint32_t i = part.failure.begin; i < part.failure.end; ++i)
      TRY(check_op(request_.ops[i], max_ops - count));
    return {};
  }

 private:
  Status check_op(const TxnOp& op, std::size_t max_ops) const {
    switch (op.kind) {
      case TxnOp::Kind::kNone:
        break;
      case TxnOp::Kind::kRange:
        return check_range(request_.ranges[op.place]);
      case TxnOp::Kind::kPut:
        return check_put(request_.puts[op.place]);
      case TxnOp::Kind::kDeleteRange:
        return check_delete_range(request_.deletes[op.place]);
      case TxnOp::Kind::kTxn:
        return check_part(request_.parts[op.place], max_ops);
    }
    return fail(Errc::kKeyNotFound);
  }

  const TxnRequest& request_;
};

// The keys that deletions name.
class DeletedKeys {
 public:
  void add(const DeleteRangeRequest& request) {
    if (request.range_end.empty()) {
      keys_.insert(request.key);
    } else if (request.range_end == kToTheLast) {
      add_from(request.key);
    } else {
      add_interval(request.key, request.range_end);
    }
  }
  void add(const DeletedKeys& other) {
    keys_.insert(other.keys_.begin(), other.keys_.end());
    for (const auto& [begin, end] : other.intervals_) add_interval(begin, end);
    if (other.from_) add_from(*other.from_);
  }
  // By a deletion of one key or of an interval.
  bool contains(std::string_view key) const {
    if (keys_.count(key) != 0) return true;
    const auto after = intervals_.upper_bound(key);
    return after != intervals_.begin() && key < std::prev(after)->second;
  }
  // By a deletion of all keys from one on.
  bool reaches(std::string_view key) const { return from_ && key >= *from_; }

 private:
  static constexpr std::string_view kToTheLast{"\0", 1};

  void add_from(std::string_view begin) { from_ = from_ ? std::min(*from_, begin) : begin; }
  void add_interval(std::string_view begin, std::string_view end) {
    if (begin >= end) return;
    auto next = intervals_.upper_bound(begin);
    if (next != intervals_.begin() && std::prev(next)->second >= begin) {
      --next;
      begin = next->first;
    }
    while (next != intervals_.end() && next->first <= end) {
      end = std::max(end, next->second);
      next = intervals_.erase(next);
    }
    intervals_.emplace(begin, end);
  }

  std::unordered_set<std::string_view> keys_;
  std::map<std::string_view, std::string_view> intervals_;  // begin -> end; disjoint
  std::optional<std::string_view> from_;
};

// Finds keys that one course of a transaction would write twice.
class OverlapCheck {
 public:
  explicit OverlapCheck(const TxnRequest& request) : request_(request) {}

  Status check(const TxnRequest::Slice& branch) const {
    return written_by(branch).has_value() ? Status() : fail(Errc::kDuplicateKey);
  }

 private:
  // A key that is put, and whether the put takes over something of the key's old value.
  using Puts = std::unordered_map<std::string_view, bool>;
  struct Written {
    Puts puts;
    DeletedKeys deletes;
  };

  Result<Written> written_by(const TxnRequest::Slice& branch) const {
    Written all;
    for (std::uint32_t i = branch.begin; i < branch.end; ++i) {
      const TxnOp& op = request_.ops[i];
      if (op.kind == TxnOp::Kind::kDeleteRange) all.deletes.add(request_.deletes[op.place]);
    }
    for (std::uint32_t i = branch.begin; i < branch.end; ++i) {
      const TxnOp& op = request_.ops[i];
      if (op.kind == TxnOp::Kind::kTxn) TRY(add_nested(request_.parts[op.place], all));
    }
    for (std::uint32_t i = branch.begin; i < branch.end; ++i) {
      const TxnOp& op = request_.ops[i];
      if (op.kind == TxnOp::Kind::kPut) TRY(add_put(request_.puts[op.place], all));
    }
    return all;
  }

  // Only one branch of a nested transaction will run: both may put the same key.
  Status add_nested(const TxnRequest::Part& part, Written& all) const {
    TRY_ASSIGN(const Written success, written_by(part.success));
    TRY_ASSIGN(const Written failure, written_by(part.failure));
    for (const auto& [key, leans] : success.puts) TRY(add_put(key, leans, Puts(), all));
    for (const auto& [key, leans] : failure.puts) TRY(add_put(key, leans, success.puts, all));
    all.deletes.add(success.deletes);
    all.deletes.add(failure.deletes);
    return {};
  }

  static Status add_put(const PutRequest& put, Written& all) {
    return add_put(put.key, put.ignore_value || put.ignore_lease, Puts(), all);
  }
  // etcd does not take a deletion up to the last key for an overlap: the put takes effect in its order. But where the
  // put needs the value that was deleted, etcd's members end, all of them and at every start: that is refused here.
  static Status add_put(std::string_view key, bool leans, const Puts& allowed, Written& all) {
    if (all.deletes.contains(key) || (leans && all.deletes.reaches(key))) return fail(Errc::kDuplicateKey);
    if (!all.puts.emplace(key, leans).second && allowed.count(key) == 0) return fail(Errc::kDuplicateKey);
    return {};
  }

  const TxnRequest& request_;
};

}  // namespace

Status check_range(const RangeRequest& request) {
  if (request.key.empty()) return fail(Errc::kEmptyKey);
  if (request.sort_order < SortOrder::kNone || request.sort_order > SortOrder::kDescend)
    return fail(Errc::kInvalidSortOption);
  if (request.sort_target < SortTarget::kKey || request.sort_target > SortTarget::kValue)
    return fail(Errc::kInvalidSortOption);
  return {};
}

Status check_range_stream(const RangeRequest& request) {
  TRY(check_range(request));
  if (!is_default_order(request)) return fail(Errc::kRangeStreamSort);
  if (has_revision_filter(request)) return fail(Errc::kRangeStreamRevisionFilter);
  return {};
}

Status check_put(const PutRequest& request) {
  if (request.key.empty()) return fail(Errc::kEmptyKey);
  if (request.ignore_value && !request.value.empty()) return fail(Errc::kValueProvided);
  if (request.ignore_lease && request.lease != LeaseId(0)) return fail(Errc::kLeaseProvided);
  return {};
}

Status check_delete_range(const DeleteRangeRequest& request) {
  if (request.key.empty()) return fail(Errc::kEmptyKey);
  return {};
}

Status check_txn(const TxnRequest& request, std::size_t max_ops) {
  const TxnRequest::Part& outermost = request.parts.front();
  TRY(ShapeCheck(request).check_part(outermost, max_ops));
  TRY(OverlapCheck(request).check(outermost.success));
  return OverlapCheck(request).check(outermost.failure);
}

std::int64_t quota_cost(const PutRequest& request) {
  return kKeyQuotaCost + static_cast<std::int64_t>(request.key.size() + request.value.size());
}

std::int64_t quota_cost(const TxnRequest& request) {
  // Nested parts come after the part they are in: from the back, each is known when it is needed.
  std::vector<std::int64_t> part_costs(request.parts.size());
  const auto cost_of = [&](const TxnRequest::Slice& branch) {
    std::int64_t sum = 0;
    for (std::uint32_t i = branch.begin; i < branch.end; ++i) {
      const TxnOp& op = request.ops[i];
      if (op.kind == TxnOp::Kind::kPut) sum += quota_cost(request.puts[op.place]);
      if (op.kind == TxnOp::Kind::kTxn) sum += part_costs[op.place];
    }
    return sum;
  };
  for (std::size_t part = request.parts.size(); part-- > 0;) {
    part_costs[part] = std::max(cost_of(request.parts[part].success), cost_of(request.parts[part].failure));
  }
  return part_costs.front();
}

}  // namespace etcd::apply
