#include "sim/event_loop.h"

#include <utility>

#include "sim/member.h"

namespace etcd::sim {

namespace {

// In half of the lives everything is cut into pieces as small as they get.
watch::HubLimits draw_limits(base::Rng& rng) {
  if (rng.one_in(2)) return {};
  return {.slice = {.changes = 1 + rng.below(6), .deliveries = 1 + rng.below(8), .bytes = 1 + rng.below(2000)},
          .walks = 1 + rng.below(3),
          .join_distance = static_cast<std::int64_t>(rng.below(20)),
          .moves = 1 + rng.below(4)};
}

}  // namespace

EventLoop::EventLoop(Member& member, Scheduler& scheduler, std::uint64_t seed)
    : member_(member),
      node_(member.node()),
      scheduler_(scheduler),
      rng_(seed),
      hub_(*this, {}, draw_limits(rng_)),
      signal_([this] { wake(); }) {
  node_.add_signal(signal_);
}

EventLoop::~EventLoop() { node_.remove_signal(signal_); }

mvcc::ReadViewRef EventLoop::view() { return node_.view(); }

void EventLoop::wake() {
  if (std::exchange(is_scheduled_, true)) return;
  // Now and then the thread has other work first.
  const std::int64_t most_ns = rng_.one_in(50) ? 300 * kMillisecond : 200 * kMicrosecond;
  const std::int64_t at_ns = scheduler_.now_ns() + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most_ns)));
  scheduler_.at(std::max(at_ns, member_.paused_until_ns()), [this, &member = member_, life = member_.life()] {
    if (member.life() == life) member.run([this](node::LocalNode&) { run(); });
  });
}

// As a server's loop does it: armed before the last look for news.
void EventLoop::run() {
  is_scheduled_ = false;
  if (hub_.step()) wake();
  if (is_scheduled_ || hub_.is_idle()) return;
  signal_.arm();
  if (node_.view()->revision() >= hub_.next()) wake();
}

}  // namespace etcd::sim
