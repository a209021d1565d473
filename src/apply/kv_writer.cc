#include "apply/kv_writer.h"

#include <string>
#include <utility>

#include "apply/read_only.h"
#include "apply/txn_response.h"
#include "base/check.h"

namespace etcd::apply {

using base::Rope;

std::string_view KvWriter::read(RevisionPair revision) const {
  const auto bytes = txn_.read(revision);
  CHECK(bytes.has_value(), describe(bytes.error()));
  return *bytes;
}

std::optional<KvWriter::Previous> KvWriter::previous(std::string_view key) const {
  const auto state = txn_.state(key);
  if (!state) return std::nullopt;
  const std::string_view bytes = read(state->modified);
  const auto kv = mvcc::decode_key_value(bytes);
  CHECK(kv.has_value(), describe(kv.error()));
  return Previous{bytes, *kv};
}

Rope KvWriter::put(const PutRequest& request, ResponseHeader header) {
  std::optional<Previous> before;
  if (request.prev_kv || request.ignore_value || request.ignore_lease) {
    before = previous(request.key);
    ++counts_.ranges;
    ++looks_before_puts_;
  }
  // The key was there when the request was checked. Only an entry that no api of ours let through can have deleted it
  // since, in the same transaction (see add_put in check.cc): then the key starts anew, with nothing.
  const mvcc::KeyValue kept = before ? before->kv : mvcc::KeyValue();
  const LeaseId lease = request.ignore_lease ? kept.lease : request.lease;
  const std::string_view value = request.ignore_value ? kept.value : request.value;
  txn_.put(request.key, value, lease);
  ++counts_.puts;
  counts_.put_bytes += request.key.size() + value.size();
  if (lease != LeaseId(0) || lessor_.has_keys()) lessor_.attach(request.key, lease);
  if (!wants_responses_) return {};
  header.revision = txn_.revision();
  return encode_put_response(header, request.prev_kv && before ? std::optional(before->bytes) : std::nullopt);
}

Rope KvWriter::delete_range(const DeleteRangeRequest& request, ResponseHeader header) {
  const std::vector<mvcc::DeletedKey> deleted = txn_.delete_range(request.key, request.range_end);
  ++counts_.deletes;
  if (request.prev_kv) ++counts_.ranges;
  if (lessor_.has_keys()) {
    for (const mvcc::DeletedKey& one : deleted) lessor_.detach(one.key);
  }
  if (!wants_responses_) return {};
  std::vector<std::string_view> previous_kvs;
  if (request.prev_kv) {
    previous_kvs.reserve(deleted.size());
    for (const mvcc::DeletedKey& one : deleted) previous_kvs.push_back(read(one.previous));
  }
  header.revision = txn_.revision();
  return encode_delete_range_response(header, static_cast<std::int64_t>(deleted.size()), previous_kvs);
}

void KvWriter::delete_keys(const std::vector<std::string_view>& keys) {
  for (const std::string_view key : keys) {
    txn_.delete_range(key, {});
    lessor_.detach(key);
    ++counts_.deletes;
  }
}

Rope KvWriter::range(const RangeRequest& request, ResponseHeader header) {
  if (!wants_responses_) return {};
  ++counts_.ranges;
  const auto result = txn_.range(range_options(request));
  CHECK(result.has_value(), describe(result.error()));
  header.revision = txn_.revision();
  return encode_range_response(header, *result);
}

Rope KvWriter::txn(const TxnRequest& request, const Branches& branches, ResponseHeader header) {
  Rope responses = run_part(request, branches, 0);
  if (!wants_responses_) return {};
  header.revision = txn_.revision();
  return encode_txn_response(header, branches.succeeded(0), std::move(responses));
}

// Depth is limited by kMaxTxnDepth.
Rope KvWriter::run_part(const TxnRequest& request, const Branches& branches, std::uint32_t part) {
  Rope responses;
  const TxnRequest::Slice& taken = branches.taken(request, part);
  for (std::uint32_t i = taken.begin; i < taken.end; ++i) {
    Rope response = run_op(request, branches, request.ops[i]);
    if (wants_responses_) append_response_op(responses, request.ops[i].kind, std::move(response));
  }
  return responses;
}

// Within a transaction headers have the revision alone, and those of nested transactions not even that.
Rope KvWriter::run_op(const TxnRequest& request, const Branches& branches, const TxnOp& op) {
  switch (op.kind) {
    case TxnOp::Kind::kNone:
      break;
    case TxnOp::Kind::kRange:
      return range(request.ranges[op.place], {});
    case TxnOp::Kind::kPut:
      return put(request.puts[op.place], {});
    case TxnOp::Kind::kDeleteRange:
      return delete_range(request.deletes[op.place], {});
    case TxnOp::Kind::kTxn:
      return encode_txn_response({}, branches.succeeded(op.place), run_part(request, branches, op.place));
  }
  return {};
}

}  // namespace etcd::apply
