// What each kind of request does to the state.
#include <array>
#include <utility>

#include "apply/accesses.h"
#include "apply/auth_requests.h"
#include "apply/branches.h"
#include "apply/check.h"
#include "apply/kv_writer.h"
#include "apply/read_only.h"
#include "apply/state_machine.h"
#include "base/check.h"
#include "base/plant.h"

namespace etcd::apply {

namespace {

using base::Rope;

constexpr cluster::Version kCheckpointsPersist{.major = 3, .minor = 6, .patch = 0};

template <typename... Kinds>
bool is_any_of(const AnyRequest& request) {
  return (std::holds_alternative<Kinds>(request) || ...);
}

// As the label of etcd_server_apply_duration_seconds has it. In the order of AnyRequest.
std::string_view operation_name(const AnyRequest& request) {
  if (const auto* auth = std::get_if<auth::Request>(&request)) return auth_operation_name(*auth);
  static constexpr std::array<std::string_view, std::variant_size_v<AnyRequest>> kNames = {
      "unknown",           "Range",                "Put",              "DeleteRange",          "Txn",
      "Compaction",        "LeaseGrant",           "LeaseRevoke",      "LeaseCheckpoint",      "Alarm",
      "ClusterVersionSet", "ClusterMemberAttrSet", "DowngradeInfoSet", "DowngradeVersionTest", "unknown"};
  return kNames[request.index()];
}

// What the request may add to the db, in the units of the quota.
std::int64_t growth(const AnyRequest& request) {
  if (const auto* put = std::get_if<PutRequest>(&request)) return quota_cost(*put);
  if (const auto* txn = std::get_if<TxnRequest>(&request)) return quota_cost(*txn);
  return std::holds_alternative<LeaseGrantRequest>(request) ? kLeaseQuotaCost : 0;
}

}  // namespace

Result<Applied> StateMachine::apply_normal(const raft::Entry& entry, const ApplyOptions& options) {
  Applied applied;
  if (entry.data.empty()) {
    applied.first_of_term = true;
    return applied;
  }
  auto decoded = decode_internal(entry.data.view());
  if (!decoded) return fail(Errc::kCorrupt, describe(decoded.error()));
  TRY(check_applicable(decoded->request));
  const Call call{.options = options,
                  .header = {.cluster = options_.cluster, .member = options_.member, .term = entry.term},
                  .who = decoded->who,
                  .index = entry.index,
                  .applied = applied};
  Result<Rope> response = execute_within_limits(decoded->request, call);
  applied.operation = operation_name(decoded->request);
  applied.succeeded = response.has_value() || response.error().code == Errc::kCompacted;
  if (options.wants_reply) applied.reply = Reply{.request_id = decoded->id, .response = std::move(response)};
  return applied;
}

// Whatever can't be applied at all is found here, before anything changes.
Status StateMachine::check_applicable(const AnyRequest& request) const {
  if (std::holds_alternative<std::monostate>(request))
    return fail(Errc::kUnsupported, "the log holds a request that this version does not know");
  if (const auto* set = std::get_if<ClusterVersionSetRequest>(&request)) {
    const auto version = cluster::parse_version(set->version);
    if (!version) return fail(Errc::kCorrupt, "the log holds a cluster version that can't be read");
    if (cluster::minor_of(*version) > cluster::minor_of(cluster::kServerVersion)) {
      return fail(Errc::kUnsupported, "invalid downgrade; server version is lower than determined cluster version");
    }
  }
  // No start could read it back.
  if (const auto* set = std::get_if<DowngradeInfoSetRequest>(&request); set != nullptr && set->enabled && !cluster::parse_version(set->version))
    return fail(Errc::kCorrupt, "the log holds a downgrade to a version that can't be read");
  return {};
}

// The limits in etcd's order: corruption alarm, space alarm, permissions, quota.
Result<Rope> StateMachine::execute_within_limits(const AnyRequest& request, const Call& call) {
  const std::int64_t cost = growth(request);
  TRY(check_alarms(request, cost));
  if (state_.auth.enabled() && !PLANTED(nobody_is_judged)) TRY(check_permissions(request, call.who));
  const bool over_quota = cost > 0 && options_.quota_bytes > 0 && state_.db_bytes + cost >= options_.quota_bytes;
  Result<Rope> response = std::visit([&](const auto& one) { return execute(one, call); }, request);
  if (!over_quota || !response) return response;
  // The request has taken effect: the quota is a member's own, and must not make the members differ. But its sender is
  // told that space is short.
  call.applied.raise_no_space = true;
  return fail(Errc::kNoSpaceQuota);
}

Status StateMachine::check_alarms(const AnyRequest& request, std::int64_t cost) const {
  const cluster::AlarmSet& alarms = state_.cluster.alarms();
  const bool touches_keys = is_any_of<RangeRequest, PutRequest, DeleteRangeRequest, TxnRequest, CompactionRequest,
                                      LeaseGrantRequest, LeaseRevokeRequest>(request);
  if (touches_keys && alarms.any(cluster::AlarmType::kCorrupt)) return fail(Errc::kCorruptCluster);
  if (cost > 0 && alarms.any(cluster::AlarmType::kNoSpace)) return fail(Errc::kNoSpaceQuota);
  return {};
}

// Every member judges by the same state, so a request that is refused is refused by all. Root may touch the keys of a lease
// at any revision, so there is no need to list them.
Status StateMachine::check_permissions(const AnyRequest& request, const auth::Who& who) {
  const auth::View& view = *state_.auth.view();
  if (const auto* auth = std::get_if<auth::Request>(&request)) return check_auth_permissions(*auth, view, who);
  const bool is_root = view.check_admin(who).has_value();
  accesses_.clear();
  append_accesses(request, is_root ? nullptr : &state_.lessor, accesses_);
  if (PLANTED(old_permissions_count)) return view.check({who.name, view.revision()}, accesses_);
  return view.check(who, accesses_);
}

ResponseHeader StateMachine::header_now(const Call& call) const {
  ResponseHeader header = call.header;
  header.revision = state_.store->revision();
  return header;
}

// Keys.

Result<Rope> StateMachine::execute(const RangeRequest& request, const Call& call) {
  if (!call.options.wants_reply) return Rope();
  counts_.add_transaction({.ranges = 1});
  return run_range(state_.store->state(), request, call.header);
}

Result<Rope> StateMachine::execute(const PutRequest& request, const Call& call) {
  TRY(check_operation(state_.store->state(), state_.lessor, request));
  KvWriter writer(*state_.store, state_.lessor, call.options.wants_reply);
  Rope response = writer.put(request, call.header);
  writer.commit();
  counts_.add_transaction(writer.counts());
  return response;
}

Result<Rope> StateMachine::execute(const DeleteRangeRequest& request, const Call& call) {
  KvWriter writer(*state_.store, state_.lessor, call.options.wants_reply);
  Rope response = writer.delete_range(request, call.header);
  writer.commit();
  counts_.add_transaction(writer.counts());
  return response;
}

// First the way is chosen and checked, on the state before; then everything on it is done.
Result<Rope> StateMachine::execute(const TxnRequest& request, const Call& call) {
  const mvcc::ReadView& before = state_.store->state();
  TRY_ASSIGN(const Branches branches, Branches::choose(before, request));
  TRY(check_operations(before, state_.lessor, request, branches));
  KvWriter writer(*state_.store, state_.lessor, call.options.wants_reply);
  Rope response = writer.txn(request, branches, call.header);
  writer.commit();
  // etcd looks at what puts replace twice: when it checks, and when it writes.
  counts_.add_transaction({.ranges = branches.compares() + writer.looks_before_puts()});
  counts_.add_transaction(writer.counts());
  return response;
}

Result<Rope> StateMachine::execute(const CompactionRequest& request, const Call& call) {
  const std::int64_t back = PLANTED(members_compact_differently) && options_.member.value % 2 == 1 && request.revision > 1 ? 1 : 0;
  TRY(state_.store->compact(Revision(request.revision - back)));
  return encode_header_response(header_now(call));
}

// Leases.

Result<Rope> StateMachine::execute(const LeaseGrantRequest& request, const Call& call) {
  TRY_ASSIGN(const std::int64_t ttl_s,
             state_.lessor.grant(request.id, request.ttl_s, call.options.now_ns, state_.changes));
  return encode_lease_grant_response(header_now(call), request.id, ttl_s);
}

// The lease and its keys go in one transaction of the db, and the keys in one revision, sorted: alike on every member.
Result<Rope> StateMachine::execute(const LeaseRevokeRequest& request, const Call& call) {
  if (!state_.lessor.exists(request.id)) return fail(Errc::kLeaseNotFound);
  KvWriter writer(*state_.store, state_.lessor, /*wants_responses=*/false);
  writer.delete_keys(state_.lessor.keys_of(request.id));
  writer.commit();
  counts_.add_transaction(writer.counts());
  TRY(state_.lessor.revoke(request.id, state_.changes));
  return encode_header_response(header_now(call));
}

Result<Rope> StateMachine::execute(const LeaseCheckpointRequest& request, const Call& call) {
  const std::optional<cluster::Version>& version = state_.cluster.version();
  const bool persist = options_.persist_checkpoints || (version && *version >= kCheckpointsPersist);
  for (const LeaseCheckpointRequest::Item& item : request.checkpoints) {
    state_.lessor.checkpoint({.id = item.id, .remaining_ttl_s = item.remaining_ttl_s},
                             {.persist = persist, .now_ns = call.options.now_ns}, state_.changes);
  }
  return encode_header_response(header_now(call));
}

// The cluster.

Result<Rope> StateMachine::execute(const AlarmRequest& request, const Call& call) {
  const cluster::Alarm alarm{.member = request.member, .type = request.alarm};
  std::vector<cluster::Alarm> answer;
  switch (request.action) {
    case AlarmAction::kGet:
      answer = state_.cluster.alarms().list(request.alarm);
      break;
    case AlarmAction::kActivate:
      // One that is raised already is reported as raised.
      if (alarm.type == cluster::AlarmType::kNone) break;
      state_.cluster.change_alarms().activate(alarm, state_.changes);
      answer = {alarm};
      break;
    case AlarmAction::kDeactivate:
      if (state_.cluster.change_alarms().deactivate(alarm, state_.changes)) answer = {alarm};
      break;
  }
  return encode_alarm_response(header_now(call), answer);
}

Result<Rope> StateMachine::execute(const ClusterVersionSetRequest& request, const Call& call) {
  const auto version = cluster::parse_version(request.version);
  CHECK(version.has_value());
  const std::optional<cluster::Version> before = state_.cluster.version();
  call.applied.cluster_version_lowered = before && *version < *before;
  state_.cluster.set_version(*version, state_.changes);
  return Rope();
}

Result<Rope> StateMachine::execute(const ClusterMemberAttrSetRequest& request, const Call&) {
  std::vector<std::string> client_urls(request.client_urls.begin(), request.client_urls.end());
  TRY(state_.cluster.change_membership().set_attributes(request.member, std::string(request.name),
                                                        std::move(client_urls), state_.changes));
  return Rope();
}

Result<Rope> StateMachine::execute(const DowngradeInfoSetRequest& request, const Call&) {
  cluster::Downgrade downgrade;
  if (request.enabled) downgrade = {.enabled = true, .target_version = std::string(request.version)};
  state_.cluster.set_downgrade(std::move(downgrade), state_.changes);
  return Rope();
}

Result<Rope> StateMachine::execute(const DowngradeVersionTestRequest&, const Call&) {
  return Rope();
}

// Users and roles.

Result<Rope> StateMachine::execute(const auth::Request& request, const Call& call) {
  return execute_auth(request, {.store = state_.auth, .changes = state_.changes, .header = header_now(call), .index = call.index});
}

// Refused by check_applicable.
Result<Rope> StateMachine::execute(std::monostate, const Call&) {
  CHECK(false);
  return Rope();
}

}  // namespace etcd::apply
