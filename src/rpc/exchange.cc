#include "rpc/exchange.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "rpc/h1_calls.h"
#include "rpc/h2_calls.h"
#include "rpc/message_batch.h"
#include "rpc/local_call.h"
#include "rpc/shard.h"

namespace etcd::rpc {

// Changes orders_ under the lock, then has them carried out: at once on the loop, else with what else gathers for it.
template <typename Change>
bool StreamExchange::order(Change&& change) {
  const bool here = shard->runs_here();
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    change();
    if (!here && std::exchange(scheduled_, true)) return true;
  }
  here ? carry_out() : shard->schedule(shared_from_this());
  return true;
}

bool StreamExchange::send(base::Rope bytes) {
  const std::size_t size = bytes.size() + (kind == ExchangeKind::kStream ? OutputQueue::kHeadBytes : 0);
  bool below = true;
  const bool taken = order([&] {
    orders_.messages.push_back(std::move(bytes));
    below = queued_.fetch_add(size, std::memory_order_relaxed) + size <= shard->options().stream_high_water_bytes;
    if (!below) wants_writable_.store(true, std::memory_order_relaxed);
  });
  return taken && below;
}

bool StreamExchange::send(MessageBatch messages) {
  CHECK(shard->runs_here());
  carry_out();  // what other threads have sent before
  auto* const h2 = std::get_if<H2Calls*>(&link);
  if (h2 == nullptr) {
    bool below = true;
    for (base::Rope& message : messages.take_messages()) below = send(std::move(message));
    return below;
  }
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
  }
  const std::size_t size = messages.size();
  const bool below =
      queued_.fetch_add(size, std::memory_order_relaxed) + size <= shard->options().stream_high_water_bytes;
  if (!below) wants_writable_.store(true, std::memory_order_relaxed);
  (*h2)->write(*this, std::move(messages));
  return below;
}

void StreamExchange::begin(HttpHead head) {
  order([&] {
    CHECK(!head_given_, "a request is answered twice");
    head_given_ = true;
    orders_.head = std::move(head);
  });
}

void StreamExchange::respond(HttpHead head, base::Rope body) {
  order([&] {
    CHECK(!head_given_, "a request is answered twice");
    head_given_ = closed_ = true;
    orders_.head = std::move(head);
    if (!body.empty()) {
      queued_.fetch_add(body.size(), std::memory_order_relaxed);
      orders_.messages.push_back(std::move(body));
    }
    orders_.end = GrpcStatus{};
  });
}

void StreamExchange::grant(std::uint32_t messages) {
  order([&] { orders_.credit += messages; });
}

void StreamExchange::end(GrpcStatus status) {
  order([&] {
    closed_ = true;
    orders_.end = std::move(status);
  });
}

void StreamExchange::abandon() {
  order([&] {
    closed_ = true;
    if (kind == ExchangeKind::kHttp && !head_given_) {
      head_given_ = true;
      orders_.head = HttpHead{.status = 500, .fields = {}, .length = 0};
      orders_.end = GrpcStatus{};
    } else {
      orders_.end = GrpcStatus{GrpcCode::kInternal, "the call was dropped without an answer"};
    }
  });
}

void StreamExchange::set_events(StreamEvents given) {
  auto fresh = std::make_unique<StreamEvents>(std::move(given));
  if (!std::holds_alternative<std::monostate>(link)) std::swap(events, fresh);
  shard->destroy_later(std::move(fresh));
}

void StreamExchange::carry_out() {
  StreamOrders orders;
  {
    const std::lock_guard lock(mutex_);
    orders = std::exchange(orders_, {});
    scheduled_ = false;
  }
  if (auto* const h2 = std::get_if<H2Calls*>(&link)) {
    (*h2)->carry_out(*this, std::move(orders));
  } else if (auto* const h1 = std::get_if<H1Calls*>(&link)) {
    (*h1)->carry_out(*this, std::move(orders));
  } else if (auto* const local = std::get_if<LocalCall*>(&link)) {
    const auto keep = shared_from_this();
    (*local)->carry_out(*this, std::move(orders));
  }
}

void StreamExchange::drained(std::size_t bytes) {
  // Only the loop takes away. Framing may make `bytes` a little more than was queued.
  bytes = std::min(bytes, queued_.load(std::memory_order_relaxed));
  const std::size_t left = queued_.fetch_sub(bytes, std::memory_order_relaxed) - bytes;
  if (left > shard->options().stream_low_water_bytes || !wants_writable_.load(std::memory_order_relaxed)) return;
  wants_writable_.store(false, std::memory_order_relaxed);
  if (events->on_writable) events->on_writable();
}

void StreamExchange::over() {
  const auto keep = std::exchange(self, nullptr);
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    orders_ = {};
  }
  deadline.cancel();
  stream = nullptr;
  link = std::monostate{};
  unread = UnreadBytes();
  request = {};
  queued_.store(0, std::memory_order_relaxed);
  shard->destroy_later(std::exchange(events, std::make_unique<StreamEvents>()));
}

void StreamExchange::cancel() {
  const auto keep = shared_from_this();
  bool was_ended = false;
  {
    const std::lock_guard lock(mutex_);
    was_ended = std::exchange(closed_, true);
  }
  cancelled.store(true, std::memory_order_relaxed);
  auto told = std::move(events);  // outlives over(), so that it can be told afterwards
  events = std::make_unique<StreamEvents>();
  over();
  if (!was_ended && told->on_cancel) told->on_cancel();
  shard->destroy_later(std::move(told));
}

}  // namespace etcd::rpc
