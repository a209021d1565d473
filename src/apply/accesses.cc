#include "apply/accesses.h"

#include "lease/lessor.h"

namespace etcd::apply {

namespace {

using Kind = auth::Access::Kind;

void append_keys_of(LeaseId lease, const lease::Lessor* lessor, Accesses& out) {
  if (lessor == nullptr || lease == LeaseId(0)) return;
  for (const std::string_view key : lessor->keys_of(lease))
    out.push_back({.kind = Kind::kWrite, .key = key, .of_lease = true});
}

}  // namespace

void append_accesses(const RangeRequest& request, Accesses& out) { out.push_back(access_of(request)); }

void append_accesses(const PutRequest& request, const lease::Lessor* lessor, Accesses& out) {
  out.push_back({.kind = Kind::kWrite, .key = request.key});
  append_keys_of(request.lease, lessor, out);
  if (request.prev_kv) out.push_back({.kind = Kind::kRead, .key = request.key});
}

void append_accesses(const DeleteRangeRequest& request, Accesses& out) {
  out.push_back({.kind = Kind::kWrite, .key = request.key, .range_end = request.range_end});
  if (request.prev_kv) out.push_back({.kind = Kind::kRead, .key = request.key, .range_end = request.range_end});
}

// The lists hold what belongs to any part, so nothing that is nested can be forgotten.
void append_accesses(const TxnRequest& request, const lease::Lessor* lessor, Accesses& out) {
  for (const Compare& compare : request.compares)
    out.push_back({.kind = Kind::kRead, .key = compare.key, .range_end = compare.range_end});
  for (const RangeRequest& range : request.ranges) append_accesses(range, out);
  for (const PutRequest& put : request.puts) append_accesses(put, lessor, out);
  for (const DeleteRangeRequest& del : request.deletes) append_accesses(del, out);
}

void append_accesses(const LeaseRevokeRequest& request, const lease::Lessor* lessor, Accesses& out) {
  append_keys_of(request.id, lessor, out);
}

void append_accesses(const AnyRequest& request, const lease::Lessor* lessor, Accesses& out) {
  if (const auto* put = std::get_if<PutRequest>(&request)) return append_accesses(*put, lessor, out);
  if (const auto* txn = std::get_if<TxnRequest>(&request)) return append_accesses(*txn, lessor, out);
  if (const auto* range = std::get_if<RangeRequest>(&request)) return append_accesses(*range, out);
  if (const auto* del = std::get_if<DeleteRangeRequest>(&request)) return append_accesses(*del, out);
  if (const auto* revoke = std::get_if<LeaseRevokeRequest>(&request)) return append_accesses(*revoke, lessor, out);
}

}  // namespace etcd::apply
