// Node: one replica, as the services see it. They propose, wait for a read barrier, look at the current state and ask for maintenance; the
// stages behind it (replica, disk, apply, flush) do the work.
//
// Every call may come from any thread and none blocks. Callbacks run once, on a stage's thread: they must be short and must not call back into
// the node synchronously. After stop() every pending callback has run with kStopped.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/request.h"
#include "auth/identity.h"
#include "auth/token_event.h"
#include "auth/view_cell.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "cluster/cluster.h"
#include "base/unique_function.h"
#include "mvcc/read_view.h"
#include "node/view_signals.h"
#include "raft/types.h"

namespace etcd::node {

using apply::RequestKind;

// The encoded response message (e.g. a PutResponse, header included), or why there is none. kTimeout*, kStopped and kCanceled leave it unknown
// whether the request will still be applied.
using ProposeCallback = base::UniqueFunction<void(Result<base::Rope>)>;

struct Proposal {
  RequestKind kind;
  base::SharedBytes request;     // the encoded request message, as received
  std::int64_t deadline_ns = 0;  // on the monotonic clock; 0: the node's own limit (5 s + two election timeouts)
  ProposeCallback done;          // empty: nobody waits
  // Not 0: it enters the log only if this member leads in that term at that moment, else it is dropped with kNotLeader. For what only this leader
  // may decide: should it have lost its office without knowing, a follower's way to the next leader would carry it on.
  Term leader_term = {};
  // On whose behalf: every member that applies it asks whether they may. Nobody, while auth is disabled.
  auth::Identity who = {};
};

// One look at the replica for Status, metrics and health; all values of one moment.
struct NodeStatus {
  ClusterId cluster_id;
  MemberId member_id;
  Term term;
  MemberId leader;  // 0: none known
  LogIndex committed;
  LogIndex applied;
  bool is_learner = false;
  std::uint64_t leader_changes = 0;
  std::uint64_t late_heartbeats = 0;
  std::uint64_t proposals_pending = 0;
  std::uint64_t proposals_failed = 0;
  std::uint64_t snapshots_installing = 0;  // a leader's, 0 or 1
  std::uint64_t reads_failed = 0;  // questions for the read index that got no answer
  std::uint64_t slow_reads = 0;    // that got it too late
};

struct DbStatus {
  std::int64_t size = 0;         // bytes of the file (etcd's dbSize), revisions still in memory not counted
  std::int64_t in_use = 0;       // bytes of its pages that hold data
  std::int64_t quota = 0;        // effective quota in bytes; 0 or less: none
  std::string storage_version;   // "3.7.0"; empty: none yet
  std::uint64_t open_reads = 0;         // versions of the db that somebody reads
  std::uint64_t wal_bytes_written = 0;  // by this process
};

// Membership, alarms and versions as of the applied index; replaced whole when one of them changes.
using cluster::Alarm;
using cluster::AlarmType;
using ClusterView = cluster::View;
using MemberInfo = cluster::Member;

// The db as of one applied index, as bytes of a bolt file.
class SnapshotStream {
 public:
  virtual ~SnapshotStream() = default;
  virtual std::uint64_t total_bytes() const = 0;
  // Up to `limit` bytes more; empty at the end. May read from disk: not for an I/O thread with other work... call it from a worker.
  virtual Result<std::string> read(std::size_t limit) = 0;
  virtual const std::string& storage_version() const = 0;
};

struct HashKvResult {
  std::uint32_t hash = 0;
  Revision compact_revision;  // -1 before any compaction
  Revision hash_revision;
  Revision current_revision;
  // What a member that holds the same may answer as well, should it have compacted at hash_revision meanwhile, or not yet: see mvcc::HashKv. Nothing:
  // another member's answer, which does not tell.
  std::optional<std::uint32_t> other_hash = {};

