// One HTTP/2 connection of the load generator: keeps a given number of gRPC calls in flight, unary ones or the messages of as many bidirectional streams,
// one unanswered message on each.
//
// Frames are written by hand, since every request has the same header block; only the responses' headers go through nghttp2's HPACK decoder. That
// keeps the generator's own cost near a microsecond a call, so that on two cores the server is what is measured. Owner: the one thread of the program.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bench/load/frame_socket.h"

namespace etcd::bench {

// What a connection asks for and reports to.
class CallSource {
 public:
  virtual ~CallSource() = default;
  // The next request message; false when there are no more.
  virtual bool next(std::string& request) = 0;
  // A call has ended: its latency, the gRPC status (0: OK) and the size of the response message.
  virtual void ended(std::int64_t latency_ns, int status, std::size_t bytes) = 0;
};

class Connection {
 public:
  struct Options {
    std::string host;
    int port = 0;
    std::string path;  // "/etcdserverpb.KV/Put"
    int streams = 1;   // calls in flight
    bool bidirectional = false;
  };

  // Connects (blocking) and sends preface and settings.
  static Result<Connection> open(const Options& options, CallSource& source);

  int fd() const { return socket_.fd(); }
  int in_flight() const { return in_flight_; }
  bool wants_write() const { return socket_.wants_write(); }
  // Starts calls up to the limit and writes what the socket takes.
  Status fill(std::int64_t now_ns);
  // Reads what has come and ends the calls that are complete.
  Status receive(std::int64_t now_ns);

 private:
  struct Call {
    std::uint32_t stream = 0;  // 0: not open
    bool busy = false;         // waits for an answer
    std::int64_t started_ns = 0;
    std::size_t bytes = 0;
    std::string prefix;  // of a bidirectional stream's message: its first five bytes
    int status = -1;
  };

  Connection(FrameSocket socket, const Options& options, CallSource& source);
  void start_call(std::int64_t now_ns);
  Status on_frame(const Frame& frame, std::int64_t now_ns);
  Status on_headers(const Frame& frame);
  void on_data(const Frame& frame, std::int64_t now_ns);
  void end_call(Call& call, std::int64_t now_ns);
  void end_stream(std::uint32_t stream, std::int64_t now_ns);
  Call* find(std::uint32_t stream);
  Call& idle();

  FrameSocket socket_;
  CallSource& source_;
  int limit_;
  bool bidirectional_;
  int in_flight_ = 0;
  bool exhausted_ = false;
  std::uint32_t next_stream_ = 1;
  std::string header_block_;
  std::vector<Call> calls_;  // one slot per call in flight
  std::string request_;
  struct DeleteInflater {
    void operator()(nghttp2_hd_inflater* inflater) const { nghttp2_hd_inflate_del(inflater); }
  };
  std::unique_ptr<nghttp2_hd_inflater, DeleteInflater> inflater_;
};

}  // namespace etcd::bench
