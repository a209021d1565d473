// Lessor: the leases, the keys attached to them, and when they expire.
//
// Owned by the state machine (the apply stage); no other thread touches it. Pure: time comes in as `now_ns`, a
// monotonic clock that never goes back; what must be stored goes out through a WriteBatch.
//
// Replicated state (equal on every member at equal index): the leases with granted and remaining TTL, and which key is
// attached to which. Local state: expiry times, which only the primary (raft's leader) has. On every other member a
// lease lives for ever: leases end only by a committed LeaseRevoke, never by the clock.
//
// Invariants: a key is attached to at most one lease, and that lease exists; min_ttl_s <= ttl_s <= kMaxTtlSeconds; id
// != 0 (negative ids are fine). Costs: renew, attach, detach, lookup O(1); expire and checkpoints O(log n) a lease;
// about 120 bytes a lease and 100 a key beside the key itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/metrics.h"
#include "base/result.h"
#include "bolt/write_batch.h"
#include "lease/deadline_queue.h"

namespace etcd::lease {

inline constexpr std::int64_t kMaxTtlSeconds = 9'000'000'000;

// What is counted; handles made by default count nothing.
struct LessorMetrics {
  base::Counter granted;
  base::Counter revoked;
  base::Counter expired;  // of those revoked: after this member had reported them as expired
  base::Counter renewed;
  base::Histogram ttl_s;  // as granted
};

struct LessorOptions {
  std::int64_t min_ttl_s = 2;  // shorter grants are raised to it, at load too
  // How long after having been reported as expired a lease that is still there is reported again.
  std::int64_t retry_ns = 3'000'000'000;
  // How many leases may have been reported as expired and not been revoked yet. While there are so many, no further ones are reported.
  std::size_t max_expiring = 10'000;
  // The LeaseCheckpoint feature: whether remaining TTLs are replicated at all, and how often for one lease.
  bool checkpoints = false;
  std::int64_t checkpoint_interval_s = 300;
  LessorMetrics metrics = {};
};

struct Checkpoint {
  LeaseId id;
  std::int64_t remaining_ttl_s = 0;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// One lease as seen at one moment.
struct LeaseInfo {
  LeaseId id;
  std::int64_t ttl_s = 0;            // granted
  std::int64_t remaining_ttl_s = 0;  // as last checkpointed; 0: not
  // Nanoseconds until it expires, negative once it has; INT64_MAX if this member is not the primary.
  std::int64_t left_ns = 0;
  std::size_t key_count = 0;
};

enum class Renewal : std::uint8_t {
  kRenewed,
  // Expired and waiting for its revocation: it must not come back. Ask again when the revocation was applied or the
  // primary has changed.
  kExpired,
  kNotFound,
  kNotPrimary,
};

class Lessor {
 public:
  explicit Lessor(const LessorOptions& options = {}) : options_(options) {}
  Lessor(Lessor&&) = default;
  Lessor& operator=(Lessor&&) = default;

  // Takes over one record of the lease bucket. kCorrupt if it is none. Keys are attached afterwards, by whoever
  // restores them.
  Status load(std::string_view stored_key, std::string_view stored_value);

  // Replicated changes; called only while applying.

  // Returns the TTL granted. kLeaseNotFound for id 0, kLeaseTtlTooLarge, kLeaseExists.
  Result<std::int64_t> grant(LeaseId id, std::int64_t ttl_s, std::int64_t now_ns, bolt::WriteBatch& changes);
  // Forgets the lease; its keys must have been deleted (and thereby detached) before. kLeaseNotFound.
  Status revoke(LeaseId id, bolt::WriteBatch& changes);
  // Takes over the remaining TTL; an unknown lease is passed over. Stored only if `persist` (cluster version >= 3.6, or
  // the feature's gate).
  struct CheckpointOptions {
    bool persist = true;
    std::int64_t now_ns = 0;
  };
  void checkpoint(const Checkpoint& checkpoint, const CheckpointOptions& options, bolt::WriteBatch& changes);
  // Makes `key` belong to `id`, leaving the lease it belonged to; id 0 only detaches. False (and detached) if there is
  // no such lease.
  bool attach(std::string_view key, LeaseId id);
  void detach(std::string_view key) { attach(key, LeaseId(0)); }

  // Questions.

