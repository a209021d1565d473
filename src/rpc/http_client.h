// HttpClientCall: one HTTP/1.1 request to another server, on a connection of its own, and its response - both may be streams without end.
//
// Owner: whoever made it, on the loop's thread; begins at once and ends with exactly one on_end, unless it is destroyed before: that breaks the
// connection off. Events come on the loop's thread, never from within a call of the owner; each may destroy the call. Nothing blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "rpc/channel.h"
#include "rpc/h1_response_parser.h"
#include "rpc/http.h"
#include "rpc/loop.h"
#include "rpc/metadata.h"
#include "rpc/options.h"
#include "rpc/output.h"
#include "rpc/socket_address.h"
#include "tls/context.h"

namespace etcd::rpc {

struct ClientRequest {
  std::string method = "GET";
  std::string target = {};  // "/raft/probing"
  std::string host = {};    // for the Host field
  HttpFields fields = {};
  base::Rope body = {};
  bool streams_body = false;  // more body follows with write() and end_body()
  std::shared_ptr<tls::Context> tls = {};  // none: in the clear; else the server must have a certificate for `host`
  std::optional<SocketAddress> from = {};  // of this machine; none: the system's choice
};

struct ClientLimits {
  std::int64_t connect_ns = 2 * kSecond;
  std::int64_t handshake_ns = 10 * kSecond;  // after that, for TLS
  std::int64_t silence_ns = 0;  // for which the server may send nothing while the call is under way; 0: for ever
  std::int64_t total_ns = 0;    // for all of it; 0: none
};

struct ClientEvents {
  base::UniqueFunction<void(int status, const Metadata& fields)> on_head = {};
  base::UniqueFunction<void(std::string bytes)> on_body = {};
  // Less than a low-water mark of the request's body waits, after a write() that returned false.
  base::UniqueFunction<void()> on_writable = {};
  // The response is complete, or there will be none: kIo, kTimeout, kInvalid for what is no HTTP.
  base::UniqueFunction<void(Status)> on_end = {};
};

class HttpClientCall {
 public:
  HttpClientCall(Loop& loop, const SocketAddress& server, ClientRequest request, const ClientLimits& limits, ClientEvents events);
  ~HttpClientCall();
  HttpClientCall(const HttpClientCall&) = delete;
  HttpClientCall& operator=(const HttpClientCall&) = delete;

  // Queues the body's next bytes; false when much is queued (they were taken all the same).
  bool write(base::Rope bytes);
  void end_body();

 private:
  void connect(const SocketAddress& server, const ClientRequest& request);
  void queue_head(ClientRequest request);
  void on_ready(std::uint32_t events);
  bool finish_connecting();
  bool finish_handshake();
  void write_out();
  void read_in();
  void parse(std::string_view bytes);
  bool tell_head();
  bool tell_body();
  void check_time();
  void fail_soon(Error error);
  void end(Status outcome);
  void watch(std::uint32_t interest);

  Loop& loop_;
  ClientLimits limits_;
  ClientEvents events_;
  std::unique_ptr<Channel> channel_;  // none once it has ended
  tls::Session* session_ = nullptr;   // channel_'s, until its handshake is done
  Timer timer_;
  bool connected_ = false;  // and ready to be written to
  std::int64_t reached_ns_ = 0;  // when the connection was there; 0: not yet
  bool head_told_ = false;
  bool streams_body_ = false;
  bool wants_writable_ = false;
  std::uint32_t interest_ = 0;
  std::int64_t begun_ns_;
  std::int64_t heard_ns_;
  OutputQueue queue_;
  OutputBatch batch_;
  H1ResponseParser parser_;
  std::string input_;  // an unfinished head, or head of a chunk
  std::vector<char> buffer_;
  std::optional<Error> failing_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // false once destroyed; for events that destroy the call
};

}  // namespace etcd::rpc
