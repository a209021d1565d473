// Replies: the last step of every unary call. Measures it, logs it if it was slow, and answers with bytes or with etcd's error.
#pragma once

#include "api/api_metrics.h"
#include "api/request_stats.h"
#include "api/slow_reads.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "rpc/call.h"

namespace etcd::api {

// Any thread.
class Replies {
 public:
  // All must outlive it.
  Replies(const RequestStats& stats, const SlowReads& slow_reads, ApiMetrics& metrics, base::Clock& clock)
      : stats_(stats), slow_reads_(slow_reads), metrics_(metrics), clock_(clock) {}

  // Of a request that was tried: its duration counts. `count`, for the log: how many keys a Range found, or 1 if a Txn succeeded
  // and 0 if not; -1 if the response has to be asked.
  void answer(rpc::UnaryCall call, RequestType type, Result<base::Rope> response, std::int64_t count = -1) const;
  // Of one that never got that far.
  void refuse(rpc::UnaryCall call, const Error& error) const;
  void refuse(rpc::UnaryCall call, rpc::GrpcStatus status) const;

  std::int64_t since_start_ns(const rpc::UnaryCall& call) const { return clock_.monotonic_ns() - call.info().started_ns; }

 private:
  const RequestStats& stats_;
  const SlowReads& slow_reads_;
  ApiMetrics& metrics_;
  base::Clock& clock_;
};

}  // namespace etcd::api
