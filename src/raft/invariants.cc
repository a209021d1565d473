#include "raft/invariants.h"

#include <sstream>

#include "raft/membership.h"

namespace etcd::raft {

namespace {

// Collects the conditions that do not hold.
class Broken {
 public:
  template <typename... Values>
  void unless(bool holds, const char* condition, const Values&... values) {
    if (holds) return;
    text_ << condition << " [";
    ((text_ << ' ' << values), ...);
    text_ << " ]; ";
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

void check_progress(const RaftStatus& now, const ProgressStatus& p, Broken& broken) {
  broken.unless(p.match < p.next, "match < next", p.id, p.match, p.next);
  broken.unless(p.match <= now.last, "match <= last", p.id, p.match, now.last);
  broken.unless(p.next <= now.last.next(), "next <= last + 1", p.id, p.next, now.last);
  if (p.id == now.id) broken.unless(p.match <= now.durable, "own match <= durable", p.match, now.durable);
  bool snapshot = p.state == ProgressState::kSnapshot;
  if (snapshot) broken.unless(p.next == p.pending_snapshot.next(), "next == pending_snapshot + 1", p.id, p.next, p.pending_snapshot);
  if (!snapshot) broken.unless(p.pending_snapshot == LogIndex(0), "no pending_snapshot", p.id, p.pending_snapshot);
  if (p.state != ProgressState::kReplicate) broken.unless(p.inflight_messages == 0, "nothing in flight", p.id, p.inflight_messages);
}

void check_role(const RaftStatus& now, Broken& broken) {
  bool campaigning = now.role == Role::kCandidate || now.role == Role::kPreCandidate;
  if (campaigning) broken.unless(now.leader == MemberId(0), "a candidate knows no leader", now.leader);
  if (now.role == Role::kCandidate || now.role == Role::kLeader) broken.unless(now.vote == now.id, "voted for itself", now.vote);
  broken.unless((now.role == Role::kLeader) == (now.leader == now.id), "leads as it says", now.leader);
  if (now.role != Role::kLeader) broken.unless(now.transferee == MemberId(0), "only a leader hands over", now.transferee);
}

}  // namespace

std::string broken_invariant(const RaftStatus& now) {
  Broken broken;
  broken.unless(now.compacted <= now.snapshot, "compacted <= snapshot", now.compacted, now.snapshot);
  broken.unless(now.compacted <= now.committed, "compacted <= committed", now.compacted, now.committed);
  broken.unless(now.durable <= now.last, "durable <= last", now.durable, now.last);
  broken.unless(now.installing || now.compacted <= now.durable, "compacted <= durable", now.compacted, now.durable);
  broken.unless(now.installing || now.snapshot <= now.applied, "snapshot <= applied", now.snapshot, now.applied);
  broken.unless(now.applied <= now.applying, "applied <= applying", now.applied, now.applying);
  broken.unless(now.applying <= now.committed, "applying <= committed", now.applying, now.committed);
  broken.unless(now.committed <= now.last, "committed <= last", now.committed, now.last);
  std::string conf = invalid_configuration(now.conf_state);
  broken.unless(conf.empty(), "valid configuration", conf);
  check_role(now, broken);
  if (now.role == Role::kLeader) {
    for (const ProgressStatus& progress : now.progress) check_progress(now, progress, broken);
  }
  return broken.text();
}

std::string broken_transition(const RaftStatus& before, const RaftStatus& now) {
  Broken broken;
  broken.unless(before.term <= now.term, "term never falls", before.term, now.term);
  broken.unless(before.committed <= now.committed, "commit never falls", before.committed, now.committed);
  broken.unless(before.applying <= now.applying, "applying never falls", before.applying, now.applying);
  broken.unless(before.applied <= now.applied, "applied never falls", before.applied, now.applied);
  broken.unless(before.compacted <= now.compacted, "compacted never falls", before.compacted, now.compacted);
  broken.unless(before.snapshot <= now.snapshot, "snapshot never falls", before.snapshot, now.snapshot);
  broken.unless(before.committed <= now.last, "committed entries stay", before.committed, now.last);
  if (before.term != now.term) return broken.text();
  MemberId none;
  broken.unless(before.vote == none || before.vote == now.vote, "one vote a term", before.vote, now.vote);
  broken.unless(before.leader == none || now.leader == none || before.leader == now.leader, "one leader a term", before.leader, now.leader);
  broken.unless(before.role == Role::kLeader || now.role != Role::kLeader || before.role == Role::kCandidate, "leads only after a candidacy");
  if (before.role == Role::kLeader) broken.unless(before.last <= now.last, "a leader only appends", before.last, now.last);
  return broken.text();
}

}  // namespace etcd::raft
