#include "sim/lease_holder.h"

#include <algorithm>
#include <utility>

#include "base/wire.h"
#include "sim/requests.h"
#include "sim/users.h"

namespace etcd::sim {

namespace {

constexpr std::int64_t kLimitNs = 3 * kSecond;  // for an answer

std::string lease_key(std::int64_t id, char which) { return "lease-" + std::to_string(id) + which; }

}  // namespace

LeaseHolder::LeaseHolder(Surroundings& around, std::vector<std::unique_ptr<Member>>& members, int number, std::uint64_t seed)
    : around_(around), members_(members), rng_(seed), next_id_(number * 1'000'000) {}

void LeaseHolder::begin_later() {
  if (stopped_) return;
  around_.scheduler.after(static_cast<std::int64_t>(rng_.below(4 * kSecond)), [this] {
    if (!stopped_) begin();
  });
}

// Who leads, as that member says: a renewal goes there, as the server passes it on. Itself if it does not know.
Member* LeaseHolder::leader_by(Member& member) {
  MemberId leader;
  member.run([&](node::LocalNode& node) { leader = node.status().leader; });
  const auto found = std::ranges::find_if(members_, [&](const auto& each) { return each->is_up() && each->id() == leader; });
  return found == members_.end() ? &member : found->get();
}

// `done` runs once, with false if there was no answer in time: then the outcome is unknown.
void LeaseHolder::propose(node::RequestKind kind, std::string request, base::UniqueFunction<void(bool)> done) {
  Member* member = any_up(members_, rng_);
  if (member == nullptr) return done(false);
  auto once = std::make_shared<base::UniqueFunction<void(bool)>>(std::move(done));
  const auto answer = [once](bool done_so) {
    if (*once) std::exchange(*once, nullptr)(done_so);
  };
  around_.scheduler.after(kLimitNs + kSecond, [answer] { answer(false); });
  const std::int64_t deadline = member->monotonic_ns() + kLimitNs;
  member->run([&](node::LocalNode& node) {
    auto proposer = node.make_proposer();
    proposer->propose({.kind = kind,
                       .request = base::SharedBytes(std::move(request)),
                       .deadline_ns = deadline,
                       .done = [answer](Result<base::Rope> response) { answer(response.has_value()); },
                       .who = root_at(node)});
    proposer->submit();
  });
}

void LeaseHolder::begin() {
  auto lease = std::make_shared<Lease>();
  lease->id = ++next_id_;
  lease->ttl_s = 2 + static_cast<std::int64_t>(rng_.below(8));
  lease->counts_from_ns = around_.scheduler.now_ns();
  lease->renewals_left = rng_.one_in(2) ? 0 : rng_.below(30);
  std::string request;
  base::WireWriter writer(request);
  writer.int64(1, lease->ttl_s);
  writer.int64(2, lease->id);
  propose(node::RequestKind::kLeaseGrant, std::move(request), [this, lease, turn = ++turn_](bool granted) {
    if (turn == turn_) granted ? put(lease) : begin_later();
  });
}

// If it is not known whether the keys were put, keys that are not there say nothing.
void LeaseHolder::put(const LeaseRef& lease) {
  const LeaseId id(lease->id);
  propose(node::RequestKind::kTxn, put_both_request(lease_key(lease->id, 'a'), lease_key(lease->id, 'b'), id),
          [this, lease, turn = ++turn_](bool was_put) {
            if (turn != turn_) return;
            holding_ = was_put;
            if (!was_put) return begin_later();
            renew_later(lease);
            look_later(lease);
          });
}

void LeaseHolder::renew_later(const LeaseRef& lease) {
  if (lease->renewals_left == 0 || lease->gone_ns != 0 || stopped_) return;
  --lease->renewals_left;
  const std::int64_t ttl_ns = lease->ttl_s * kSecond;
  // Now and then when it is just over: the revocation may be on its way.
  const bool is_late = rng_.one_in(6);
  const auto pause_ns = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(is_late ? 100 * kMillisecond : ttl_ns / 3)));
  around_.scheduler.after(kMillisecond + pause_ns + (is_late ? ttl_ns : 0), [this, lease] {
    if (lease->gone_ns == 0 && !stopped_) renew(lease);
    renew_later(lease);
  });
}

