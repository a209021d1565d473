// Whether members hold the same data, judged by hashes of their key spaces (spec: etcd's initial, periodic and compact-hash corruption checks). Functions of
// what the members answered; each says in the log what it found.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "node/node.h"
#include "rpc/http.h"

namespace etcd::api {

// Another member's answer to HashKV. Errors: kCompacted, kFutureRevision, kClusterIdMismatch; others: it gave none.
struct MemberHash {
  MemberId id;
  std::vector<std::string> urls;
  Result<node::HashKvResult> answer;
};

// The request for it on the peer port, and what it is answered with.
inline constexpr const char* kHashKvPath = "/members/hashkv";
rpc::HttpFields hash_kv_fields(ClusterId cluster);
std::string hash_kv_request(Revision revision);
std::string hash_kv_json(const node::NodeStatus& status, const node::HashKvResult& result);
Result<node::HashKvResult> read_hash_kv_answer(int status, const std::string& body);

// At the start, before anything is served: how many of the others differ from `own` at its revision with the same history below it.
std::size_t count_mismatches(MemberId self, const node::HashKvResult& own, const std::vector<MemberHash>& others, base::Logger& logger);

// In the leader. `before`: its hash, at whose revision the others were asked; `after`: its hash once a read barrier has passed since. The member that is found
// corrupt, if any: this one if its own past has changed, else the first of the others that differs, or is ahead of the leader.
std::optional<MemberId> find_corrupt(MemberId self, const node::HashKvResult& before, const node::HashKvResult& after,
                                     const std::vector<MemberHash>& others, base::Logger& logger);

// In the leader. `own`: the hash that it made at a compaction, the others' of the same one. kUnsettled: not all could be compared, and those that could are
// equal. kMismatch: `corrupt` are those that differ from a majority, or member 0, which stands for all, if there is no majority.
struct CompactionVerdict {
  enum class Kind { kEqual, kUnsettled, kMismatch };
  Kind kind = Kind::kEqual;
  std::vector<MemberId> corrupt;
};
CompactionVerdict compare_compaction(MemberId self, const node::HashKvResult& own, const std::vector<MemberHash>& others, base::Logger& logger);

}  // namespace etcd::api
