// Who is in the cluster, who was, and what may change.
//
// Owned by the state machine. Invariants: no id is both a member and removed; at least one voter once there is any
// member; the members are the only source of raft's configuration (voters = members that are no learners), so that the
// two can never drift apart.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/write_batch.h"
#include "cluster/member.h"

namespace etcd::cluster {

class Membership {
 public:
  // Takes over one record of the members bucket, or one of members_removed. kCorrupt if it is none.
  Status load_member(std::string_view key, std::string_view value);
  Status load_removed(std::string_view key);

  const Member* find(MemberId id) const;
  bool is_removed(MemberId id) const { return removed_.count(id) != 0; }
  std::vector<Member> list() const;  // by id
  const std::set<MemberId>& removed() const { return removed_; }
  std::vector<MemberId> voters() const;    // sorted
  std::vector<MemberId> learners() const;  // sorted

  // Whether a committed conf change may still take effect, in etcd's order of checks. Errors: kMemberNotFound,
  // kMemberExists, kPeerUrlExists, kTooManyLearners, kMemberNotLearner, kMemberRemoved.
  Status check_add(const Member& member, std::size_t max_learners) const;
  Status check_promote(MemberId id) const;
  Status check_remove(MemberId id) const;
  Status check_update(const Member& member) const;

  // Each change needs the success of its check, and goes to memory and to `changes`.
  void add(Member member, bolt::WriteBatch& changes);
  void promote(MemberId id, bolt::WriteBatch& changes);
  void remove(MemberId id, bolt::WriteBatch& changes);
  // Touches the peer URLs alone: name, client URLs and learner flag stay.
  void update_peer_urls(MemberId id, std::vector<std::string> peer_urls, bolt::WriteBatch& changes);
  // What a member publishes about itself when it starts. Of a removed member: nothing happens. kMemberNotFound for an
  // unknown one.
  Status set_attributes(MemberId id, std::string name, std::vector<std::string> client_urls, bolt::WriteBatch& changes);

 private:
  Status check_not_removed(MemberId id) const;
  Status check_peer_urls(const Member& member) const;
  void store(const Member& member, bolt::WriteBatch& changes) const;

  std::map<MemberId, Member> members_;
  std::set<MemberId> removed_;
};

// Whether enough members have started (have a name) that adding a voter, removing voter `id` or promoting learner `id`
// leaves a quorum that can work: etcd's --strict-reconfig-check, asked before proposing.
bool may_add_voter(const std::vector<Member>& members);
bool may_remove_voter(const std::vector<Member>& members, MemberId id);
bool may_promote(const std::vector<Member>& members);

}  // namespace etcd::cluster
