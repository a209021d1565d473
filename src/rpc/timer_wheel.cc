#include "rpc/timer_wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "base/check.h"

namespace etcd::rpc {

namespace {

constexpr std::int64_t kTickNs = 1'000'000;

// Rounded up, so that no timer fires early.
std::int64_t tick_at_or_after(std::int64_t ns) {
  return ns / kTickNs + (ns % kTickNs > 0 ? 1 : 0);
}

void unlink(TimerLink& link) {
  link.previous->next = link.next;
  link.next->previous = link.previous;
  link.next = link.previous = nullptr;
}

void link_before(TimerLink& place, TimerLink& link) {
  link.previous = place.previous;
  link.next = &place;
  place.previous->next = &link;
  place.previous = &link;
}

// Moves all links of a ring to the empty ring `to`.
void splice(TimerLink& from, TimerLink& to) {
  if (from.next == &from) return;
  to.next = from.next;
  to.previous = from.previous;
  to.next->previous = to.previous->next = &to;
  from.next = from.previous = &from;
}

}  // namespace

void Timer::cancel() {
  if (started()) unlink(*this);
}

TimerWheel::TimerWheel(std::int64_t now_ns) : tick_(now_ns / kTickNs) {
  for (Level& level : levels_) {
    for (TimerLink& head : level.heads) head.next = head.previous = &head;
  }
}

TimerWheel::~TimerWheel() {
  for (const Level& level : levels_) {
    for (const TimerLink& head : level.heads) CHECK(head.next == &head, "a timer outlives its wheel");
  }
}

void TimerWheel::start(Timer& timer, std::int64_t at_ns) {
  timer.cancel();
  timer.at_tick_ = std::max(tick_at_or_after(at_ns), tick_ + 1);
  insert(timer);
}

// The level is that of the highest digit in which the timer's tick differs from now: its slot comes up before that
// digit's next carry.
void TimerWheel::insert(Timer& timer) {
  const auto differing = static_cast<std::uint64_t>(timer.at_tick_ ^ tick_);
  const int top_bit = 63 - std::countl_zero(differing | 1);
  int level = top_bit / kSlotBits;
  std::int64_t at = timer.at_tick_;
  if (level >= kLevels) {
    // The last level goes round. What is farther than one round waits in its farthest slot and is sorted in again from
    // there.
    level = kLevels - 1;
    if (at - tick_ >= std::int64_t{1} << (kLevels * kSlotBits)) at = tick_ - (std::int64_t{1} << (level * kSlotBits));
  }
  const auto slot = static_cast<std::size_t>(at >> (level * kSlotBits)) & (kSlots - 1);
  Level& row = levels_[static_cast<std::size_t>(level)];
  link_before(row.heads[slot], timer);
  row.occupied[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::advance(std::int64_t now_ns) {
  const std::int64_t target = now_ns / kTickNs;
  while (tick_ < target) {
    const int wait = wait_ms(tick_ * kTickNs);
    if (wait < 0 || wait > target - tick_) {
      tick_ = target;
      return;
    }
    tick_ += wait;
    for (int level = kLevels - 1; level > 0; --level) {
      if ((tick_ & ((std::int64_t{1} << (level * kSlotBits)) - 1)) == 0) cascade(level);
    }
    fire_slot(tick_);
  }
}

// The slot of `level` whose turn has come moves down to the levels below.
void TimerWheel::cascade(int level) {
  Level& row = levels_[static_cast<std::size_t>(level)];
  const auto slot = static_cast<std::size_t>(tick_ >> (level * kSlotBits)) & (kSlots - 1);
  row.occupied[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  TimerLink moving{&moving, &moving};
  splice(row.heads[slot], moving);
  while (moving.next != &moving) {
    Timer& timer = static_cast<Timer&>(*moving.next);
    unlink(timer);
    insert(timer);
  }
}

void TimerWheel::fire_slot(std::int64_t tick) {
  Level& row = levels_[0];
  const auto slot = static_cast<std::size_t>(tick) & (kSlots - 1);
  row.occupied[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
  TimerLink due{&due, &due};
  splice(row.heads[slot], due);
  while (due.next != &due) {
    Timer& timer = static_cast<Timer&>(*due.next);
    unlink(timer);
    timer.fire_();
  }
}

int TimerWheel::wait_ms(std::int64_t now_ns) const {
  std::int64_t nearest = std::numeric_limits<std::int64_t>::max();
  for (int level = 0; level < kLevels; ++level) {
    const int shift = level * kSlotBits;
    const auto current = static_cast<std::size_t>(tick_ >> shift) & (kSlots - 1);
    const auto distance = next_occupied(levels_[static_cast<std::size_t>(level)], current);
    if (distance == 0) continue;
    const std::int64_t start = ((tick_ >> shift) + distance) << shift;
    nearest = std::min(nearest, start);
  }
  if (nearest == std::numeric_limits<std::int64_t>::max()) return -1;
  const std::int64_t wait = nearest - now_ns / kTickNs;
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, std::numeric_limits<int>::max()));
}

// Slots from `current` (excluded) to the next occupied one, going round; a full turn means `current` itself, 0 that
// none is.
int TimerWheel::next_occupied(const Level& level, std::size_t current) {
  constexpr std::size_t kWords = kSlots / 64;
  const std::size_t first = (current + 1) % kSlots;
  for (std::size_t step = 0; step <= kWords; ++step) {
    const std::size_t word = (first / 64 + step) % kWords;
    std::uint64_t bits = level.occupied[word];
    if (step == 0) bits &= ~std::uint64_t{0} << (first % 64);
    if (step == kWords) bits &= (std::uint64_t{1} << (first % 64)) - 1;
    if (bits == 0) continue;
    const std::size_t slot = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
    return static_cast<int>((slot + kSlots - first) % kSlots) + 1;
  }
  return 0;
}

}  // namespace etcd::rpc
