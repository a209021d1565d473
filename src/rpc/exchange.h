// Exchange: one request and its answer, from the header's arrival until the last handle is gone. Inside rpc only.
//
// Two kinds. A UnaryExchange is pooled and has one owner at a time: its loop, then the handler's UnaryCall, then (with
// the answer in it) its loop again. A StreamExchange is shared by its loop and the handles of a StreamCall, HttpBody or
// HttpResponder; what handles want done is gathered in it under a mutex and carried out on the loop. Either may outlive
// its stream, connection and server: `link` is cut then, and what comes later is dropped.
//
// Fields marked (loop) belong to the loop's thread. The others say their own rule.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/unique_function.h"
#include "rpc/call.h"
#include "rpc/http.h"
#include "rpc/message_reader.h"
#include "rpc/status.h"
#include "rpc/timer_wheel.h"
#include "rpc/unread_bytes.h"

namespace etcd::rpc {

class Shard;
class H2Calls;
class H1Calls;
class LocalCall;
class H2Stream;

enum class ExchangeKind : std::uint8_t { kUnary, kStream, kHttp };

struct Exchange {
  Exchange(ExchangeKind of_kind, std::shared_ptr<Shard> of_shard) : kind(of_kind), shard(std::move(of_shard)) {}

  const ExchangeKind kind;
  const std::shared_ptr<Shard> shard;
  CallInfo info;  // written before the handler is called, then only read
  std::atomic<bool> cancelled = false;
  std::string content_subtype;  // (loop) of the request's content-type, for the answer's
  MessageReader reader;         // (loop)
  Timer deadline;               // (loop)
  H2Stream* stream = nullptr;   // (loop) of HTTP/2; null once the exchange is over
  std::size_t held_bytes = 0;   // (loop) of its request, as charged to the connection
};

class UnaryExchange : public Exchange {
 public:
  explicit UnaryExchange(std::shared_ptr<Shard> of_shard) : Exchange(ExchangeKind::kUnary, std::move(of_shard)) {}

  // Whoever holds the exchange.
  base::SharedBytes request;
  GrpcStatus status;
  base::Rope response;
  UnaryExchange* next = nullptr;  // in an AnswerBatch or inbox

  H2Calls* calls = nullptr;                // (loop)
  LocalCall* local = nullptr;              // (loop) of a call made from inside, in place of `stream`
  bool handed_out = false;                 // (loop) a UnaryCall has it
  bool parked = false;                     // (loop) waits in H2Calls to be handed out
  base::UniqueFunction<void()> on_cancel;  // (loop)
};

// Status and fields of an HTTP answer; with the body's length where it is known.
struct HttpHead {
  int status = 200;
  HttpFields fields;
  std::optional<std::size_t> length;
};

// What handles want done, in this order: credit, head, messages, end.
struct StreamOrders {
  std::uint64_t credit = 0;
  std::optional<HttpHead> head;
  std::vector<base::Rope> messages;
  std::optional<GrpcStatus> end;  // HTTP: kOk ends the body, all else breaks it off
};

class StreamExchange : public Exchange, public std::enable_shared_from_this<StreamExchange> {
 public:
  StreamExchange(ExchangeKind of_kind, std::shared_ptr<Shard> of_shard) : Exchange(of_kind, std::move(of_shard)) {}

  // Any thread; false if the exchange has ended or the queue is over its high-water mark.
  bool send(base::Rope bytes);
  // (loop)
  bool send(MessageBatch messages);
  void begin(HttpHead head);
  // Head, body and end in one.
  void respond(HttpHead head, base::Rope body);
  void grant(std::uint32_t messages);
  void end(GrpcStatus status);
  // The last handle is gone.
  void abandon();
  std::size_t queued_bytes() const { return queued_.load(std::memory_order_relaxed); }

  // (loop) From within an event or the handler; dropped if the exchange is over.
  void set_events(StreamEvents events);
  // (loop) Carries out what has gathered. Called by the shard, and by the above when they run on the loop.
  void carry_out();
  // (loop) `bytes` have left for the socket.
  void drained(std::size_t bytes);
  // (loop) The exchange is over: cuts the links and drops the callbacks.
  void over();
  // (loop) The same because nobody listens any more: on_cancel is told, unless a handle has ended the exchange already.
  void cancel();

  // (loop), all of these.
  std::unique_ptr<StreamEvents> events =
      std::make_unique<StreamEvents>();  // never null; stays put while one of them runs
  std::variant<std::monostate, H2Calls*, H1Calls*, LocalCall*> link;
  std::shared_ptr<StreamExchange> self;  // keeps it while linked
  UnreadBytes unread;                    // bytes that came without credit; an HTTP request's body
  std::uint64_t credit = 0;              // messages that may be handed on
  base::SharedBytes request;             // a server stream's one message
  std::uint64_t received = 0;            // messages so far
  bool handed_out = false;               // a handler has it
  bool begun = false;                    // the answer's header went out
  bool client_ended = false;
  bool told_half_close = false;
  bool pumping = false;
  bool answers_head = false;  // HTTP: a HEAD request, whose body is not sent

 private:
  template <typename Change>
  bool order(Change&& change);

  std::mutex mutex_;
  StreamOrders orders_;      // under mutex_
  bool scheduled_ = false;   // under mutex_
  bool closed_ = false;      // under mutex_: ended by a handle, or over
  bool head_given_ = false;  // under mutex_
  std::atomic<std::size_t> queued_ = 0;
  std::atomic<bool> wants_writable_ = false;
};

// What the copies of a handle share: the last one to go abandons the exchange.
class StreamHandle {
 public:
  explicit StreamHandle(std::shared_ptr<StreamExchange> exchange) : exchange_(std::move(exchange)) {}
  ~StreamHandle() { exchange_->abandon(); }
  StreamHandle(const StreamHandle&) = delete;
  StreamHandle& operator=(const StreamHandle&) = delete;

  StreamExchange& operator*() const { return *exchange_; }
  StreamExchange* operator->() const { return exchange_.get(); }
  static StreamCall call_of(std::shared_ptr<StreamExchange> exchange) {
    return StreamCall(std::make_shared<StreamHandle>(std::move(exchange)));
  }

 private:
  std::shared_ptr<StreamExchange> exchange_;
};

}  // namespace etcd::rpc
