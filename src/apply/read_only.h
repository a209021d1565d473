// Reads on a ReadView, for any thread: a Range, and a transaction that only reads.
#pragma once

#include "apply/operation_counts.h"
#include "apply/request.h"
#include "apply/response.h"
#include "base/bytes.h"
#include "base/result.h"

namespace etcd::mvcc {
class ReadView;
struct RangeOptions;
}  // namespace etcd::mvcc

namespace etcd::apply {

// `request` must have passed check_range. Its views are borrowed by the options.
mvcc::RangeOptions range_options(const RangeRequest& request);

// The encoded RangeResponse. header.revision is filled in from the view. kCompacted, kFutureRevision.
Result<base::Rope> run_range(const mvcc::ReadView& view, const RangeRequest& request, ResponseHeader header);

// The encoded TxnResponse of a request with is_read_only() that has passed check_txn. header.revision is filled in from
// the view. kCompacted, kFutureRevision for a range at such a revision in the branch taken. Adds what it did to
// `counts`, if it succeeds.
Result<base::Rope> run_read_txn(const mvcc::ReadView& view, const TxnRequest& request, ResponseHeader header,
                                OperationCounts& counts);

}  // namespace etcd::apply
