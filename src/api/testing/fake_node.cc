#include "api/testing/fake_node.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace etcd::api::testing {

namespace {

// Hands over at submit() only, as the real one does.
class FakeProposer : public node::Proposer {
 public:
  explicit FakeProposer(FakeNode& node) : node_(node) {}

  void propose(node::Proposal proposal) override {
    gathered_.push_back(
        {proposal.kind, std::string(proposal.request.view()), proposal.deadline_ns, std::move(proposal.done), std::move(proposal.who)});
  }
  void submit() override {
    for (FakeNode::Proposed& proposed : gathered_) node_.proposed.push_back(std::move(proposed));
    gathered_.clear();
  }

 private:
  FakeNode& node_;
  std::vector<FakeNode::Proposed> gathered_;
};

class FakeSnapshot : public node::SnapshotStream {
 public:
  FakeSnapshot(std::string bytes, std::string version) : bytes_(std::move(bytes)), version_(std::move(version)) {}

  std::uint64_t total_bytes() const override { return bytes_.size(); }
  Result<std::string> read(std::size_t limit) override {
    const std::string piece = bytes_.substr(at_, limit);
    at_ += piece.size();
    return piece;
  }
  const std::string& storage_version() const override { return version_; }

 private:
  const std::string bytes_;
  const std::string version_;
  std::size_t at_ = 0;
};

}  // namespace

FakeNode::FakeNode() : desk_({}, {.clear_checkpoint = [](LeaseId) {}}, board) {
  now.cluster_id = ClusterId(0xc1);
  now.member_id = MemberId(0xa1);
  now.leader = now.member_id;
  now.term = Term(7);
  now.committed = LogIndex(12);
  now.applied = LogIndex(11);
  db = {.size = 20480, .in_use = 16384, .quota = 2147483648, .storage_version = "3.7.0"};
  cluster_state.members.push_back(
      {.id = now.member_id, .name = "m1", .peer_urls = {"http://p:1"}, .client_urls = {"http://c:1"}, .is_learner = false});
  cluster_state.cluster_version = "3.7.0";
  board.leader.store(now.member_id.value);
  board.is_leader.store(true);
  board.led_term.store(now.term.value);
  lessor.promote({.term = now.term});
}

std::unique_ptr<node::Proposer> FakeNode::make_proposer() { return std::make_unique<FakeProposer>(*this); }

std::unique_ptr<node::LeaseQuestions> FakeNode::make_lease_questions(std::function<void(node::Job)> post) {
  return std::make_unique<node::GatheredLeaseQuestions>(std::move(post), [this](node::LeaseBatch batch) {
    board.replica_ran_ns.store(lease_now_ns);
    desk_.take_in(std::move(batch), lessor, lease_now_ns);
    step_leases();
  });
}

void FakeNode::answer(Result<base::Rope> response) {
  CHECK(!proposed.empty(), "nothing was proposed");
  node::ProposeCallback done = std::move(proposed.front().done);
  proposed.pop_front();
  done(std::move(response));
}

void FakeNode::run_jobs() {
  while (!jobs.empty()) {
    base::UniqueFunction<void()> job = std::move(jobs.front());
    jobs.pop_front();
    job();
  }
}

void FakeNode::read_barrier(std::int64_t, base::UniqueFunction<void(Status)> done) {
  if (answer_barriers_with) return done(*answer_barriers_with);
  barriers.push_back(std::move(done));
}

void FakeNode::snapshot(base::UniqueFunction<void(Result<std::unique_ptr<node::SnapshotStream>>)> done) {
  if (!snapshot_answer) return done(fail(snapshot_answer.error()));
  done(std::unique_ptr<node::SnapshotStream>(std::make_unique<FakeSnapshot>(*snapshot_answer, db.storage_version)));
}

void FakeNode::hash_kv(Revision revision, base::UniqueFunction<void(Result<node::HashKvResult>)> done) {
  hashed_revisions.push_back(revision);
  done(hash_kv_answer);
}

void FakeNode::change_membership(raft::ConfChange change, std::int64_t, base::UniqueFunction<void(Status)> done) {
  membership_changes.push_back({std::move(change), std::move(done)});
}

void FakeNode::check_learner(MemberId, base::UniqueFunction<void(Status)> done) { done(learner_answer); }

void FakeNode::move_leader(MemberId transferee, std::int64_t, base::UniqueFunction<void(Status)> done) {
  transferees.push_back(transferee);
  transfers.push_back(std::move(done));
}

}  // namespace etcd::api::testing
