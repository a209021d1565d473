// Checks of a request's shape, in etcd's order: what the api refuses before proposing. Every entry has passed them.
#pragma once

#include <cstddef>

#include "apply/request.h"
#include "base/result.h"

namespace etcd::apply {

// kEmptyKey, kInvalidSortOption.
Status check_range(const RangeRequest& request);
// As check_range; then kRangeStreamSort, kRangeStreamRevisionFilter.
Status check_range_stream(const RangeRequest& request);
// kEmptyKey, kValueProvided, kLeaseProvided.
Status check_put(const PutRequest& request);
// kEmptyKey.
Status check_delete_range(const DeleteRangeRequest& request);
// At each level kTooManyOps if the longest of its three lists, on top of those of the levels around it, is over
// `max_ops`; kEmptyKey for a compare; the errors of each operation, kKeyNotFound for one that is empty. Then
// kDuplicateKey if in one course of the transaction a key is put twice, or put and in a deleted range.
Status check_txn(const TxnRequest& request, std::size_t max_ops);

// What a request adds to the database's size at most, in bytes, as etcd's quota counts: 0 means that it never grows it.
std::int64_t quota_cost(const PutRequest& request);
std::int64_t quota_cost(const TxnRequest& request);
inline constexpr std::int64_t kLeaseQuotaCost = 64;

}  // namespace etcd::apply
