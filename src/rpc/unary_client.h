// UnaryClient: calls unary gRPC methods of another server, one after the other, and waits for each. For what a member has to ask before it runs: it blocks,
// and so has no place on a loop.
//
// Owner: whoever calls; one thread. Invariant: holds at most kMaxAnswerBytes of an answer and kMaxHeadBytes of its fields.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "rpc/channel.h"
#include "rpc/http.h"
#include "rpc/socket_address.h"
#include "rpc/status.h"
#include "tls/context.h"

struct nghttp2_session;

namespace etcd::rpc {

// The answer of a call that the server has answered, whatever the answer is.
struct UnaryAnswer {
  GrpcStatus status;
  std::string message;
};

class UnaryClient {
 public:
  static constexpr std::size_t kMaxAnswerBytes = 16 * 1024 * 1024;
  static constexpr std::size_t kMaxHeadBytes = 64 * 1024;

  // What the server is to be called; with `tls` it must have a certificate for it.
  struct Target {
    std::string scheme = "http";
    std::string authority;  // "localhost:2379"
    std::shared_ptr<tls::Context> tls = {};  // none: in the clear
  };
  // Connects within `limit_ns`. kIo with the system's or TLS's text, or kTimeout.
  static Result<std::unique_ptr<UnaryClient>> connect(const SocketAddress& server, Target target, std::int64_t limit_ns);
  ~UnaryClient();
  UnaryClient(const UnaryClient&) = delete;
  UnaryClient& operator=(const UnaryClient&) = delete;

  // `path` is "/package.Service/Method"; `message` and the answer's are encoded. kTimeout after `limit_ns`, kIo for a connection that ended, kInvalid for
  // what is no gRPC: then, and only then, the client is of no use any more.
  Result<UnaryAnswer> call(std::string_view path, std::string_view message, const HttpFields& metadata, std::int64_t limit_ns);

 private:
  struct Callbacks;
  struct Call;

  UnaryClient(std::unique_ptr<Channel> channel, Target target);
  Status send_all(std::int64_t until_ns);
  Status receive_some(std::int64_t until_ns);
  Status wait(short events, std::int64_t until_ns) const;

  std::unique_ptr<Channel> channel_;
  Target target_;
  nghttp2_session* session_ = nullptr;
  Call* call_ = nullptr;  // the one under way
};

}  // namespace etcd::rpc
