#include "raft/testing/network.h"

#include <algorithm>
#include <functional>

#include "base/check.h"
#include "raft/codec.h"
#include "raft/invariants.h"
#include "raft/membership.h"
#include "raft/message_codec.h"
#include "raft/testing/describe.h"
#include "raft/testing/inspector.h"

namespace etcd::raft::testing {

namespace {

std::string encode_hash(std::uint64_t hash) { return std::to_string(hash); }

std::uint64_t mix(std::uint64_t hash, const Entry& entry) {
  std::string text = std::to_string(hash) + "/" + std::to_string(entry.term.value) + "/" + std::to_string(entry.index.value) + "/" +
                     std::string(entry.data.view());
  return std::hash<std::string>{}(text);
}

// Through the wire and back.
Message travelled(const Message& message) {
  base::Rope rope;
  encode(message, rope);
  Result<Message> back = decode_message(base::SharedBytes(rope.flatten()));
  CHECK(back.has_value(), back.error().detail);
  CHECK(*back == message, describe_message(message), describe_message(*back));
  return std::move(*back);
}

}  // namespace

Network::Network(const NetworkOptions& options) : options_(options), rng_(options.seed) {
  ConfState conf;
  for (std::uint64_t id = 1; id <= options.voters; ++id) conf.voters.emplace_back(id);
  for (std::uint64_t id = 1; id <= options.voters + options.spares; ++id) {
    Member m;
    m.config.id = MemberId(id);
    m.config.pre_vote = options.pre_vote;
    m.config.check_quorum = options.check_quorum;
    m.config.max_message_bytes = 200;
    m.config.max_inflight_messages = 4;
    m.config.max_applying_bytes = 400;
    m.config.disk_stall_ticks = rng_.one_in(2) ? 30 : 0;
    m.config.step_down_on_removal = true;
    if (id <= options.voters) {
      m.disk.state = {Term(1), MemberId(0), LogIndex(1)};
      m.disk.snapshot = {base::SharedBytes(encode_hash(0)), {conf, LogIndex(1), Term(1)}};
      m.disk.machine = {LogIndex(1), 0, conf};
    }
    members_.push_back(std::move(m));
  }
  applied_max_ = LogIndex(1);
  applied_[LogIndex(1)] = {Term(1), 0};
  for (Member& m : members_) start(m);
}

void Network::violate(const Member& m, const std::string& what) {
  if (violation_.empty()) {
    violation_ = "seed " + std::to_string(options_.seed) + ", step " + std::to_string(step_) + ", member " + std::to_string(m.config.id.value) + ": " + what;
  }
}

void Network::run(int steps) {
  for (int i = 0; i < steps && violation_.empty(); ++i) step();
}

void Network::step() {
  ++step_;
  auto happens = [&](std::uint64_t one_in) { return one_in > 0 && rng_.one_in(one_in); };
  if (happens(options_.crash_one_in)) crash(any());
  if (happens(options_.cut_one_in)) cut_links();
  if (happens(options_.cut_one_in * 2)) cut_.clear();
  Member& m = any();
  if (!m.raft) {
    if (rng_.one_in(10)) start(m);
    return;
  }
  if (happens(options_.snapshot_one_in)) take_snapshot(m);
  random_event(m);
  if (!rng_.one_in(3)) pump(m);
  for (int i = 0; i < 2; ++i) deliver_one();
}

// One direction of one link, or everything to and from one member.
void Network::cut_links() {
  MemberId one = any().config.id;
  if (rng_.one_in(2)) return cut_.emplace_back(one, any().config.id), void();
  for (const Member& other : members_) {
    cut_.emplace_back(one, other.config.id);
    cut_.emplace_back(other.config.id, one);
  }
}

void Network::random_event(Member& m) {
  if (rng_.one_in(options_.write_one_in)) return write_some(m);
  if (rng_.one_in(options_.campaign_one_in)) return feed(m, Campaign{});
  switch (rng_.below(13)) {
    case 0:
    case 1:
    case 2: return feed(m, Tick{});
    case 3:
    case 4:
    case 5: return apply_one(m);
    case 6:
    case 7: return propose(m);
    case 8: return ask_read(m);
    case 9: return change_membership(m);
    case 10:
      if (rng_.one_in(20)) feed(m, TransferLeadership{any().config.id});
      if (rng_.one_in(20)) feed(m, ForgetLeader{});
      return;
    case 11: return feed(m, ReportUnreachable{any().config.id});
    default: m.disk.machine = m.machine; return;
  }
}

void Network::propose(Member& m) {
  Propose propose;
  for (std::uint64_t n = 1 + rng_.below(3); n > 0; --n) {
    propose.data.push_back(base::SharedBytes("p" + std::to_string(++proposals_) + std::string(rng_.below(60), '.')));
  }
  feed(m, std::move(propose));
}

void Network::start(Member& m) {
  // A snapshot that was made durable and not yet installed is installed first.
  if (m.disk.machine.applied < m.disk.snapshot.metadata.index) {
    m.disk.machine = {m.disk.snapshot.metadata.index, std::stoull(std::string(m.disk.snapshot.data.view())), m.disk.snapshot.metadata.conf_state};
  }
  m.machine = m.disk.machine;
  Recovered recovered{.hard_state = m.disk.state,
                      .snapshot = m.disk.snapshot,
                      .entries = m.disk.entries,
                      .applied = m.machine.applied,
                      .conf_state = m.machine.conf};
  Result<Raft> raft = Raft::create(m.config, std::move(recovered), base::Rng(rng_.next()));
  if (!raft) return violate(m, "does not start: " + raft.error().detail);
  m.raft.emplace(std::move(*raft));
  m.last_status = m.raft->status();
  check(m);
}

// Of what is on its way to disk a part may have arrived; nobody was told.
void Network::crash(Member& m) {
  if (!m.raft) return;
  for (std::uint64_t n = rng_.below(m.writing.size() + 1); n > 0; --n) {
    write(m.disk, m.writing.front());
    m.writing.pop_front();
  }
  m.raft.reset();
  m.writing.clear();
  m.applying.clear();
  m.reads.clear();
}

void Network::feed(Member& m, Input input) {
  m.raft->feed(std::move(input));
  check(m);
}

void Network::check(Member& m) {
  RaftStatus now = m.raft->status();
  std::string broken = broken_invariant(now) + broken_transition(m.last_status, now);
  if (!broken.empty()) violate(m, broken);
  bool elected = now.role == Role::kLeader && (m.last_status.role != Role::kLeader || m.last_status.term != now.term);
  m.last_status = std::move(now);
  if (elected) check_leader(m);
}

// Election safety and leader completeness (thesis figure 3.2).
void Network::check_leader(Member& m) {
  auto [other, first] = leaders_.try_emplace(m.last_status.term, m.config.id);
  if (!first) violate(m, "second leader of term " + std::to_string(m.last_status.term.value));
  const Log& log = Inspector::log(*m.raft);
  if (log.last() < applied_max_) violate(m, "leads without entries that were applied");
  for (auto it = applied_.upper_bound(log.compacted()); it != applied_.end(); ++it) {
    if (log.term(it->first) != it->second.first) violate(m, "leads with another entry at " + std::to_string(it->first.value));
  }
}

void Network::pump(Member& m) {
  if (!m.raft) return;
  Output out = m.raft->flush();
  if (out.fatal) violate(m, "fatal: " + *out.fatal);
  if (out.conf_change_error) violate(m, "membership: " + *out.conf_change_error);
  for (const ReadState& read : out.reads) {
    auto asked = m.reads.find(std::string(read.context.view()));
    if (asked == m.reads.end()) continue;
    if (read.index < asked->second) violate(m, "stale read");
    m.reads.erase(asked);
    ++reads_answered_;
  }
  for (Message& message : out.send_now) refresh_snapshot(m, message);
  send(std::move(out.send_now));
  std::optional<Snapshot> snapshot;
  if (out.persist) {
    for (const Entry& entry : out.persist->append) check_entry(entry);
    snapshot = out.persist->snapshot;
    m.writing.push_back(std::move(*out.persist));
  }
  if (snapshot) m.applying.emplace_back(Entries(), std::move(snapshot));
  if (!out.committed.empty()) m.applying.emplace_back(std::move(out.committed), std::nullopt);
}

// What is sent is the state as of now: a member that was just added is not in the configuration of an older snapshot.
void Network::refresh_snapshot(const Member& m, Message& message) {
  InstallSnapshot* install = std::get_if<InstallSnapshot>(&message.body);
  if (!install || m.machine.applied <= install->snapshot.metadata.index) return;
  Term term = applied_.at(m.machine.applied).first;
  install->snapshot = {base::SharedBytes(encode_hash(m.machine.hash)), {m.machine.conf, m.machine.applied, term}};
}

// Log matching: one entry for each term and index.
void Network::check_entry(const Entry& entry) {
  auto [known, first] = entries_.try_emplace({entry.term, entry.index}, entry.data.view());
  if (!first && known->second != entry.data.view()) violate(members_.front(), "two entries " + describe_entry(entry));
}

void Network::send(std::vector<Message> messages) {
  for (Message& message : messages) {
    // A transport has finite queues.
    bool lost = messages_.size() > 2'000 || (options_.loss_one_in > 0 && rng_.one_in(options_.loss_one_in));
    if (lost) {
      settle_snapshot(message, false);
    } else {
      messages_.push_back(std::move(message));
    }
  }
}

// The transport knows what became of a snapshot, as it sends it over a connection of its own, and always says so.
void Network::settle_snapshot(const Message& message, bool arrived) {
  Member& from = members_.at(message.from.value - 1);
  if (std::holds_alternative<InstallSnapshot>(message.body) && from.raft) feed(from, ReportSnapshot{message.to, arrived});
}

void Network::deliver_one() {
  if (messages_.empty()) return;
  std::size_t which = rng_.one_in(4) ? rng_.below(messages_.size()) : 0;
  Message message = travelled(messages_[which]);
  bool again = options_.repeat_one_in > 0 && rng_.one_in(options_.repeat_one_in);
  if (!again) messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(which));
  Member& to = members_.at(message.to.value - 1);
  bool cut = std::ranges::count(cut_, std::pair(message.from, message.to)) > 0;
  bool arrives = to.raft && !cut;
  settle_snapshot(message, arrives);
  if (arrives) feed(to, Receive{std::move(message)});
}

