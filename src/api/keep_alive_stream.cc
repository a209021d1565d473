#include "api/keep_alive_stream.h"

#include <utility>

#include "api/errors.h"
#include "api/lease_messages.h"

namespace etcd::api {

void KeepAliveStream::start(OpenStreams::Place place) {
  call_.set_events({.on_message = [self = shared_from_this()](base::SharedBytes message) { self->on_message(message); },
                    .on_half_close =
                        [self = shared_from_this()] {
                          self->half_closed_ = true;
                          if (self->under_way_ == 0) self->finish({});
                        },
                    .on_writable = [self = shared_from_this()] { self->on_writable(); },
                    .on_cancel = [place = std::move(place)] {}});
  call_.read(kInFlight);
}

void KeepAliveStream::on_message(const base::SharedBytes& message) {
  const auto id = decode_lease_keep_alive(message.view());
  if (!id) return finish(malformed_request(id.error()));
  Lane& lane = context_.lanes.here();
  ++under_way_;
  const Revision revision = context_.node.view()->revision();
  auto judged = [self = shared_from_this(), id = *id, revision, term = lane.status().term](const Status& may) {
    may ? self->renew(id, revision, term) : self->on_renewed(id, revision, term, fail(may.error()));
  };
  callers_.check_lease(call_.info(), *id, auth::Access::Kind::kWrite, std::move(judged));
}

void KeepAliveStream::renew(LeaseId id, Revision revision, Term term) {
  context_.lanes.here().leases().renew(id, [self = shared_from_this(), id, revision, term](Result<std::int64_t> ttl_s) {
    self->on_renewed(id, revision, term, std::move(ttl_s));
  });
}

void KeepAliveStream::on_renewed(LeaseId id, Revision revision, Term term, Result<std::int64_t> ttl_s) {
  --under_way_;
  if (!ttl_s && ttl_s.error().code != Errc::kLeaseNotFound) return finish(to_status(ttl_s.error()));
  apply::ResponseHeader header = context_.lanes.here().header();
  header.revision = revision;
  header.term = term;
  if (call_.send(encode_lease_keep_alive(header, id, ttl_s.value_or(0)))) {
    call_.read(1);
  } else {
    ++unread_;
  }
  if (half_closed_ && under_way_ == 0) finish({});
}

void KeepAliveStream::on_writable() {
  if (unread_ > 0) call_.read(std::exchange(unread_, 0));
}

void KeepAliveStream::finish(rpc::GrpcStatus status) {
  const auto keep = shared_from_this();  // the events hold it
  call_.finish(std::move(status));
}

}  // namespace etcd::api
