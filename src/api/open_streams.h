// OpenStreams: the streaming calls of one service that stay open as long as the client likes, so that they can be ended when the server stops.
//
// Any thread. Holds each call's LeaderWatch too, so that none outlives the Gate.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "api/gate.h"
#include "rpc/call.h"

namespace etcd::api {

class OpenStreams {
 public:
  // A number for forget(); nothing once stopped, and then the call is ended.
  std::optional<std::uint64_t> add(rpc::StreamCall call, LeaderWatch watch);
  // The call is over. A number that is not here is passed over.
  void forget(std::uint64_t number);
  // Ends all, now and later, with kStopped.
  void stop();

 private:
  struct Open {
    rpc::StreamCall call;
    LeaderWatch watch;
  };

  std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  std::uint64_t made_ = 0;
  std::map<std::uint64_t, Open> open_;
};

}  // namespace etcd::api
