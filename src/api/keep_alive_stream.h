// KeepAliveStream: one LeaseKeepAlive call. Each message asks for one renewal; up to kInFlight of them may be under way.
//
// An answer carries the revision from before its renewal, so that it never claims that a lease was there at a revision at which it was gone. Answers
// come in order of the requests, but for leases that have just expired: those wait for their revocation and hold up nobody (in etcd the stream waits).
// Owner: its loop. Lives as long as the call's events or a renewal under way.
#pragma once

#include <cstdint>
#include <memory>

#include "api/auth/callers.h"
#include "api/context.h"
#include "api/open_streams.h"
#include "rpc/call.h"

namespace etcd::api {

class KeepAliveStream : public std::enable_shared_from_this<KeepAliveStream> {
 public:
  // All must outlive the loop's run.
  KeepAliveStream(Context& context, Callers& callers, rpc::StreamCall call) : context_(context), callers_(callers), call_(std::move(call)) {}

  // On the call's loop, from its handler. `place`: the call's.
  void start(OpenStreams::Place place);

 private:
  static constexpr std::uint32_t kInFlight = 256;

  void on_message(const base::SharedBytes& message);
  void renew(LeaseId id, Revision revision, Term term);
  void on_renewed(LeaseId id, Revision revision, Term term, Result<std::int64_t> ttl_s);
  void on_writable();
  void finish(rpc::GrpcStatus status);

  Context& context_;
  Callers& callers_;
  rpc::StreamCall call_;
  std::uint32_t under_way_ = 0;
  std::uint32_t unread_ = 0;  // messages that may be read once the client takes its answers
  bool half_closed_ = false;  // the client asks no more
};

}  // namespace etcd::api