void Network::write_some(Member& m) {
  if (m.writing.empty()) return;
  std::uint64_t last = 0;
  for (std::uint64_t n = 1 + rng_.below(m.writing.size()); n > 0; --n) {
    write(m.disk, m.writing.front());
    last = m.writing.front().number;
    send(std::move(m.writing.front().then_send));
    m.writing.pop_front();
  }
  feed(m, Persisted{last});
}

void Network::write(Disk& disk, const PersistBatch& batch) {
  if (batch.snapshot) {
    disk.snapshot = *batch.snapshot;
    disk.entries.clear();
  }
  // Entries that a snapshot of our own already covers are not written twice.
  LogIndex base = disk.snapshot.metadata.index;
  for (const Entry& entry : batch.append) {
    if (entry.index <= base) continue;
    disk.entries.resize(entry.index.value - base.value - 1);
    disk.entries.push_back(entry);
  }
  if (batch.hard_state) disk.state = *batch.hard_state;
}

void Network::apply_one(Member& m) {
  if (m.applying.empty()) return;
  auto& [entries, snapshot] = m.applying.front();
  if (snapshot && m.disk.snapshot.metadata.index < snapshot->metadata.index) return;  // not durable yet
  LogIndex upto = snapshot ? snapshot->metadata.index : entries.back().index;
  if (snapshot) install(m, *snapshot);
  for (const Entry& entry : entries) apply_entry(m, entry);
  m.applying.pop_front();
  feed(m, Applied{upto});
}

