// StateMachine: the replicated state. Committed entries go in, one after the other; replies, changes for the db and
// news for the node come out.
//
// Owned by the apply stage; everything but Flush::write_to() and what a ReadView gives is called on it. Pure: no
// threads, clocks, sockets or random sources; no call blocks. (Reads of old revisions may touch pages of the db that
// the system has to fetch.)
//
// Invariants:
//  - flushed index <= applied index; applied() moves by exactly one for each new entry, also when the entry's request
//  fails.
//  - A Flush holds the state of all buckets as of one applied index together with that index, its term and the
//  configuration: written in one
//    bolt transaction, they are on disk all or not at all.
//  - Two members at one applied index have the same bytes in every bucket, however often each was flushed or restarted.
//  (Except for the progress of
//    compaction, which each makes in its own time.)
//  - raft's configuration is a function of the membership (conf_state()); there is no second copy that could differ.
//
// Unlike etcd, entries at or below the db's consistent index change nothing at all, not even the membership in memory:
// it is loaded from the same transaction as that index.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "apply/accesses.h"
#include "apply/flush.h"
#include "apply/operation_counts.h"
#include "apply/request.h"
#include "apply/response.h"
#include "auth/store.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "bolt/read_tx.h"
#include "bolt/write_batch.h"
#include "cluster/cluster.h"
#include "lease/lessor.h"
#include "mvcc/store.h"
#include "raft/types.h"

namespace etcd::apply {

struct Options {
  ClusterId cluster = {};
  MemberId member = {};  // this one
  std::int64_t quota_bytes =
      0;  // of the db file; 0 or less: none (the configuration's 0 means 2 GiB: resolve it before)
  std::size_t max_learners = 1;
  lease::LessorOptions lease = {};
  bool persist_checkpoints = false;  // the LeaseCheckpointPersist gate; from cluster version 3.6 on they always are
  mvcc::StoreOptions store = {};
};

struct ApplyOptions {
  bool wants_reply = false;  // somebody waits for it here: else responses are not built and ranges not run
  std::int64_t now_ns = 0;   // monotonic; only for the expiry of leases, which is not replicated
};

// The outcome of a request, for the one who proposed it here.
struct Reply {
  std::uint64_t request_id = 0;
  Result<base::Rope> response;  // the encoded response message, header included
};

// The outcome of a conf change.
struct ConfChangeOutcome {
  std::uint64_t request_id = 0;
  // To be applied to raft: the change itself, or, if it was refused, the same with node 0, which changes nothing.
  raft::ConfChange change;
  Status status;
  raft::ConfState conf_state;  // what raft must arrive at
  bool removed_self = false;   // this member is no longer part of the cluster: stop after a delay
};

// What an entry brought about besides changed state.
struct Applied {
  std::optional<Reply> reply;  // only if wanted, and only for an entry that was not applied before
  std::unique_ptr<ConfChangeOutcome> conf_change;
  std::string_view operation;  // etcd's name of the request that was executed ("Put"); empty: none was
  bool succeeded = false;      // that request; a compaction that comes too late counts as a success
  bool first_of_term = false;  // the leader's empty entry: a new leader may now serve reads, and promote the lessor
  // The db is over its quota and no alarm says so yet: propose one for this member. The reply, if one is wanted, waits
  // until that is applied.
  bool raise_no_space = false;
  bool cluster_version_lowered =
      false;  // take a disk snapshot, so that the WAL holds no newer entries (a downgrade is under way)
};

class StateMachine {
 public:
  // Loads the state as of the db's consistent index. Errors: kUnsupported if the db needs what this program can't do
  // (a storage version of another minor than 3.5, 3.6 or 3.7, a cluster version above the server's);
  // kCorrupt, kIo.
  static Result<std::unique_ptr<StateMachine>> open(const bolt::ReadTx& db, const Options& options);
  StateMachine(const StateMachine&) = delete;
  StateMachine& operator=(const StateMachine&) = delete;

  // Entries.

  // Applies the next entry: one at or below applied() is passed over, one beyond applied() + 1 is a broken invariant.
  // An error means that this program can't apply the entry (kUnsupported: an unknown request; kCorrupt: malformed):
  // nothing was changed and the process must stop, since the other members have applied it.
  Result<Applied> apply(const raft::Entry& entry, const ApplyOptions& options);

  LogIndex applied() const { return state_.applied; }
  Term applied_term() const { return state_.term; }
  // raft's configuration as of applied(), empty before the first conf change.
  raft::ConfState conf_state() const;

  // Readers.

  // Makes everything applied so far visible to readers (once a batch), and returns the view.
  mvcc::ReadViewRef publish();
  // Where other threads get the newest view. Lives as long as the StateMachine, across installed snapshots.
  mvcc::ViewPublisher& views() { return views_; }
  // Membership, alarms, versions; the same object until one of them changes.
  std::shared_ptr<const cluster::View> cluster_view() { return state_.cluster.view(); }
  // Users, roles and what they permit; the same object until one of them changes. To be shown to readers before the keys
  // of the same batch are: see auth/view_cell.h.
  const std::shared_ptr<const auth::View>& auth_view() { return state_.auth.view(); }
  // What happened to tokens since the last call.
  std::vector<auth::TokenEvent> take_token_events() { return state_.auth.take_token_events(); }
  // ResponseHeader of a reply made now.
  ResponseHeader header() const;

