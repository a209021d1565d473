#include "lease/lessor.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "base/plant.h"
#include "base/wire.h"
#include "bolt/schema.h"

namespace etcd::lease {

namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// a + b, stopping at the largest number: 9e9 seconds are close to it.
std::int64_t saturated_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kNever : sum;
}

std::int64_t seconds_to_ns(std::int64_t seconds) {
  return std::min(seconds, kMaxTtlSeconds) * kSecondNs;
}

std::string stored_key(LeaseId id) {
  const auto number = static_cast<std::uint64_t>(id.value);
  std::string key;
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(number >> shift);
  return key;
}

LeaseId parse_stored_key(std::string_view key) {
  std::uint64_t number = 0;
  for (const char byte : key) number = number << 8 | static_cast<unsigned char>(byte);
  return LeaseId(static_cast<std::int64_t>(number));
}

}  // namespace

Status Lessor::load(std::string_view key, std::string_view value) {
  if (key.size() != 8) return fail(Errc::kCorrupt, "lease bucket: a key is not 8 bytes long");
  const LeaseId id = parse_stored_key(key);
  LeaseId stored_id;
  Lease lease;
  base::WireReader reader(value);
  while (const auto field = reader.next()) {
    if (field->type != base::WireType::kVarint) continue;
    if (field->number == 1) stored_id = LeaseId(field->as_int64());
    if (field->number == 2) lease.ttl_s = field->as_int64();
    if (field->number == 3) lease.remaining_ttl_s = field->as_int64();
  }
  if (reader.failed() || stored_id != id || id == LeaseId(0))
    return fail(Errc::kCorrupt, "lease bucket: a record is no lease");
  lease.ttl_s = std::clamp(lease.ttl_s, options_.min_ttl_s, kMaxTtlSeconds);
  leases_.insert_or_assign(id, std::move(lease));
  return {};
}

Result<std::int64_t> Lessor::grant(LeaseId id, std::int64_t ttl_s, std::int64_t now_ns, bolt::WriteBatch& changes) {
  if (id == LeaseId(0)) return fail(Errc::kLeaseNotFound);
  if (ttl_s > kMaxTtlSeconds) return fail(Errc::kLeaseTtlTooLarge);
  const auto [place, made] = leases_.try_emplace(id);
  if (!made) return fail(Errc::kLeaseExists);
  Lease& lease = place->second;
  lease.ttl_s = std::max(ttl_s, options_.min_ttl_s);
  store(id, lease, changes);
  options_.metrics.granted.add();
  options_.metrics.ttl_s.observe(static_cast<double>(lease.ttl_s));
  if (is_primary() || PLANTED(new_leaders_trust_old_clocks)) start_clock(id, lease, 0, now_ns);
  return lease.ttl_s;
}

Status Lessor::revoke(LeaseId id, bolt::WriteBatch& changes) {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return fail(Errc::kLeaseNotFound);
  CHECK(found->second.keys.empty(), id, found->second.keys.size());
  options_.metrics.revoked.add();
  if (found->second.reported) {
    --expiring_;
    options_.metrics.expired.add();
  }
  leases_.erase(found);
  changes.erase(bolt::schema::kLease, stored_key(id));
  return {};
}

void Lessor::checkpoint(const Checkpoint& checkpoint, const CheckpointOptions& options, bolt::WriteBatch& changes) {
  const auto found = leases_.find(checkpoint.id);
  if (found == leases_.end()) return;
  Lease& lease = found->second;
  lease.remaining_ttl_s = checkpoint.remaining_ttl_s;
  lease.checkpoint_under_way = false;
  if (lease.remaining_ttl_s == 0) lease.clearing = false;
  if (options.persist) store(checkpoint.id, lease, changes);
  if (is_primary()) schedule_checkpoint(checkpoint.id, lease, options.now_ns);
}

bool Lessor::attach(std::string_view key, LeaseId id) {
  const auto place = keys_.find(key);
  if (place != keys_.end() && place->second.lease == id) return true;
  const auto lease = id == LeaseId(0) ? leases_.end() : leases_.find(id);
  if (place != keys_.end()) leave(*place);
  if (lease == leases_.end()) {
    if (place != keys_.end()) keys_.erase(place);
    return id == LeaseId(0);
  }
  Keys::value_type& entry = place != keys_.end() ? *place : *keys_.emplace(std::string(key), KeyEntry{}).first;
  entry.second = {.lease = id, .place = lease->second.keys.size()};
  lease->second.keys.push_back(&entry);
  return true;
}

