#include "server/ask_now.h"

#include <optional>
#include <utility>

#include "base/clock.h"
#include "rpc/loop.h"

namespace etcd::server {

// Turns a loop of its own meanwhile.
Result<peer::Answer> ask_now(MemberRequest request) {
  rpc::Loop loop(base::system_clock());
  peer::Network network(loop, [](peer::Network::Job job) { job(); }, request.limit_ns);
  network.use_tls(request.tls);
  std::optional<Result<peer::Answer>> answer;
  peer::ask(network, std::move(request.urls), request.fields, "GET", std::move(request.target), std::move(request.body), request.limit_ns,
            [&](Result<peer::Answer> got) { answer = std::move(got); });
  while (!answer) loop.run_once(-1);
  return std::move(*answer);
}

}  // namespace etcd::server
