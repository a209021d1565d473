#include "api/concurrency/contender.h"

#include <utility>

#include "api/concurrency/messages.h"
#include "mvcc/key_value.h"

namespace etcd::api {

namespace {

rpc::GrpcStatus unknown(const char* text) { return {rpc::GrpcCode::kUnknown, text}; }

}  // namespace

void Contender::start(const Parts& parts, Request request, rpc::UnaryCall call) {
  std::make_shared<Contender>(parts, std::move(request), std::move(call))->begin();
}

Contender::Contender(const Parts& parts, Request request, rpc::UnaryCall call)
    : parts_(parts), request_(std::move(request)), call_(std::move(call)), deadline_ns_(call_->info().deadline_ns) {}

void Contender::begin() {
  call_->on_cancel([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_caller_gone();
  });
  stop_hook_ = parts_.stops.add(parts_.context.lanes.here().loop(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->on_stop();
  });
  parts_.client.lease_or_new(request_.lease, deadline_ns_, [self = shared_from_this()](Result<LeaseId> lease) {
    if (self->is_over()) return;
    lease ? self->contend(*lease) : self->lose(lease.error());
  });
}

// The key comes to be, or is there already from an earlier call with the same lease. A lock also asks who is the oldest, to be through at once if
// nobody else is there.
void Contender::contend(LeaseId lease) {
  lease_ = lease;
  key_ = contender_key(prefix(), lease);
  const bool is_lock = request_.kind == Kind::kLock;
  CreatedTxn txn{.key = key_, .created = Revision(0), .success = {put_op(key_, request_.value, lease)}, .failure = {get_op(key_)}};
  if (is_lock) txn.success.push_back(oldest_op(prefix()));
  if (is_lock) txn.failure.push_back(oldest_op(prefix()));
  parts_.client.txn(txn, deadline_ns_, [self = shared_from_this()](Result<TxnAnswer> answer) {
    if (!answer) return self->is_over() ? void() : self->lose(answer.error());
    self->on_contended(*answer);
  });
}

void Contender::on_contended(const TxnAnswer& answer) {
  mvcc::KeyValue own;
  if (!answer.succeeded) own = mvcc::decode_key_value(answer.first_kvs.at(0)).value_or(mvcc::KeyValue());
  created_ = answer.succeeded ? answer.revision : own.create_revision;
  header_ = answer.header;
  if (is_over()) return answer.succeeded ? take_key_away() : void();
  if (request_.kind == Kind::kCampaign) return !answer.succeeded && own.value != request_.value ? announce() : wait_for_turn();
  const mvcc::KeyValue owner = mvcc::decode_key_value(answer.first_kvs.at(1)).value_or(mvcc::KeyValue());
  owner.key.empty() || owner.create_revision == created_ ? win(header_) : wait_for_turn();
}

// The candidate was there with another value.
void Contender::announce() {
  const CreatedTxn txn{.key = key_, .created = created_, .success = {put_op(key_, request_.value, lease_)}, .failure = {}};
  parts_.client.txn(txn, deadline_ns_, [self = shared_from_this()](const Result<TxnAnswer>& answer) {
    if (self->is_over()) return;
    if (!answer) {
      self->take_key_away();
      return self->lose(answer.error());
    }
    answer->succeeded ? self->wait_for_turn() : self->end(unknown("election: not leader"));
  });
}

void Contender::wait_for_turn() {
  if (const Status may = parts_.client.check_read(prefix()); !may) {
    take_key_away();
    return lose(may.error());
  }
  turn_.emplace(parts_.context, prefix(), created_.prev(), [self = shared_from_this()](const Status& status) {
    self->turn_.reset();
    status ? self->on_turn() : self->lose(status.error());
  });
  turn_->wait();
}

// A lock is worth something only while its lease lives.
void Contender::on_turn() {
  if (request_.kind == Kind::kCampaign) return win(header_);
  parts_.client.when_linearizable(deadline_ns_, [self = shared_from_this()](const Status& barrier) {
    if (self->is_over()) return;
    if (barrier) return self->confirm();
    self->take_key_away();
    self->lose(barrier.error());
  });
}

void Contender::confirm() {
  const mvcc::ReadViewRef view = parts_.context.node.view();
  const auto own = view->find(key_);
  if (!own) return lose(own.error());
  *own ? win(header_at(parts_.context, view->revision())) : end(unknown("mutex: session is expired"));
}

void Contender::win(std::string_view header) {
  parts_.stops.remove(stop_hook_);
  rpc::UnaryCall call = *std::exchange(call_, std::nullopt);
  base::Rope response = request_.kind == Kind::kLock
                            ? encode_lock(header, key_)
                            : encode_campaign(header, {.name = request_.name, .key = key_, .revision = created_, .lease = lease_});
  parts_.replies.answer(std::move(call), RequestType::kOther, std::move(response));
}

void Contender::end(rpc::GrpcStatus status) {
  parts_.stops.remove(stop_hook_);
  turn_.reset();
  rpc::UnaryCall call = *std::exchange(call_, std::nullopt);
  parts_.replies.refuse(std::move(call), std::move(status));
}

void Contender::on_caller_gone() {
  if (is_over()) return;
  const auto keep = shared_from_this();  // the wait holds it
  if (created_ != Revision(0)) take_key_away();
  lose(Error{Errc::kCanceled});
}

// The key stays: the caller will try again with the same lease.
void Contender::on_stop() {
  if (is_over()) return;
  const auto keep = shared_from_this();
  lose(Error{Errc::kStopped});
}

void Contender::take_key_away() {
  if (request_.kind == Kind::kLock) {
    return parts_.client.erase(key_, 0, [](const Result<std::string>&) {});
  }
  parts_.client.txn({.key = key_, .created = created_, .success = {delete_op(key_)}, .failure = {}});
}

}  // namespace etcd::api
