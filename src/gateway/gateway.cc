#include "gateway/gateway.h"

#include <memory>
#include <utility>

#include "gateway/http_call.h"
#include "gateway/websocket_call.h"
#include "gateway/websocket_handshake.h"
#include "rpc/http_text.h"

namespace etcd::gateway {

namespace {

// JSON of a message may be this much longer than the message: base64 takes a third more, and names and space come on
// top.
constexpr std::size_t kTextBytesPerByte = 2;

rpc::GrpcStatus unknown_path() {
  return {rpc::GrpcCode::kNotFound, "Not Found"};
}
rpc::GrpcStatus wrong_method() {
  return {rpc::GrpcCode::kUnimplemented, "Method Not Allowed"};
}

// A form may name another method than POST; grpc-gateway reads the form for that, and nothing is left of the body.
void override_method(rpc::HttpRequest& request) {
  const std::string method = request.header("x-http-method-override");
  if (method.empty() || request.method != "POST") return;
  if (request.header("content-type") != "application/x-www-form-urlencoded") return;
  request.method = rpc::lower_case(method) == "post" ? "POST" : method;
  request.body = {};
}

}  // namespace

Gateway::Gateway() {
  for (const Route& route : routes()) by_path_.emplace(route.path, Target{route, &messages_.of(route.method)});
}

void Gateway::rename(std::string& path) {
  constexpr std::string_view kOldName = "/v3beta/";
  if (path.starts_with(kOldName)) path.replace(0, kOldName.size(), "/v3/");
}

const Gateway::Target* Gateway::find(std::string_view path) const {
  const auto found = by_path_.find(path);
  return found == by_path_.end() ? nullptr : &found->second;
}

void Gateway::serve(rpc::HttpRequest request, rpc::HttpResponder responder, rpc::HttpFields extra) const {
  if (is_websocket_request(request)) return serve_websocket(request, std::move(responder), std::move(extra));
  override_method(request);
  const auto call = std::make_shared<HttpCall>(std::move(responder), std::move(extra));
  const Target* const target = find(request.path);
  if (target == nullptr) return call->refuse(unknown_path());
  if (request.method != "POST") return call->refuse(wrong_method());
  call->begin(request, target->route, *target->messages);
}

void Gateway::serve_websocket(const rpc::HttpRequest& request, rpc::HttpResponder responder,
                              rpc::HttpFields extra) const {
  rpc::HttpResponse handshake = answer_handshake(request);
  if (handshake.status != 101) {
    handshake.headers.insert(handshake.headers.begin(), extra.begin(), extra.end());
    return std::move(responder).respond(std::move(handshake));
  }
  const rpc::LocalClient client = responder.client();
  const auto call = std::make_shared<WebSocketCall>(kTextBytesPerByte * client.max_request_bytes());
  call->open(std::move(responder), std::move(handshake));
  const Target* const target = find(request.path);
  if (target == nullptr) return call->refuse(unknown_path());
  call->begin(client, request_behind(request), target->route, *target->messages);
}

}  // namespace etcd::gateway
