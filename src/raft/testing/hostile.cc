#include "raft/testing/hostile.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "raft/invariants.h"
#include "raft/message_codec.h"
#include "raft/raft.h"

namespace etcd::raft::testing {

namespace {

// Numbers from the bytes: mostly small, so that they meet, sometimes at the ends of their range. 0 when the bytes are used up.
class Source {
 public:
  explicit Source(std::string_view bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    if (rest_.empty()) return 0;
    auto value = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::uint64_t below(std::uint64_t bound) { return byte() % bound; }
  std::uint64_t number() {
    std::uint8_t b = byte();
    if (b < 224) return b % 24;
    return b < 240 ? kUnlimited - (b - 224u) : std::uint64_t{b} << 40;
  }
  std::string_view bytes(std::size_t most) {
    std::string_view taken = rest_.substr(0, below(most + 1));
    rest_.remove_prefix(taken.size());
    return taken;
  }
  base::SharedBytes shared(std::size_t most) { return base::SharedBytes::copy_of(bytes(most)); }
  std::vector<MemberId> members() {
    std::vector<MemberId> ids;
    for (std::uint64_t n = below(4); n > 0; --n) ids.emplace_back(below(6));
    if (below(4) > 0) std::sort(ids.begin(), ids.end());
    return ids;
  }

 private:
  std::string_view rest_;
};

Entries entries(Source& source, std::uint64_t after) {
  std::vector<Entry> all;
  std::uint64_t term = source.number();
  for (std::uint64_t n = source.below(5); n > 0; --n) {
    std::uint64_t index = source.below(16) == 0 ? source.number() : ++after;
    term += source.below(3) == 0;
    all.push_back({Term(term), LogIndex(index), static_cast<EntryType>(source.below(3)), source.shared(8)});
  }
  return Entries(std::move(all));
}

Snapshot snapshot(Source& source) {
  ConfState conf{source.members(), source.members(), source.members(), source.members(), source.below(2) == 1};
  return {source.shared(8), {conf, LogIndex(source.number()), Term(source.number())}};
}

MessageBody body(Source& source) {
  switch (source.below(13)) {
    case 0: return Proposal{std::vector<ProposedEntry>(source.below(3), {static_cast<EntryType>(source.below(3)), source.shared(8)})};
    case 1: {
      std::uint64_t prev = source.number();
      return AppendRequest{LogIndex(prev), Term(source.number()), LogIndex(source.number()), entries(source, prev)};
    }
    case 2: return AppendAccepted{LogIndex(source.number())};
    case 3: return AppendRejected{LogIndex(source.number()), LogIndex(source.number()), Term(source.number())};
    case 4:
      return VoteRequest{static_cast<VoteKind>(source.below(2)), LogIndex(source.number()), Term(source.number()), source.below(2) == 1};
    case 5: return VoteResponse{static_cast<VoteKind>(source.below(2)), source.below(2) == 1};
    case 6: return InstallSnapshot{snapshot(source)};
    case 7: return Heartbeat{LogIndex(source.number()), source.shared(9)};
    case 8: return HeartbeatResponse{source.shared(9)};
    case 9: return ReadIndexRequest{source.shared(8)};
    case 10: return ReadIndexResponse{LogIndex(source.number()), source.shared(8)};
    case 11: return TransferRequest{};
    default: return TimeoutNow{};
  }
}

class Hostile {
 public:
  explicit Hostile(std::string_view bytes) : source_(bytes), raft_(start()), last_(raft_.status()) {}

  void run() {
    while (!source_.empty() && !halted_) {
      step();
      check();
    }
  }

