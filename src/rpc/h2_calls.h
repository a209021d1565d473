// H2Calls: the calls of one HTTP/2 connection. Turns the session's events into gRPC calls and HTTP requests, and
// answers into its frames. No socket: bytes in, bytes out.
//
// Owner: one connection, on its loop. Invariants: every H2Stream that is not over here has its Exchange in `user`; an
// exchange whose stream is gone has no link to it. Handlers are called from receive(), answers come back through
// answer() and carry_out(), at any time between.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "base/unique_function.h"
#include "rpc/exchange.h"
#include "rpc/grpc_head.h"
#include "rpc/h2_session.h"
#include "rpc/options.h"
#include "rpc/service.h"
#include "rpc/shard.h"

namespace etcd::rpc {

class H2Calls {
 public:
  // `shard` must outlive it. `on_output` is called when there may be something to produce: often, so it should only
  // take a note.
  H2Calls(Shard& shard, std::shared_ptr<const Peer> peer, bool with_http, base::UniqueFunction<void()> on_output);
  // Cancels all calls.
  ~H2Calls();
  H2Calls(const H2Calls&) = delete;
  H2Calls& operator=(const H2Calls&) = delete;

  void receive(std::string_view bytes);
  void produce(OutputBatch& batch);
  bool wants_output() const { return session_.wants_output(); }
  bool is_over() const { return session_.is_over(); }
  // False while so many small answers wait that the socket had better be empty before more is read.
  bool wants_input() const;
  // Bytes of unary answers that wait here for the socket or the client's windows.
  std::size_t queued_bytes() const;
  std::size_t active() const { return session_.active_streams(); }

  // Tells the client to open no more streams; a second call, after its answer or a while, takes none.
  void notice_shutdown();
  void refuse_new_streams();
  // A keepalive ping; answers() grows with each answer to a ping.
  void ping();
  std::uint64_t answers() const { return pongs_; }

  // From the shard and the exchanges: an answer that has come back, orders of a stream's handles.
  void answer(UnaryExchange& exchange);
  void carry_out(StreamExchange& exchange, StreamOrders orders);
  // Messages of a streaming call that is linked here.
  void write(StreamExchange& exchange, MessageBatch messages);
  // A call's time is up.
  void expire(Exchange& exchange);

 private:
  // Unary calls of methods whose answers are of one size: neither makes the other wait.
  struct Line {
    std::size_t queued_bytes = 0;       // answers that have not left
    std::deque<UnaryExchange*> parked;  // complete requests that wait for them to leave
  };

  void serve_events();
  void on(const H2Request& event);
  void on(const H2Data& event);
  void on(const H2End& event);
  void on(const H2Closed& event);
  void on(const H2Drained& event);
  void on(const H2Pong& event);

  // Requests.
  void open_grpc(H2Stream& stream);
  void open_unary(H2Stream& stream, const Method& method, const GrpcHead& head);
  void open_stream(H2Stream& stream, const Method& method, const GrpcHead& head);
  void open_http(H2Stream& stream);
  void fill(Exchange& exchange, H2Stream& stream, const Method* method, const GrpcHead& head);
  std::shared_ptr<StreamExchange> link_stream(ExchangeKind kind, H2Stream& stream);
  void unary_data(UnaryExchange& exchange, std::string_view bytes);
  void unary_end(UnaryExchange& exchange);
  void dispatch(UnaryExchange& exchange);
  std::size_t mark_of(AnswerSize size) const;
  Line& line_of(AnswerSize size) { return lines_[static_cast<std::size_t>(size)]; }
  void dispatch_parked(Line& line);
  void server_stream_data(StreamExchange& exchange, std::string_view bytes);
  void server_stream_end(StreamExchange& exchange);
  void pump(StreamExchange& exchange);
  bool pump_one(StreamExchange& exchange);
  void tell_half_close(StreamExchange& exchange);
  void http_data(StreamExchange& exchange, std::string_view bytes);
  void http_end(StreamExchange& exchange);
  bool hold(Exchange& exchange, std::size_t bytes);

  // Answers.
  void refuse(H2Stream& stream, const Refusal& refusal, std::string_view subtype);
  void begin_grpc(H2Stream& stream, std::string_view subtype);
  void write_message(H2Stream& stream, base::Rope message);
  void end_grpc(Exchange& exchange, bool begun, const GrpcStatus& status);
  void carry_out_grpc(StreamExchange& exchange, StreamOrders orders);
  void carry_out_http(StreamExchange& exchange, StreamOrders orders);
  void begin_http(StreamExchange& exchange, const HttpHead& head, bool alone);
  void fail(Exchange& exchange, const GrpcStatus& status);
  void give_up(Exchange& exchange, GrpcCode code);
  void detach(Exchange& exchange);

  Shard& shard_;
  std::shared_ptr<const Peer> peer_;
  const bool with_http_;
  base::UniqueFunction<void()> on_output_;
  H2Session session_;
  std::array<Line, kAnswerSizes> lines_;  // by AnswerSize
  std::size_t held_bytes_ = 0;            // requests that no handler has yet
  std::uint64_t pings_ = 0;
  std::uint64_t pongs_ = 0;
};

}  // namespace etcd::rpc
