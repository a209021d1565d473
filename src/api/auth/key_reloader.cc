#include "api/auth/key_reloader.h"

#include <utility>

namespace etcd::api {

KeyReloader::KeyReloader(Context& context, std::shared_ptr<Tokens> tokens)
    : context_(context), tokens_(std::move(tokens)), timer_([this] {
        context_.node.run_in_background([tokens = tokens_] { tokens->look_at_files(); });
        start_timer();
      }) {
  if (tokens_->are_signed()) start_timer();
}

void KeyReloader::start_timer() {
  rpc::Loop& loop = context_.lanes.first().loop();
  loop.timers().start(timer_, loop.now_ns() + kEveryNs);
}

}  // namespace etcd::api
