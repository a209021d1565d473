#include "api/maintenance.h"

#include <utility>

#include "api/errors.h"
#include "api/snapshot_sender.h"
#include "apply/request.h"
#include "base/go_text.h"
#include "cluster/version_policy.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "etcdserverpb.Maintenance";
constexpr double kSecondsPerNs = 1e-9;

// "3.7": how etcd names a cluster version where the patch doesn't count.
std::string short_version(const std::string& version) { return version.substr(0, version.rfind('.')); }

}  // namespace

void Maintenance::add(Methods& methods, const char* method, Rule rule, Handler handler) {
  methods.add(kService, method, rule, [this, handler](rpc::UnaryCall call) { (this->*handler)(std::move(call)); });
}

void Maintenance::register_methods(Methods& methods) {
  add(methods, "Alarm", Rule::kKnown, &Maintenance::alarm);
  add(methods, "Status", Rule::kKnown, &Maintenance::status);
  add(methods, "Defragment", Rule::kAdmin, &Maintenance::defragment);
  add(methods, "Hash", Rule::kAdmin, &Maintenance::hash);
  add(methods, "HashKV", Rule::kAdmin, &Maintenance::hash_kv);
  add(methods, "MoveLeader", Rule::kAdmin, &Maintenance::move_leader);
  add(methods, "Downgrade", Rule::kAdmin, &Maintenance::downgrade);
  methods.add(kService, "Snapshot", Rule::kAdmin,
              [this](rpc::StreamCall call, base::SharedBytes request) { snapshot(std::move(call), std::move(request)); });
}

bool Maintenance::admit(rpc::UnaryCall& call, ForLearner for_learner) {
  if (const Status admitted = gate_.admit_unary(call.info(), for_learner); !admitted) {
    replies_.refuse(std::move(call), admitted.error());
    return false;
  }
  return true;
}

apply::ResponseHeader Maintenance::header_at(Revision revision) {
  apply::ResponseHeader header = context_.lanes.here().header();
  header.revision = revision;
  return header;
}

// Asking for the alarms goes through the log, too: the answer is the state after everything before it.
void Maintenance::alarm(rpc::UnaryCall call) {
  const auto request = apply::decode_alarm(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  if (const Status may = request->action == apply::AlarmAction::kGet ? Status() : callers_.check_admin(call.info()); !may) {
    return replies_.refuse(std::move(call), may.error());
  }
  auto who = callers_.identity(call.info());
  if (!who) return replies_.refuse(std::move(call), who.error());
  const base::SharedBytes bytes = call.request();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, call = std::move(call)](Result<base::Rope> response) mutable {
    replies_.answer(std::move(call), RequestType::kAlarm, std::move(response));
  };
  context_.lanes.here().propose({.kind = node::RequestKind::kAlarm,
                                 .request = bytes,
                                 .deadline_ns = deadline_ns,
                                 .done = std::move(done),
                                 .who = std::move(*who)});
}

void Maintenance::status(rpc::UnaryCall call) {
  if (const Status decoded = decode_empty(call.request().view()); !decoded) {
    return replies_.refuse(std::move(call), malformed_request(decoded.error()));
  }
  if (!admit(call, ForLearner::kAllowed)) return;
  const auto cluster = context_.node.cluster();
  StatusAnswer answer{.header = header_at(context_.node.view()->revision()),
                      .version = cluster::to_string(cluster::kServerVersion),
                      .node = context_.node.status(),
                      .db = context_.node.db_status(),
                      .quota_bytes = 0,
                      .downgrade = cluster->downgrade,
                      .errors = {}};
  answer.quota_bytes = answer.db.quota;
  if (answer.node.leader == MemberId()) answer.errors.push_back(text_of(Error{Errc::kNoLeader}));
  for (const cluster::Alarm& alarm : cluster->alarms) answer.errors.push_back(describe(alarm));
  replies_.answer(std::move(call), RequestType::kOther, encode_status(answer));
}

