#include "rpc/call_slots.h"

#include <utility>

namespace etcd::rpc {

std::optional<CallSlots::Ticket> CallSlots::take(Turn turn) {
  if (most_ == kUnlimitedStreams) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (taken_ < most_) {
    ++taken_;
    return std::nullopt;
  }
  line_.emplace(++last_, std::move(turn));
  return last_;
}

bool CallSlots::leave(Ticket ticket) {
  std::map<Ticket, Turn>::node_type gone;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  gone = line_.extract(ticket);
  return !gone.empty();
}

void CallSlots::give_back() {
  if (most_ == kUnlimitedStreams) return;
  std::map<Ticket, Turn>::node_type next;
  {
    const std::lock_guard lock(mutex_);
    if (line_.empty()) {
      --taken_;
      return;
    }
    next = line_.extract(line_.begin());
  }
  next.mapped()();
}

}  // namespace etcd::rpc
