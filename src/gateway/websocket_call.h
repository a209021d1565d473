// WebSocketCall: one gateway call over a WebSocket: each message of the client is JSON for the method (or a part of it,
// or several), each message of the method goes out as one text frame.
//
// Owner: itself, until the connection is done; on one loop's thread. Bounds: one unfinished message of the client, and
// the tunnel's output; while that is over its mark, neither the client nor the method is listened to.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "gateway/json_call.h"
#include "gateway/websocket_frames.h"
#include "rpc/http.h"

namespace etcd::gateway {

class WebSocketCall : public std::enable_shared_from_this<WebSocketCall> {
 public:
  explicit WebSocketCall(std::size_t max_message_bytes);

  // `handshake` is the good answer to it. Then begin() or refuse().
  void open(rpc::HttpResponder responder, rpc::HttpResponse handshake);
  // `request` is the one behind the WebSocket's; `messages` must outlive it.
  void begin(const rpc::LocalClient& client, const rpc::HttpRequest& request, const Route& route,
             const MethodMessages& messages);
  // Says why there is no call, and closes.
  void refuse(const rpc::GrpcStatus& status);

 private:
  void receive(const base::SharedBytes& bytes);
  void advance();
  void take(WebSocketEvent event);
  void feed(const std::string& text);
  void want_more();
  void write(Opcode opcode, std::string_view payload);
  void on_end(const rpc::GrpcStatus& status);
  void close(CloseCode code);
  void leave();

  const std::size_t max_message_bytes_;
  WebSocketReader reader_;
  std::optional<rpc::HttpBody> tunnel_;  // until this side is closed
  std::unique_ptr<JsonCall> call_;
  bool is_stream_ = false;
  std::string input_;  // bytes that came; those before read_ are used
  std::size_t read_ = 0;
  std::optional<std::string> waiting_;  // a message that the call doesn't take yet
  bool hungry_ = false;                 // the call takes more text
  bool writable_ = true;
  bool asked_ = false;  // for more bytes
  bool advancing_ = false;
};

}  // namespace etcd::gateway
