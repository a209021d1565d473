#include "node/recovery.h"

#include <algorithm>
#include <utility>

#include "apply/bootstrap.h"
#include "apply/snapshot.h"
#include "bolt/compacted_copy.h"
#include "node/lone_restart.h"
#include "raft/codec.h"

namespace etcd::node {

namespace {

struct Folders {
  std::string member;
  std::string snap;
  std::string wal;
};

Folders folders_of(const StartOptions& options) {
  const std::string member = base::join_path(options.data_folder, "member");
  return {member, base::join_path(member, "snap"), options.wal_folder.empty() ? base::join_path(member, "wal") : options.wal_folder};
}

// Makes all missing levels so that they survive a power cut: a folder is only as durable as its name in the one above it.
Status make_durable_folder(base::FileSystem& files, const std::string& path) {
  std::vector<std::string> missing;
  for (std::string at = path; !files.exists(at); at = base::parent_path(at)) missing.push_back(at);
  TRY(files.make_directories(path));
  for (const std::string& folder : missing) TRY(files.sync_directory(base::parent_path(folder)));
  return {};
}

// What an unfinished Defragment or snapshot transfer left behind: never a complete db, so never of use.
bool is_leftover(const std::string& name) { return name.starts_with("tmp") || name.starts_with("db.tmp"); }

Status prepare_folders(base::FileSystem& files, const Folders& folders, base::Logger& logger) {
  TRY(make_durable_folder(files, folders.snap));
  TRY(make_durable_folder(files, base::parent_path(folders.wal)));
  TRY_ASSIGN(const std::vector<std::string> names, files.list(folders.snap));
  for (const std::string& name : names) {
    if (!is_leftover(name)) continue;
    logger.info("removed orphaned temporary file", {{"path", base::join_path(folders.snap, name)}});
    TRY(files.remove(base::join_path(folders.snap, name)));
  }
  return {};
}

// Copies the db to a new file at start if that gives back enough space: etcd's --bootstrap-defrag-threshold-megabytes.
Result<std::unique_ptr<bolt::Db>> defragment_if_worth_it(base::FileSystem& files, const StartOptions& options, const Folders& folders,
                                                         std::unique_ptr<bolt::Db> db, base::Logger& logger) {
  if (options.bootstrap_defragment_bytes == 0) return db;
  TRY(db->load_freelist());
  const std::uint64_t free_bytes = db->size_bytes() - db->in_use_bytes();
  const base::Logger::Fields sizes = {{"current-db-size-bytes", db->size_bytes()},
                                      {"current-db-size-in-use-bytes", db->in_use_bytes()},
                                      {"defrag-threshold-bytes", options.bootstrap_defragment_bytes}};
  if (free_bytes < options.bootstrap_defragment_bytes) {
    logger.info("Skipping defragmentation", sizes);
    return db;
  }
  const std::string path = db->path();
  const std::string copy = path + ".tmp.defragment";
  TRY(bolt::copy_compacted(files, copy, db->begin_read()));
  db.reset();
  TRY(files.rename(copy, path));
  TRY(files.sync_directory(folders.snap));
  logger.info("finished defragmenting directory", {{"path", path}});
  return bolt::Db::open(files, path, options.db);
}

Result<std::unique_ptr<bolt::Db>> open_db(base::FileSystem& files, const StartOptions& options, const Folders& folders, base::Logger& logger) {
  TRY_ASSIGN(auto db, bolt::Db::open(files, apply::db_path(folders.snap), options.db));
  return defragment_if_worth_it(files, options, folders, std::move(db), logger);
}

Result<std::unique_ptr<apply::StateMachine>> open_machine(const bolt::Db& db, const StartOptions& options, ClusterId cluster, MemberId member) {
  apply::Options machine = options.machine;
  machine.cluster = cluster;
  machine.member = member;
  return apply::StateMachine::open(db.begin_read(), machine);
}

// The log of a new cluster: its members, as agreed beforehand. Written before anything else may be, so a start that was cut short repeats it. Who joins
// has nothing to begin with: the leader sends it the log.
Status begin_log(wal::Wal& wal, const cluster::Bootstrap& bootstrap, raft::Recovered& recovered) {
  recovered.entries = apply::bootstrap_entries(bootstrap.members);
  recovered.hard_state = {.term = Term(1), .vote = MemberId(0), .commit = recovered.entries.back().index};
  TRY(wal.save(recovered.hard_state, raft::Entries(recovered.entries)));
  return wal.sync();
}

Result<cluster::Bootstrap> first_members(const StartOptions& options) {
  if (options.join) return *options.join;
  return cluster::bootstrap(options.initial_cluster, options.initial_cluster_token, options.name);
}

// Who has published client URLs has been started before, and with its disk it has lost the vote that it gave.
Status check_first_start(const StartOptions& options, const cluster::Bootstrap& bootstrap) {
  std::vector<cluster::Member> known = options.ask_members ? options.ask_members() : std::vector<cluster::Member>();
  known.push_back(bootstrap.local());
  for (const cluster::Member& member : known) {
    if (member.id == bootstrap.local_id && !member.client_urls.empty()) {
      return fail(Errc::kInvalid, "member " + cluster::to_hex(member.id) + " has already been bootstrapped");
    }
  }
  return {};
}

Result<Recovery> start_new(base::FileSystem& files, const StartOptions& options, const Folders& folders, base::Logger& logger) {
  TRY_ASSIGN(const cluster::Bootstrap bootstrap, first_members(options));
  TRY(check_first_start(options, bootstrap));
  Recovery recovery;
  recovery.cluster_id = bootstrap.cluster_id;
  recovery.member_id = bootstrap.local_id;
  recovery.is_new = true;
  TRY_ASSIGN(recovery.db, open_db(files, options, folders, logger));
  TRY_ASSIGN(recovery.machine, open_machine(*recovery.db, options, recovery.cluster_id, recovery.member_id));
  if (recovery.machine->applied() != LogIndex(0)) {
    return fail(Errc::kCorrupt, "the database in " + folders.snap + " has applied entries, but there is no WAL in " + folders.wal);
  }
  TRY_ASSIGN(recovery.wal, wal::Wal::create(files, folders.wal, {recovery.member_id, recovery.cluster_id}, options.wal));
  if (!options.join) TRY(begin_log(*recovery.wal, bootstrap, recovery.raft));
  return recovery;
}

bool has_member(const raft::ConfState& state, MemberId member) {
  return std::ranges::count(state.voters, member) + std::ranges::count(state.learners, member) > 0;
}

bool adds_member(const raft::Entry& entry, MemberId member) {
  if (entry.type != raft::EntryType::kConfChange) return false;
  const auto change = raft::decode_conf_change(entry.data);
  return change && change->node_id == member &&
         (change->type == raft::ConfChangeType::kAddNode || change->type == raft::ConfChangeType::kAddLearnerNode);
}

// A db that has applied this member's joining knows the member, or that it was removed; else it is not the db that goes with the log.
Status check_db_knows_member(apply::StateMachine& machine, const raft::ConfState& in_snapshot, const std::vector<raft::Entry>& entries,
                             MemberId member) {
  const auto applied = [&](const raft::Entry& entry) { return entry.index <= machine.applied() && adds_member(entry, member); };
  if (!has_member(in_snapshot, member) && std::ranges::none_of(entries, applied)) return {};
  const auto view = machine.cluster_view();
  if (view->find(member) != nullptr || std::ranges::count(view->removed, member) > 0) return {};
  return fail(Errc::kClusterIdMismatch, "the database does not know member " + cluster::to_hex(member) +
                                            ", which the WAL says is part of the cluster: is it the database of another one?");
}

// The db must hold everything up to the log's snapshot: where it does not, the snapshot's own db was received and still has to take its place.
Status catch_up_with_snapshot(base::FileSystem& files, const StartOptions& options, const Folders& folders, LogIndex snapshot, base::Logger& logger) {
  if (snapshot == LogIndex(0)) return {};
  TRY_ASSIGN(const bool installed, apply::finish_interrupted_install(files, logger, folders.snap, snapshot, options.db));
  if (installed) logger.info("Recovering from snapshot backend", {{"snapshot-index", snapshot}});
  // A newer one stays: the WAL may name it already, in a record that counts as soon as the commit index has passed it.
  return apply::remove_received_dbs_below(files, folders.snap, snapshot);
}

// What is not known to be committed is dropped: nobody is left who could tell.
Status go_on_alone(Recovery& recovery, base::Logger& logger) {
  std::vector<raft::Entry>& entries = recovery.raft.entries;
  raft::HardState& hard_state = recovery.raft.hard_state;
  hard_state.commit = std::max(hard_state.commit, recovery.machine->applied());  // the log may not say yet that what was applied is committed
  const auto is_uncommitted = [&](const raft::Entry& entry) { return entry.index > hard_state.commit; };
  if (const auto dropped = std::erase_if(entries, is_uncommitted); dropped > 0) {
    logger.info("discarding uncommitted WAL entries", {{"commit-index-from-wal", hard_state.commit}, {"number-of-discarded-entries", dropped}});
  }
  TRY_ASSIGN(const std::vector<raft::Entry> changes, entries_of_lone_restart(*recovery.machine, entries, hard_state, recovery.member_id));
  if (changes.empty()) return {};
  hard_state.commit = changes.back().index;
  TRY(recovery.wal->save(hard_state, raft::Entries(changes)));
  TRY(recovery.wal->sync());
  entries.insert(entries.end(), changes.begin(), changes.end());
  logger.info("forcing restart member", {{"cluster-id", cluster::to_hex(recovery.cluster_id)},
                                         {"local-member-id", cluster::to_hex(recovery.member_id)},
                                         {"commit-index", hard_state.commit}});
  return {};
}

Result<Recovery> restart(base::FileSystem& files, const StartOptions& options, const Folders& folders, base::Logger& logger) {
  TRY_ASSIGN(const wal::Snapshot snapshot, wal::newest_snapshot(files, folders.wal));
  TRY(catch_up_with_snapshot(files, options, folders, snapshot.index, logger));
  TRY_ASSIGN(wal::Opened opened, wal::Wal::open(files, folders.wal, snapshot, options.wal));

  Recovery recovery;
  recovery.cluster_id = opened.metadata.cluster;
  recovery.member_id = opened.metadata.member;
  recovery.snapshot_index = snapshot.index;
  recovery.wal = std::move(opened.wal);
  TRY_ASSIGN(recovery.db, open_db(files, options, folders, logger));
  TRY_ASSIGN(recovery.machine, open_machine(*recovery.db, options, recovery.cluster_id, recovery.member_id));

  TRY(check_db_knows_member(*recovery.machine, snapshot.conf_state, opened.entries, recovery.member_id));

  recovery.raft.hard_state = opened.hard_state;
  recovery.raft.entries = std::move(opened.entries);
  recovery.raft.snapshot.metadata = {.conf_state = snapshot.conf_state, .index = snapshot.index, .term = snapshot.term};
  recovery.raft.applied = recovery.machine->applied();
  recovery.raft.conf_state = recovery.machine->conf_state();
  if (recovery.raft.entries.empty() && snapshot.index == LogIndex(0) && !options.join) {
    // The member was made, but its first start ended before the log had begun.
    TRY_ASSIGN(const cluster::Bootstrap bootstrap, first_members(options));
    if (bootstrap.cluster_id != recovery.cluster_id) return fail(Errc::kClusterIdMismatch);
    TRY(begin_log(*recovery.wal, bootstrap, recovery.raft));
  }
  if (options.force_new_cluster) TRY(go_on_alone(recovery, logger));
  return recovery;
}

}  // namespace

Result<Recovery> recover(base::FileSystem& files, const StartOptions& options, base::Logger& logger) {
  const Folders folders = folders_of(options);
  TRY(prepare_folders(files, folders, logger));
  const bool have_wal = wal::exists(files, folders.wal);
  TRY_ASSIGN(Recovery recovery, have_wal ? restart(files, options, folders, logger) : start_new(files, options, folders, logger));
  recovery.snap_folder = folders.snap;
  recovery.wal_folder = folders.wal;
  logger.info(have_wal ? "restarting local member" : "starting local member",
              {{"local-member-id", cluster::to_hex(recovery.member_id)},
               {"cluster-id", cluster::to_hex(recovery.cluster_id)},
               {"commit-index", recovery.raft.hard_state.commit},
               {"applied-index", recovery.machine->applied()}});
  return recovery;
}

}  // namespace etcd::node
