// StateMachine: the replicated state. Committed entries go in, one after the other; replies, changes for the db and news for the node come out.
//
// Owned by the apply stage; everything but Flush::write_to() and what a ReadView gives is called on it. Pure: no threads, clocks, sockets or random
// sources; no call blocks. (Reads of old revisions may touch pages of the db that the system has to fetch.)
//
// Invariants:
//  - flushed index <= applied index; applied() moves by exactly one for each new entry, also when the entry's request fails.
//  - A Flush holds the state of all buckets as of one applied index together with that index, its term and the configuration: written in one
//    bolt transaction, they are on disk all or not at all.
//  - Two members at one applied index have the same bytes in every bucket, however often each was flushed or restarted.
//  - raft's configuration is a function of the membership (conf_state()); there is no second copy that could differ.
//
// Unlike etcd, entries at or below the db's consistent index change nothing at all, not even the membership in memory: it is loaded from the same
// transaction as that index.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "apply/flush.h"
#include "apply/response.h"
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
  ClusterId cluster;
  MemberId member;               // this one
  std::int64_t quota_bytes = 0;  // of the db file; 0 or less: none (the configuration's 0 means 2 GiB: resolve it before)
  std::size_t max_learners = 1;
  lease::LessorOptions lease;
  bool persist_checkpoints = false;  // the LeaseCheckpointPersist gate; from cluster version 3.6 on they always are
};

struct ApplyOptions {
  bool wants_reply = false;  // somebody waits for it here: else responses are not built and ranges not run
  std::int64_t now_ns = 0;   // monotonic; only for the expiry of leases, which is not replicated
};

// The outcome of a request, for the one who proposed it here.
struct Reply {
  std::uint64_t request_id = 0;
  Result<base::Rope> response;  // the encoded response message, header included
  // The db is over its quota and no alarm says so yet: propose one, and answer when it is applied, as etcd does.
  bool raise_no_space = false;
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
  bool first_of_term = false;          // the leader's empty entry: a new leader may now serve reads, and promote the lessor
  bool cluster_version_lowered = false;  // take a disk snapshot, so that the WAL holds no newer entries (a downgrade is under way)
};

class StateMachine {
 public:
  // Loads the state as of the db's consistent index. Errors: kUnsupported if the db needs what this program can't do (auth is enabled, a storage
  // version of another minor than 3.5, 3.6 or 3.7, a cluster version above the server's); kCorrupt, kIo.
  static Result<std::unique_ptr<StateMachine>> open(const bolt::ReadTx& db, const Options& options);

  // Entries ---------------------------------------------------------------------------------------------------------------------------------------

  // Applies the next entry: one at or below applied() is passed over, one beyond applied() + 1 is a broken invariant. An error means that this
  // program can't apply the entry (kUnsupported: an auth request; kCorrupt: malformed): nothing was changed and the process must stop, since the
  // other members have applied it.
  Result<Applied> apply(const raft::Entry& entry, const ApplyOptions& options);

  LogIndex applied() const { return applied_; }
  Term applied_term() const { return term_; }
  // raft's configuration as of applied(), empty before the first conf change.
  raft::ConfState conf_state() const;

  // Readers ---------------------------------------------------------------------------------------------------------------------------------------

  // Makes everything applied so far visible to readers (once a batch), and returns the view.
  mvcc::ReadViewRef publish();
  // Where other threads get the newest view. Lives as long as the StateMachine, across installed snapshots.
  mvcc::ViewPublisher& views();
  // Membership, alarms, versions; the same object until one of them changes.
  std::shared_ptr<const cluster::View> cluster_view() { return cluster_.view(); }
  // ResponseHeader of a reply made now.
  ResponseHeader header() const;

  // The watch hub's place: revisions (first, last] were committed since the last call. Call after publish().
  struct CommittedRange {
    Revision after;
    Revision last;
  };
  CommittedRange take_committed();

  // The db ------------------------------------------------------------------------------------------------------------------------------------------

  // True if the db lacks something of the state.
  bool needs_flush() const;
  // Bytes of changes that wait for a flush: refuse proposals above a limit.
  std::size_t unflushed_bytes() const;
  // Cuts off everything that was applied since the last cut. The flush stage writes it (Flush::write_to, then commit) and gives it back to flushed().
  // At most one at a time.
  Flush take_flush();
  // `flush` is committed and durable; `db` was begun after that. Lets go of what was kept in memory for it. A flush from before restore() is ignored.
  void flushed(const Flush& flush, const bolt::ReadTx& db, std::int64_t db_bytes);
  // The same content in another file (Defragment): `db` holds exactly what was flushed last.
  void move_to(const bolt::ReadTx& db, std::int64_t db_bytes);
  // Replaces the whole state by that of `db`, as a leader's snapshot brings it. On an error nothing has changed. See apply/snapshot.h.
  Status restore(const bolt::ReadTx& db);
  // Lowers or raises the stored version of the db's format, in the next flush; see docs/formats.md#storage-version.
  void set_storage_version(const cluster::Version& version);
  const std::optional<cluster::Version>& storage_version() const { return storage_version_; }

  // Goes on with work that needs no entry (compaction): at most about `max_keys` keys of it. True if more is left.
  bool step_background(std::size_t max_keys);

  // Parts, for the primary's duties and for questions --------------------------------------------------------------------------------------------------

  lease::Lessor& lessor() { return lessor_; }
  const cluster::Cluster& cluster() const { return cluster_; }
  mvcc::Store& store() { return *store_; }

 private:
  StateMachine(const Options& options);

  Options options_;
  LogIndex applied_;
  Term term_;
  std::unique_ptr<mvcc::Store> store_;
  lease::Lessor lessor_;
  cluster::Cluster cluster_;
  std::optional<cluster::Version> storage_version_;
  bolt::WriteBatch changes_;  // of the buckets that are not mvcc's, since the last cut
};

}  // namespace etcd::apply
