// LeaseHolder: asks for a lease, puts a key under it, never renews it, and looks when the key goes: not before the lease's time is over, whatever happened
// to leaders, disks and clocks meanwhile - and in a cluster without trouble it goes.
//
// Owner: the World.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/member.h"

namespace etcd::sim {

class LeaseHolder {
 public:
  LeaseHolder(Surroundings& around, std::vector<std::unique_ptr<Member>>& members, int number, std::uint64_t seed);

  void start() { begin_later(); }
  // Asks for no other lease.
  void stop() { stopped_ = true; }
  // Its key is gone, or it never came to have one.
  bool is_idle() const { return !holding_; }
  std::uint64_t ended() const { return ended_; }

 private:
  void begin_later();
  void begin();
  void put();
  void look_later();
  void look();
  void found(const Member& member, bool is_there);
  Member* any_up();
  void propose(node::RequestKind kind, std::string request, base::UniqueFunction<void(bool)> done);

  Surroundings& around_;
  std::vector<std::unique_ptr<Member>>& members_;
  base::Rng rng_;
  std::int64_t next_id_;
  std::int64_t ttl_s_ = 0;
  std::int64_t asked_ns_ = 0;  // no member counted the lease's time from before
  std::uint64_t turn_ = 0;     // answers of earlier turns are void
  bool holding_ = false;
  bool stopped_ = false;
  std::uint64_t ended_ = 0;
};

}  // namespace etcd::sim
