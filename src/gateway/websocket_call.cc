#include "gateway/websocket_call.h"

#include <utility>
#include <variant>

#include "gateway/request_head.h"
#include "gateway/status_json.h"

namespace etcd::gateway {

WebSocketCall::WebSocketCall(std::size_t max_message_bytes)
    : max_message_bytes_(max_message_bytes), reader_(max_message_bytes) {}

// What listens keeps this alive until the connection is done.
void WebSocketCall::open(rpc::HttpResponder responder, rpc::HttpResponse handshake) {
  rpc::StreamEvents events;
  events.on_message = [self = shared_from_this()](const base::SharedBytes& bytes) { self->receive(bytes); };
  events.on_writable = [self = shared_from_this()] {
    self->writable_ = true;
    if (self->call_) self->call_->resume();
    self->advance();
  };
  events.on_half_close = [self = shared_from_this()] { self->leave(); };
  events.on_cancel = [self = shared_from_this()] { self->leave(); };
  responder.set_events(std::move(events));
  tunnel_ = std::move(responder).begin(handshake.status, std::move(handshake.headers));
}

void WebSocketCall::begin(const rpc::LocalClient& client, const rpc::HttpRequest& request, const Route& route,
                          const MethodMessages& messages) {
  RequestHead head = read_request_head(request, client.now_ns());
  if (!head.fault.ok()) return refuse(head.fault);
  const rpc::Method* const method = client.find(route.method);
  if (method == nullptr) return refuse(client.explain_missing(route.method));
  is_stream_ = !std::holds_alternative<rpc::UnaryHandler>(method->handler);
  JsonCallEvents events;
  events.on_message = [this](const std::string& json) {
    write(Opcode::kText, is_stream_ ? result_json(json) : json);
    if (!writable_) call_->pause();
  };
  events.on_end = [this](const rpc::GrpcStatus& status) { on_end(status); };
  events.on_hungry = [this] {
    hungry_ = true;
    advance();
  };
  call_ = std::make_unique<JsonCall>(client, *method, messages, std::move(head.call), std::move(events));
  call_->start();
  want_more();
}

void WebSocketCall::refuse(const rpc::GrpcStatus& status) {
  write(Opcode::kText, to_json(status));
  close(CloseCode::kNormal);
}

void WebSocketCall::receive(const base::SharedBytes& bytes) {
  asked_ = false;
  input_.erase(0, std::exchange(read_, 0));
  input_.append(bytes.view());
  advance();
}

// Goes on with what has come, as far as the call and the client's reading allow.
void WebSocketCall::advance() {
  if (std::exchange(advancing_, true)) return;
  while (tunnel_ && writable_) {
    if (waiting_ && !hungry_) break;
    if (waiting_) {
      feed(*std::exchange(waiting_, std::nullopt));
      continue;
    }
    std::string_view rest = std::string_view(input_).substr(read_);
    auto event = reader_.take(rest);
    read_ = input_.size() - rest.size();
    if (reader_.error()) {
      close(*reader_.error());
    } else if (event) {
      take(std::move(*event));
    } else {
      break;
    }
  }
  advancing_ = false;
  if (writable_ && !waiting_) want_more();
}

void WebSocketCall::take(WebSocketEvent event) {
  switch (event.opcode) {
    case Opcode::kPing:
      return write(Opcode::kPong, event.payload);
    case Opcode::kClose:
      return leave();
    case Opcode::kPong:
      return;
    default:
      waiting_ = std::move(event.payload);
  }
}

void WebSocketCall::feed(const std::string& text) {
  if (call_ == nullptr) return;
  if (call_->held_bytes() + text.size() > max_message_bytes_) return close(CloseCode::kTooBig);
  hungry_ = false;
  call_->feed(text + "\n");
}

void WebSocketCall::want_more() {
  if (tunnel_ && !std::exchange(asked_, true)) tunnel_->read(1);
}

void WebSocketCall::write(Opcode opcode, std::string_view payload) {
  if (tunnel_ && !tunnel_->write(base::Rope(websocket_frame(opcode, payload)))) writable_ = false;
}

void WebSocketCall::on_end(const rpc::GrpcStatus& status) {
  const bool is_streams = is_stream_ && call_->was_made();
  if (!status.ok()) write(Opcode::kText, is_streams ? error_json(status) : to_json(status));
  close(CloseCode::kNormal);
}

void WebSocketCall::close(CloseCode code) {
  if (!tunnel_) return;
  tunnel_->write(base::Rope(close_frame(code)));
  if (call_) call_->cancel();
  rpc::HttpBody tunnel = *std::exchange(tunnel_, std::nullopt);
  tunnel.end();
}

// The client has said goodbye, or gone without.
void WebSocketCall::leave() {
  close(CloseCode::kNormal);
}

}  // namespace etcd::gateway
