#include "api/concurrency/turn.h"

#include <utility>

#include "api/concurrency/local_client.h"
#include "mvcc/key_value.h"

namespace etcd::api {

void Turn::wait() {
  watch_.reset();
  const mvcc::ReadViewRef view = context_.node.view();
  const auto found = newest_under(*view, prefix_, up_to_);
  if (!found) return end(fail(found.error()));
  if (found->empty()) return end({});
  const auto youngest = mvcc::decode_key_value(*found);
  if (!youngest) return end(fail(youngest.error()));
  const watch::WatchRequest request{.key = youngest->key, .start = view->revision().next(), .no_put = true};
  auto watching = context_.lanes.here().hub().watch(request, [this](const watch::LocalUpdate&) { wait(); });
  if (!watching) return end(fail(watching.error()));
  watch_ = std::move(*watching);
}

void Turn::end(Status status) {
  auto done = std::move(done_);
  done(std::move(status));
}

}  // namespace etcd::api
