#include "apply/read_only.h"

#include "apply/branches.h"
#include "apply/txn_response.h"
#include "lease/lessor.h"
#include "mvcc/range.h"
#include "mvcc/read_view.h"

namespace etcd::apply {

mvcc::RangeOptions range_options(const RangeRequest& request) {
  return {.key = request.key,
          .range_end = request.range_end,
          .limit = request.limit,
          .revision = Revision(request.revision),
          .sort_order = static_cast<mvcc::SortOrder>(request.sort_order),
          .sort_target = static_cast<mvcc::SortTarget>(request.sort_target),
          .keys_only = request.keys_only,
          .count_only = request.count_only,
          .min_mod_revision = Revision(request.min_mod_revision),
          .max_mod_revision = Revision(request.max_mod_revision),
          .min_create_revision = Revision(request.min_create_revision),
          .max_create_revision = Revision(request.max_create_revision)};
}

Result<base::Rope> run_range(const mvcc::ReadView& view, const RangeRequest& request, ResponseHeader header) {
  TRY_ASSIGN(const mvcc::RangeResult result, mvcc::range(view, range_options(request)));
  header.revision = view.revision();
  return encode_range_response(header, result);
}

Result<base::Rope> run_read_txn(const mvcc::ReadView& view, const TxnRequest& request, ResponseHeader header,
                                OperationCounts& counts) {
  TRY_ASSIGN(const Branches branches, Branches::choose(view, request));
  TRY(check_operations(view, lease::Lessor(), request, branches));
  header.revision = view.revision();
  base::Rope responses;
  const TxnRequest::Slice& taken = branches.taken(request, 0);
  for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
    // Inside a transaction a response's header has the revision alone.
    TRY_ASSIGN(base::Rope response,
               run_range(view, request.ranges[request.ops[i].place], {.revision = header.revision}));
    append_response_op(responses, TxnOp::Kind::kRange, std::move(response));
  }
  counts.add_transaction({.ranges = branches.compares() + (taken.end - taken.begin)});
  return encode_txn_response(header, branches.succeeded(0), std::move(responses));
}

}  // namespace etcd::apply
