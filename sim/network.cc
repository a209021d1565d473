#include "sim/network.h"

#include <algorithm>

#include "base/check.h"
#include "raft/message_codec.h"
#include "sim/member.h"

namespace etcd::sim {

namespace {

// A message as the other side gets it from the wire.
raft::Message through_the_wire(const raft::Message& message) {
  base::Rope bytes;
  raft::encode(message, bytes);
  auto decoded = raft::decode_message(base::SharedBytes(bytes.flatten()));
  CHECK(decoded && *decoded == message);
  return std::move(*decoded);
}

}  // namespace

Network::Network(Scheduler& scheduler, Trace& trace, const Profile& profile, std::uint64_t seed)
    : scheduler_(scheduler), trace_(trace), profile_(profile), rng_(seed) {}

void Network::add(Member& member) { members_[member.id()] = &member; }

void Network::cut(Member& from, Member& to) {
  cuts_[{from.number(), to.number()}] = true;
  trace_.add(scheduler_.now_ns(), from.number(), "is cut off from", static_cast<std::uint64_t>(to.number()));
}

bool Network::passes(Member& from, Member& to) {
  if (cuts_.contains({from.number(), to.number()})) return false;
  return calm_ || profile_.lose_one_in == 0 || !rng_.one_in(profile_.lose_one_in);
}

std::int64_t Network::latency_ns() {
  return profile_.latency_ns + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(profile_.jitter_ns) + 1));
}

// A message that can't be sent is lost, and now and then its sender hears of that.
void Network::send(Member& from, raft::Message message) {
  const auto found = members_.find(message.to);
  if (found == members_.end()) return;
  Member& to = *found->second;
  if (!passes(from, to) || !to.is_up()) {
    if (!rng_.one_in(4)) return;
    return scheduler_.after(latency_ns(), [&from, to = message.to, life = from.life()] {
      if (from.life() == life) from.run([&](node::LocalNode& node) { node.unreachable(to); });
    });
  }
  if (profile_.encodes_messages) message = through_the_wire(message);
  // A connection never delivers twice; what raft itself may say again is repeated here. A proposal is said once: twice it would be two.
  const bool is_proposal = std::holds_alternative<raft::Proposal>(message.body);
  if (!is_proposal && !calm_ && profile_.repeat_one_in != 0 && rng_.one_in(profile_.repeat_one_in)) deliver(from, to, message);
  deliver(from, to, std::move(message));
}

void Network::deliver(Member& from, Member& to, raft::Message message) {
  std::int64_t at_ns = scheduler_.now_ns() + latency_ns();
  if (profile_.reorders && rng_.one_in(20)) {
    at_ns += static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(2 * kSecond)));  // a straggler
  } else if (!profile_.reorders) {
    std::int64_t& last_ns = last_arrival_ns_[{from.number(), to.number()}];
    at_ns = last_ns = std::max(at_ns, last_ns);
  }
  scheduler_.at(at_ns, [this, &from, &to, message = std::move(message)]() mutable {
    if (cuts_.contains({from.number(), to.number()}) || (filter_ && !filter_(from, to, message))) return;
    trace_.add(scheduler_.now_ns(), to.number(), "gets message of kind", message.body.index(), message.term.value);
    to.deliver(std::move(message));
  });
}

void Network::send_snapshot(Member& from, node::OutgoingSnapshot snapshot) {
  const std::uint64_t number = ++transfers_begun_;
  const auto found = members_.find(snapshot.message.to);
  CHECK(found != members_.end(), snapshot.message.to);
  Member& to = *found->second;
  trace_.add(scheduler_.now_ns(), from.number(), "sends a snapshot to", static_cast<std::uint64_t>(to.number()),
             std::get<raft::InstallSnapshot>(snapshot.message.body).snapshot.metadata.index.value);
  transfers_.emplace(number, Transfer{&from, &to, to.life(), std::move(snapshot.message), bolt::SnapshotReader(std::move(snapshot.db)), nullptr, 0});
  scheduler_.after(latency_ns(), [this, number] { send_next_part(number); });
}

Network::Sending Network::sending_to(const Member& member) const {
  for (const auto& [number, transfer] : transfers_) {
    if (transfer.to == &member) return {transfer.from, transfer.parts};
  }
  return {};
}

void Network::send_next_part(std::uint64_t number) {
  const auto found = transfers_.find(number);
  if (found == transfers_.end()) return;
  Transfer& transfer = found->second;
  Member& to = *transfer.to;
  if (cuts_.contains({transfer.from->number(), to.number()}) || to.life() != transfer.to_life || !to.is_up()) return finish(number, false);
  const std::string_view part = transfer.db.next(std::max<std::uint64_t>(4096, transfer.db.total_bytes() / 6));
  Status taken;
  bool arrived = false;
  // It may end the receiver's process, and with it this transfer.
  to.run([&](node::LocalNode& node) {
    if (!transfer.receiver) {
      auto begun = node.begin_receiving(std::get<raft::InstallSnapshot>(transfer.message.body).snapshot.metadata);
      taken = begun ? Status() : Status(fail(begun.error()));
      if (begun) transfer.receiver = std::move(*begun);
    }
    if (taken) taken = part.empty() ? transfer.receiver->finish() : transfer.receiver->write(part);
    arrived = part.empty() && taken.has_value();
  });
  if (!transfers_.contains(number)) return;
  ++transfer.parts;
  if (!taken || arrived) return finish(number, arrived);
  scheduler_.after(latency_ns() * 2, [this, number] { send_next_part(number); });
}

// The receiver's raft hears of it, sometimes late; the sender of how it ended.
void Network::finish(std::uint64_t number, bool arrived) {
  Transfer transfer = std::move(transfers_.at(number));
  transfers_.erase(number);
  Member& from = *transfer.from;
  Member& to = *transfer.to;
  trace_.add(scheduler_.now_ns(), to.number(), arrived ? "has received a snapshot" : "has not received a snapshot", number);
  if (arrived) {
    ++snapshots_delivered_;
    std::int64_t late_ns = rng_.one_in(8) ? static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(3 * kSecond))) : 0;
    if (next_snapshot_late_ns_ != 0) late_ns = std::exchange(next_snapshot_late_ns_, 0);
    scheduler_.after(late_ns, [&to, life = to.life(), message = std::move(transfer.message)]() mutable {
      if (to.life() == life) to.deliver(std::move(message));
    });
  }
  to.run([&](node::LocalNode&) { transfer.receiver.reset(); });
  scheduler_.after(latency_ns(), [&from, id = to.id(), arrived, life = from.life()] {
    if (from.life() == life) from.run([&](node::LocalNode& node) { node.snapshot_sent(id, arrived); });
  });
}

// To give up one may end another process, so each is looked for anew.
void Network::member_ended(Member& member) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [number, transfer] : transfers_) numbers.push_back(number);
  for (const std::uint64_t number : numbers) {
    const auto found = transfers_.find(number);
    if (found == transfers_.end()) continue;
    if (found->second.to == &member) {
      found->second.receiver.reset();
      scheduler_.after(latency_ns(), [this, number] { send_next_part(number); });
    } else if (found->second.from == &member) {
      Transfer over = std::move(found->second);
      transfers_.erase(found);
      over.to->run([&](node::LocalNode&) { over.receiver.reset(); });
    }
  }
}

}  // namespace etcd::sim
