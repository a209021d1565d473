#include "cluster/membership.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "bolt/schema.h"

namespace etcd::cluster {

namespace {

Result<MemberId> parse_key(std::string_view key) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id, 16);
  if (error != std::errc() || end != key.data() + key.size())
    return fail(Errc::kCorrupt, "members: a key is no member id");
  return MemberId(id);
}

struct Voters {
  std::size_t all = 0;
  std::size_t started = 0;
};

Voters count_voters(const std::vector<Member>& members, MemberId without) {
  Voters voters;
  for (const Member& member : members) {
    if (member.is_learner || member.id == without) continue;
    ++voters.all;
    if (member.is_started()) ++voters.started;
  }
  return voters;
}

bool is_quorum(const Voters& voters) {
  return voters.started >= voters.all / 2 + 1;
}

}  // namespace

Status Membership::load_member(std::string_view key, std::string_view value) {
  TRY_ASSIGN(const MemberId id, parse_key(key));
  auto member = parse_member(value);
  if (!member || member->id != id)
    return fail(Errc::kCorrupt, "members: the record of " + to_hex(id) + " can't be read");
  members_[id] = std::move(*member);
  return {};
}

Status Membership::load_removed(std::string_view key) {
  TRY_ASSIGN(const MemberId id, parse_key(key));
  removed_.insert(id);
  return {};
}

const Member* Membership::find(MemberId id) const {
  const auto found = members_.find(id);
  return found == members_.end() ? nullptr : &found->second;
}

std::vector<Member> Membership::list() const {
  std::vector<Member> all;
  all.reserve(members_.size());
  for (const auto& [id, member] : members_) all.push_back(member);
  return all;
}

std::vector<MemberId> Membership::voters() const {
  std::vector<MemberId> ids;
  for (const auto& [id, member] : members_) {
    if (!member.is_learner) ids.push_back(id);
  }
  return ids;
}

std::vector<MemberId> Membership::learners() const {
  std::vector<MemberId> ids;
  for (const auto& [id, member] : members_) {
    if (member.is_learner) ids.push_back(id);
  }
  return ids;
}

Status Membership::check_not_removed(MemberId id) const {
  if (is_removed(id)) return fail(Errc::kMemberNotFound, "membership: ID removed");
  return {};
}

Status Membership::check_peer_urls(const Member& candidate) const {
  for (const auto& [id, member] : members_) {
    if (id == candidate.id) continue;
    for (const std::string& url : candidate.peer_urls) {
      if (std::find(member.peer_urls.begin(), member.peer_urls.end(), url) != member.peer_urls.end()) {
        return fail(Errc::kPeerUrlExists, "membership: peerURL exists");
      }
    }
  }
  return {};
}

Status Membership::check_add(const Member& member, std::size_t max_learners) const {
  TRY(check_not_removed(member.id));
  if (find(member.id) != nullptr) return fail(Errc::kMemberExists, "membership: ID exists");
  TRY(check_peer_urls(member));
  if (member.is_learner && learners().size() + 1 > max_learners) {
    return fail(Errc::kTooManyLearners, "membership: too many learner members in cluster");
  }
  return {};
}

Status Membership::check_promote(MemberId id) const {
  TRY(check_not_removed(id));
  const Member* member = find(id);
  if (member == nullptr) return fail(Errc::kMemberNotFound, "membership: ID not found");
  if (!member->is_learner) return fail(Errc::kMemberNotLearner, "membership: can only promote a learner member");
  return {};
}

Status Membership::check_remove(MemberId id) const {
  TRY(check_not_removed(id));
  const Member* member = find(id);
  if (member == nullptr) return fail(Errc::kMemberNotFound, "membership: ID not found");
  // raft can't be without a voter: Go members crash on such an entry, for ever. --strict-reconfig-check keeps it out of
  // the log.
  if (!member->is_learner && voters().size() == 1)
    return fail(Errc::kMemberNotEnoughStarted, "membership: the last voter can't be removed");
  return {};
}

Status Membership::check_update(const Member& member) const {
  TRY(check_not_removed(member.id));
  if (find(member.id) == nullptr) return fail(Errc::kMemberNotFound, "membership: ID not found");
  return check_peer_urls(member);
}

void Membership::add(Member member, bolt::WriteBatch& changes) {
  store(member, changes);
  const MemberId id = member.id;
  const bool added = members_.emplace(id, std::move(member)).second;
  CHECK(added && !is_removed(id), id);
}

void Membership::promote(MemberId id, bolt::WriteBatch& changes) {
  const auto found = members_.find(id);
  CHECK(found != members_.end(), id);
  found->second.is_learner = false;
  store(found->second, changes);
}

void Membership::remove(MemberId id, bolt::WriteBatch& changes) {
  const std::size_t erased = members_.erase(id);
  CHECK(erased == 1, id);
  removed_.insert(id);
  changes.erase(bolt::schema::kMembers, to_hex(id));
  changes.put(bolt::schema::kMembersRemoved, to_hex(id), std::string("removed"));
}

void Membership::update_peer_urls(MemberId id, std::vector<std::string> peer_urls, bolt::WriteBatch& changes) {
  const auto found = members_.find(id);
  CHECK(found != members_.end(), id);
  found->second.peer_urls = std::move(peer_urls);
  store(found->second, changes);
}

Status Membership::set_attributes(MemberId id, std::string name, std::vector<std::string> client_urls,
                                  bolt::WriteBatch& changes) {
  const auto found = members_.find(id);
  if (found == members_.end()) {
    if (is_removed(id)) return {};
    return fail(Errc::kMemberNotFound, "failed to update; member unknown");
  }
  found->second.name = std::move(name);
  found->second.client_urls = std::move(client_urls);
  store(found->second, changes);
  return {};
}

void Membership::store(const Member& member, bolt::WriteBatch& changes) const {
  changes.put(bolt::schema::kMembers, to_hex(member.id), member_json(member));
}

bool may_add_voter(const std::vector<Member>& members) {
  Voters voters = count_voters(members, MemberId(0));
  ++voters.all;
  // A cluster of one, restored from a backup, must be able to grow.
  if (voters.started == 1 && voters.all == 2) return true;
  return is_quorum(voters);
}

bool may_remove_voter(const std::vector<Member>& members, MemberId id) {
  return is_quorum(count_voters(members, id));
}

bool may_promote(const std::vector<Member>& members) {
  Voters voters = count_voters(members, MemberId(0));
  ++voters.all;
  ++voters.started;
  return is_quorum(voters);
}

}  // namespace etcd::cluster
