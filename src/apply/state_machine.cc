#include "apply/state_machine.h"

#include <utility>

#include "apply/db_meta.h"
#include "base/check.h"
#include "base/plant.h"
#include "bolt/schema.h"

namespace etcd::apply {

namespace {

namespace schema = bolt::schema;

Status load_leases(const bolt::ReadTx& db, lease::Lessor& lessor) {
  TRY_ASSIGN(const auto bucket, db.bucket(schema::kLease));
  if (!bucket) return {};
  bolt::Cursor cursor = bucket->cursor();
  for (cursor.first(); cursor.valid(); cursor.next()) TRY(lessor.load(cursor.key(), cursor.value()));
  return cursor.status();
}

Status check_cluster_version(const cluster::Cluster& cluster) {
  if (!cluster.version() || cluster::minor_of(*cluster.version()) <= cluster::minor_of(cluster::kServerVersion))
    return {};
  return fail(Errc::kUnsupported, "invalid downgrade; server version is lower than determined cluster version");
}

}  // namespace

Result<std::unique_ptr<StateMachine>> StateMachine::open(const bolt::ReadTx& db, const Options& options) {
  std::unique_ptr<StateMachine> machine(new StateMachine(options));
  TRY_ASSIGN(machine->state_, load(db, options, machine->views_));
  machine->cut_ = machine->state_.applied;
  machine->reported_ = machine->state_.store->revision();
  return machine;
}

// Leases come before the key space, which attaches keys to them.
Result<StateMachine::State> StateMachine::load(const bolt::ReadTx& db, const Options& options,
                                               mvcc::ViewPublisher& views) {
  State state;
  TRY_ASSIGN(const DbMeta meta, read_db_meta(db));
  TRY(check_supported(meta));
  state.applied = meta.index;
  state.term = meta.term;
  state.storage_version = meta.storage_version;
  state.lessor = lease::Lessor(options.lease);
  if (!PLANTED(lessor_recovered_after_the_key_store)) TRY(load_leases(db, state.lessor));
  TRY_ASSIGN(state.store, mvcc::Store::open(views, db, options.store));
  for (const mvcc::LeaseAttachment& attachment : state.store->take_restored_leases())
    state.lessor.attach(attachment.key, attachment.lease);
  if (PLANTED(lessor_recovered_after_the_key_store)) TRY(load_leases(db, state.lessor));
  TRY_ASSIGN(state.cluster, cluster::Cluster::load(db));
  TRY(check_cluster_version(state.cluster));
  TRY_ASSIGN(state.auth, auth::Store::load(db, state.changes));
  state.db_bytes = static_cast<std::int64_t>(db.size_bytes());
  return state;
}

Result<Applied> StateMachine::apply(const raft::Entry& entry, const ApplyOptions& options) {
  if (entry.index <= state_.applied) return Applied();
  CHECK(entry.index == state_.applied.next(), entry.index, state_.applied);
  TRY_ASSIGN(Applied applied,
             entry.type == raft::EntryType::kNormal ? apply_normal(entry, options) : apply_conf_change(entry));
  state_.applied = entry.index;
  state_.term = entry.term;
  return applied;
}

raft::ConfState StateMachine::conf_state() const {
  raft::ConfState state;
  state.voters = state_.cluster.membership().voters();
  state.learners = state_.cluster.membership().learners();
  return state;
}

mvcc::ReadViewRef StateMachine::publish() {
  if (state_.store->unpublished()) {
    state_.store->publish();
  } else {
    views_.reclaim();
  }
  return views_.acquire();
}

ResponseHeader StateMachine::header() const {
  return {.cluster = options_.cluster,
          .member = options_.member,
          .revision = state_.store->revision(),
          .term = state_.term};
}

StateMachine::CommittedRange StateMachine::take_committed() {
  const Revision after = std::exchange(reported_, state_.store->revision());
  return {.after = after, .last = reported_};
}

bool StateMachine::needs_flush() const {
  return state_.applied != cut_ || !state_.changes.empty() || storage_version_changed_ || state_.store->needs_flush();
}

std::size_t StateMachine::unflushed_bytes() const {
  return state_.store->pending_bytes() + state_.changes.bytes() + flushing_bytes_;
}

Flush StateMachine::take_flush() {
  CHECK(!flushing_, cut_);
  flushing_ = true;
  flushing_bytes_ = state_.changes.bytes();
  cut_ = state_.applied;
  storage_version_changed_ = false;
  return {.revisions = state_.store->take_flush(),
          .others = std::exchange(state_.changes, {}),
          .index = state_.applied,
          .term = state_.term,
          .conf_state = conf_state(),
          .storage_version = state_.storage_version};
}

Status StateMachine::flushed(Flush flush, const bolt::ReadTx& db, std::int64_t db_bytes) {
  CHECK(std::exchange(flushing_, false), flush.index);
  flushing_bytes_ = 0;
  state_.db_bytes = db_bytes;
  // Also when only other buckets changed: a view of an old db version would keep its pages from being used again.
  return flush.revisions ? state_.store->flushed(std::move(*flush.revisions), db) : state_.store->move_to(db);
}

Status StateMachine::move_to(const bolt::ReadTx& db, std::int64_t db_bytes) {
  state_.db_bytes = db_bytes;
  return state_.store->move_to(db);
}

Status StateMachine::restore(const bolt::ReadTx& db) {
  CHECK(!flushing_, cut_);
  TRY_ASSIGN(State restored, load(db, options_, views_));
  restored.auth.succeed(state_.auth);
  if (PLANTED(users_outlive_a_snapshot)) restored.auth = std::move(state_.auth);
  state_ = std::move(restored);
  cut_ = state_.applied;
  storage_version_changed_ = false;
  return {};
}

void StateMachine::set_storage_version(const cluster::Version& version) {
  storage_version_changed_ = storage_version_changed_ || state_.storage_version != version;
  state_.storage_version = version;
}

}  // namespace etcd::apply
