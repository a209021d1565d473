#include "api/concurrency/election_service.h"

#include <memory>
#include <utility>

#include "api/concurrency/leader_observer.h"
#include "api/errors.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "v3electionpb.Election";
constexpr const char* kNotLeader = "election: not leader";
constexpr const char* kNoLeader = "election: no leader";
constexpr const char* kLeaderMissing = "\"leader\" field must be provided";

rpc::GrpcStatus unknown(const char* text) { return {rpc::GrpcCode::kUnknown, text}; }

}  // namespace

void ElectionService::register_methods(Methods& methods) {
  methods.add(kService, "Campaign", Rule::kByLog, [this](rpc::UnaryCall call) { campaign(std::move(call)); });
  methods.add(kService, "Proclaim", Rule::kByLog, [this](rpc::UnaryCall call) { proclaim(std::move(call)); });
  methods.add(kService, "Leader", Rule::kByKeys, [this](rpc::UnaryCall call) { leader(std::move(call)); });
  methods.add(kService, "Observe", Rule::kByKeys, [this](rpc::StreamCall call, base::SharedBytes request) { observe(std::move(call), std::move(request)); });
  methods.add(kService, "Resign", Rule::kByLog, [this](rpc::UnaryCall call) { resign(std::move(call)); });
}

bool ElectionService::admit(rpc::UnaryCall& call) {
  const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused);
  if (!admitted) replies_.refuse(std::move(call), admitted.error());
  return admitted.has_value();
}

void ElectionService::campaign(rpc::UnaryCall call) {
  const auto request = decode_campaign(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  Contender::Request contender{.kind = Contender::Kind::kCampaign,
                               .name = std::string(request->name),
                               .lease = request->lease,
                               .value = std::string(request->value)};
  const Contender::Parts parts{client_for(call.info()), context_, replies_, stops_};
  Contender::start(parts, std::move(contender), std::move(call));
}

// A leader without a lease gets one of its own, as in etcd.
void ElectionService::proclaim(rpc::UnaryCall call) {
  const base::SharedBytes bytes = call.request();
  const auto request = decode_proclaim(bytes.view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  if (!request->leader) return replies_.refuse(std::move(call), unknown(kLeaderMissing));
  const std::int64_t deadline_ns = call.info().deadline_ns;
  const LocalClient client = client_for(call.info());
  auto put = [this, bytes, leader = *request->leader, value = request->value, call = std::move(call)](Result<LeaseId> lease) mutable {
    if (!lease) return replies_.refuse(std::move(call), client_status(lease.error()));
    const CreatedTxn txn{.key = leader.key, .created = leader.revision, .success = {put_op(leader.key, value, *lease)}, .failure = {}};
    change_leader(std::move(call), txn, kNotLeader);
  };
  client.lease_or_new(request->leader->lease, deadline_ns, std::move(put));
}

// Who does not lead has resigned.
void ElectionService::resign(rpc::UnaryCall call) {
  const base::SharedBytes bytes = call.request();
  const auto request = decode_resign(bytes.view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  if (!*request) return replies_.refuse(std::move(call), unknown(kLeaderMissing));
  const LeaderKey& leader = **request;
  change_leader(std::move(call), {.key = leader.key, .created = leader.revision, .success = {delete_op(leader.key)}, .failure = {}}, nullptr);
}

void ElectionService::change_leader(rpc::UnaryCall call, const CreatedTxn& txn, const char* error_if_not) {
  const std::int64_t deadline_ns = call.info().deadline_ns;
  const LocalClient client = client_for(call.info());
  client.txn(txn, deadline_ns, [this, error_if_not, call = std::move(call)](const Result<TxnAnswer>& answer) mutable {
    if (!answer) return replies_.refuse(std::move(call), client_status(answer.error()));
    if (!answer->succeeded && error_if_not != nullptr) return replies_.refuse(std::move(call), unknown(error_if_not));
    replies_.answer(std::move(call), RequestType::kOther, encode_only_header(answer->header));
  });
}

void ElectionService::leader(rpc::UnaryCall call) {
  const auto name = decode_leader(call.request().view());
  if (!name) return replies_.refuse(std::move(call), malformed_request(name.error()));
  if (!admit(call)) return;
  const std::int64_t deadline_ns = call.info().deadline_ns;
  const LocalClient client = client_for(call.info());
  std::string prefix = std::string(*name) + '/';
  client.when_linearizable(deadline_ns, [this, prefix = std::move(prefix), call = std::move(call)](const Status& barrier) mutable {
    if (!barrier) return replies_.refuse(std::move(call), client_status(barrier.error()));
    answer_leader(std::move(call), prefix);
  });
}

void ElectionService::answer_leader(rpc::UnaryCall call, std::string_view prefix) {
  const mvcc::ReadViewRef view = context_.node.view();
  if (const Status may = client_for(call.info()).check_read(prefix); !may) return replies_.refuse(std::move(call), client_status(may.error()));
  const auto oldest = oldest_under(*view, prefix);
  if (!oldest) return replies_.refuse(std::move(call), client_status(oldest.error()));
  if (oldest->empty()) return replies_.refuse(std::move(call), unknown(kNoLeader));
  replies_.answer(std::move(call), RequestType::kOther, encode_leader(header_at(context_, view->revision()), *oldest));
}

void ElectionService::observe(rpc::StreamCall call, base::SharedBytes request) {
  auto admitted = gate_.admit_stream(call, ForLearner::kRefused);
  if (!admitted) return call.finish(to_status(admitted.error()));
  const auto name = decode_leader(request.view());
  if (!name) return call.finish(malformed_request(name.error()));
  const LeaderObserver::Parts parts{client_for(call.info()), context_, stops_};
  std::make_shared<LeaderObserver>(parts, std::string(*name) + '/', std::move(call), std::move(*admitted))->start();
}

}  // namespace etcd::api