void LeaseHolder::renew(const LeaseRef& lease) {
  Member* asked = any_up(members_, rng_);
  if (asked == nullptr) return;
  Member* member = rng_.one_in(5) ? asked : leader_by(*asked);
  const std::int64_t asked_ns = around_.scheduler.now_ns();
  const auto post = [this, member, life = member->life()](node::Job job) {
    const auto late_ns = static_cast<std::int64_t>(rng_.below(300 * kMicrosecond));
    around_.scheduler.after(late_ns, [member, life, job = std::move(job)]() mutable {
      if (member->life() == life) member->run([&](node::LocalNode&) { job(); });
    });
  };
  member->run([&](node::LocalNode& node) {
    const auto questions = node.make_lease_questions(post);
    questions->renew(LeaseId(lease->id), [this, lease, member, asked_ns](Result<std::int64_t> ttl_s) {
      if (ttl_s && *ttl_s > 0) renewed(lease, *member, asked_ns);
    });
    questions->submit();
  });
}

// A renewal that succeeds says that the lease was there, so that its keys were, until its time is over once more.
void LeaseHolder::renewed(const LeaseRef& lease, const Member& member, std::int64_t asked_ns) {
  ++renewed_;
  around_.trace.add(around_.scheduler.now_ns(), member.number(), "renews lease", static_cast<std::uint64_t>(lease->id));
  lease->counts_from_ns = std::max(lease->counts_from_ns, asked_ns);
  check(*lease, member);
}

void LeaseHolder::look_later(const LeaseRef& lease) {
  around_.scheduler.after(100 * kMillisecond + static_cast<std::int64_t>(rng_.below(500 * kMillisecond)), [this, lease, turn = ++turn_] {
    if (turn == turn_) look(lease);
  });
}

void LeaseHolder::look(const LeaseRef& lease) {
  Member* member = any_up(members_, rng_);
  if (member == nullptr) return look_later(lease);
  // Without an answer it looks again.
  around_.scheduler.after(kLimitNs + kSecond, [this, lease, turn = turn_] {
    if (turn == turn_) look_later(lease);
  });
  member->run([&](node::LocalNode& node) {
    node.read_barrier(member->monotonic_ns() + kLimitNs, [this, lease, member, turn = turn_, life = member->life()](Status passed) {
      if (turn != turn_) return;
      if (!passed) return look_later(lease);
      around_.scheduler.after(0, [this, lease, member, turn, life] {
        if (turn != turn_) return;
        member->life() == life ? look_at(lease, *member) : look_later(lease);
      });
    });
  });
}

void LeaseHolder::look_at(const LeaseRef& lease, Member& member) {
  bool has_first = false, has_second = false;
  member.run([&](node::LocalNode& node) {
    const mvcc::ReadViewRef view = node.view();
    const auto first = view->find(lease_key(lease->id, 'a'));
    const auto second = view->find(lease_key(lease->id, 'b'));
    if (!first || !second) return around_.violation(member, "can't read a key of a lease");
    has_first = first->has_value();
    has_second = second->has_value();
  });
  if (has_first != has_second) return around_.violation(member, "has one key of a lease and not the other");
  if (has_first) return look_later(lease);
  ++turn_;
  holding_ = false;
  ++ended_;
  lease->gone_ns = around_.scheduler.now_ns();
  check(*lease, member);
  begin_later();
}

// Members count by their own clocks.
std::int64_t LeaseHolder::least_ns(const Lease& lease) const {
  return lease.ttl_s * kSecond / (1'000'000 + static_cast<std::int64_t>(around_.profile.clock_drift_ppm)) * 1'000'000;
}

void LeaseHolder::check(const Lease& lease, const Member& member) {
  const std::int64_t lasted_ns = lease.gone_ns - lease.counts_from_ns;
  if (lease.gone_ns == 0 || lasted_ns >= least_ns(lease)) return;
  around_.violation(member, "has lost the keys of a lease of " + std::to_string(lease.ttl_s) + " s " + std::to_string(lasted_ns / kMillisecond) +
                                " ms after it was granted or renewed");
}

}  // namespace etcd::sim