void Network::install(Member& m, const Snapshot& snapshot) {
  ++snapshots_installed_;
  m.machine = {snapshot.metadata.index, std::stoull(std::string(snapshot.data.view())), snapshot.metadata.conf_state};
  m.disk.machine = m.machine;
}

void Network::apply_entry(Member& m, const Entry& entry) {
  if (entry.index != m.machine.applied.next()) return violate(m, "applies out of order " + describe_entry(entry));
  if (entry.type != EntryType::kNormal) {
    ConfChangeV2 change = entry.type == EntryType::kConfChange ? as_v2(*decode_conf_change(entry.data)) : *decode_conf_change_v2(entry.data);
    feed(m, ApplyConfChange{change});
    m.machine.conf = Inspector::take_conf_state(*m.raft);
  }
  m.machine.hash = mix(m.machine.hash, entry);
  m.machine.applied = entry.index;
  auto [known, first] = applied_.try_emplace(entry.index, entry.term, m.machine.hash);
  if (!first && known->second != std::pair(entry.term, m.machine.hash)) violate(m, "other state after " + describe_entry(entry));
  applied_max_ = std::max(applied_max_, entry.index);
}

// Takes a snapshot of the flushed state and forgets a part of the log before it.
void Network::take_snapshot(Member& m) {
  const Machine& flushed = m.disk.machine;
  LogIndex base = m.disk.snapshot.metadata.index;
  RaftStatus status = m.raft->status();
  if (flushed.applied <= base || flushed.applied > status.applied || status.installing) return;
  std::optional<Term> term = Inspector::log(*m.raft).term(flushed.applied);
  std::uint64_t drop = flushed.applied.value - base.value;
  if (!term || drop > m.disk.entries.size()) return;
  m.disk.entries.erase(m.disk.entries.begin(), m.disk.entries.begin() + static_cast<std::ptrdiff_t>(drop));
  m.disk.snapshot = {base::SharedBytes(encode_hash(flushed.hash)), {flushed.conf, flushed.applied, *term}};
  feed(m, SnapshotTaken{m.disk.snapshot});
  feed(m, Compact{LogIndex(flushed.applied.value - rng_.below(drop))});
}

