#include "api/concurrency/local_client.h"

#include <utility>

#include "api/errors.h"
#include "api/lease_ids.h"
#include "api/wire_fields.h"
#include "apply/check.h"
#include "apply/request.h"
#include "base/wire.h"
#include "mvcc/range.h"

namespace etcd::api {

namespace {

constexpr std::int64_t kSessionTtlSeconds = 60;

Result<std::string> first_of(const mvcc::ReadView& view, const mvcc::RangeOptions& options) {
  TRY_ASSIGN(const mvcc::RangeResult result, mvcc::range(view, options));
  return result.kvs.empty() ? std::string() : std::string(result.kvs.front());
}

std::string header_of(std::string_view response) {
  std::string header;
  base::WireReader reader(response);
  while (const auto field = reader.next()) {
    if (is_field(*field, 1, base::WireType::kBytes)) header = field->bytes;
  }
  return header;
}

}  // namespace

void LocalClient::txn(const CreatedTxn& txn, std::int64_t deadline_ns, TxnCallback done) const {
  std::string request = encode(txn);
  const auto decoded = apply::decode_txn(request);
  Status checked = decoded ? apply::check_txn(*decoded, context_.options.max_txn_ops) : Status(fail(decoded.error()));
  if (!checked) return done(fail(checked.error()));
  propose(node::RequestKind::kTxn, std::move(request), deadline_ns, [done = std::move(done)](Result<base::Rope> response) mutable {
    done(response ? decode_txn_answer(base::SharedBytes(response->flatten())) : Result<TxnAnswer>(fail(response.error())));
  });
}

void LocalClient::txn(const CreatedTxn& txn) const {
  this->txn(txn, 0, [](const Result<TxnAnswer>&) {});
}

void LocalClient::erase(std::string_view key, std::int64_t deadline_ns, base::UniqueFunction<void(Result<std::string>)> done) const {
  std::string request;
  base::WireWriter(request).bytes_if(1, key);
  if (const Status checked = apply::check_delete_range({.key = key, .range_end = {}}); !checked) return done(fail(checked.error()));
  propose(node::RequestKind::kDeleteRange, std::move(request), deadline_ns, [done = std::move(done)](Result<base::Rope> response) mutable {
    done(response ? Result<std::string>(header_of(response->flatten())) : Result<std::string>(fail(response.error())));
  });
}

void LocalClient::lease_or_new(LeaseId lease, std::int64_t deadline_ns, base::UniqueFunction<void(Result<LeaseId>)> done) const {
  if (lease != LeaseId(0)) return done(lease);
  const LeaseId id = new_lease_id(context_.node);
  propose(node::RequestKind::kLeaseGrant, apply::encode_lease_grant({.ttl_s = kSessionTtlSeconds, .id = id}), deadline_ns,
          [id, done = std::move(done)](const Result<base::Rope>& response) mutable {
            done(response ? Result<LeaseId>(id) : Result<LeaseId>(fail(response.error())));
          });
}

Status LocalClient::check_read(std::string_view prefix) const { return callers_.check_read(caller_, prefix, prefix_end(prefix)); }

void LocalClient::when_linearizable(std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) const {
  if (context_.node.view_is_linearizable()) return done({});
  rpc::Loop& loop = context_.lanes.here().loop();
  context_.node.read_barrier(deadline_ns, [&loop, done = std::move(done)](Status barrier) mutable {
    loop.post([done = std::move(done), barrier = std::move(barrier)]() mutable { done(std::move(barrier)); });
  });
}

void LocalClient::propose(node::RequestKind kind, std::string request, std::int64_t deadline_ns, node::ProposeCallback done) const {
  auto who = callers_.identity(caller_);
  if (!who) return done(fail(who.error()));
  Lane& lane = context_.lanes.here();
  auto back_on_the_loop = [&loop = lane.loop(), done = std::move(done)](Result<base::Rope> response) mutable {
    loop.post([done = std::move(done), response = std::move(response)]() mutable { done(std::move(response)); });
  };
  lane.propose({.kind = kind,
                .request = base::SharedBytes(std::move(request)),
                .deadline_ns = deadline_ns,
                .done = std::move(back_on_the_loop),
                .who = std::move(*who)});
}

Result<std::string> oldest_under(const mvcc::ReadView& view, std::string_view prefix) {
  const std::string end = prefix_end(prefix);
  return first_of(view, {.key = prefix,
                         .range_end = end,
                         .limit = 1,
                         .sort_order = mvcc::SortOrder::kAscend,
                         .sort_target = mvcc::SortTarget::kCreate});
}

Result<std::string> newest_under(const mvcc::ReadView& view, std::string_view prefix, Revision limit) {
  const std::string end = prefix_end(prefix);
  return first_of(view, {.key = prefix,
                         .range_end = end,
                         .limit = 1,
                         .sort_order = mvcc::SortOrder::kDescend,
                         .sort_target = mvcc::SortTarget::kCreate,
                         .max_create_revision = limit});
}

rpc::GrpcStatus client_status(const Error& error) {
  rpc::GrpcStatus status = to_status(error);
  if (error.code != Errc::kDeadlineExceeded && error.code != Errc::kCanceled) status.code = rpc::GrpcCode::kUnknown;
  return status;
}

std::string header_at(Context& context, Revision revision) {
  apply::ResponseHeader header = context.lanes.here().header();
  header.revision = revision;
  return apply::encode_header(header);
}

}  // namespace etcd::api
