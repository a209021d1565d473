#include "rpc/shard.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/check.h"
#include "rpc/h2_calls.h"
#include "rpc/local_call.h"

namespace etcd::rpc {

namespace {

constexpr std::size_t kKeptExchanges = 4096;

// A counter that one thread writes and any may read: no locked instruction.
void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

std::uint64_t value_of(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

}  // namespace

struct Shard::Cell {
  std::atomic<std::uint64_t> started = 0;
  std::atomic<std::uint64_t> received = 0;
  std::atomic<std::uint64_t> sent = 0;
  std::array<std::atomic<std::uint64_t>, kGrpcCodes> handled = {};
  std::unique_ptr<std::atomic<std::uint64_t>[]> buckets;
  std::atomic<std::uint64_t> handling_ns = 0;
};

Shard::Shard(std::shared_ptr<const ServerParts> parts, Loop& loop)
    : parts_(std::move(parts)),
      loop_(loop),
      runner_(loop.runner()),
      cells_(std::make_unique<Cell[]>(parts_->services.methods().size())) {
  const std::size_t bounds = options().handling_buckets.size();
  for (std::size_t i = 0; bounds > 0 && i < services().methods().size(); ++i) {
    cells_[i].buckets = std::make_unique<std::atomic<std::uint64_t>[]>(bounds + 1);
  }
}

Shard::~Shard() {
  CHECK(first_ == nullptr && free_.empty(), "a shard must be closed first");
}

void Shard::give_back(UnaryExchange* first, UnaryExchange* last) {
  if (runs_here()) {
    for (UnaryExchange* next = nullptr; first != nullptr; first = next) {
      next = first == last ? nullptr : first->next;
      settle(first);
    }
    return;
  }
  std::unique_lock lock(mutex_);
  last->next = nullptr;
  if (!closed_) {
    (last_ == nullptr ? first_ : last_->next) = first;
    last_ = last;
    return post_drain();
  }
  lock.unlock();
  while (first != nullptr) delete std::exchange(first, first->next);  // the last may take this shard with it
}

void Shard::schedule(std::shared_ptr<StreamExchange> stream) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  streams_.push_back(std::move(stream));
  post_drain();
}

void Shard::post(base::UniqueFunction<void()> task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  loop_.post([self = shared_from_this(), run = std::move(task)]() mutable {
    if (!self->closed_) run();
  });
}

// Under mutex_, so that close() waits for it.
void Shard::post_drain() {
  if (drain_posted_) return;
  drain_posted_ = true;
  loop_.post([self = shared_from_this()] { self->drain_inbox(); });
}

void Shard::drain_inbox() {
  UnaryExchange* answered = nullptr;
  std::vector<std::shared_ptr<StreamExchange>> streams;
  {
    const std::lock_guard lock(mutex_);
    answered = std::exchange(first_, nullptr);
    last_ = nullptr;
    streams.swap(streams_);
    drain_posted_ = false;
  }
  while (answered != nullptr) settle(std::exchange(answered, answered->next));
  for (const auto& stream : streams) stream->carry_out();
}

void Shard::settle(UnaryExchange* exchange) {
  if (exchange->stream != nullptr) {
    exchange->calls->answer(*exchange);
  } else if (exchange->local != nullptr) {
    exchange->local->answer(*exchange);
  }
  recycle(exchange);
}

UnaryExchange* Shard::take_unary() {
  if (free_.empty()) {
    auto* const exchange = new UnaryExchange(shared_from_this());
    exchange->deadline.set_callback([exchange] { exchange->calls->expire(*exchange); });
    return exchange;
  }
  UnaryExchange* const exchange = free_.back();
  free_.pop_back();
  return exchange;
}

void Shard::recycle(UnaryExchange* exchange) {
  if (closed_ || free_.size() >= kKeptExchanges) {
    delete exchange;
    return;
  }
  exchange->info.peer.reset();
  exchange->info.metadata.clear();
  exchange->cancelled.store(false, std::memory_order_relaxed);
  exchange->content_subtype.clear();
  exchange->deadline.cancel();
  exchange->request = {};
  exchange->status = {};
  exchange->response = base::Rope();
  exchange->next = nullptr;
  exchange->stream = nullptr;
  exchange->local = nullptr;
  exchange->held_bytes = 0;
  exchange->handed_out = exchange->parked = false;
  exchange->on_cancel = nullptr;
  free_.push_back(exchange);
}

void Shard::close() {
  UnaryExchange* inbox = nullptr;
  std::vector<std::shared_ptr<StreamExchange>> streams;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    inbox = std::exchange(first_, nullptr);
    last_ = nullptr;
    streams.swap(streams_);
  }
  while (inbox != nullptr) delete std::exchange(inbox, inbox->next);
  end_pass();
  for (UnaryExchange* exchange : std::exchange(free_, {})) delete exchange;
}