  // Hashes of equal revisions.
  bool agrees_with(const HashKvResult& other) const { return other.hash == hash || other.hash == other_hash; }
};

// Gathers the proposals of one I/O thread; that thread owns it. submit() hands everything gathered to the replica with one wake-up: call it at the
// end of each pass of the loop.
class Proposer {
 public:
  virtual ~Proposer() = default;
  // Checks the limits first (kTooManyRequests, kRequestTooLarge, kStopped come back through the callback at once).
  virtual void propose(Proposal proposal) = 0;
  virtual void submit() = 0;
};

// A lease as its leader knows it.
struct LeaseDescription {
  std::int64_t left_s = 0;  // until it expires; 0 or less once it has, until its revocation is applied
  std::int64_t granted_s = 0;
  std::vector<std::string> keys;  // sorted; only if asked for
};

// Gathers one I/O thread's questions about leases; that thread owns it. submit() hands over everything gathered with one wake-up: call it at the end
// of each pass of the loop. The callbacks run on the asking thread, those of one batch together. An answer is linearizable: it knows of every entry
// committed when it was asked, and whoever has it finds a view() that knows of all it says.
// Errors: kNoLeader, kLeaderChanged, kTimeout, kStopped; kNotPrimaryLessor if another member leads.
class LeaseQuestions {
 public:
  virtual ~LeaseQuestions() = default;
  // Gives the lease its whole TTL again, and calls back with that, in seconds. kLeaseNotFound: also for a lease that has expired, but only once it is
  // gone on this member.
  virtual void renew(LeaseId id, base::UniqueFunction<void(Result<std::int64_t>)> done) = 0;
  enum class Keys : std::uint8_t { kLeaveOut, kInclude };
  // kLeaseNotFound.
  virtual void describe(LeaseId id, Keys keys, base::UniqueFunction<void(Result<LeaseDescription>)> done) = 0;
  // Whether `judge` lets all keys pass that are attached to the lease - without one, to any lease -, as this member has applied them: its first error. No
  // such lease: success. Any member answers. `judge` runs on the apply thread, once a key: it must be short.
  using JudgeKey = base::UniqueFunction<Status(std::string_view key)>;
  virtual void judge_keys(std::optional<LeaseId> lease, JudgeKey judge, base::UniqueFunction<void(Status)> done) = 0;
  // All leases that this member knows, soonest to expire first. Any member answers.
  virtual void list(base::UniqueFunction<void(Result<std::vector<LeaseId>>)> done) = 0;
  virtual void submit() = 0;
};

class Node {
 public:
  virtual ~Node() = default;

  virtual std::unique_ptr<Proposer> make_proposer() = 0;
  // `post` runs a job on the asking thread, from any thread, as long as the node lives.
  virtual std::unique_ptr<LeaseQuestions> make_lease_questions(std::function<void(base::UniqueFunction<void()>)> post) = 0;
  // A number that no request and no lease granted without an id of its own has, in all the cluster; never 0.
  virtual std::uint64_t make_id() = 0;

  // The newest published state: everything acknowledged so far is in it.
  virtual mvcc::ReadViewRef view() = 0;
  // From here on, until it is removed, `signal` is told of new views: before those who wait for what is in them get their answers.
  virtual void add_signal(ViewSignal& signal) = 0;
  virtual void remove_signal(ViewSignal& signal) = 0;
  // True if view() is linearizable at this moment without asking anybody: this member leads, is the only voter, and has applied an entry of its term.
  virtual bool view_is_linearizable() = 0;
  // Calls back once view() is linearizable as of the call; kNoLeader, if there has been none for long, or kTimeout otherwise.
  virtual void read_barrier(std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) = 0;

  virtual NodeStatus status() = 0;
  virtual DbStatus db_status() = 0;
  virtual std::shared_ptr<const ClusterView> cluster() = 0;

  // Users, roles and what they permit, as of the newest published state or a little later. See auth/view_cell.h for the order in which to look.
  virtual const auth::ViewCell& auth_views() const = 0;
  std::shared_ptr<const auth::View> auth_view() const { return auth_views().load(); }
  // Calls `listener` with what happened to tokens, on the apply thread, before anybody is answered who waits for those entries. Set once, before
  // the stages are stepped: entries that are applied again at the start are told of too.
  virtual void on_token_events(std::function<void(const auth::TokenEvent&)> listener) = 0;

  // Copies the db to a new file in the background, swaps it in, calls back; requests go on meanwhile.
  virtual void defragment(base::UniqueFunction<void(Status)> done) = 0;
  // Calls back with the db as of an applied index not older than the call.
  virtual void snapshot(base::UniqueFunction<void(Result<std::unique_ptr<SnapshotStream>>)> done) = 0;
  // CRC-32C over the buckets of the db as of now (Maintenance.Hash).
  virtual void hash(base::UniqueFunction<void(Result<std::uint32_t>)> done) = 0;
  // Hash of the key space at a revision, 0 for the current one (Maintenance.HashKV).
  virtual void hash_kv(Revision revision, base::UniqueFunction<void(Result<HashKvResult>)> done) = 0;
  // The hashes that the newest compactions made (as HashKV gives them for their revisions), oldest first. None of those before the start.
  virtual void compaction_hashes(base::UniqueFunction<void(std::vector<HashKvResult>)> done) = 0;
  // Calls back when the compaction last applied has removed its revisions from the db (physical compaction).
  virtual void wait_compaction(base::UniqueFunction<void(Status)> done) = 0;
  virtual void move_leader(MemberId transferee, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) = 0;

  // Proposes a change of the membership; its id is filled in. `done` has success once this member has applied it.
  virtual void change_membership(raft::ConfChange change, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) = 0;
  // Whether the learner holds nearly all that the leader holds. kNotLeader if this member can't tell; kMemberNotFound, kLearnerNotReady.
  virtual void check_learner(MemberId learner, base::UniqueFunction<void(Status)> done) = 0;

  // Runs `job` on the worker's thread, after the jobs before it: for what reads from the disk. Long work goes in slices, each a job.
  virtual void run_in_background(base::UniqueFunction<void()> job) = 0;
};

}  // namespace etcd::node
