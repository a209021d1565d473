// SlowReads: reads that did not go through the log and took longer than they should: etcd's warning and its count, which it shares with entries.
//
// Any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "api/request_stats.h"
#include "base/bytes.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"

namespace etcd::api {

class SlowReads {
 public:
  // `logger` must outlive it.
  SlowReads(std::int64_t warn_after_ns, base::Metrics& metrics, base::Logger& logger);

  struct Read {
    RequestType type;
    std::string_view request;      // encoded
    std::int64_t took_ns = 0;      // from the call's arrival
    std::int64_t range_count = 0;  // keys in a Range's range
  };
  // Of any request that was answered; cheap unless it was a slow read.
  void note(const Read& read, const Result<base::Rope>& response) const {
    const bool is_read = read.type == RequestType::kRange || read.type == RequestType::kReadonlyTxn;
    if (read.took_ns > warn_after_ns_ && is_read) report(read, response);
  }

 private:
  void report(const Read& read, const Result<base::Rope>& response) const;

  std::int64_t warn_after_ns_;
  base::Counter slow_;
  base::Logger& logger_;
};

}  // namespace etcd::api