void Maintenance::defragment(rpc::UnaryCall call) {
  if (!admit(call)) return;
  context_.logger.info("starting defragment");
  if (context_.options.health_stops_on_defragment) health_.set_not_serving("defrag is active");
  context_.metrics.defragment_inflight.set(1);
  context_.node.defragment([this, call = std::move(call)](Status done) mutable {
    context_.metrics.defragment_inflight.set(0);
    health_.set_serving();
    if (!done) {
      context_.logger.warn("failed to defragment", {base::LogField(done.error())});
      return replies_.answer(std::move(call), RequestType::kOther, fail(done.error()));
    }
    context_.logger.info("finished defragment");
    replies_.answer(std::move(call), RequestType::kOther, base::Rope());
  });
}

void Maintenance::hash(rpc::UnaryCall call) {
  if (!admit(call)) return;
  const apply::ResponseHeader header = header_at(context_.node.view()->revision());
  context_.node.hash([this, header, call = std::move(call)](Result<std::uint32_t> hash) mutable {
    context_.metrics.hash_seconds.observe(static_cast<double>(replies_.since_start_ns(call)) * kSecondsPerNs);
    if (!hash) return replies_.answer(std::move(call), RequestType::kOther, fail(hash.error()));
    replies_.answer(std::move(call), RequestType::kOther, encode_hash(header, *hash));
  });
}

void Maintenance::hash_kv(rpc::UnaryCall call) {
  const auto revision = decode_hash_kv(call.request().view());
  if (!revision) return replies_.refuse(std::move(call), malformed_request(revision.error()));
  if (!admit(call)) return;
  const apply::ResponseHeader header = header_at(Revision());
  context_.node.hash_kv(*revision, [this, header, call = std::move(call)](Result<node::HashKvResult> result) mutable {
    context_.metrics.hash_revision_seconds.observe(static_cast<double>(replies_.since_start_ns(call)) * kSecondsPerNs);
    if (!result) return replies_.answer(std::move(call), RequestType::kOther, fail(result.error()));
    apply::ResponseHeader now = header;
    now.revision = result->current_revision;
    replies_.answer(std::move(call), RequestType::kOther, encode_hash_kv(now, *result));
  });
}

void Maintenance::snapshot(rpc::StreamCall call, base::SharedBytes request) {
  auto admitted = gate_.admit_stream(call, ForLearner::kAllowed);
  if (!admitted) return call.finish(to_status(admitted.error()));
  if (const Status decoded = decode_empty(request.view()); !decoded) return call.finish(malformed_request(decoded.error()));
  std::make_shared<SnapshotSender>(context_, std::move(call), std::move(*admitted))->start();
}

void Maintenance::move_leader(rpc::UnaryCall call) {
  const auto target = decode_move_leader(call.request().view());
  if (!target) return replies_.refuse(std::move(call), malformed_request(target.error()));
  if (!admit(call)) return;
  const node::NodeStatus status = context_.node.status();
  if (status.leader != status.member_id) return replies_.refuse(std::move(call), Error{Errc::kNotLeader});
  const auto cluster = context_.node.cluster();
  const cluster::Member* member = cluster->find(*target);
  if (member == nullptr || member->is_learner) return replies_.refuse(std::move(call), Error{Errc::kBadLeaderTransferee});
  if (*target == status.member_id) return replies_.answer(std::move(call), RequestType::kOther, base::Rope());
  const std::int64_t deadline_ns = call.info().deadline_ns;
  context_.node.move_leader(*target, deadline_ns, [this, call = std::move(call)](Status moved) mutable {
    if (!moved) return replies_.answer(std::move(call), RequestType::kOther, fail(moved.error()));
    replies_.answer(std::move(call), RequestType::kOther, base::Rope());
  });
}

