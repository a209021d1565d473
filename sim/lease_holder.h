// LeaseHolder: asks for a lease, puts two keys under it, keeps it alive for a while or not at all, and looks when the keys go: together, and not before
// the time that its last renewal gave it is over, whatever happened to leaders, disks and clocks meanwhile - and in a cluster without trouble they go.
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
  // Asks for no other lease, and keeps none alive.
  void stop() { stopped_ = true; }
  // Its keys are gone, or it never came to have any.
  bool is_idle() const { return !holding_; }
  std::uint64_t ended() const { return ended_; }
  std::uint64_t renewed() const { return renewed_; }

 private:
  struct Lease {
    std::int64_t id = 0;
    std::int64_t ttl_s = 0;
    std::int64_t counts_from_ns = 0;  // no member counts its time from before: when the grant, or the newest renewal that succeeded, was asked for
    std::int64_t gone_ns = 0;         // when its keys were seen to be gone; 0: not yet
    std::uint64_t renewals_left = 0;
  };
  using LeaseRef = std::shared_ptr<Lease>;

  void begin_later();
  void begin();
  void put(const LeaseRef& lease);
  void renew_later(const LeaseRef& lease);
  void renew(const LeaseRef& lease);
  void renewed(const LeaseRef& lease, const Member& member, std::int64_t asked_ns);
  void look_later(const LeaseRef& lease);
  void look(const LeaseRef& lease);
  void look_at(const LeaseRef& lease, Member& member);
  void check(const Lease& lease, const Member& member);
  std::int64_t least_ns(const Lease& lease) const;
  Member* leader_by(Member& member);
  void propose(node::RequestKind kind, std::string request, base::UniqueFunction<void(bool)> done);

  Surroundings& around_;
  std::vector<std::unique_ptr<Member>>& members_;
  base::Rng rng_;
  std::int64_t next_id_;
  std::uint64_t turn_ = 0;  // answers of earlier turns are void
  bool holding_ = false;
  bool stopped_ = false;
  std::uint64_t ended_ = 0;
  std::uint64_t renewed_ = 0;
};

}  // namespace etcd::sim
