// A member of the cluster and the JSON forms in which etcd stores and proposes it.
//
// The JSON is byte for byte what Go's encoding/json makes of etcd's structs: key order id, peerURLs, isLearner, name,
// clientURLs; isLearner, name and clientURLs only when not empty; peerURLs always (null for none); ids as unsigned
// 64-bit numbers. Readers take what Go takes: unknown keys, any order, null, keys in another case.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace etcd::cluster {

struct Member {
  MemberId id;
  std::string name = {};  // empty: has not started yet
  std::vector<std::string> peer_urls = {};
  std::vector<std::string> client_urls = {};
  bool is_learner = false;

  bool is_started() const { return !name.empty(); }
  friend bool operator==(const Member&, const Member&) = default;
};

// What a member-adding conf change carries: the member, and whether it is a learner's promotion instead of an addition.
struct MemberChange {
  Member member;
  bool is_promote = false;
};

// "8e9e05c52164694d": lower hex, no padding; the form of ids in keys, paths and logs.
std::string to_hex(std::uint64_t id);
inline std::string to_hex(MemberId id) {
  return to_hex(id.value);
}
inline std::string to_hex(ClusterId id) {
  return to_hex(id.value);
}

std::string member_json(const Member& member);
std::string member_change_json(const MemberChange& change);
// {"peerURLs":[...],"isLearner":true} and {"name":...,"clientURLs":[...]}: a member's halves in the v2 store.
std::string raft_attributes_json(const Member& member);
std::string attributes_json(const Member& member);

// kInvalid for what Go would refuse.
Result<Member> parse_member(std::string_view json);
// A list of them, as members tell each other (/members).
std::string member_list_json(const std::vector<Member>& members);
Result<std::vector<Member>> parse_member_list(std::string_view json);
Result<MemberChange> parse_member_change(std::string_view json);

}  // namespace etcd::cluster
