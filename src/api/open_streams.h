// OpenStreams: the streaming calls of one service that stay open as long as the client likes, so that they can be ended when the server stops.
//
// Any thread. Holds each call's LeaderWatch too, so that none outlives the Gate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "api/gate.h"
#include "rpc/call.h"

namespace etcd::api {

class OpenStreams {
 public:
  // A call's place here, until this goes. It belongs into the events of the call, which end with it, whoever ends it: so it is gone before the streams.
  class Place {
   public:
    Place(OpenStreams& streams, std::uint64_t number) : streams_(&streams), number_(number) {}
    Place(Place&& other) noexcept : streams_(std::exchange(other.streams_, nullptr)), number_(other.number_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (streams_ != nullptr) streams_->forget(number_);
    }

   private:
    OpenStreams* streams_;
    std::uint64_t number_;
  };

  // Nothing once stopped, and then the call is ended.
  std::optional<Place> add(rpc::StreamCall call, LeaderWatch watch);
  // Ends all, now and later, with kStopped.
  void stop();
  std::size_t size() const;

 private:
  struct Open {
    rpc::StreamCall call;
    LeaderWatch watch;
  };

  void forget(std::uint64_t number);

  mutable std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  std::uint64_t made_ = 0;
  std::map<std::uint64_t, Open> open_;
};

}  // namespace etcd::api
