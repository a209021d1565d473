#include "server/corruption_at_start.h"

#include <optional>
#include <utility>
#include <vector>

#include "api/hash_comparison.h"
#include "base/check.h"

namespace etcd::server {

namespace {

// The worker is stepped here: its thread does not run yet.
Result<node::HashKvResult> own_hash(node::LocalNode& node) {
  std::optional<Result<node::HashKvResult>> hash;
  node.hash_kv(Revision(0), [&](Result<node::HashKvResult> result) { hash = std::move(result); });
  node.step_worker();
  CHECK(hash.has_value());
  return std::move(*hash);
}

Result<node::HashKvResult> hash_of(const cluster::Member& member, ClusterId cluster, Revision revision, std::int64_t limit_ns, const MemberTls& tls) {
  TRY_ASSIGN(const peer::Answer answer, ask_now({.urls = member.peer_urls,
                                                 .target = api::kHashKvPath,
                                                 .fields = api::hash_kv_fields(cluster),
                                                 .body = api::hash_kv_request(revision),
                                                 .limit_ns = limit_ns,
                                                 .tls = tls}));
  return api::read_hash_kv_answer(answer.status, answer.body);
}

}  // namespace

Status check_corruption_at_start(node::LocalNode& node, std::int64_t limit_ns, const MemberTls& tls, base::Logger& logger) {
  const node::NodeStatus status = node.status();
  const std::string self = cluster::to_hex(status.member_id);
  logger.info("starting initial corruption check", {{"local-member-id", self}, {"timeout", std::to_string(limit_ns / 1'000'000'000) + "s"}});
  const auto own = own_hash(node);
  if (!own) return fail(Errc::kCorrupt, self + " failed to fetch hash (" + describe(own.error()) + ")");
  std::vector<api::MemberHash> others;
  for (const cluster::Member& member : node.cluster()->members) {
    if (member.id == status.member_id) continue;
    others.push_back({member.id, member.peer_urls, hash_of(member, status.cluster_id, own->hash_revision, limit_ns, tls)});
    if (const auto& answer = others.back().answer; !answer) {
      logger.warn("failed hash kv request", {{"local-member-id", self},
                                             {"requested-revision", own->hash_revision},
                                             {"remote-peer-endpoint", member.peer_urls},
                                             base::LogField(answer.error())});
    }
  }
  if (api::count_mismatches(status.member_id, *own, others, logger) > 0) return fail(Errc::kCorrupt, self + " found data inconsistency with peers");
  logger.info("initial corruption checking passed; no corruption", {{"local-member-id", self}});
  return {};
}

}  // namespace etcd::server
