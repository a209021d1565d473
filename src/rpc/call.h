// UnaryCall and StreamCall: what a handler holds of a call. Bytes in, a responder out, and a cancellation.
//
// A handler is called on the loop of the call's connection. The handle may then go to any thread and be answered from
// there; answering inside the handler is the fast path (no lock, no wake-up). An answer to a call that has meanwhile
// been cancelled, has expired or lost its connection is dropped. A handle may outlive its Server and Loop. A handle
// dropped without an answer ends the call with kInternal.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/unique_function.h"
#include "rpc/metadata.h"
#include "rpc/status.h"

namespace etcd::rpc {

class UnaryExchange;  // a call and its answer (exchange.h)
class StreamHandle;   // what the copies of a StreamCall share (exchange.h)
class Shard;          // one loop's part of a server (shard.h)
class MessageBatch;   // message_batch.h
struct Method;

// The other end of a connection; shared by all its calls.
struct Peer {
  std::string address;        // "127.0.0.1:51234", "[::1]:51234", "@" for a unix socket
  std::string local_address;  // likewise
  std::string local_socket;   // the address given to Server::listen
  bool is_secure = false;     // TLS
  // Common name of the certificate that the client has shown and that was verified; empty: none.
  std::string verified_common_name = {};
};

inline constexpr std::int64_t kNoDeadline = std::numeric_limits<std::int64_t>::max();

// What is known of a request when its handler is called; unchanged from then on, so that any thread may read it.
struct CallInfo {
  const Method* method = nullptr;
  std::shared_ptr<const Peer> peer = {};
  Metadata metadata = {};
  std::int64_t started_ns = 0;             // monotonic
  std::int64_t deadline_ns = kNoDeadline;  // monotonic
};

// A unary call: answered exactly once. Movable, one owner at a time.
class UnaryCall {
 public:
  explicit UnaryCall(UnaryExchange* exchange) : exchange_(exchange) {}
  UnaryCall(UnaryCall&& other) noexcept : exchange_(other.exchange_) { other.exchange_ = nullptr; }
  UnaryCall& operator=(UnaryCall&& other) noexcept;
  ~UnaryCall();

  // The message, inflated if it came compressed. Copy the SharedBytes to keep it beyond the call.
  const base::SharedBytes& request() const;
  // Lives as long as the handle.
  const CallInfo& info() const;

  // True once nobody waits for the answer (reset, deadline, connection gone). Any thread.
  bool is_cancelled() const;
  // `notify` runs on the loop's thread when that comes to pass, unless the call was answered first. Set it only inside
  // the handler, before the handle goes elsewhere.
  void on_cancel(base::UniqueFunction<void()> notify);

  // Each ends the handle. Never block; the bytes leave at the end of the loop's pass.
  void respond(base::Rope message) &&;
  void fail(GrpcStatus status) &&;

 private:
  friend class AnswerBatch;
  UnaryExchange* release();

  UnaryExchange* exchange_;  // null once answered
};

// Answers to many calls, handed to each loop with one lock and at most one wake-up. For the stage that finishes calls
// in batches. Owner: one thread. What was not sent is sent by the destructor.
class AnswerBatch {
 public:
  AnswerBatch() = default;
  ~AnswerBatch() { send(); }
  AnswerBatch(const AnswerBatch&) = delete;
  AnswerBatch& operator=(const AnswerBatch&) = delete;

  void respond(UnaryCall call, base::Rope message);
  void fail(UnaryCall call, GrpcStatus status);
  void send();

 private:
  struct PerLoop {
    Shard* shard;
    UnaryExchange* first;
    UnaryExchange* last;
  };

  void add(UnaryExchange* exchange);

  std::vector<PerLoop> loops_;
};

// What a streaming call reports, each on the loop's thread. Empty ones are skipped. All are destroyed, uncalled, once
// the call is over.
struct StreamEvents {
  // A message of the client; only after read() granted credit for it.
  base::UniqueFunction<void(base::SharedBytes)> on_message = {};
  // The client will send no more.
  base::UniqueFunction<void()> on_half_close = {};
  // Output is below the low-water mark again, after a send() that returned false.
  base::UniqueFunction<void()> on_writable = {};
  // Nobody listens any more: reset, deadline, connection gone. Not called after finish().
  base::UniqueFunction<void()> on_cancel = {};
};

// A server-streaming or bidirectional call. Copies are handles of the same call; all members may be used from any
// thread unless they say otherwise. When the last handle goes before finish(), the call ends with kInternal.
class StreamCall {
 public:
  StreamCall() = default;  // refers to no call; may only be assigned and asked
  explicit operator bool() const { return handle_ != nullptr; }

  const CallInfo& info() const;
  bool is_cancelled() const;

  // Only inside the handler or another event of this call.
  void set_events(StreamEvents events);

  // Bidirectional calls: lets `messages` more messages come in. Without credit the client is stopped by flow control;
  // no more than one window (Options::stream_window_bytes) or one message waits here.
  void read(std::uint32_t messages);

  // Queues one message. Returns false when the call's queued output is above its high-water mark: the message was taken
  // all the same, but the caller should wait for on_writable. After finish() or cancellation messages are dropped (and
  // false returned).
  bool send(base::Rope message);
  // The same for several at once, which is cheaper by far when they are small. On the loop's thread only.
  bool send(MessageBatch messages);
  // Bytes that were sent here and have not gone to the socket.
  std::size_t queued_bytes() const;
  // Ends the call after what was queued. The first one counts.
  void finish(GrpcStatus status);

  friend bool operator==(const StreamCall& a, const StreamCall& b) { return a.handle_ == b.handle_; }

 private:
  friend class StreamHandle;
  explicit StreamCall(std::shared_ptr<StreamHandle> handle) : handle_(std::move(handle)) {}

  std::shared_ptr<StreamHandle> handle_;
};

}  // namespace etcd::rpc
