// LocalCall: a call of one of the server's own methods, made from inside, as a client makes it over a connection: the
// same handlers, deadline, cancellation, flow control, counters and limit of concurrent streams, but no bytes on a
// wire.
//
// Owner: whoever makes it, on one loop's thread; everything here belongs to that thread. Events may come from within
// any call of start(), send(), close() and resume(), and later from the loop. They must not destroy the LocalCall:
// cancel() it, and put that off. Destroying it cancels it, too.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/unique_function.h"
#include "rpc/call.h"
#include "rpc/service.h"
#include "rpc/status.h"
#include "rpc/timer_wheel.h"

namespace etcd::rpc {

class StreamExchange;
struct StreamOrders;

struct LocalCallEvents {
  // wants_message() has become true (bidirectional calls).
  base::UniqueFunction<void()> on_wanted = {};
  // A message of the handler; one that is not ok comes with no message and one end.
  base::UniqueFunction<void(base::Rope)> on_message = {};
  // The call is over; nothing follows.
  base::UniqueFunction<void(const GrpcStatus&)> on_end = {};
};

// What a caller says of a call beside its messages.
struct LocalCallHead {
  Metadata metadata = {};
  std::shared_ptr<const Peer> peer = {};
  std::int64_t deadline_ns = kNoDeadline;  // monotonic
};

class LocalCall {
 public:
  // Nothing happens before start().
  LocalCall(std::shared_ptr<Shard> shard, const Method& method, LocalCallHead head, LocalCallEvents events);
  ~LocalCall();
  LocalCall(const LocalCall&) = delete;
  LocalCall& operator=(const LocalCall&) = delete;

  // `request` is the one message of a unary or server-streaming call; a bidirectional one has none yet. The handler is
  // called now, or when the server has a slot for the call.
  void start(base::SharedBytes request = {});

  // Bidirectional calls: whether the handler takes a message now; then send() hands it over.
  bool wants_message() const;
  void send(base::SharedBytes message);
  // No more messages will come.
  void close();

  // While paused, messages wait here, and the handler is told to stop once they are many; so is the end behind them.
  void pause() { paused_ = true; }
  void resume();

  // The caller has gone: the handler hears of it, and no more events come.
  void cancel();

 private:
  friend class Shard;
  friend class StreamExchange;

  void begin();
  void begin_unary();
  void begin_stream();
  void fill(CallInfo& info);
  bool refuse_large(const base::SharedBytes& message);
  void tell_half_close();
  // From the exchange, on the loop: the handler's answer or orders.
  void answer(UnaryExchange& exchange);
  void carry_out(StreamExchange& exchange, StreamOrders orders);
  void deliver();
  void expire();
  void end(GrpcStatus status);
  void let_go(GrpcCode code);

  const std::shared_ptr<Shard> shard_;
  const Method& method_;
  LocalCallHead head_;
  LocalCallEvents events_;
  Timer deadline_;
  base::SharedBytes request_;                   // until a handler has it
  UnaryExchange* unary_ = nullptr;              // while a handler has it
  std::shared_ptr<StreamExchange> stream_;      // likewise
  std::deque<base::Rope> messages_;             // of the handler, not yet told
  std::optional<GrpcStatus> status_;            // behind them
  std::shared_ptr<LocalCall*> self_;            // for those who may come too late: the turn in line
  std::optional<std::uint64_t> place_in_line_;  // while it waits for a slot
  bool has_slot_ = false;
  bool closed_ = false;  // close() was called
  bool paused_ = false;
  bool delivering_ = false;
  bool over_ = false;
};

// Makes calls on the loop of the request that it came from. A cheap handle.
class LocalClient {
 public:
  explicit LocalClient(std::shared_ptr<Shard> shard) : shard_(std::move(shard)) {}

  // As ServiceTable's.
  const Method* find(std::string_view path) const;
  GrpcStatus explain_missing(std::string_view path) const;
  std::int64_t now_ns() const;
  std::size_t max_request_bytes() const;  // of a message
  std::unique_ptr<LocalCall> make(const Method& method, LocalCallHead head, LocalCallEvents events) const;

 private:
  std::shared_ptr<Shard> shard_;
};

}  // namespace etcd::rpc
