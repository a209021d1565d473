// The log line "request stats": what a unary request was and how long it took, with etcd's fields. Values never get into the log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/log.h"
#include "rpc/call.h"

namespace etcd::api {

// What kind of request a method takes: how it is counted, and how it is described in the log.
enum class RequestType : std::uint8_t {
  kRange,
  kPut,
  kDeleteRange,
  kTxn,
  kReadonlyTxn,
  kCompaction,
  kLeaseGrant,
  kLeaseRevoke,
  kAlarm,
  kOther
};
inline constexpr std::size_t kRequestTypes = 10;
// The label of etcd_server_request_duration_seconds; "" for kOther, which is not measured.
std::string_view name_of(RequestType type);

class RequestStats {
 public:
  // Requests slower than `warn_after_ns` (0: none) are logged at level warn, all of them at level debug if that is on. Both must outlive it.
  RequestStats(std::int64_t warn_after_ns, base::Clock& clock, base::Logger& logger);

  // Of an unary call that is about to be answered; `response` is null if it failed. Any thread; cheap unless it logs. A `count` of -1 (how many a
  // Range found) is looked up in the response.
  void note(const rpc::UnaryCall& call, RequestType type, std::int64_t took_ns, const base::Rope* response, std::int64_t count = -1) const;

 private:
  bool wants(std::int64_t took_ns) const {
    return logs_all_ || (warn_after_ns_ > 0 && took_ns > warn_after_ns_);
  }
  void log(const rpc::UnaryCall& call, RequestType type, std::int64_t took_ns, const base::Rope* response, std::int64_t count) const;

  std::int64_t warn_after_ns_;
  bool logs_all_;
  base::Clock& clock_;
  base::Logger& logger_;
};


}  // namespace etcd::api