// Takes the key off its lease's list: the last of the list moves to its place.
void Lessor::leave(Keys::value_type& key) {
  auto& keys = leases_.at(key.second.lease).keys;
  Keys::value_type* last = keys.back();
  keys[key.second.place] = last;
  last->second.place = key.second.place;
  keys.pop_back();
}

LeaseId Lessor::lease_of(std::string_view key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() ? LeaseId(0) : found->second.lease;
}

std::vector<std::string_view> Lessor::keys_of(LeaseId id) const {
  std::vector<std::string_view> keys;
  const auto found = leases_.find(id);
  if (found == leases_.end()) return keys;
  keys.reserve(found->second.keys.size());
  for (const Keys::value_type* key : found->second.keys) keys.push_back(key->first);
  std::sort(keys.begin(), keys.end());
  return keys;
}

LeaseInfo Lessor::info(LeaseId id, const Lease& lease, std::int64_t now_ns) const {
  return {.id = id,
          .ttl_s = lease.ttl_s,
          .remaining_ttl_s = lease.remaining_ttl_s,
          .left_ns = is_primary() ? lease.expiry_ns - now_ns : kNever,
          .key_count = lease.keys.size()};
}

Result<LeaseInfo> Lessor::find(LeaseId id, std::int64_t now_ns) const {
  const auto found = leases_.find(id);
  if (found == leases_.end()) return fail(Errc::kLeaseNotFound);
  return info(id, found->second, now_ns);
}

std::vector<LeaseInfo> Lessor::list(std::int64_t now_ns) const {
  std::vector<LeaseInfo> all;
  all.reserve(leases_.size());
  for (const auto& [id, lease] : leases_) all.push_back(info(id, lease, now_ns));
  std::sort(all.begin(), all.end(), [](const LeaseInfo& a, const LeaseInfo& b) {
    return std::pair(a.left_ns, a.id) < std::pair(b.left_ns, b.id);
  });
  return all;
}

void Lessor::promote(const Promotion& promotion) {
  CHECK(promotion.term != Term(0));
  demote();
  primary_term_ = promotion.term;
  for (auto& [id, lease] : leases_) {
    const std::int64_t old_expiry_ns = lease.expiry_ns;
    start_clock(id, lease, promotion.extend_ns, promotion.now_ns);
    if (PLANTED(new_leaders_trust_old_clocks) && old_expiry_ns != 0) expiries_.push({.due_ns = lease.queued_ns = lease.expiry_ns = old_expiry_ns, .id = id});
  }
}

void Lessor::demote() {
  primary_term_ = Term(0);
  expiring_ = 0;
  expiries_.clear();
  reports_.clear();
  checkpoints_.clear();
}

void Lessor::start_clock(LeaseId id, Lease& lease, std::int64_t extend_ns, std::int64_t now_ns) {
  lease.expiry_ns = saturated_add(now_ns, saturated_add(extend_ns, seconds_to_ns(effective_ttl_s(lease))));
  lease.queued_ns = lease.expiry_ns;
  lease.reported = false;
  lease.checkpoint_under_way = lease.clearing = false;
  lease.checkpoint_due_ns = 0;
  expiries_.push({.due_ns = lease.expiry_ns, .id = id});
  schedule_checkpoint(id, lease, now_ns);
}

Renewal Lessor::renew(LeaseId id, std::int64_t now_ns) {
  if (!is_primary()) return Renewal::kNotPrimary;
  const auto found = leases_.find(id);
  if (found == leases_.end()) return Renewal::kNotFound;
  Lease& lease = found->second;
  if (lease.expiry_ns <= now_ns && !PLANTED(renews_what_has_expired)) return Renewal::kExpired;
  if (!PLANTED(renewals_are_forgotten)) lease.expiry_ns = saturated_add(now_ns, seconds_to_ns(effective_ttl_s(lease)));
  // The queue's entry may only be too early: a clock that was set back (after a checkpoint) needs one of its own.
  if (lease.expiry_ns < lease.queued_ns) {
    lease.queued_ns = lease.expiry_ns;
    expiries_.push({.due_ns = lease.expiry_ns, .id = id});
  }
  options_.metrics.renewed.add();
  return Renewal::kRenewed;
}

