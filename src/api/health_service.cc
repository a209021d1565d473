#include "api/health_service.h"

#include <utility>

#include "api/errors.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "grpc.health.v1.Health";

}  // namespace

HealthService::HealthService(Context& context, Gate& gate, const Replies& replies) : context_(context), gate_(gate), replies_(replies) {
  context_.logger.info("grpc service status changed", {{"service", ""}, {"status", "SERVING"}});
}

void HealthService::register_methods(Methods& methods) {
  methods.add(kService, "Check", Rule::kAnybody, [this](rpc::UnaryCall call) { check(std::move(call)); });
  methods.add(kService, "List", Rule::kAnybody, [this](rpc::UnaryCall call) { list(std::move(call)); });
  methods.add(kService, "Watch", Rule::kAnybody, [this](rpc::StreamCall call, base::SharedBytes request) { watch(std::move(call), std::move(request)); });
}

void HealthService::set_serving() {
  context_.logger.info("grpc service status changed", {{"service", ""}, {"status", "SERVING"}});
  change(Health::kServing);
}

void HealthService::set_not_serving(const std::string& reason) {
  context_.logger.warn("grpc service status changed", {{"service", ""}, {"status", "NOT_SERVING"}, {"reason", reason}});
  change(Health::kNotServing);
}

void HealthService::stop() {
  std::map<std::uint64_t, Watcher> ended;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    health_ = Health::kNotServing;
    ended.swap(watchers_);
  }
  for (auto& [number, watcher] : ended) watcher.call.finish(to_status(Error{Errc::kStopped}));
}

void HealthService::check(rpc::UnaryCall call) {
  const auto service = decode_health_check(call.request().view());
  if (!service) return replies_.refuse(std::move(call), malformed_request(service.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (!service->empty()) return replies_.refuse(std::move(call), {rpc::GrpcCode::kNotFound, "unknown service"});
  std::unique_lock lock(mutex_);
  const Health health = health_;
  lock.unlock();
  replies_.answer(std::move(call), RequestType::kOther, encode_health(health));
}

void HealthService::list(rpc::UnaryCall call) {
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  std::unique_lock lock(mutex_);
  const Health health = health_;
  lock.unlock();
  replies_.answer(std::move(call), RequestType::kOther, encode_health_list(health));
}

void HealthService::watch(rpc::StreamCall call, base::SharedBytes request) {
  auto admitted = gate_.admit_stream(call, ForLearner::kRefused);
  if (!admitted) return call.finish(to_status(admitted.error()));
  const auto service = decode_health_check(request.view());
  if (!service) return call.finish(malformed_request(service.error()));

  const std::lock_guard lock(mutex_);
  if (stopped_) return call.finish(to_status(Error{Errc::kStopped}));
  const std::uint64_t number = ++watches_made_;
  // Of a service that it doesn't know the client is told once, and waits for ever.
  const Health health = service->empty() ? health_ : Health::kServiceUnknown;
  call.set_events({.on_cancel = [this, number] { forget(number); }});
  (void)call.send(encode_health(health));
  watchers_.emplace(number, Watcher{std::move(call), std::move(*admitted), health});
}

void HealthService::forget(std::uint64_t number) {
  std::map<std::uint64_t, Watcher>::node_type gone;  // let go of outside the lock
  const std::lock_guard lock(mutex_);
  gone = watchers_.extract(number);
}

void HealthService::change(Health health) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  health_ = health;
  for (auto& [number, watcher] : watchers_) {
    if (watcher.last_sent == Health::kServiceUnknown || watcher.last_sent == health) continue;
    watcher.last_sent = health;
    (void)watcher.call.send(encode_health(health));
  }
}

}  // namespace etcd::api
