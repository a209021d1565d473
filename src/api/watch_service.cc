#include "api/watch_service.h"

#include <utility>

#include "api/errors.h"
#include "base/check.h"

namespace etcd::api {

namespace {

constexpr std::int64_t kMinProgressIntervalNs = 100'000'000;

std::int64_t progress_interval(const Context& context) {
  const std::int64_t wanted = context.options.watch_progress_interval_ns;
  if (wanted >= kMinProgressIntervalNs) return wanted;
  context.logger.warn("adjusting watch progress notify interval to minimum period", {{"min-watch-progress-notify-interval", "100ms"}});
  return kMinProgressIntervalNs;
}

}  // namespace

WatchService::WatchService(Context& context, Gate& gate, Callers& callers) : gate_(gate) {
  const std::int64_t interval_ns = progress_interval(context);
  for (const auto& lane : context.lanes.all()) lanes_.push_back(std::make_unique<WatchLane>(context, callers, *lane, interval_ns));
}

void WatchService::register_methods(Methods& methods) {
  methods.add("etcdserverpb.Watch", "Watch", Rule::kByKeys, [this](rpc::StreamCall call) { watch(std::move(call)); });
}

void WatchService::watch(rpc::StreamCall call) {
  auto admitted = gate_.admit_stream(call, ForLearner::kRefused);
  if (!admitted) return call.finish(to_status(admitted.error()));
  std::make_shared<WatchSession>(here(), std::move(call), std::move(*admitted))->start();
}

WatchLane& WatchService::here() {
  for (const auto& lane : lanes_) {
    if (lane->lane().loop().runs_here()) return *lane;
  }
  CHECK(false, "not on a loop's thread");
  return *lanes_.front();
}

void WatchService::stop() {
  for (const auto& lane : lanes_) {
    lane->lane().loop().post([lane = lane.get()] {
      const std::vector<WatchSession*> sessions(lane->sessions().begin(), lane->sessions().end());
      for (WatchSession* session : sessions) session->finish(to_status(Error{Errc::kStopped}));
    });
  }
}

}  // namespace etcd::api
