// Server: gRPC and HTTP/1.1 on the same listening sockets, served by one or several loops.
//
// HTTP/2 is told from HTTP/1.1 by the first bytes; an Upgrade to h2c is ignored, as Go does. HTTP/2 requests whose
// content-type begins with application/grpc go to the ServiceTable, all others to the HttpHandler. Owner: whoever
// builds it. Build and destroy it while its loops are not running; listen, drain and counters may be called from any
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "rpc/counters.h"
#include "rpc/http.h"
#include "rpc/loop.h"
#include "rpc/options.h"
#include "rpc/serves.h"
#include "rpc/service.h"
#include "rpc/tls_listen.h"

namespace etcd::rpc {

class Server {
 public:
  // `services`, `loops` (at least one) and `logger` must outlive the server. Connections are dealt out to the loops in
  // turn; the first one accepts them. `handshake_loops` are where TLS handshakes happen, so that nothing else waits for
  // their arithmetic; none: on `loops`.
  Server(Options options, const ServiceTable& services, HttpHandler http, std::vector<Loop*> loops,
         base::Logger& logger, std::vector<Loop*> handshake_loops = {});
  // Closes everything at once. Handles of calls that are still out stay valid; their answers go nowhere.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Binds and listens: "127.0.0.1:2379", "[::1]:2379", ":2379" (all addresses), "localhost:2379", or "unix:<path>" (a
  // stale file there is removed first). Port 0 takes a free one. Returns the address bound in the same form.
  // Connections are accepted from then on; with `tls` as it says. kIo with the system's text, worded as Go: "listen tcp 127.0.0.1:2379: bind:
  // address already in use".
  Result<std::string> listen(const std::string& address, Serves serves = Serves::kBoth,
                             std::shared_ptr<const TlsListen> tls = nullptr);

  // The same in two steps, for an address that must be this process's before it may be used. bind() takes it: connections are refused as if nobody were
  // there, but nobody else gets it either. listen_bound() begins to serve all that are bound so far. Not both at one time; errors as of listen().
  Result<std::string> bind(const std::string& address, Serves serves = Serves::kBoth,
                           std::shared_ptr<const TlsListen> tls = nullptr);
  Status listen_bound();

  // Stops accepting, tells HTTP/2 clients with GOAWAY to go elsewhere, lets running calls end, and closes each
  // connection when its last one has. What is left after `grace_ns` is closed. `drained` is called once, on the first
  // loop's thread, when no connection is left. Streaming calls don't end by themselves: their handlers should finish()
  // them when the node stops.
  void drain(std::int64_t grace_ns, base::UniqueFunction<void()> drained);

  // A sum over all loops, at most a pass old.
  Counters counters() const;

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace etcd::rpc