void Maintenance::downgrade(rpc::UnaryCall call) {
  const auto request = decode_downgrade(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  using Action = DowngradeRequest::Action;
  if (request->action == Action::kCancel) {
    return after_barrier(std::move(call), [this](rpc::UnaryCall waited) { cancel_downgrade(std::move(waited)); });
  }
  if (request->action != Action::kValidate && request->action != Action::kEnable) {
    return replies_.refuse(std::move(call), Error{Errc::kUnknownMethod});
  }
  const auto target = parse_downgrade_target(request->version);
  if (!target) return replies_.refuse(std::move(call), target.error());
  if (context_.node.cluster()->cluster_version.empty()) {
    return replies_.refuse(std::move(call), Error{Errc::kClusterVersionUnavailable});
  }
  after_barrier(std::move(call), [this, target = *target](rpc::UnaryCall waited) { validate_downgrade(std::move(waited), target); });
}

void Maintenance::after_barrier(rpc::UnaryCall call, base::UniqueFunction<void(rpc::UnaryCall)> next) {
  rpc::Loop& loop = context_.lanes.here().loop();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  context_.node.read_barrier(deadline_ns, [this, &loop, call = std::move(call), next = std::move(next)](Status barrier) mutable {
    if (!barrier) return replies_.answer(std::move(call), RequestType::kOther, fail(barrier.error()));
    loop.post([call = std::move(call), next = std::move(next)]() mutable { next(std::move(call)); });
  });
}

void Maintenance::validate_downgrade(rpc::UnaryCall call, const cluster::Version& target) {
  const auto cluster = context_.node.cluster();
  const auto present = cluster::parse_version(cluster->cluster_version);
  if (!present || !cluster::is_one_minor_lower(target, *present)) {
    return replies_.refuse(std::move(call), Error{Errc::kInvalidDowngradeTargetVersion});
  }
  if (cluster->downgrade.enabled) return replies_.refuse(std::move(call), Error{Errc::kDowngradeInProcess});
  const auto request = decode_downgrade(call.request().view());
  if (request && request->action == DowngradeRequest::Action::kEnable) return begin_downgrade(std::move(call), target);
  answer_downgrade(std::move(call));
}

// The leader lowers the cluster version as soon as this is applied.
void Maintenance::begin_downgrade(rpc::UnaryCall call, const cluster::Version& target) {
  Lane& lane = context_.lanes.here();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, &lane, call = std::move(call)](const Result<base::Rope>& response) mutable {
    if (!response) return replies_.answer(std::move(call), RequestType::kOther, fail(response.error()));
    lane.loop().post([this, call = std::move(call)]() mutable { answer_downgrade(std::move(call)); });
  };
  lane.propose({.kind = node::RequestKind::kDowngradeInfoSet,
                .request = base::SharedBytes(apply::encode_downgrade_info_set(true, cluster::to_string(target))),
                .deadline_ns = deadline_ns,
                .done = std::move(done)});
}

// As in etcd, calling off what is not under way is no error.
void Maintenance::cancel_downgrade(rpc::UnaryCall call) {
  if (!context_.node.cluster()->downgrade.enabled) {
    context_.logger.warn("failed to cancel downgrade", {base::LogField("error", text_of(Error{Errc::kNoInflightDowngrade}))});
    return answer_downgrade(std::move(call));
  }
  Lane& lane = context_.lanes.here();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, &lane, call = std::move(call)](Result<base::Rope> response) mutable {
    if (!response) context_.logger.warn("failed to cancel downgrade", {base::LogField(response.error())});
    lane.loop().post([this, call = std::move(call)]() mutable { answer_downgrade(std::move(call)); });
  };
  lane.propose({.kind = node::RequestKind::kDowngradeInfoSet,
                .request = base::SharedBytes(apply::encode_downgrade_info_set(false, "")),
                .deadline_ns = deadline_ns,
                .done = std::move(done)});
}

void Maintenance::answer_downgrade(rpc::UnaryCall call) {
  replies_.answer(std::move(call), RequestType::kOther,
                  encode_downgrade(header_at(context_.node.view()->revision()), short_version(context_.node.cluster()->cluster_version)));
}

Result<cluster::Version> parse_downgrade_target(const std::string& text) {
  auto version = cluster::parse_version(text);
  if (!version) version = cluster::parse_version(text + ".0");
  if (!version) return fail(Errc::kWrongDowngradeVersionFormat);
  return cluster::minor_of(*version);
}

}  // namespace etcd::api
