#include "api/concurrency/leader_observer.h"

#include <utility>

#include "api/concurrency/messages.h"
#include "api/errors.h"
#include "mvcc/key_value.h"

namespace etcd::api {

void LeaderObserver::start() {
  stop_hook_ = parts_.stops.add(parts_.context.lanes.here().loop(), [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->end(to_status(Error{Errc::kStopped}));
  });
  call_.set_events({.on_writable =
                        [self = shared_from_this()] {
                          if (std::exchange(self->client_is_slow_, false)) self->look();
                        },
                    .on_cancel = [self = shared_from_this()] { self->end({}); }});
  parts_.client.when_linearizable(call_.info().deadline_ns, [self = shared_from_this()](const Status& barrier) {
    if (self->is_over_) return;
    barrier ? self->look() : self->end({});  // etcd ends the stream without an error
  });
}

void LeaderObserver::look() {
  if (is_over_) return;
  watch_.reset();
  const mvcc::ReadViewRef view = parts_.context.node.view();
  if (const Status may = parts_.client.check_read(prefix_); !may) return end(client_status(may.error()));
  const auto oldest = oldest_under(*view, prefix_);
  if (!oldest) return end(client_status(oldest.error()));
  oldest->empty() ? await_leader(view->revision()) : follow(*oldest, view->revision());
}

void LeaderObserver::follow(const std::string& leader_kv, Revision revision) {
  const auto leader = mvcc::decode_key_value(leader_kv);
  if (!leader) return end(client_status(leader.error()));
  tell(revision, leader_kv);
  if (!client_is_slow_) watch({.key = leader->key, .start = revision.next()}, &LeaderObserver::on_leader_update);
}

void LeaderObserver::on_leader_update(const watch::LocalUpdate& update) {
  bool leads_on = update.compacted == Revision(0);
  for (const watch::LocalEvent& event : update.events) {
    leads_on = leads_on && !event.is_delete;
    if (!leads_on || client_is_slow_) break;
    tell(update.events.back().kv.mod_revision, mvcc::encode(event.kv));
  }
  if (client_is_slow_) return watch_.reset();
  if (!leads_on) look();
}

// The first to come leads.
void LeaderObserver::await_leader(Revision revision) {
  const std::string end = prefix_end(prefix_);
  watch({.key = prefix_, .range_end = end, .start = revision.next(), .no_delete = true}, &LeaderObserver::on_candidate_update);
}

void LeaderObserver::on_candidate_update(const watch::LocalUpdate& update) {
  if (update.events.empty()) return look();  // compacted
  const mvcc::KeyValue first = update.events.front().kv;
  follow(mvcc::encode(first), first.mod_revision);
}

void LeaderObserver::tell(Revision revision, std::string_view kv) {
  client_is_slow_ = !call_.send(encode_leader(header_at(parts_.context, revision), kv));
}

void LeaderObserver::watch(const watch::WatchRequest& request, void (LeaderObserver::*on_update)(const watch::LocalUpdate&)) {
  auto watching = parts_.context.lanes.here().hub().watch(request, [this, on_update](const watch::LocalUpdate& update) {
    const auto keep = shared_from_this();
    (this->*on_update)(update);
  });
  if (!watching) return end(client_status(watching.error()));
  watch_ = std::move(*watching);
}

void LeaderObserver::end(rpc::GrpcStatus status) {
  if (std::exchange(is_over_, true)) return;
  const auto keep = shared_from_this();  // the events hold it
  parts_.stops.remove(stop_hook_);
  watch_.reset();
  leader_watch_ = LeaderWatch();
  call_.finish(std::move(status));
}

}  // namespace etcd::api
