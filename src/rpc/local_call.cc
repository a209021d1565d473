#include "rpc/local_call.h"

#include <utility>
#include <variant>

#include "base/check.h"
#include "rpc/exchange.h"
#include "rpc/message_reader.h"
#include "rpc/output.h"
#include "rpc/shard.h"

namespace etcd::rpc {

namespace {
// As over a connection: by the time a handler could be called, this much has passed.
constexpr std::int64_t kLeastTimeoutNs = 1'000;
}  // namespace

LocalCall::LocalCall(std::shared_ptr<Shard> shard, const Method& method, LocalCallHead head, LocalCallEvents events)
    : shard_(std::move(shard)),
      method_(method),
      head_(std::move(head)),
      events_(std::move(events)),
      deadline_([this] { expire(); }),
      self_(std::make_shared<LocalCall*>(this)) {}

LocalCall::~LocalCall() {
  cancel();
}

void LocalCall::cancel() {
  let_go(GrpcCode::kCanceled);
  messages_.clear();
  status_.reset();
}

void LocalCall::start(base::SharedBytes request) {
  request_ = std::move(request);
  if (refuse_large(request_)) return;
  if (head_.deadline_ns < shard_->now_ns() + kLeastTimeoutNs) return expire();
  if (head_.deadline_ns != kNoDeadline) shard_->loop().timers().start(deadline_, head_.deadline_ns);
  place_in_line_ = shard_->slots().take([shard = shard_, self = std::weak_ptr(self_)] {
    shard->post([shard, self] {
      const auto call = self.lock();
      call ? (*call)->begin() : shard->slots().give_back();
    });
  });
  if (!place_in_line_) begin();
}

void LocalCall::begin() {
  place_in_line_.reset();
  has_slot_ = true;
  if (over_) return let_go(GrpcCode::kCanceled);  // its time ran out between the turn and here
  std::holds_alternative<UnaryHandler>(method_.handler) ? begin_unary() : begin_stream();
}

void LocalCall::fill(CallInfo& info) {
  info.method = &method_;
  info.peer = std::move(head_.peer);
  info.metadata = std::move(head_.metadata);
  info.started_ns = shard_->now_ns();
  info.deadline_ns = head_.deadline_ns;
  shard_->count_started(method_);
}

void LocalCall::begin_unary() {
  UnaryExchange& exchange = *shard_->take_unary();
  unary_ = &exchange;
  exchange.local = this;
  exchange.handed_out = true;
  fill(exchange.info);
  exchange.request = std::move(request_);
  shard_->count_received(method_, exchange.request.size());
  std::get<UnaryHandler>(method_.handler)(UnaryCall(&exchange));
}

void LocalCall::begin_stream() {
  auto exchange = std::make_shared<StreamExchange>(ExchangeKind::kStream, shard_);
  stream_ = exchange;
  exchange->self = exchange;
  exchange->link = this;
  exchange->handed_out = true;
  fill(exchange->info);
  if (const auto* const handler = std::get_if<ServerStreamHandler>(&method_.handler)) {
    shard_->count_received(method_, request_.size());
    return (*handler)(StreamHandle::call_of(exchange), std::move(request_));
  }
  std::get<BidiHandler>(method_.handler)(StreamHandle::call_of(exchange));
  if (closed_) tell_half_close();
}

bool LocalCall::refuse_large(const base::SharedBytes& message) {
  const std::size_t most = shard_->options().max_receive_message_bytes;
  if (message.size() <= most) return false;
  let_go(GrpcCode::kResourceExhausted);
  end(message_too_large(message.size(), most));
  return true;
}

bool LocalCall::wants_message() const {
  return stream_ != nullptr && !closed_ && stream_->credit > 0;
}

void LocalCall::send(base::SharedBytes message) {
  CHECK(wants_message());
  if (refuse_large(message)) return;
  const auto keep = stream_;
  --keep->credit;
  shard_->count_received(method_, message.size());
  if (keep->events->on_message) keep->events->on_message(std::move(message));
}

void LocalCall::close() {
  closed_ = true;
  tell_half_close();
}

// A handler that begins later than its call is told when it asks for messages.
void LocalCall::tell_half_close() {
  const auto keep = stream_;
  if (keep == nullptr || keep->told_half_close || !keep->events->on_half_close) return;
  keep->told_half_close = true;
  keep->events->on_half_close();
}

void LocalCall::resume() {
  paused_ = false;
  deliver();
}

void LocalCall::answer(UnaryExchange& exchange) {
  unary_ = nullptr;
  exchange.local = nullptr;
  shard_->count_handled(exchange.info, exchange.status.code);
  if (exchange.status.ok()) {
    shard_->count_sent(method_, exchange.response.size());
    messages_.push_back(std::move(exchange.response));
  }
  end(std::move(exchange.status));
}

void LocalCall::carry_out(StreamExchange& exchange, StreamOrders orders) {
  for (base::Rope& message : orders.messages) {
    shard_->count_sent(method_, message.size());
    messages_.push_back(std::move(message));
  }
  if (orders.end) {
    shard_->count_handled(exchange.info, orders.end->code);
    stream_ = nullptr;
    exchange.over();
    return end(std::move(*orders.end));
  }
  exchange.credit += orders.credit;
  deliver();
  if (closed_) return tell_half_close();
  if (orders.credit > 0 && wants_message() && events_.on_wanted) events_.on_wanted();
}

// Tells what has come, in order. What the listener does meanwhile may bring more, which the same loop takes up.
void LocalCall::deliver() {
  if (std::exchange(delivering_, true)) return;
  while (!paused_ && !messages_.empty()) {
    base::Rope message = std::move(messages_.front());
    messages_.pop_front();
    const auto stream = stream_;
    const std::size_t size = message.size() + OutputQueue::kHeadBytes;
    if (events_.on_message) events_.on_message(std::move(message));
    if (stream != nullptr) stream->drained(size);
  }
  delivering_ = false;
  if (paused_ || !status_ || !messages_.empty()) return;
  const GrpcStatus status = *std::exchange(status_, std::nullopt);
  if (events_.on_end) events_.on_end(status);
}

void LocalCall::expire() {
  let_go(GrpcCode::kDeadlineExceeded);
  end({GrpcCode::kDeadlineExceeded, "context deadline exceeded"});
}

// The call ends with `status`, once what came before it is told.
void LocalCall::end(GrpcStatus status) {
  over_ = true;
  deadline_.cancel();
  if (std::exchange(has_slot_, false)) shard_->slots().give_back();
  status_ = std::move(status);
  deliver();
}

// The handler, if it was called already, loses its client; the slot or the place in line goes.
void LocalCall::let_go(GrpcCode code) {
  over_ = true;
  deadline_.cancel();
  if (UnaryExchange* const exchange = std::exchange(unary_, nullptr)) {
    exchange->local = nullptr;
    exchange->cancelled.store(true, std::memory_order_relaxed);
    shard_->count_handled(exchange->info, code);
    auto notify = std::move(exchange->on_cancel);  // it may answer, and the exchange go
    if (notify) notify();
  }
  if (const auto exchange = std::exchange(stream_, nullptr)) {
    shard_->count_handled(exchange->info, code);
    exchange->cancel();
  }
  // A turn that has come already finds over_, or nobody, and gives the slot back.
  if (place_in_line_) shard_->slots().leave(*place_in_line_);
  place_in_line_.reset();
  if (std::exchange(has_slot_, false)) shard_->slots().give_back();
}

const Method* LocalClient::find(std::string_view path) const {
  return shard_->services().find(path);
}
GrpcStatus LocalClient::explain_missing(std::string_view path) const {
  return shard_->services().explain_missing(path);
}
std::int64_t LocalClient::now_ns() const {
  return shard_->now_ns();
}
std::size_t LocalClient::max_request_bytes() const {
  return shard_->options().max_receive_message_bytes;
}
std::unique_ptr<LocalCall> LocalClient::make(const Method& method, LocalCallHead head, LocalCallEvents events) const {
  return std::make_unique<LocalCall>(shard_, method, std::move(head), std::move(events));
}

}  // namespace etcd::rpc