 private:
  Raft start() {
    Config config;
    config.id = MemberId(1);
    config.pre_vote = source_.below(2) == 1;
    config.check_quorum = source_.below(2) == 1;
    config.disk_stall_ticks = static_cast<std::uint32_t>(source_.below(20));
    config.max_message_bytes = 100;
    config.max_inflight_messages = 3;
    config.max_applying_bytes = 100;
    Recovered recovered;
    recovered.conf_state.voters = {MemberId(1)};
    for (std::uint64_t n = source_.below(3); n > 0; --n) recovered.conf_state.voters.emplace_back(recovered.conf_state.voters.size() + 1);
    recovered.hard_state = {Term(1), MemberId(0), LogIndex(1)};
    recovered.snapshot.metadata = {recovered.conf_state, LogIndex(1), Term(1)};
    recovered.applied = LogIndex(1);
    Result<Raft> raft = Raft::create(config, std::move(recovered), base::Rng(1));
    CHECK(raft.has_value(), raft.error().detail);
    return std::move(*raft);
  }

  void step() {
    switch (source_.below(20)) {
      case 0:
      case 1: return raft_.feed(Tick{});
      case 2: return raft_.feed(Propose{{source_.shared(20)}});
      case 3: return raft_.feed(ReadIndex{source_.shared(8)});
      case 4: return raft_.feed(TransferLeadership{MemberId(source_.below(6))});
      case 5: return raft_.feed(Campaign{});
      case 6: return raft_.feed(ForgetLeader{});
      case 7: return raft_.feed(ReportUnreachable{MemberId(source_.below(6))});
      case 8: return raft_.feed(ReportSnapshot{MemberId(source_.below(6)), source_.below(2) == 1});
      case 9: return change();
      case 10:
      case 11: return flush();
      case 12: return persist();
      case 13: return apply();
      case 14: return compact();
      default: return receive();
    }
  }

  void receive() {
    std::uint64_t term = source_.below(4) == 0 ? source_.number() : raft_.term().value + source_.below(2);
    raft_.feed(Receive{{MemberId(source_.below(5)), MemberId(source_.below(16) == 0 ? 2 : 1), Term(term), body(source_)}});
  }

  void change() {
    ConfChangeV2 change;
    change.transition = static_cast<ConfChangeTransition>(source_.below(3));
    for (std::uint64_t n = source_.below(4); n > 0; --n) {
      change.changes.push_back({static_cast<ConfChangeType>(source_.below(4)), MemberId(source_.below(6))});
    }
    if (source_.below(2) == 0) return raft_.feed(ApplyConfChange{change});
    raft_.feed(ProposeConfChange{change});
  }

  void flush() {
    Output out = raft_.flush();
    halted_ = out.fatal.has_value();
    if (out.persist) {
      batch_ = out.persist->number;
      if (out.persist->snapshot) install_ = {batch_, out.persist->snapshot->metadata.index};
    }
    if (!out.committed.empty()) handed_out_ = out.committed.back().index;
  }

  void persist() {
    persisted_ = std::min(batch_, persisted_ + 1 + source_.below(3));
    raft_.feed(Persisted{persisted_});
  }

  void apply() {
    RaftStatus status = raft_.status();
    if (install_.second > status.applied && install_.first <= persisted_) return raft_.feed(Applied{install_.second});
    if (handed_out_ > status.applied && !status.installing) raft_.feed(Applied{LogIndex(status.applied.value + 1)});
  }

  void compact() {
    RaftStatus status = raft_.status();
    if (status.installing) return;
    if (source_.below(2) == 0) return raft_.feed(Compact{status.snapshot});
    if (status.applied < status.last || status.applied <= status.snapshot) return;
    Snapshot taken;
    taken.metadata = {status.conf_state, status.last, status.last_term};
    raft_.feed(SnapshotTaken{taken});
  }

  void check() {
    RaftStatus now = raft_.status();
    // Two members that both claim to lead a term are the liars' doing, and entries can be replaced by one of them.
    std::string broken = broken_invariant(now);
    if (now.term != last_.term) broken += broken_transition(last_, now);
    CHECK(broken.empty(), broken);
    last_ = now;
  }

  Source source_;
  Raft raft_;
  RaftStatus last_;
  std::uint64_t batch_ = 0;
  std::uint64_t persisted_ = 0;
  LogIndex handed_out_;
  std::pair<std::uint64_t, LogIndex> install_ = {0, LogIndex(0)};
  bool halted_ = false;
};

}  // namespace

void run_hostile(std::string_view bytes) { Hostile(bytes).run(); }

}  // namespace etcd::raft::testing