bool Lessor::renewal_needs_checkpoint(LeaseId id) const {
  const auto found = leases_.find(id);
  return options_.checkpoints && found != leases_.end() && (found->second.remaining_ttl_s > 0 || found->second.checkpoint_under_way);
}

void Lessor::begin_clearing(LeaseId id) {
  if (const auto found = leases_.find(id); found != leases_.end()) found->second.clearing = true;
}

// First those that should be gone by now, whose number is bounded; then as many new ones as there is room for.
std::vector<LeaseId> Lessor::expire(std::int64_t now_ns) {
  std::vector<LeaseId> expired;
  DeadlineQueue::Entry due;
  for (std::size_t left = reports_.size(); left > 0 && reports_.pop_due(now_ns, due); --left) {
    const auto found = leases_.find(due.id);
    if (found == leases_.end() || !found->second.reported || found->second.queued_ns != due.due_ns) continue;  // revoked
    report(due.id, found->second, now_ns, expired);
  }
  while (expiring_ < options_.max_expiring && expiries_.pop_due(now_ns, due)) {
    const auto found = leases_.find(due.id);
    if (found == leases_.end() || found->second.queued_ns != due.due_ns) continue;  // revoked, or another entry stands for it
    Lease& lease = found->second;
    if (lease.expiry_ns <= now_ns) {
      ++expiring_;
      report(due.id, lease, now_ns, expired);
    } else {
      lease.queued_ns = lease.expiry_ns;
      expiries_.push({.due_ns = lease.queued_ns, .id = due.id});
    }
  }
  return expired;
}

void Lessor::report(LeaseId id, Lease& lease, std::int64_t now_ns, std::vector<LeaseId>& expired) {
  expired.push_back(id);
  lease.reported = true;
  lease.queued_ns = saturated_add(now_ns, options_.retry_ns);
  reports_.push({.due_ns = lease.queued_ns, .id = id});
}

std::int64_t Lessor::next_due_ns() const {
  const std::int64_t again = std::min(reports_.next_due_ns(), checkpoints_.next_due_ns());
  return expiring_ < options_.max_expiring ? std::min(expiries_.next_due_ns(), again) : again;
}

void Lessor::schedule_checkpoint(LeaseId id, Lease& lease, std::int64_t now_ns) {
  if (!options_.checkpoints || effective_ttl_s(lease) <= options_.checkpoint_interval_s) return;
  const std::int64_t due_ns = saturated_add(now_ns, seconds_to_ns(options_.checkpoint_interval_s));
  if (std::exchange(lease.checkpoint_due_ns, due_ns) != due_ns) checkpoints_.push({.due_ns = due_ns, .id = id});
}

std::vector<Checkpoint> Lessor::due_checkpoints(std::int64_t now_ns, std::size_t limit) {
  std::vector<Checkpoint> due;
  DeadlineQueue::Entry entry;
  while (due.size() < limit && checkpoints_.pop_due(now_ns, entry)) {
    const auto found = leases_.find(entry.id);
    if (found == leases_.end() || found->second.checkpoint_due_ns != entry.due_ns) continue;  // revoked, or another entry stands for it
    if (found->second.expiry_ns <= now_ns) continue;
    Lease& lease = found->second;
    const std::int64_t remaining_s = (lease.expiry_ns - now_ns - 1) / kSecondNs + 1;
    if (remaining_s < lease.ttl_s && !lease.clearing) {
      due.push_back(
          {.id = entry.id, .remaining_ttl_s = remaining_s});  // the next is scheduled when this one is applied
      lease.checkpoint_under_way = true;
    } else {
      schedule_checkpoint(entry.id, lease, now_ns);
    }
  }
  return due;
}

void Lessor::store(LeaseId id, const Lease& lease, bolt::WriteBatch& changes) const {
  std::string value;
  base::WireWriter writer(value);
  writer.int64_if(1, id.value);
  writer.int64_if(2, lease.ttl_s);
  writer.int64_if(3, lease.remaining_ttl_s);
  changes.put(bolt::schema::kLease, stored_key(id), std::move(value));
}

}  // namespace etcd::lease
