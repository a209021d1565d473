// H2Session: the server's end of one HTTP/2 connection (RFC 9113), without sockets, threads or clocks.
//
// Bytes in -> events; calls and time in -> bytes out. nghttp2 does frames, HPACK, flow control and message validation;
// this class adds what a server that faces strangers needs: bounded header lists, bounded nuisances, ping policing, and
// flow control by hand. What a request means is not its business: gRPC and HTTP stand on it.
//
// Owner: one connection. receive() and produce() must not be called from within one another; all else may be called
// between them. Errors: a peer that breaks the protocol gets GOAWAY or RST_STREAM as the RFC says; is_over() then
// becomes true once that is sent.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "rpc/metadata.h"
#include "rpc/options.h"
#include "rpc/output.h"
#include "rpc/ping_policy.h"
#include "rpc/skipped_streams.h"
#include "rpc/token_bucket.h"

struct nghttp2_session;

namespace etcd::rpc {

// RFC 9113 section 7.
enum class H2Error : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kEnhanceYourCalm = 11,
};

// A header field of an answer. `lasting` bytes live until the process ends and are not copied.
struct H2Field {
  std::string_view name;
  std::string_view value;
  bool lasting = false;
};

// One request and its answer. Owned by the session until the H2Closed event, then by whoever handles that event, until
// release().
class H2Stream {
 public:
  std::int32_t id() const { return id_; }
  // The request's fields, pseudo fields included. May be swapped away.
  Metadata& head() { return head_; }
  // No more is sent or received; H2Closed is in the events.
  bool is_closed() const { return closed_; }
  // The client has sent its END_STREAM.
  bool has_ended() const { return ended_; }
  // Bytes of the answer that have not been produced.
  std::size_t queued_bytes() const { return output_.size(); }

  // The layer above keeps its own state of the request here and what it has charged to the stream, and asks for
  // H2Drained events.
  void* user = nullptr;
  std::size_t charged_bytes = 0;
  std::uint8_t charged_to = 0;  // which of its accounts
  bool reports_drained = false;

 private:
  friend class H2Session;
  friend struct H2Callbacks;
  friend class H2StreamPool;
  void recycle();

  std::int32_t id_ = 0;
  bool closed_ = false;
  bool ended_ = false;     // by the client
  bool answered_ = false;  // headers were submitted
  bool finished_ = false;  // nothing will follow what is in output_
  bool deferred_ = false;  // nghttp2 waits to be told of new output
  std::int64_t opened_ns_ = 0;
  std::size_t head_bytes_ = 0;
  Metadata head_;
  OutputQueue output_;
  std::span<const H2Field> lasting_trailers_;
  std::vector<std::pair<std::string, std::string>> trailers_;
  H2Stream* next_ = nullptr;  // in the session's list
  H2Stream* previous_ = nullptr;
};

// Streams to use again. Owner: one loop; sessions of that loop share it.
class H2StreamPool {
 public:
  std::unique_ptr<H2Stream> take();
  void give_back(std::unique_ptr<H2Stream> stream);

 private:
  static constexpr std::size_t kKept = 4096;
  std::vector<std::unique_ptr<H2Stream>> free_;
};

// A request's fields are complete.
struct H2Request {
  H2Stream* stream;
};
// `bytes` live until the next receive().
struct H2Data {
  H2Stream* stream;
  std::string_view bytes;
};
// The client has sent its all.
struct H2End {
  H2Stream* stream;
};
// The last event of a stream, whichever side ended it. Hand the stream to release().
struct H2Closed {
  H2Stream* stream;
  std::uint32_t error;
};
// `bytes` of the stream's output went into a batch.
struct H2Drained {
  H2Stream* stream;
  std::size_t bytes;
};
struct H2Pong {
  std::uint64_t payload;
};
using H2Event = std::variant<H2Request, H2Data, H2End, H2Closed, H2Drained, H2Pong>;

class H2Session {
 public:
  // `options` and `pool` must outlive the session. The server's SETTINGS are the first output.
  H2Session(const Options& options, H2StreamPool& pool);
  // Streams that are still open are destroyed without an event.
  ~H2Session();
  H2Session(const H2Session&) = delete;
  H2Session& operator=(const H2Session&) = delete;

  // Takes all of `bytes` (the client's preface first). Adds to events().
  void receive(std::string_view bytes, std::int64_t now_ns);
  // Fills `batch` until it is full or there is nothing to send. Adds to events().
  void produce(OutputBatch& batch, std::int64_t now_ns);
  bool wants_output() const;
  // Nothing more will be read; when wants_output() is false too, close the socket.
  bool is_over() const;
  // What happened, in order. The caller empties it.
  std::vector<H2Event>& events() { return events_; }

  // Streams that are neither closed nor refused.
  std::size_t active_streams() const { return active_; }

  // The answer: either answer() alone, or begin(), any number of write(), and one of the finish calls. On a closed
  // stream all are no-ops.

  // Headers that say it all: the end of the stream, too.
  void answer(H2Stream& stream, std::span<const H2Field> fields);
  void begin(H2Stream& stream, std::span<const H2Field> fields);
  // `head`: at most OutputQueue::kHeadBytes.
  void write(H2Stream& stream, std::string_view head, base::Rope body);
  void finish(H2Stream& stream);
  void finish_with(H2Stream& stream, std::span<const H2Field> lasting_trailers);
  void finish_with(H2Stream& stream, std::vector<std::pair<std::string, std::string>> trailers);
  void reset(H2Stream& stream, H2Error error);
  // The stream of an H2Closed event.
  void release(H2Stream* stream);
  // All streams that are not released, in any order. `visit` must not release any.
  template <typename Visit>
  void for_each_stream(Visit&& visit) {
    for (H2Stream* stream = streams_; stream != nullptr; stream = stream->next_) visit(*stream);
  }

  // The handler has taken `bytes` of the request's body: lets the client send as many more. (The connection's window is
  // refilled on arrival.)
  void consume(H2Stream& stream, std::size_t bytes);

  // GOAWAY in two steps: a notice that new requests should go elsewhere; then no new requests are taken.
  void notice_shutdown();
  void refuse_new_streams();
  // GOAWAY with an error, after which nothing more is read.
  void terminate(H2Error error, std::string_view debug_data);
  void ping(std::uint64_t payload);

 private:
  friend struct H2Callbacks;

  void submit(H2Stream& stream, std::span<const H2Field> fields, bool with_body);
  void resume(H2Stream& stream);
  H2Stream& open_stream(std::int32_t id);
  void close_stream(H2Stream& stream, std::uint32_t error);
  void end_stream(H2Stream& stream);
  void received_ping(std::uint64_t payload, bool is_answer);
  void count_nuisance();
  void received_reset(const H2Stream* stream);
  void begin_request(std::int32_t id);
  std::size_t read_output(H2Stream& stream, std::size_t most, std::uint32_t& flags);
  void submit_trailers(H2Stream& stream);

  const Options& options_;
  H2StreamPool& pool_;
  nghttp2_session* session_ = nullptr;
  std::vector<H2Event> events_;
  OutputBatch* batch_ = nullptr;  // while producing
  std::int64_t now_ns_ = 0;
  H2Stream* streams_ = nullptr;  // all that are not released
  std::size_t active_ = 0;
  PingPolicy ping_policy_;
  TokenBucket nuisances_;
  std::uint64_t may_be_reset_late_ = 0;  // closed streams: a reset of each may have crossed our answer
  SkippedStreams skipped_;
  bool broken_ = false;      // the bytes in make no sense any more
  bool terminated_ = false;  // GOAWAY with an error was queued
};

}  // namespace etcd::rpc
