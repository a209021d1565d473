// H1Calls: the requests of one HTTP/1.x connection, one after the other. No socket: bytes in, bytes out.
//
// Owner: one connection, on its loop. Invariants: at most one request is with a handler; pipelined ones wait as bytes,
// and when those are many the connection is asked to stop reading. After an answer with 101 the connection belongs to that
// request's handler until its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/unique_function.h"
#include "rpc/exchange.h"
#include "rpc/h1_parser.h"
#include "rpc/output.h"
#include "rpc/shard.h"

namespace etcd::rpc {

class H1Calls {
 public:
  // `shard` must outlive it. `on_output` is called when there may be something to produce.
  H1Calls(Shard& shard, std::shared_ptr<const Peer> peer, base::UniqueFunction<void()> on_output);
  // Cancels the request under way.
  ~H1Calls();
  H1Calls(const H1Calls&) = delete;
  H1Calls& operator=(const H1Calls&) = delete;

  void receive(std::string_view bytes);
  // The client will send no more.
  void input_ended();
  void produce(OutputBatch& batch);
  bool wants_output() const { return !output_.empty(); }
  bool wants_input() const { return input_.size() < kMaxWaitingInput; }
  // Close the socket once all output is sent.
  bool is_over() const { return closing_ && exchange_ == nullptr && output_.empty(); }

  // Ends the connection after the request under way, at once if there is none.
  void drain();
  // When the connection has waited too long for the client, monotonic; kNoDeadline while it is the server's turn.
  std::int64_t deadline_ns() const;

  // From the exchange: orders of its handles.
  void carry_out(StreamExchange& exchange, StreamOrders orders);

 private:
  static constexpr std::size_t kMaxWaitingInput = 64 * 1024;

  void advance();
  bool advance_once();
  bool start_request();
  bool start_streamed_request();
  bool hand_over(H1Request parsed, bool streams_body);
  void refuse(int status);
  void write_head(const StreamExchange& exchange, const HttpHead& head);
  void open_tunnel(const HttpHead& head);
  void pump_tunnel();
  void pump_body();
  void abandon_body();
  void write_piece(const StreamExchange& exchange, base::Rope piece);
  void finish_request();

  Shard& shard_;
  std::shared_ptr<const Peer> peer_;
  base::UniqueFunction<void()> on_output_;
  std::unique_ptr<H1Parser> parser_;  // while a request is being read
  std::string input_;                 // not yet parsed, or parsed up to read_ while advance() runs
  std::size_t read_ = 0;
  OutputQueue output_;
  std::shared_ptr<StreamExchange> exchange_;  // the request under way
  std::int64_t waiting_since_ns_;
  bool is_http11_ = true;   // of the request under way
  bool keep_alive_ = true;  // after it
  bool chunked_ = false;    // its answer
  bool bodiless_ = false;   // its answer: HEAD, 204, 304
  bool continued_ = false;  // "100 Continue" was sent
  bool tunnel_ = false;     // the connection speaks another protocol now
  bool body_open_ = false;  // the request's body goes to its handler as it comes, and is not complete
  bool pumping_ = false;
  bool advancing_ = false;
  bool closing_ = false;
};

}  // namespace etcd::rpc
