#include "rpc/call.h"

#include <utility>

#include "base/check.h"
#include "rpc/exchange.h"
#include "rpc/message_batch.h"
#include "rpc/shard.h"

namespace etcd::rpc {

namespace {
const GrpcStatus& dropped() {
  static const GrpcStatus kDropped{GrpcCode::kInternal, "the call was dropped without an answer"};
  return kDropped;
}
}  // namespace

UnaryCall& UnaryCall::operator=(UnaryCall&& other) noexcept {
  if (this == &other) return *this;
  if (exchange_ != nullptr) std::move(*this).fail(dropped());
  exchange_ = std::exchange(other.exchange_, nullptr);
  return *this;
}

UnaryCall::~UnaryCall() {
  if (exchange_ != nullptr) std::move(*this).fail(dropped());
}

const base::SharedBytes& UnaryCall::request() const {
  return exchange_->request;
}
const CallInfo& UnaryCall::info() const {
  return exchange_->info;
}
bool UnaryCall::is_cancelled() const {
  return exchange_->cancelled.load(std::memory_order_relaxed);
}
void UnaryCall::on_cancel(base::UniqueFunction<void()> notify) {
  exchange_->on_cancel = std::move(notify);
}

void UnaryCall::respond(base::Rope message) && {
  UnaryExchange* const exchange = release();
  exchange->response = std::move(message);
  exchange->shard->give_back(exchange, exchange);
}

void UnaryCall::fail(GrpcStatus status) && {
  UnaryExchange* const exchange = release();
  exchange->status = std::move(status);
  exchange->shard->give_back(exchange, exchange);
}

UnaryExchange* UnaryCall::release() {
  CHECK(exchange_ != nullptr, "a call is answered twice");
  return std::exchange(exchange_, nullptr);
}

void AnswerBatch::respond(UnaryCall call, base::Rope message) {
  UnaryExchange* const exchange = call.release();
  exchange->response = std::move(message);
  add(exchange);
}

void AnswerBatch::fail(UnaryCall call, GrpcStatus status) {
  UnaryExchange* const exchange = call.release();
  exchange->status = std::move(status);
  add(exchange);
}

void AnswerBatch::add(UnaryExchange* exchange) {
  exchange->next = nullptr;
  for (PerLoop& loop : loops_) {
    if (loop.shard != exchange->shard.get()) continue;
    loop.last->next = exchange;
    loop.last = exchange;
    return;
  }
  loops_.push_back({exchange->shard.get(), exchange, exchange});
}

void AnswerBatch::send() {
  for (const PerLoop& loop : loops_) {
    const auto shard = loop.first->shard;  // the exchanges may be its last owners
    shard->give_back(loop.first, loop.last);
  }
  loops_.clear();
}

const CallInfo& StreamCall::info() const {
  return (**handle_).info;
}
bool StreamCall::is_cancelled() const {
  return (*handle_)->cancelled.load(std::memory_order_relaxed);
}
void StreamCall::set_events(StreamEvents events) {
  (*handle_)->set_events(std::move(events));
}
void StreamCall::read(std::uint32_t messages) {
  (*handle_)->grant(messages);
}
bool StreamCall::send(base::Rope message) {
  return (*handle_)->send(std::move(message));
}
bool StreamCall::send(MessageBatch messages) {
  return (*handle_)->send(std::move(messages));
}
std::size_t StreamCall::queued_bytes() const {
  return (*handle_)->queued_bytes();
}
void StreamCall::finish(GrpcStatus status) {
  (*handle_)->end(std::move(status));
}

}  // namespace etcd::rpc
