#include "api/membership_changes.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "api/errors.h"
#include "cluster/membership.h"

namespace etcd::api {

namespace {

constexpr std::int64_t kHealthIntervalNs = 5'000'000'000;

std::vector<cluster::Member> voters_of(const cluster::View& view) {
  std::vector<cluster::Member> voters;
  std::ranges::copy_if(view.members, std::back_inserter(voters), [](const cluster::Member& member) { return !member.is_learner; });
  return voters;
}

// What a leader's answer to a promotion that was passed on to it means.
Errc promote_error(const PeerAnswer& answer) {
  const auto says = [&](Errc code) { return answer.body.find(text_of(Error{code})) != std::string::npos; };
  for (const Errc code : {Errc::kMemberNotLearner, Errc::kLearnerNotReady}) {
    if (answer.status == 412 && says(code)) return code;
  }
  return answer.status == 404 ? Errc::kMemberNotFound : answer.status == 408 ? Errc::kTimeout : Errc::kUnknownOutcome;
}

}  // namespace

MembershipChanges::MembershipChanges(node::Node& node, const Options& options, base::Metrics& metrics, base::Clock& clock, base::Logger& logger)
    : node_(node),
      options_(options),
      clock_(clock),
      logger_(logger),
      metrics_(metrics),
      promotions_(metrics.counter("etcd_server_learner_promote_successes", "The total number of successful learner promotions while this member is leader.")) {}

// Those that are another leader's business are counted there.
void MembershipChanges::count_promotion(const Status& outcome) {
  if (outcome) return promotions_.add();
  if (outcome.error().code == Errc::kNotLeader) return;
  metrics_
      .counter("etcd_server_learner_promote_failures", "The total number of failed learner promotions (likely learner not ready) while this member is leader.",
               {{"Reason", text_of(outcome.error())}})
      .add();
}

// This member counts; the others if they have answered for long enough.
std::size_t MembershipChanges::connected(const std::vector<cluster::Member>& voters) const {
  const std::int64_t since_ns = clock_.monotonic_ns() - kHealthIntervalNs;
  const MemberId self = node_.status().member_id;
  return static_cast<std::size_t>(std::ranges::count_if(voters, [&](const cluster::Member& voter) {
    if (voter.id == self) return true;
    const std::int64_t active_ns = options_.peers.active_since_ns ? options_.peers.active_since_ns(voter.id) : 0;
    return active_ns != 0 && active_ns < since_ns;
  }));
}

Status MembershipChanges::may_add(const cluster::Member& member) const {
  if (!options_.strict_reconfig_check) return {};
  const auto view = node_.cluster();
  const std::vector<cluster::Member> voters = voters_of(*view);
  if (!member.is_learner && !cluster::may_add_voter(view->members)) return fail(Errc::kMemberNotEnoughStarted);
  // The new member does not work yet, but counts.
  if (voters.size() > 1 && connected(voters) < (voters.size() + 1) / 2 + 1) return fail(Errc::kUnhealthy);
  return {};
}

Status MembershipChanges::may_remove(MemberId id) const {
  if (!options_.strict_reconfig_check) return {};
  const auto view = node_.cluster();
  const cluster::Member* const member = view->find(id);
  if (member != nullptr && member->is_learner) return {};
  if (!cluster::may_remove_voter(view->members, id)) return fail(Errc::kMemberNotEnoughStarted);
  // One that is down is no part of the quorum that works.
  const bool is_down = !options_.peers.active_since_ns || options_.peers.active_since_ns(id) == 0;
  if (id != node_.status().member_id && is_down) return {};
  const std::vector<cluster::Member> voters = voters_of(*view);
  if (connected(voters) - 1 < 1 + (voters.size() - 1) / 2) return fail(Errc::kUnhealthy);
  return {};
}

void MembershipChanges::add(const cluster::Member& member, std::int64_t deadline_ns, Done done) {
  if (const Status may = may_add(member); !may) {
    logger_.warn("rejecting member add request", {{"requested-member-add", cluster::member_json(member)}, {"error", text_of(may.error())}});
    return done(fail(may.error()));
  }
  const auto type = member.is_learner ? raft::ConfChangeType::kAddLearnerNode : raft::ConfChangeType::kAddNode;
  change(type, member.id, cluster::member_json(member), deadline_ns, std::move(done));
}

void MembershipChanges::remove(MemberId id, std::int64_t deadline_ns, Done done) {
  if (const Status may = may_remove(id); !may) {
    logger_.warn("rejecting member remove request", {{"requested-member-remove-id", cluster::to_hex(id)}, {"error", text_of(may.error())}});
    return done(fail(may.error()));
  }
  change(raft::ConfChangeType::kRemoveNode, id, {}, deadline_ns, std::move(done));
}

void MembershipChanges::update(const cluster::Member& member, std::int64_t deadline_ns, Done done) {
  change(raft::ConfChangeType::kUpdateNode, member.id, cluster::member_json(member), deadline_ns, std::move(done));
}

void MembershipChanges::promote_here(MemberId id, std::int64_t deadline_ns, Done tell) {
  Done done = [this, tell = std::move(tell)](Result<std::vector<cluster::Member>> members) mutable {
    count_promotion(members ? Status() : Status(fail(members.error())));
    tell(std::move(members));
  };
  node_.check_learner(id, [this, id, deadline_ns, done = std::move(done)](const Status& ready) mutable {
    if (!ready) return done(fail(ready.error()));
    if (options_.strict_reconfig_check && !cluster::may_promote(node_.cluster()->members)) return done(fail(Errc::kMemberNotEnoughStarted));
    const cluster::MemberChange promotion{.member = {.id = id}, .is_promote = true};
    change(raft::ConfChangeType::kAddNode, id, cluster::member_change_json(promotion), deadline_ns, std::move(done));
  });
}

void MembershipChanges::promote(MemberId id, std::string token, std::int64_t deadline_ns, Done done) {
  auto asked_here = [this, id, token = std::move(token), deadline_ns, done = std::move(done)](Result<std::vector<cluster::Member>> members) mutable {
    if (members || members.error().code != Errc::kNotLeader) return done(std::move(members));
    promote_at_leader(id, token, deadline_ns, std::move(done));
  };
  promote_here(id, deadline_ns, std::move(asked_here));
}

void MembershipChanges::promote_at_leader(MemberId id, const std::string& token, std::int64_t deadline_ns, Done done) {
  const auto view = node_.cluster();
  const cluster::Member* const leader = view->find(node_.status().leader);
  if (leader == nullptr || !options_.peers.ask) return done(fail(Errc::kNoLeader));
  const std::int64_t left_ns = deadline_ns - clock_.monotonic_ns();
  const auto shared_done = std::make_shared<Done>(std::move(done));
  options_.peers.ask({.urls = leader->peer_urls,
                      .target = "/members/promote/" + std::to_string(id.value),
                      .fields = token.empty() ? rpc::HttpFields() : rpc::HttpFields{{"Authorization", token}},
                      .limit_ns = std::clamp<std::int64_t>(left_ns, 1, options_.request_timeout_ns)},
                     [shared_done](const Result<PeerAnswer>& answer) {
                       if (!answer) return (*shared_done)(fail(Errc::kTimeout));
                       if (answer->status != 200) return (*shared_done)(fail(promote_error(*answer)));
                       (*shared_done)(cluster::parse_member_list(answer->body));
                     });
}

void MembershipChanges::change(raft::ConfChangeType type, MemberId id, std::string context, std::int64_t deadline_ns, Done done) {
  raft::ConfChange proposal{.id = 0, .type = type, .node_id = id, .context = base::SharedBytes(std::move(context))};
  node_.change_membership(std::move(proposal), deadline_ns, [this, done = std::move(done)](const Status& applied) mutable {
    if (!applied) return done(fail(applied.error()));
    done(node_.cluster()->members);
  });
}

}  // namespace etcd::api
