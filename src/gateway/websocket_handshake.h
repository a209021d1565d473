// The opening handshake of WebSocket (RFC 6455, 4.2) as a server answers it; and what the request says of the gateway
// call behind it, by the rules of etcd's WebSocket proxy.
#pragma once

#include "rpc/http.h"

namespace etcd::gateway {

// The client asks for a WebSocket. Only HTTP/1.1 can be asked.
bool is_websocket_request(const rpc::HttpRequest& request);

// Status 101 with the fields of the answer; or the refusal.
rpc::HttpResponse answer_handshake(const rpc::HttpRequest& request);

// The request that the gateway is to see: `Authorization` from Sec-WebSocket-Protocol "Bearer, <token>", or from the
// cookie "token"; Origin and Referer as they are; nothing else.
rpc::HttpRequest request_behind(const rpc::HttpRequest& request);

}  // namespace etcd::gateway
