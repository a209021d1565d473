#include "api/hash_comparison.h"

#include <algorithm>
#include <map>

#include "api/errors.h"
#include "cluster/json.h"
#include "cluster/json_reader.h"

namespace etcd::api {

namespace {

using node::HashKvResult;

base::Logger::Fields pair_fields(MemberId self, const HashKvResult& own, const MemberHash& other) {
  base::Logger::Fields fields = {{"local-member-id", cluster::to_hex(self)},
                                 {"local-member-revision", own.hash_revision},
                                 {"local-member-compact-revision", own.compact_revision},
                                 {"local-member-hash", own.hash},
                                 {"remote-peer-id", cluster::to_hex(other.id)},
                                 {"remote-peer-endpoints", other.urls}};
  if (!other.answer) {
    fields.emplace_back("error", text_of(other.answer.error()));
    return fields;
  }
  fields.emplace_back("remote-peer-revision", other.answer->current_revision);
  fields.emplace_back("remote-peer-compact-revision", other.answer->compact_revision);
  fields.emplace_back("remote-peer-hash", other.answer->hash);
  return fields;
}

void log_missing(MemberId self, const HashKvResult& own, const MemberHash& other, base::Logger& logger) {
  switch (other.answer.error().code) {
    case Errc::kFutureRevision: return logger.warn("cannot fetch hash from slow remote peer", pair_fields(self, own, other));
    case Errc::kCompacted: return logger.warn("cannot fetch hash from remote peer; local member is behind", pair_fields(self, own, other));
    case Errc::kClusterIdMismatch: return logger.warn("cluster ID mismatch", pair_fields(self, own, other));
    default: return;  // the request was logged
  }
}

// Why a follower is corrupt in the leader's eyes; null: it is not.
const char* fault_of(const HashKvResult& follower, const HashKvResult& before, const HashKvResult& after) {
  if (follower.current_revision > after.current_revision) return "revision from follower must be less than or equal to leader's";
  if (follower.compact_revision > after.compact_revision) return "compact revision from follower must be less than or equal to leader's";
  const bool comparable = follower.compact_revision == before.compact_revision;
  return comparable && !before.agrees_with(follower) ? "same compact revision then hashes must match" : nullptr;
}

std::vector<std::string> hex_of(const std::vector<MemberId>& ids) {
  std::vector<std::string> text;
  for (const MemberId id : ids) text.push_back(cluster::to_hex(id));
  return text;
}

}  // namespace

rpc::HttpFields hash_kv_fields(ClusterId cluster) {
  return {{"Content-Type", "application/json"}, {"X-Etcd-Cluster-ID", cluster::to_hex(cluster)}};
}

std::string hash_kv_request(Revision revision) { return "{\"revision\":" + std::to_string(revision.value) + "}"; }

// A HashKVResponse as Go's encoding/json writes it.
std::string hash_kv_json(const node::NodeStatus& status, const HashKvResult& result) {
  std::string out;
  cluster::JsonObject object(out);
  object.key("header");
  cluster::JsonObject header(out);
  header.number("cluster_id", status.cluster_id.value);
  header.number("member_id", status.member_id.value);
  header.key("revision");
  out += std::to_string(result.current_revision.value);
  header.number("raft_term", status.term.value);
  header.end();
  object.number("hash", result.hash);
  object.key("compact_revision");
  out += std::to_string(result.compact_revision.value);
  object.key("hash_revision");
  out += std::to_string(result.hash_revision.value);
  object.end();
  return out;
}

Result<HashKvResult> read_hash_kv_answer(int status, const std::string& body) {
  for (const Errc known : {Errc::kCompacted, Errc::kFutureRevision}) {
    // Go members give mvcc's own text.
    const std::string text = text_of(Error{known});
    const std::string bare = text.substr(text.find("mvcc: "));
    if (status == 400 && body.find(bare) != std::string::npos) return fail(known);
  }
  if (status == 412 && body.find("cluster ID mismatch") != std::string::npos) return fail(Errc::kClusterIdMismatch);
  if (status != 200) return fail(Errc::kInvalid, "unknown error: " + body);
  TRY_ASSIGN(const cluster::JsonReader object, cluster::JsonReader::parse(body));
  TRY_ASSIGN(const cluster::JsonReader header, object.object("header"));
  HashKvResult result;
  std::uint64_t hash = 0;
  TRY(object.read("hash", hash));
  TRY(object.read("compact_revision", result.compact_revision.value));
  TRY(object.read("hash_revision", result.hash_revision.value));
  TRY(header.read("revision", result.current_revision.value));
  result.hash = static_cast<std::uint32_t>(hash);
  return result;
}

std::size_t count_mismatches(MemberId self, const HashKvResult& own, const std::vector<MemberHash>& others, base::Logger& logger) {
  std::size_t mismatches = 0;
  for (const MemberHash& other : others) {
    if (!other.answer) {
      log_missing(self, own, other, logger);
    } else if (own.agrees_with(*other.answer)) {
      continue;
    } else if (other.answer->compact_revision == own.compact_revision) {
      logger.warn("found different hash values from remote peer", pair_fields(self, own, other));
      ++mismatches;
    } else {
      logger.warn("found different compact revision values from remote peer", pair_fields(self, own, other));
    }
  }
  return mismatches;
}

std::optional<MemberId> find_corrupt(MemberId self, const HashKvResult& before, const HashKvResult& after, const std::vector<MemberHash>& others,
                                     base::Logger& logger) {
  std::optional<MemberId> corrupt;
  const bool is_same_moment = after.hash_revision == before.hash_revision && after.compact_revision == before.compact_revision;
  if (is_same_moment && !before.agrees_with(after)) {
    logger.warn("found hash mismatch", {{"revision-1", before.hash_revision},
                                        {"compact-revision-1", before.compact_revision},
                                        {"hash-1", before.hash},
                                        {"revision-2", after.hash_revision},
                                        {"compact-revision-2", after.compact_revision},
                                        {"hash-2", after.hash}});
    corrupt = self;
  }
  std::uint64_t checked = 0;
  for (const MemberHash& other : others) {
    if (!other.answer) continue;
    ++checked;
    const char* const fault = fault_of(*other.answer, before, after);
    if (fault == nullptr) continue;
    logger.warn(fault, {{"leader-revision", after.current_revision},
                        {"leader-compact-revision", after.compact_revision},
                        {"leader-hash", before.hash},
                        {"follower-revision", other.answer->current_revision},
                        {"follower-compact-revision", other.answer->compact_revision},
                        {"follower-hash", other.answer->hash},
                        {"follower-peer-id", cluster::to_hex(other.id)}});
    if (!corrupt) corrupt = other.id;
  }
  logger.info("finished peer corruption check", {{"number-of-peers-checked", checked}});
  return corrupt;
}

CompactionVerdict compare_compaction(MemberId self, const HashKvResult& own, const std::vector<MemberHash>& others, base::Logger& logger) {
  std::map<std::uint32_t, std::vector<MemberId>> by_hash = {{own.hash, {self}}};
  std::size_t checked = 0;
  for (const MemberHash& other : others) {
    if (!other.answer || other.answer->compact_revision != own.compact_revision) {
      logger.warn("Skipped peer's hash", {{"number-of-peers", others.size()},
                                          {"leader-id", cluster::to_hex(self)},
                                          {"peer-id", cluster::to_hex(other.id)},
                                          {"reason", other.answer ? "the peer's CompactRevision doesn't match leader's" : "no response"}});
      continue;
    }
    ++checked;
    by_hash[own.agrees_with(*other.answer) ? own.hash : other.answer->hash].push_back(other.id);
  }
  const base::Logger::Fields counts = {{"number-of-peers-checked", checked}, {"number-of-peers", others.size()}, {"revision", own.hash_revision},
                                       {"compactRevision", own.compact_revision}};
  using Kind = CompactionVerdict::Kind;
  if (by_hash.size() == 1) {
    if (checked == others.size()) {
      logger.info("successfully checked hash on whole cluster", counts);
      return {Kind::kEqual, {}};
    }
    logger.warn("skipped revision in compaction hash check; was not able to check all peers", counts);
    return {Kind::kUnsettled, {}};
  }
  CompactionVerdict verdict{Kind::kMismatch, {}};
  const std::size_t majority = (others.size() + 1) / 2 + 1;
  const auto agreed = std::ranges::find_if(by_hash, [&](const auto& group) { return group.second.size() >= majority; });
  const bool has_majority = agreed != by_hash.end();
  has_majority ? static_cast<void>(by_hash.erase(agreed)) : verdict.corrupt.push_back(MemberId(0));
  if (!has_majority) {
    logger.error("Detected compaction hash mismatch but cannot identify the corrupted members, so intentionally set the memberID as 0",
                 {{"leader-id", cluster::to_hex(self)},
                  {"leader-revision", own.hash_revision},
                  {"leader-compact-revision", own.compact_revision},
                  {"leader-hash", own.hash}});
  }
  for (const auto& [hash, members] : by_hash) {
    if (has_majority) verdict.corrupt.insert(verdict.corrupt.end(), members.begin(), members.end());
    logger.error("Detected compaction hash mismatch", {{"leader-id", cluster::to_hex(self)},
                                                       {"leader-revision", own.hash_revision},
                                                       {"leader-compact-revision", own.compact_revision},
                                                       {"leader-hash", own.hash},
                                                       {"peer-hash", hash},
                                                       {"peer-ids", hex_of(members)},
                                                       {"quorum-exist", has_majority}});
  }
  return verdict;
}

}  // namespace etcd::api
