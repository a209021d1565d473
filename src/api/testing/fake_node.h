// FakeNode: a Node that answers as the test tells it, over a real store. For tests of what the services check, ask and answer.
//
// Owner: the test. Everything happens on its thread; callbacks run when the test says so.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lease/lessor.h"
#include "mvcc/testing/store_rig.h"
#include "node/board.h"
#include "node/lease_desk.h"
#include "node/node.h"

namespace etcd::api::testing {

class FakeNode : public node::Node {
 public:
  FakeNode();

  // The state that it shows.
  node::NodeStatus now;
  node::DbStatus db;
  cluster::View cluster_state;
  bool linearizable = true;
  auth::ViewCell auth_cell;  // auth is disabled until the test stores another view
  mvcc::testing::StoreRig store;
  node::ViewSignals signals;  // tell them of what the test writes
  // Questions about leases are answered from here at the moment `lease_now_ns`, as by a leader in term 7 (or whoever the board names).
  lease::Lessor lessor;
  node::Board board;
  std::int64_t lease_now_ns = 0;

  // What was asked of it, in order.
  struct Proposed {
    node::RequestKind kind;
    std::string request;
    std::int64_t deadline_ns;
    node::ProposeCallback done;
    auth::Identity who = {};
  };
  std::deque<Proposed> proposed;   // submitted, and not answered yet
  std::deque<base::UniqueFunction<void(Status)>> barriers;
  std::deque<base::UniqueFunction<void(Status)>> defragments;
  std::deque<base::UniqueFunction<void(Status)>> compaction_waits;
  std::deque<base::UniqueFunction<void(Status)>> transfers;
  std::vector<MemberId> transferees;
  std::vector<Revision> hashed_revisions;
  std::deque<base::UniqueFunction<void()>> jobs;
  struct MembershipChange {
    raft::ConfChange change;
    base::UniqueFunction<void(Status)> done;
  };
  std::deque<MembershipChange> membership_changes;  // not answered yet

  // What it answers at once.
  std::optional<Status> answer_barriers_with;  // nothing: they wait in `barriers`
  Status learner_answer;
  Result<std::uint32_t> hash_answer = std::uint32_t{0};
  Result<node::HashKvResult> hash_kv_answer = node::HashKvResult{};
  std::vector<node::HashKvResult> compaction_hashes_answer;
  Result<std::string> snapshot_answer = std::string();  // the bytes of the db
  std::uint64_t ids_made = 0;
  std::function<void(const auth::TokenEvent&)> token_listener;  // what the services listen with

  // Answers the oldest proposal; CHECKs that there is one.
  void answer(Result<base::Rope> response);
  // Runs background jobs until none is left.
  void run_jobs();
  // Lets the lessor look again at the questions that wait; the time is lease_now_ns.
  void step_leases() {
    board.replica_ran_ns.store(lease_now_ns);
    (void)desk_.step(lessor, lease_now_ns);
  }

  std::unique_ptr<node::Proposer> make_proposer() override;
  std::unique_ptr<node::LeaseQuestions> make_lease_questions(std::function<void(node::Job)> post) override;
  std::uint64_t make_id() override { return ++ids_made; }
  mvcc::ReadViewRef view() override { return store.view(); }
  void add_signal(node::ViewSignal& signal) override { signals.add(signal); }
  void remove_signal(node::ViewSignal& signal) override { signals.remove(signal); }
  bool view_is_linearizable() override { return linearizable; }
  void read_barrier(std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) override;
  node::NodeStatus status() override { return now; }
  node::DbStatus db_status() override { return db; }
  std::shared_ptr<const node::ClusterView> cluster() override { return std::make_shared<const cluster::View>(cluster_state); }
  const auth::ViewCell& auth_views() const override { return auth_cell; }
  void on_token_events(std::function<void(const auth::TokenEvent&)> listener) override { token_listener = std::move(listener); }
  void defragment(base::UniqueFunction<void(Status)> done) override { defragments.push_back(std::move(done)); }
  void snapshot(base::UniqueFunction<void(Result<std::unique_ptr<node::SnapshotStream>>)> done) override;
  void hash(base::UniqueFunction<void(Result<std::uint32_t>)> done) override { done(hash_answer); }
  void hash_kv(Revision revision, base::UniqueFunction<void(Result<node::HashKvResult>)> done) override;
  void compaction_hashes(base::UniqueFunction<void(std::vector<node::HashKvResult>)> done) override { done(compaction_hashes_answer); }
  void wait_compaction(base::UniqueFunction<void(Status)> done) override { compaction_waits.push_back(std::move(done)); }
  void move_leader(MemberId transferee, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) override;
  void change_membership(raft::ConfChange change, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) override;
  void check_learner(MemberId learner, base::UniqueFunction<void(Status)> done) override;
  void run_in_background(base::UniqueFunction<void()> job) override { jobs.push_back(std::move(job)); }

 private:
  node::LeaseDesk desk_;
};

}  // namespace etcd::api::testing