  // The watch hub's place: revisions in (after, last] were committed since the last call. Call after publish().
  struct CommittedRange {
    Revision after;
    Revision last;
  };
  CommittedRange take_committed();

  // Operations on the key space since the last call.
  OperationCounts take_counts() { return std::exchange(counts_, {}); }

  // The db.

  // True if the db lacks something of the state that the next take_flush() would hold.
  bool needs_flush() const;
  // Bytes of changes that wait for a flush, or for the one under way: refuse proposals above a limit.
  std::size_t unflushed_bytes() const;
  // Cuts off everything that was applied since the last cut. The flush stage writes it (Flush::write_to, then commit)
  // and gives it back to flushed(). At most one at a time (CHECK).
  Flush take_flush();
  // `flush` is committed and durable; `db` was begun after that. Lets go of what was kept in memory for it.
  Status flushed(Flush flush, const bolt::ReadTx& db, std::int64_t db_bytes);
  // The same content in another file (Defragment): `db` holds exactly what was flushed last. May come while a flush is
  // under way.
  Status move_to(const bolt::ReadTx& db, std::int64_t db_bytes);
  // Replaces the whole state by that of `db`, as a leader's snapshot brings it; not published yet. On an error nothing
  // has changed. No flush may be under way (CHECK). See apply/snapshot.h.
  Status restore(const bolt::ReadTx& db);
  // The version of the db's format as the next flush stores it; see docs/formats.md. From 3.6 on it is stored at all.
  void set_storage_version(const cluster::Version& version);
  const std::optional<cluster::Version>& storage_version() const { return state_.storage_version; }

  // Goes on with work that needs no entry (compaction): at most about `max_keys` keys of it. True if more is left.
  bool step_background(std::size_t max_keys) { return state_.store->step_compaction(max_keys); }

  // Parts, for the primary's duties and for questions.

  lease::Lessor& lessor() { return state_.lessor; }
  const cluster::Cluster& cluster() const { return state_.cluster; }
  mvcc::Store& store() { return *state_.store; }

 private:
  // All that a snapshot replaces.
  struct State {
    LogIndex applied;
    Term term;
    std::optional<cluster::Version> storage_version;
    lease::Lessor lessor;
    auth::Store auth;
    std::unique_ptr<mvcc::Store> store;
    cluster::Cluster cluster;
    bolt::WriteBatch changes;  // of the buckets that are not the store's, since the last cut
    std::int64_t db_bytes = 0;
  };
  // The entry at work.
  struct Call {
    const ApplyOptions& options;
    ResponseHeader header;  // its revision is filled in when the response is made
    auth::Who who;
    LogIndex index;
    Applied& applied;
  };

  explicit StateMachine(const Options& options) : options_(options) {}
  static Result<State> load(const bolt::ReadTx& db, const Options& options, mvcc::ViewPublisher& views);

  Result<Applied> apply_normal(const raft::Entry& entry, const ApplyOptions& options);
  Result<Applied> apply_conf_change(const raft::Entry& entry);
  Status change_membership(const raft::ConfChange& change, ConfChangeOutcome& outcome);
  Status check_applicable(const AnyRequest& request) const;
  Status check_alarms(const AnyRequest& request, std::int64_t cost) const;
  Status check_permissions(const AnyRequest& request, const auth::Who& who);
  Result<base::Rope> execute_within_limits(const AnyRequest& request, const Call& call);

  Result<base::Rope> execute(std::monostate, const Call& call);
  Result<base::Rope> execute(const RangeRequest& request, const Call& call);
  Result<base::Rope> execute(const PutRequest& request, const Call& call);
  Result<base::Rope> execute(const DeleteRangeRequest& request, const Call& call);
  Result<base::Rope> execute(const TxnRequest& request, const Call& call);
  Result<base::Rope> execute(const CompactionRequest& request, const Call& call);
  Result<base::Rope> execute(const LeaseGrantRequest& request, const Call& call);
  Result<base::Rope> execute(const LeaseRevokeRequest& request, const Call& call);
  Result<base::Rope> execute(const LeaseCheckpointRequest& request, const Call& call);
  Result<base::Rope> execute(const AlarmRequest& request, const Call& call);
  Result<base::Rope> execute(const ClusterVersionSetRequest& request, const Call& call);
  Result<base::Rope> execute(const ClusterMemberAttrSetRequest& request, const Call& call);
  Result<base::Rope> execute(const DowngradeInfoSetRequest& request, const Call& call);
  Result<base::Rope> execute(const DowngradeVersionTestRequest& request, const Call& call);
  Result<base::Rope> execute(const auth::Request& request, const Call& call);
  ResponseHeader header_now(const Call& call) const;

  Options options_;
  mvcc::ViewPublisher views_;  // outlives the store
  State state_;
  LogIndex cut_;  // applied() at the last take_flush()
  bool flushing_ = false;
  bool storage_version_changed_ = false;  // since the last cut
  std::size_t flushing_bytes_ = 0;        // of the other buckets, in the flush under way
  Revision reported_;                     // take_committed() has told up to here
  OperationCounts counts_;                // take_counts() has not told of yet
  Accesses accesses_;                     // of the request at work; kept for its memory
};

}  // namespace etcd::apply
