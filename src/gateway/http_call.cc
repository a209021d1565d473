#include "gateway/http_call.h"

#include <utility>
#include <variant>

#include "gateway/request_head.h"
#include "gateway/status_json.h"
#include "rpc/local_call.h"

namespace etcd::gateway {

HttpCall::HttpCall(rpc::HttpResponder responder, rpc::HttpFields extra)
    : responder_(std::move(responder)), extra_(std::move(extra)) {}

void HttpCall::begin(const rpc::HttpRequest& request, const Route& route, const MethodMessages& messages) {
  const rpc::LocalClient client = responder_->client();
  RequestHead head = read_request_head(request, client.now_ns());
  if (!head.fault.ok()) return refuse(head.fault);
  const rpc::Method* const method = client.find(route.method);
  if (method == nullptr) return refuse(client.explain_missing(route.method));
  is_stream_ = !std::holds_alternative<rpc::UnaryHandler>(method->handler);
  listen_to_client();
  JsonCallEvents events;
  events.on_message = [this](std::string json) { on_message(std::move(json)); };
  events.on_end = [this](const rpc::GrpcStatus& status) { on_end(status); };
  call_ = std::make_unique<JsonCall>(client, *method, messages, std::move(head.call), std::move(events));
  call_->start();
  call_->feed(request.body.view());
  call_->end_input();
}

// What listens keeps this alive until the exchange is over.
void HttpCall::listen_to_client() {
  rpc::StreamEvents events;
  events.on_writable = [self = shared_from_this()] { self->call_->resume(); };
  events.on_half_close = [self = shared_from_this()] { self->leave(); };
  events.on_cancel = [self = shared_from_this()] { self->leave(); };
  responder_->set_events(std::move(events));
}

void HttpCall::on_message(std::string json) {
  if (!is_stream_) {
    answer_ = std::move(json);
    return;
  }
  if (!body_) {
    rpc::HttpFields head = fields();
    head.emplace_back("Grpc-Metadata-Content-Type", "application/grpc");
    body_ = std::move(*std::exchange(responder_, std::nullopt)).begin(200, std::move(head));
  }
  if (!body_->write(base::Rope(result_json(json) + "\n"))) call_->pause();
}

void HttpCall::on_end(const rpc::GrpcStatus& status) {
  if (is_stream_ && call_->was_made()) return end_stream(status);
  if (!status.ok()) return refuse(status);
  extra_.emplace_back("Grpc-Metadata-Content-Type", "application/grpc");
  respond(200, std::move(answer_));
}

void HttpCall::end_stream(const rpc::GrpcStatus& status) {
  if (!body_) {
    if (!status.ok()) return respond(http_status_of(status.code), error_json(status) + "\n");
    return std::move(*std::exchange(responder_, std::nullopt)).respond({.status = 200, .headers = std::move(extra_)});
  }
  if (!status.ok()) body_->write(base::Rope(error_json(status) + "\n"));
  body_->end();
}

void HttpCall::refuse(const rpc::GrpcStatus& status) {
  if (status.code == rpc::GrpcCode::kUnauthenticated) extra_.emplace_back("WWW-Authenticate", status.message);
  respond(http_status_of(status.code), to_json(status));
}

// The client has gone, or has at least shut its side, which etcd takes for the same.
void HttpCall::leave() {
  call_->cancel();
  if (responder_) refuse({rpc::GrpcCode::kCanceled, "context canceled"});
  body_.reset();  // breaks the answer off
}

void HttpCall::respond(int status, std::string body) {
  std::move(*std::exchange(responder_, std::nullopt))
      .respond({.status = status, .headers = fields(), .body = base::Rope(std::move(body))});
}

rpc::HttpFields HttpCall::fields() const {
  rpc::HttpFields all = extra_;
  all.emplace_back("Content-Type", "application/json");
  return all;
}

}  // namespace etcd::gateway
