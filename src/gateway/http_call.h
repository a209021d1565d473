// HttpCall: one gateway request over plain HTTP: the body's JSON in, one JSON answer or a line for each message out.
//
// Owner: itself, until its answer is finished or its client has gone; on one loop's thread. A client that reads slowly
// stops the method by flow control; one that goes away cancels it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/json_call.h"
#include "rpc/http.h"

namespace etcd::gateway {

class HttpCall : public std::enable_shared_from_this<HttpCall> {
 public:
  // `extra`: fields of every answer. Call begin() next, inside the HTTP handler.
  HttpCall(rpc::HttpResponder responder, rpc::HttpFields extra);

  // `messages` must outlive it.
  void begin(const rpc::HttpRequest& request, const Route& route, const MethodMessages& messages);
  // Answers without a call.
  void refuse(const rpc::GrpcStatus& status);

 private:
  void listen_to_client();
  void on_message(std::string json);
  void on_end(const rpc::GrpcStatus& status);
  void end_stream(const rpc::GrpcStatus& status);
  void leave();
  void respond(int status, std::string body);
  rpc::HttpFields fields() const;

  std::optional<rpc::HttpResponder> responder_;  // until the answer begins
  rpc::HttpFields extra_;
  std::unique_ptr<JsonCall> call_;
  bool is_stream_ = false;
  std::string answer_;                 // of a unary call
  std::optional<rpc::HttpBody> body_;  // of a stream, once it has begun
};

}  // namespace etcd::gateway
