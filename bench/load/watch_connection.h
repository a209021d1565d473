// One HTTP/2 connection with Watch streams of the load generator. Frames are written by hand, as in connection.h; response headers are not read.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/load/frame_socket.h"
#include "bench/load/report.h"

namespace etcd::bench {

// What all watch connections have seen.
struct WatchCounts {
  Latencies latencies;  // of each event, from the writing of its request; values begin with that time (see stamped_value)
  std::int64_t created = 0;
  std::int64_t events = 0;
  std::int64_t bytes = 0;
  std::int64_t canceled = 0;
};

// A value of `size` bytes (at least 16) that says when it was made.
std::string stamped_value(std::int64_t now_ns, std::size_t size);

class WatchConnection {
 public:
  // Connects (blocking).
  static Result<WatchConnection> open(const std::string& host, int port, WatchCounts& counts);

  // A new stream that watches these keys, each with a watch of its own, from that revision on (0: from now).
  void watch(const std::vector<std::string>& keys, std::int64_t start_revision);
  int fd() const { return socket_.fd(); }
  bool wants_write() const { return socket_.wants_write(); }
  Status flush() { return socket_.flush(); }
  Status receive(std::int64_t now_ns);

 private:
  WatchConnection(FrameSocket socket, WatchCounts& counts);
  Status on_frame(const Frame& frame, std::int64_t now_ns);
  void on_data(std::string& held, std::string_view payload, std::int64_t now_ns);
  void on_message(std::string_view message, std::int64_t now_ns);

  FrameSocket socket_;
  WatchCounts& counts_;
  std::string header_block_;
  std::vector<std::string> held_;             // by stream: an unfinished message
  std::vector<std::size_t> unacknowledged_;  // by stream: received bytes not yet returned to its window
};

}  // namespace etcd::bench
