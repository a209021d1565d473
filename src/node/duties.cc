#include "node/duties.h"

#include <algorithm>
#include <utility>

#include "apply/request.h"
#include "base/plant.h"
#include "base/failpoint.h"

namespace etcd::node {

namespace {

constexpr std::int64_t kStepNs = 500'000'000;         // etcd's lessor loop
constexpr std::int64_t kSoonNs = 20'000'000;          // while something is still to be published
constexpr std::int64_t kLeasesTogetherNs = 50'000'000;  // leases that expire within it are revoked together
constexpr std::int64_t kExpiringNs = 2'000'000;       // while revocations are under way: more may be waiting for them
constexpr std::size_t kCheckpointsInEntry = 1'000;
constexpr int kCheckpointEntriesAtOnce = 500;
constexpr std::int64_t kVersionsNs = 4'000'000'000;  // between two looks at the members' versions
constexpr cluster::Version kFirstStorageVersion{.major = 3, .minor = 5, .patch = 0};  // dbs had none before

// When the lessor wants attention next.
std::int64_t leases_due_ns(const lease::Lessor& lessor, std::int64_t now_ns) {
  if (lessor.expiring() > 0) return now_ns + kExpiringNs;
  return std::max(lessor.next_due_ns(), now_ns + kLeasesTogetherNs);
}

}  // namespace

Duties::Duties(const Options& options, std::unique_ptr<Proposer> proposer, std::function<void()> published, const Board& board, base::Logger& logger)
    : options_(options), proposer_(std::move(proposer)), published_(std::move(published)), board_(board), logger_(logger),
      auto_compaction_(options.auto_compaction, [this](Revision revision, base::UniqueFunction<void(Status)> done) { compact(revision, std::move(done)); },
                       logger) {}

std::int64_t Duties::step(apply::StateMachine& machine, std::int64_t now_ns) {
  const std::shared_ptr<const cluster::View> view = view_ = machine.cluster_view();
  if (board_.leader.load() != 0) publish_attributes(*view, now_ns);
  const bool leads = board_.is_leader.load();
  if (leads) decide_cluster_version(*view, now_ns);
  follow_storage_version(machine);
  keep_leases(machine, now_ns);
  const std::int64_t compaction_ns = auto_compaction_.step({.revision = machine.store().revision(), .leads = leads, .ns = now_ns});
  proposer_->submit();
  const bool settled = is_published_ && !view->cluster_version.empty();
  return std::min({now_ns + (settled ? kStepNs : kSoonNs), leases_due_ns(machine.lessor(), now_ns), compaction_ns});
}

void Duties::raise_no_space(base::UniqueFunction<void()> then) {
  apply::AlarmRequest alarm{apply::AlarmAction::kActivate, options_.member, AlarmType::kNoSpace};
  proposer_->propose({.kind = RequestKind::kAlarm,
                      .request = base::SharedBytes(apply::encode_alarm(alarm)),
                      .done = [then = std::move(then)](Result<base::Rope>) mutable { then(); }});
  proposer_->submit();
}

// Done when the cluster's state says so, which it also does after a restart with unchanged addresses - then etcd publishes all the same.
void Duties::publish_attributes(const cluster::View& view, std::int64_t now_ns) {
  if (is_published_ || now_ns < publish_at_ns_) return;
  if (view.find(options_.member) == nullptr) return;
  publish_at_ns_ = now_ns + options_.retry_ns;
  FAILPOINT(beforePublishing);
  proposer_->propose({.kind = RequestKind::kClusterMemberAttrSet,
                      .request = base::SharedBytes(apply::encode_cluster_member_attr_set(options_.member, options_.name, options_.client_urls)),
                      .done = [this](Result<base::Rope> response) {
                        if (!response || is_published_) return;
                        is_published_ = true;
                        logger_.info("published local member to cluster through raft",
                                     {{"local-member-id", cluster::to_hex(options_.member)}, {"advertise-client-urls", options_.client_urls}});
                        published_();
                      }});
}

// A cluster of one runs at its own version. With more members the leader asks each for its version first. A version that can't rise is left alone, unless a
// downgrade is under way.
void Duties::decide_cluster_version(const cluster::View& view, std::int64_t now_ns) {
  if (now_ns < version_at_ns_ || view.members.empty()) return;
  const bool is_highest = view.cluster_version == cluster::to_string(cluster::minor_of(cluster::kServerVersion));
  if (is_highest && !view.downgrade.enabled) return;
  version_at_ns_ = now_ns + (view.downgrade.enabled ? std::min(kVersionsNs, options_.downgrade_check_ns) : kVersionsNs);
  if (view.members.size() == 1) return go_on_with_versions(view, cluster::VersionSpan{cluster::kServerVersion, cluster::kServerVersion});
  if (!options_.ask_versions) return;
  options_.ask_versions([this](const std::optional<cluster::VersionSpan>& members) {
    if (board_.is_leader.load()) go_on_with_versions(*view_, members);
    proposer_->submit();
  });
}

void Duties::go_on_with_versions(const cluster::View& view, const std::optional<cluster::VersionSpan>& members) {
  if (cluster::is_downgraded(view.downgrade, members)) {
    logger_.info("the cluster has been downgraded", {{"cluster-version", view.downgrade.target_version}});
    return propose(RequestKind::kDowngradeInfoSet, apply::encode_downgrade_info_set(false, ""));
  }
  const auto present = cluster::parse_version(view.cluster_version);
  const auto next = cluster::next_cluster_version(present, members, view.downgrade);
  // Members of a later version wait for a leader of theirs: this one could not follow.
  if (!next || *next > cluster::minor_of(cluster::kServerVersion)) return;
  const std::string text = cluster::to_string(*next);
  if (present) {
    logger_.info("updating cluster version using v3 API", {{"from", view.cluster_version}, {"to", text}});
  } else {
    logger_.info("setting up initial cluster version using v3 API", {{"cluster-version", text}});
  }
  propose(RequestKind::kClusterVersionSet, apply::encode_cluster_version_set(text));
}

void Duties::follow_storage_version(apply::StateMachine& machine) {
  const auto& decided = machine.cluster().version();
  if (!decided || machine.applied_term() == Term(0)) return;
  const cluster::Version wanted = cluster::minor_of(*decided);
  const std::optional<cluster::Version> present = machine.storage_version();
  if (wanted < kFirstStorageVersion || present == wanted) return;
  if (present && wanted < *present && !options_.log_is_ready_to_downgrade()) return;
  logger_.info("updated storage version", {{"new-storage-version", cluster::to_string(wanted)}});
  machine.set_storage_version(wanted);
  const cluster::Downgrade& downgrade = machine.cluster().downgrade();
  if (!downgrade.enabled) return;
  logger_.info("The server is ready to downgrade",
               {{"target-version", downgrade.target_version}, {"server-version", cluster::to_string(cluster::kServerVersion)}});
}

void Duties::keep_leases(apply::StateMachine& machine, std::int64_t now_ns) {
  lease::Lessor& lessor = machine.lessor();
  const Term led(board_.led_term.load());
  if (lessor.is_primary() && lessor.primary_term() != led) lessor.demote();
  if (led != Term(0) && !lessor.is_primary() && machine.applied_term() == led) {
    lessor.promote({.term = led, .extend_ns = options_.election_ns, .now_ns = now_ns});
  }
  for (const LeaseId id : lessor.expire(now_ns)) revoke_lease(id, machine);
  for (int i = 0; i < kCheckpointEntriesAtOnce; ++i) {
    apply::LeaseCheckpointRequest request;
    for (const lease::Checkpoint& due : lessor.due_checkpoints(now_ns, kCheckpointsInEntry)) {
      request.checkpoints.push_back({.id = due.id, .remaining_ttl_s = due.remaining_ttl_s});
    }
    if (request.checkpoints.empty()) return;
    propose(RequestKind::kLeaseCheckpoint, apply::encode_lease_checkpoint(request), lessor.primary_term());
  }
}

// As root: the keys of a lease go when it ends, whoever wrote them.
void Duties::revoke_lease(LeaseId id, apply::StateMachine& machine) {
  auth::Identity who;
  if (const auto auth = machine.auth_view(); auth->enabled()) who = {.name = std::string(auth::kRootUser), .revision = auth->revision()};
  proposer_->propose({.kind = RequestKind::kLeaseRevoke,
                      .request = base::SharedBytes(apply::encode_lease_revoke(id)),
                      .done = {},
                      .leader_term = PLANTED(revokes_without_its_term) ? Term(0) : machine.lessor().primary_term(),
                      .who = std::move(who)});
}

void Duties::clear_lease_checkpoint(LeaseId id, Term term) {
  apply::LeaseCheckpointRequest request;
  request.checkpoints.push_back({.id = id});
  propose(RequestKind::kLeaseCheckpoint, apply::encode_lease_checkpoint(request), term);
  proposer_->submit();
}

void Duties::compact(Revision revision, base::UniqueFunction<void(Status)> done) {
  proposer_->propose({.kind = RequestKind::kCompaction,
                      .request = base::SharedBytes(apply::encode_compaction({.revision = revision.value})),
                      .done = [done = std::move(done)](Result<base::Rope> response) mutable {
                        done(response ? Status() : Status(fail(response.error())));
                      }});
}

// Nobody waits: the state shows what became of it.
void Duties::propose(RequestKind kind, std::string request, Term leader_term) {
  proposer_->propose({.kind = kind, .request = base::SharedBytes(std::move(request)), .done = {}, .leader_term = leader_term});
}

}  // namespace etcd::node
