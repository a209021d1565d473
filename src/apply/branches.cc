#include "apply/branches.h"

#include <string>

#include "lease/lessor.h"
#include "mvcc/key_value.h"
#include "mvcc/range.h"
#include "mvcc/read_view.h"

namespace etcd::apply {

namespace {

// Keys that a compare over a range looks at in one go.
constexpr std::int64_t kCompareBatch = 1000;

int order(auto a, auto b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// The number that was sent, if it was sent as the member of the union that `target` names; else zero.
std::int64_t number_for(const Compare& compare, Compare::Operand wanted) {
  return compare.operand == wanted ? compare.number : 0;
}

int order_of(const Compare& compare, const mvcc::KeyValue& kv) {
  switch (compare.target) {
    case CompareTarget::kVersion:
      return order(kv.version, number_for(compare, Compare::Operand::kVersion));
    case CompareTarget::kCreate:
      return order(kv.create_revision.value, number_for(compare, Compare::Operand::kCreate));
    case CompareTarget::kMod:
      return order(kv.mod_revision.value, number_for(compare, Compare::Operand::kMod));
    case CompareTarget::kLease:
      return order(kv.lease.value, number_for(compare, Compare::Operand::kLease));
    case CompareTarget::kValue:
      return kv.value.compare(compare.operand == Compare::Operand::kValue ? compare.value : std::string_view());
  }
  return 0;  // an unknown target is equal to everything
}

bool holds(const Compare& compare, const mvcc::KeyValue& kv) {
  const int result = order_of(compare, kv);
  switch (compare.result) {
    case CompareResult::kEqual:
      return result == 0;
    case CompareResult::kGreater:
      return result > 0;
    case CompareResult::kLess:
      return result < 0;
    case CompareResult::kNotEqual:
      return result != 0;
  }
  return true;  // an unknown relation holds
}

// Of no key: a value that is not there can't be told from an empty one, so comparing it never holds; all else is zero.
bool holds_without_key(const Compare& compare) {
  return compare.target != CompareTarget::kValue && holds(compare, {});
}

bool index_knows(CompareTarget target) {
  return target == CompareTarget::kVersion || target == CompareTarget::kCreate || target == CompareTarget::kMod;
}

Result<bool> holds_for_key(const mvcc::ReadView& state, const Compare& compare) {
  TRY_ASSIGN(const auto found, state.find(compare.key));
  if (!found) return holds_without_key(compare);
  TRY_ASSIGN(const mvcc::KeyValue kv, mvcc::decode_key_value(*found));
  return holds(compare, kv);
}

// True if it holds for each of the keys; nothing tells that there are none.
Result<bool> holds_for_range(const mvcc::ReadView& state, const Compare& compare) {
  std::string next(compare.key);
  mvcc::RangeOptions options;
  options.range_end = compare.range_end;
  options.limit = kCompareBatch;
  options.keys_only = index_knows(compare.target);
  for (bool first = true;; first = false) {
    options.key = next;
    TRY_ASSIGN(const mvcc::RangeResult batch, mvcc::range(state, options));
    if (first && batch.kvs.empty()) return holds_without_key(compare);
    for (const std::string_view bytes : batch.kvs) {
      TRY_ASSIGN(const mvcc::KeyValue kv, mvcc::decode_key_value(bytes));
      if (!holds(compare, kv)) return false;
    }
    if (!batch.more) return true;
    TRY_ASSIGN(const mvcc::KeyValue last, mvcc::decode_key_value(batch.kvs.back()));
    next = std::string(last.key) + '\0';
  }
}

// Counts those that it evaluates.
Result<bool> all_hold(const mvcc::ReadView& state, const TxnRequest& request, const TxnRequest::Slice& compares,
                      std::uint64_t& evaluated) {
  for (std::uint32_t i = compares.begin; i < compares.end; ++i) {
    const Compare& compare = request.compares[i];
    ++evaluated;
    TRY_ASSIGN(const bool one,
               compare.range_end.empty() ? holds_for_key(state, compare) : holds_for_range(state, compare));
    if (!one) return false;
  }
  return true;
}

// A range in a transaction is refused before it runs: unlike a Range of its own, with a negative revision below the
// compacted one too.
Status check_revision(const mvcc::ReadView& state, const RangeRequest& range) {
  if (range.revision == 0) return {};
  if (range.revision > state.revision().value) return fail(Errc::kFutureRevision);
  if (range.revision < state.compact_revision().value) return fail(Errc::kCompacted);
  return {};
}

}  // namespace

Result<Branches> Branches::choose(const mvcc::ReadView& state, const TxnRequest& request) {
  Branches branches(request.parts.size());
  std::vector<bool> reached(request.parts.size(), false);
  reached.front() = true;
  // Nested parts come after the part they are in.
  for (std::uint32_t part = 0; part < request.parts.size(); ++part) {
    if (!reached[part]) continue;
    TRY_ASSIGN(const bool held, all_hold(state, request, request.parts[part].compares, branches.compares_));
    branches.ways_[part] = held ? Way::kSuccess : Way::kFailure;
    const TxnRequest::Slice& taken = branches.taken(request, part);
    for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
      if (request.ops[i].kind == TxnOp::Kind::kTxn) reached[request.ops[i].place] = true;
    }
  }
  return branches;
}

Status check_operation(const mvcc::ReadView& state, const lease::Lessor& lessor, const PutRequest& put) {
  if (put.lease != LeaseId(0) && !lessor.exists(put.lease)) return fail(Errc::kLeaseNotFound);
  if (!put.ignore_value && !put.ignore_lease) return {};
  TRY_ASSIGN(const auto found, state.find(put.key));
  if (!found) return fail(Errc::kKeyNotFound);
  return {};
}

namespace {

// Depth is limited by kMaxTxnDepth.
Status check_part(const mvcc::ReadView& state, const lease::Lessor& lessor, const TxnRequest& request,
                  const Branches& branches, std::uint32_t part) {
  const TxnRequest::Slice& taken = branches.taken(request, part);
  for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
    const TxnOp& op = request.ops[i];
    if (op.kind == TxnOp::Kind::kRange) TRY(check_revision(state, request.ranges[op.place]));
    if (op.kind == TxnOp::Kind::kPut) TRY(check_operation(state, lessor, request.puts[op.place]));
    if (op.kind == TxnOp::Kind::kTxn) TRY(check_part(state, lessor, request, branches, op.place));
  }
  return {};
}

}  // namespace

Status check_operations(const mvcc::ReadView& state, const lease::Lessor& lessor, const TxnRequest& request,
                        const Branches& branches) {
  return check_part(state, lessor, request, branches, 0);
}

}  // namespace etcd::apply