void Network::ask_read(Member& m) {
  std::string context = "r" + std::to_string(++reads_asked_);
  m.reads[context] = applied_max_;
  feed(m, ReadIndex{base::SharedBytes(context)});
}

void Network::change_membership(Member& m) {
  if (!options_.membership_changes || !rng_.one_in(4)) return;
  if (rng_.one_in(4)) {
    ConfChange change;
    change.type = static_cast<ConfChangeType>(rng_.below(4));
    change.node_id = any().config.id;
    if (change.type == ConfChangeType::kRemoveNode && m.raft->status().conf_state.voters.size() < 2) return;
    return feed(m, ProposeConfChange{change});
  }
  ConfChangeV2 change;
  change.transition = static_cast<ConfChangeTransition>(rng_.below(3));
  bool keeps_a_voter = false;
  for (std::uint64_t n = rng_.below(4); n > 0; --n) {
    change.changes.push_back({static_cast<ConfChangeType>(rng_.below(4)), any().config.id});
    keeps_a_voter = change.changes.back().type == ConfChangeType::kAddNode;
  }
  if (!change.changes.empty() && !keeps_a_voter) return;
  feed(m, ProposeConfChange{change});
}

// Lets disks, state machines and messages work until nothing is left to do.
void Network::drain() {
  for (int round = 0; round < 1'000 && violation_.empty(); ++round) {
    bool busy = !messages_.empty();
    while (!messages_.empty() && violation_.empty()) deliver_one();
    for (Member& m : members_) {
      busy = busy || m.raft->has_output() || !m.writing.empty() || !m.applying.empty();
      pump(m);
      write_some(m);
      apply_one(m);
    }
    if (!busy) return;
  }
}

bool Network::settles() {
  options_.loss_one_in = options_.repeat_one_in = 0;
  cut_.clear();
  for (Member& m : members_) {
    if (!m.raft) start(m);
  }
  for (int tick = 0; tick < 600 && violation_.empty(); ++tick) {
    for (Member& m : members_) feed(m, Tick{});
    drain();
    auto leader = std::ranges::find_if(members_, [](const Member& m) { return m.raft->role() == Role::kLeader; });
    if (leader == members_.end()) continue;
    LogIndex last = leader->raft->last_index();
    feed(*leader, Propose{{base::SharedBytes::copy_of("settled")}});
    drain();
    RaftStatus status = leader->raft->status();
    bool all = status.applied > last && std::ranges::all_of(status.progress, [&](const ProgressStatus& p) {
                 return members_.at(p.id.value - 1).machine.applied == status.applied;
               });
    if (all) return true;
  }
  return false;
}

}  // namespace etcd::raft::testing