// What is destroyed may discard more.
void Shard::end_pass() {
  while (!discarded_.empty()) {
    discarding_.swap(discarded_);
    discarding_.clear();
  }
}

const std::string& Shard::http_date() {
  const std::int64_t second = loop_.clock().wall_ns() / kSecond;
  if (second == date_second_) return date_;
  date_second_ = second;
  std::tm parts{};
  const std::time_t time = second;
  gmtime_r(&time, &parts);
  char text[32];
  date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
  return date_;
}

void Shard::count_started(const Method& method) {
  add(cells_[method.index].started);
}

void Shard::count_received(const Method& method, std::size_t bytes) {
  add(cells_[method.index].received);
  add(bytes_received_, bytes);
}

void Shard::count_sent(const Method& method, std::size_t bytes, std::uint32_t messages) {
  add(cells_[method.index].sent, messages);
  add(bytes_sent_, bytes);
}

void Shard::count_handled(const CallInfo& info, GrpcCode code) {
  Cell& cell = cells_[info.method->index];
  add(cell.handled[static_cast<std::size_t>(code)]);
  if (!cell.buckets) return;
  const std::int64_t took_ns = std::max<std::int64_t>(0, loop_.clock().monotonic_ns() - info.started_ns);
  const auto& bounds = options().handling_buckets;
  const auto bucket =
      std::lower_bound(bounds.begin(), bounds.end(), static_cast<double>(took_ns) / 1e9) - bounds.begin();
  add(cell.buckets[static_cast<std::size_t>(bucket)]);
  add(cell.handling_ns, static_cast<std::uint64_t>(took_ns));
}

void Shard::count_connection(bool opened) {
  if (opened) add(connections_accepted_);
  add(connections_open_, opened ? 1 : ~std::uint64_t{0});
}

void Shard::add_to(Counters& sum) const {
  sum.methods.resize(services().methods().size());
  for (std::size_t i = 0; i < sum.methods.size(); ++i) {
    MethodCounters& to = sum.methods[i];
    const Cell& from = cells_[i];
    to.method = services().methods()[i].get();
    to.started += value_of(from.started);
    to.messages_received += value_of(from.received);
    to.messages_sent += value_of(from.sent);
    for (std::size_t code = 0; code < kGrpcCodes; ++code) to.handled[code] += value_of(from.handled[code]);
    to.handling.resize(from.buckets ? options().handling_buckets.size() + 1 : 0);
    for (std::size_t bucket = 0; bucket < to.handling.size(); ++bucket)
      to.handling[bucket] += value_of(from.buckets[bucket]);
    to.handling_seconds += static_cast<double>(value_of(from.handling_ns)) / 1e9;
  }
  sum.connections_open += value_of(connections_open_);
  sum.connections_accepted += value_of(connections_accepted_);
  sum.bytes_received += value_of(bytes_received_);
  sum.bytes_sent += value_of(bytes_sent_);
}

}  // namespace etcd::rpc
