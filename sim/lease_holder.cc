#include "sim/lease_holder.h"

#include <utility>

#include "base/wire.h"

namespace etcd::sim {

namespace {

constexpr std::int64_t kLimitNs = 3 * kSecond;  // for an answer

std::string lease_key(std::int64_t id) { return "lease-" + std::to_string(id); }

}  // namespace

LeaseHolder::LeaseHolder(Surroundings& around, std::vector<std::unique_ptr<Member>>& members, int number, std::uint64_t seed)
    : around_(around), members_(members), rng_(seed), next_id_(number * 1'000'000) {}

void LeaseHolder::begin_later() {
  if (stopped_) return;
  around_.scheduler.after(static_cast<std::int64_t>(rng_.below(4 * kSecond)), [this] {
    if (!stopped_) begin();
  });
}

Member* LeaseHolder::any_up() {
  std::vector<Member*> up;
  for (const auto& member : members_) {
    if (member->is_up()) up.push_back(member.get());
  }
  return up.empty() ? nullptr : up[rng_.below(up.size())];
}

// `done` runs once, with false if there was no answer in time: then the outcome is unknown.
void LeaseHolder::propose(node::RequestKind kind, std::string request, base::UniqueFunction<void(bool)> done) {
  Member* member = any_up();
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
                       .done = [answer](Result<base::Rope> response) { answer(response.has_value()); }});
    proposer->submit();
  });
}

void LeaseHolder::begin() {
  ttl_s_ = 2 + static_cast<std::int64_t>(rng_.below(8));
  asked_ns_ = around_.scheduler.now_ns();
  ++next_id_;
  std::string request;
  base::WireWriter writer(request);
  writer.int64(1, ttl_s_);
  writer.int64(2, next_id_);
  propose(node::RequestKind::kLeaseGrant, std::move(request), [this, turn = ++turn_](bool granted) {
    if (turn == turn_) granted ? put() : begin_later();
  });
}

// If it is not known whether the key was put, a key that is not there says nothing.
void LeaseHolder::put() {
  std::string request;
  base::WireWriter writer(request);
  writer.bytes(1, lease_key(next_id_));
  writer.bytes(2, "held");
  writer.int64(3, next_id_);
  propose(node::RequestKind::kPut, std::move(request), [this, turn = ++turn_](bool was_put) {
    if (turn != turn_) return;
    holding_ = was_put;
    was_put ? look_later() : begin_later();
  });
}

void LeaseHolder::look_later() {
  around_.scheduler.after(100 * kMillisecond + static_cast<std::int64_t>(rng_.below(500 * kMillisecond)), [this, turn = ++turn_] {
    if (turn == turn_) look();
  });
}

void LeaseHolder::look() {
  Member* member = any_up();
  if (member == nullptr) return look_later();
  // Without an answer it looks again.
  around_.scheduler.after(kLimitNs + kSecond, [this, turn = turn_] {
    if (turn == turn_) look_later();
  });
  member->run([&](node::LocalNode& node) {
    node.read_barrier(member->monotonic_ns() + kLimitNs, [this, member, turn = turn_, life = member->life()](Status passed) {
      if (turn != turn_) return;
      if (!passed) return look_later();
      around_.scheduler.after(0, [this, member, turn, life] {
        if (turn != turn_) return;
        if (member->life() != life) return look_later();
        member->run([&](node::LocalNode& same) {
          const auto kv = same.view()->find(lease_key(next_id_));
          if (kv) found(*member, kv->has_value());
        });
      });
    });
  });
}

void LeaseHolder::found(const Member& member, bool is_there) {
  if (is_there) return look_later();
  holding_ = false;
  ++ended_;
  const std::int64_t lasted_ns = around_.scheduler.now_ns() - asked_ns_;
  // Members count by their own clocks.
  const std::int64_t least_ns = ttl_s_ * kSecond / (1'000'000 + static_cast<std::int64_t>(around_.profile.clock_drift_ppm)) * 1'000'000;
  if (lasted_ns < least_ns) {
    around_.violation(member, "has lost the key of a lease of " + std::to_string(ttl_s_) + " s after " + std::to_string(lasted_ns / kMillisecond) + " ms");
  }
  ++turn_;
  begin_later();
}

}  // namespace etcd::sim
