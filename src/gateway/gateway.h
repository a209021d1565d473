// Gateway: etcd's JSON gateway. Serves /v3/..., calling the server's own gRPC methods: over HTTP, and over WebSockets.
//
// Owner: the server; immutable, so that all loops share it. Knows no method but by its name and messages: whatever the
// ServiceTable has under that name is called, as a gRPC client would call it.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/messages.h"
#include "gateway/routes.h"
#include "rpc/http.h"

namespace etcd::gateway {

class Gateway {
 public:
  Gateway();

  // Paths that are to be served here: below /v3/. /v3beta/ is another name for it, which rename() takes away.
  static bool serves(std::string_view path) { return path.starts_with("/v3/"); }
  static void rename(std::string& path);

  // On a loop's thread. `extra`: fields of every answer. Must outlive the answer.
  void serve(rpc::HttpRequest request, rpc::HttpResponder responder, rpc::HttpFields extra) const;

 private:
  struct Target {
    Route route;
    const MethodMessages* messages;
  };

  const Target* find(std::string_view path) const;
  void serve_websocket(const rpc::HttpRequest& request, rpc::HttpResponder responder, rpc::HttpFields extra) const;

  Messages messages_;
  std::unordered_map<std::string_view, Target> by_path_;
};

}  // namespace etcd::gateway