  bool exists(LeaseId id) const { return leases_.count(id) != 0; }
  // The lease `key` is attached to, 0 for none.
  LeaseId lease_of(std::string_view key) const;
  // True if any key is attached to any lease: the common "no" makes detaching deleted keys free.
  bool has_keys() const { return !keys_.empty(); }
  // The keys of a lease, sorted: the order in which a revocation deletes them on every member. Valid until a change.
  std::vector<std::string_view> keys_of(LeaseId id) const;
  std::size_t size() const { return leases_.size(); }
  // kLeaseNotFound.
  Result<LeaseInfo> find(LeaseId id, std::int64_t now_ns) const;
  // All leases by time to expiry, then id.
  std::vector<LeaseInfo> list(std::int64_t now_ns) const;

  // The primary's duties.

  bool is_primary() const { return primary_term_ != Term(0); }
  // The term in which this member is the primary, 0 if it is not.
  Term primary_term() const { return primary_term_; }
  // Called when this member leads in `term` (not 0) and has applied everything of earlier terms. Each lease gets its
  // full (or checkpointed) TTL again plus `extend_ns`, since its owner could not reach a primary meanwhile.
  struct Promotion {
    Term term;
    std::int64_t extend_ns = 0;
    std::int64_t now_ns = 0;
  };
  void promote(const Promotion& promotion);
  void demote();
  Renewal renew(LeaseId id, std::int64_t now_ns);
  // True if a renewal must first clear a remaining TTL through the log: one that is checkpointed, or is on its way to be.
  bool renewal_needs_checkpoint(LeaseId id) const;
  // The caller proposes just that, behind all that due_checkpoints() has given out.
  void begin_clearing(LeaseId id);
  // The leases whose time is over, oldest first, max_expiring at a time; each is reported again after retry_ns if it is
  // still there. Empty unless primary.
  std::vector<LeaseId> expire(std::int64_t now_ns);
  // Leases that were reported and are still there.
  std::size_t expiring() const { return expiring_; }
  // When expire() or due_checkpoints() may have something next; INT64_MAX for never.
  std::int64_t next_due_ns() const;
  // Up to `limit` remaining TTLs that are due to be replicated. Empty unless primary and the feature is on.
  std::vector<Checkpoint> due_checkpoints(std::int64_t now_ns, std::size_t limit);

 private:
  struct KeyEntry;
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  using Keys = std::unordered_map<std::string, KeyEntry, TextHash, std::equal_to<>>;
  // A key's lease, and its place in that lease's list, so that leaving is O(1).
  struct KeyEntry {
    LeaseId lease;
    std::size_t place = 0;
  };
  struct Lease {
    std::int64_t ttl_s = 0;
    std::int64_t remaining_ttl_s = 0;
    std::int64_t expiry_ns = 0;  // this and all below but keys: only on the primary
    // Due time of the entry that stands for this lease: in expiries_, where it is <= expiry_ns, or in reports_.
    std::int64_t queued_ns = 0;
    bool reported = false;  // as expired
    // A remainder was handed out to be replicated, and none has been since: it may still come, and then cut short what a renewal gave.
    bool checkpoint_under_way = false;
    bool clearing = false;  // begin_clearing(), and no cleared remainder has come since: no other may be handed out behind it
    std::int64_t checkpoint_due_ns = 0;  // of the entry in checkpoints_ that stands for this lease
    std::vector<Keys::value_type*> keys;
  };

  static std::int64_t effective_ttl_s(const Lease& lease) {
    return lease.remaining_ttl_s > 0 ? lease.remaining_ttl_s : lease.ttl_s;
  }
  void store(LeaseId id, const Lease& lease, bolt::WriteBatch& changes) const;
  void start_clock(LeaseId id, Lease& lease, std::int64_t extend_ns, std::int64_t now_ns);
  void schedule_checkpoint(LeaseId id, Lease& lease, std::int64_t now_ns);
  void report(LeaseId id, Lease& lease, std::int64_t now_ns, std::vector<LeaseId>& expired);
  void leave(Keys::value_type& key);
  LeaseInfo info(LeaseId id, const Lease& lease, std::int64_t now_ns) const;

  LessorOptions options_;
  Term primary_term_;
  std::unordered_map<LeaseId, Lease> leases_;
  Keys keys_;
  std::size_t expiring_ = 0;
  DeadlineQueue expiries_;  // of leases that were not reported yet
  DeadlineQueue reports_;   // when to report again
  DeadlineQueue checkpoints_;
};

}  // namespace etcd::lease
