// CallSlots: how many local calls of one server run at once. Those above the limit wait in line, as a gRPC client's do
// on a connection whose server allows no more streams.
//
// Any thread. Invariant: slots in use <= the limit; somebody waits only while all are in use.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "base/unique_function.h"
#include "rpc/options.h"

namespace etcd::rpc {

class CallSlots {
 public:
  using Ticket = std::uint64_t;
  // Called once, by the thread that gave its slot back: the slot is the waiter's now.
  using Turn = base::UniqueFunction<void()>;

  // kUnlimitedStreams: nobody waits, nothing is counted.
  explicit CallSlots(std::uint32_t most) : most_(most) {}

  // Nothing: the slot is taken. Else the place in line.
  std::optional<Ticket> take(Turn turn);
  // Leaves the line. False if the turn has come already: then the slot has to be given back.
  bool leave(Ticket ticket);
  void give_back();

 private:
  const std::uint32_t most_;
  std::mutex mutex_;
  std::uint32_t taken_ = 0;      // under mutex_
  Ticket last_ = 0;              // under mutex_
  std::map<Ticket, Turn> line_;  // under mutex_; in order of arrival
};

}  // namespace etcd::rpc
