// KeyReloader: has the keys of signed tokens looked at every few seconds, so that they can be changed under a running server.
//
// Owner: Api; on the first loop, the reading on the node's worker.
#pragma once

#include <memory>

#include "api/auth/tokens.h"
#include "api/context.h"
#include "rpc/timer_wheel.h"

namespace etcd::api {

class KeyReloader {
 public:
  static constexpr std::int64_t kEveryNs = 5'000'000'000;

  // `context` must outlive it. Before the loops run.
  KeyReloader(Context& context, std::shared_ptr<Tokens> tokens);
  ~KeyReloader() { timer_.cancel(); }
  KeyReloader(const KeyReloader&) = delete;
  KeyReloader& operator=(const KeyReloader&) = delete;

 private:
  void start_timer();

  Context& context_;
  const std::shared_ptr<Tokens> tokens_;
  rpc::Timer timer_;
};

}  // namespace etcd::api
