#include "api/cluster_service.h"

#include <utility>

#include "api/auth/callers.h"
#include "api/errors.h"
#include "api/messages.h"
#include "base/url.h"
#include "cluster/identity.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "etcdserverpb.Cluster";
constexpr std::int64_t kNsPerSecond = 1'000'000'000;

Result<std::vector<std::string>> checked_urls(const std::vector<std::string>& texts) {
  const auto urls = base::parse_member_urls(std::vector<std::string_view>(texts.begin(), texts.end()));
  if (!urls || urls->empty()) return fail(Errc::kMemberBadUrls);
  return base::to_strings(*urls);
}

}  // namespace

void ClusterService::register_methods(Methods& methods) {
  methods.add(kService, "MemberList", Rule::kKnown, [this](rpc::UnaryCall call) { member_list(std::move(call)); });
  methods.add(kService, "MemberAdd", Rule::kAdmin, [this](rpc::UnaryCall call) { member_add(std::move(call)); });
  methods.add(kService, "MemberRemove", Rule::kAdmin, [this](rpc::UnaryCall call) { member_remove(std::move(call)); });
  methods.add(kService, "MemberUpdate", Rule::kAdmin, [this](rpc::UnaryCall call) { member_update(std::move(call)); });
  methods.add(kService, "MemberPromote", Rule::kAdmin, [this](rpc::UnaryCall call) { member_promote(std::move(call)); });
}

bool ClusterService::admit(rpc::UnaryCall& call) {
  const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused);
  if (!admitted) replies_.refuse(std::move(call), admitted.error());
  return admitted.has_value();
}

void ClusterService::member_list(rpc::UnaryCall call) {
  const auto linearizable = decode_member_list(call.request().view());
  if (!linearizable) return replies_.refuse(std::move(call), malformed_request(linearizable.error()));
  if (!admit(call)) return;
  if (!*linearizable) return list_now(std::move(call));
  rpc::Loop& loop = context_.lanes.here().loop();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  context_.node.read_barrier(deadline_ns, [this, &loop, call = std::move(call)](Status barrier) mutable {
    if (!barrier) return replies_.answer(std::move(call), RequestType::kOther, fail(barrier.error()));
    loop.post([this, call = std::move(call)]() mutable { list_now(std::move(call)); });
  });
}

// The header has no revision: membership is none of the key space's.
void ClusterService::list_now(rpc::UnaryCall call) {
  replies_.answer(std::move(call), RequestType::kOther,
                  encode_member_list(context_.lanes.here().header(), context_.node.cluster()->members));
}

MembershipChanges::Done ClusterService::answer_with_members(rpc::UnaryCall call, std::optional<cluster::Member> added) {
  rpc::Loop& loop = context_.lanes.here().loop();
  return [this, &loop, call = std::move(call), added = std::move(added)](Result<std::vector<cluster::Member>> members) mutable {
    loop.post([this, call = std::move(call), added = std::move(added), members = std::move(members)]() mutable {
      if (!members) return replies_.answer(std::move(call), RequestType::kOther, fail(members.error()));
      const apply::ResponseHeader header = context_.lanes.here().header();
      replies_.answer(std::move(call), RequestType::kOther, added ? encode_member_add(header, *added, *members) : encode_member_list(header, *members));
    });
  };
}

// A member's id has the time in it, so that the same URLs may come back as another member.
void ClusterService::member_add(rpc::UnaryCall call) {
  const auto request = decode_member_change(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  const auto urls = checked_urls(request->peer_urls);
  if (!urls) return replies_.refuse(std::move(call), urls.error());
  const cluster::Member member{.id = cluster::member_id(*urls, "", context_.clock.wall_ns() / kNsPerSecond),
                               .peer_urls = *urls,
                               .is_learner = request->is_learner};
  const std::int64_t deadline_ns = call.info().deadline_ns;
  changes_.add(member, deadline_ns, answer_with_members(std::move(call), member));
}

void ClusterService::member_remove(rpc::UnaryCall call) {
  const auto request = decode_member_change(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  const std::int64_t deadline_ns = call.info().deadline_ns;
  changes_.remove(request->id, deadline_ns, answer_with_members(std::move(call)));
}

void ClusterService::member_update(rpc::UnaryCall call) {
  const auto request = decode_member_change(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  if (const auto urls = checked_urls(request->peer_urls); !urls) {
    // etcd, which takes any text for a URL, looks for the member alone.
    const bool is_known = context_.node.cluster()->find(request->id) != nullptr;
    return replies_.refuse(std::move(call), is_known ? urls.error() : Error{Errc::kMemberNotFound});
  }
  const std::int64_t deadline_ns = call.info().deadline_ns;
  changes_.update({.id = request->id, .peer_urls = request->peer_urls}, deadline_ns, answer_with_members(std::move(call)));
}

void ClusterService::member_promote(rpc::UnaryCall call) {
  const auto request = decode_member_change(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (!admit(call)) return;
  const std::int64_t deadline_ns = call.info().deadline_ns;
  std::string token(token_of(call.info().metadata).value_or(""));
  changes_.promote(request->id, std::move(token), deadline_ns, answer_with_members(std::move(call)));
}

}  // namespace etcd::api
