#include "raft/membership.h"

#include <algorithm>
#include <charconv>

namespace etcd::raft {

namespace {

using Ids = std::vector<MemberId>;

bool contains(const Ids& ids, MemberId id) { return std::binary_search(ids.begin(), ids.end(), id); }

void insert(Ids& ids, MemberId id) {
  auto place = std::lower_bound(ids.begin(), ids.end(), id);
  if (place == ids.end() || *place != id) ids.insert(place, id);
}

void erase(Ids& ids, MemberId id) {
  auto place = std::lower_bound(ids.begin(), ids.end(), id);
  if (place != ids.end() && *place == id) ids.erase(place);
}

bool is_sorted_set(const Ids& ids) {
  return std::adjacent_find(ids.begin(), ids.end(), [](MemberId a, MemberId b) { return a >= b; }) == ids.end() &&
         (ids.empty() || ids.front() != MemberId(0));
}

bool intersect(const Ids& a, const Ids& b) {
  return std::any_of(a.begin(), a.end(), [&](MemberId id) { return contains(b, id); });
}

void add_progress(Members& members, MemberId id, const NewProgress& fresh) {
  auto [place, added] = members.progress.try_emplace(id, fresh.next, fresh.inflights);
  if (added) place->second.recent_active = true;
}

void make_voter(Members& members, MemberId id, const NewProgress& fresh) {
  add_progress(members, id, fresh);
  erase(members.conf.learners, id);
  erase(members.conf.learners_next, id);
  insert(members.conf.voters, id);
}

// A voter of the outgoing half stays one until the joint configuration is left; only then it may become a learner.
void make_learner(Members& members, MemberId id, const NewProgress& fresh) {
  if (members.is_learner(id)) return;
  add_progress(members, id, fresh);
  erase(members.conf.voters, id);
  erase(members.conf.learners_next, id);
  insert(contains(members.conf.voters_outgoing, id) ? members.conf.learners_next : members.conf.learners, id);
}

void remove(Members& members, MemberId id) {
  erase(members.conf.voters, id);
  erase(members.conf.learners, id);
  erase(members.conf.learners_next, id);
  if (!contains(members.conf.voters_outgoing, id)) members.progress.erase(id);
}

Status apply_change(Members& members, const ConfChangeSingle& change, const NewProgress& fresh) {
  if (change.node_id == MemberId(0)) return {};
  switch (change.type) {
    case ConfChangeType::kAddNode: make_voter(members, change.node_id, fresh); return {};
    case ConfChangeType::kAddLearnerNode: make_learner(members, change.node_id, fresh); return {};
    case ConfChangeType::kRemoveNode: remove(members, change.node_id); return {};
    case ConfChangeType::kUpdateNode: return {};
  }
  return fail(Errc::kInvalid, "unexpected conf type " + std::to_string(static_cast<int>(change.type)));
}

Status apply_changes(Members& members, const std::vector<ConfChangeSingle>& changes, const NewProgress& fresh) {
  for (const ConfChangeSingle& change : changes) TRY(apply_change(members, change, fresh));
  if (members.conf.voters.empty()) return fail(Errc::kInvalid, "removed all voters");
  return {};
}

std::size_t difference(const Ids& a, const Ids& b) {
  auto missing_in = [](const Ids& from, const Ids& in) {
    return static_cast<std::size_t>(std::count_if(from.begin(), from.end(), [&](MemberId id) { return !contains(in, id); }));
  };
  return missing_in(a, b) + missing_in(b, a);
}

Result<Members> checked(Members members) {
  std::string broken = invalid_configuration(members.conf);
  if (!broken.empty()) return fail(Errc::kInvalid, broken);
  return members;
}

std::string hex(MemberId id) {
  char digits[16];
  auto end = std::to_chars(digits, digits + sizeof digits, id.value, 16).ptr;
  return std::string(digits, end);
}

std::string describe(const Ids& ids) {
  std::string text = "(";
  for (MemberId id : ids) text += (text.size() > 1 ? " " : "") + hex(id);
  return text + ")";
}

std::string_view transition_name(ConfChangeTransition transition) {
  switch (transition) {
    case ConfChangeTransition::kAuto: return "ConfChangeTransitionAuto";
    case ConfChangeTransition::kJointImplicit: return "ConfChangeTransitionJointImplicit";
    case ConfChangeTransition::kJointExplicit: return "ConfChangeTransitionJointExplicit";
  }
  return "";
}

}  // namespace

bool Members::is_voter(MemberId id) const { return contains(conf.voters, id) || contains(conf.voters_outgoing, id); }
bool Members::is_learner(MemberId id) const { return contains(conf.learners, id); }

std::vector<MemberId> Members::all_voters() const {
  Ids all = conf.voters;
  for (MemberId id : conf.voters_outgoing) insert(all, id);
  return all;
}

std::string invalid_configuration(const ConfState& conf) {
  for (const Ids* ids : {&conf.voters, &conf.voters_outgoing, &conf.learners, &conf.learners_next}) {
    if (!is_sorted_set(*ids)) return "members must be sorted, distinct and not 0";
  }
  if (intersect(conf.learners, conf.voters)) return "a learner is in Voters[0]";
  if (intersect(conf.learners, conf.voters_outgoing)) return "a learner is in Voters[1]";
  if (intersect(conf.learners_next, conf.voters) || intersect(conf.learners_next, conf.learners)) return "a member of LearnersNext has another role";
  for (MemberId id : conf.learners_next) {
    if (!contains(conf.voters_outgoing, id)) return hex(id) + " is in LearnersNext, but not Voters[1]";
  }
  if (conf.auto_leave && conf.voters_outgoing.empty()) return "AutoLeave must be false when not joint";
  if (conf.voters.empty() && !(conf.voters_outgoing.empty() && conf.learners.empty())) return "no voters";
  return {};
}

Result<Members> restore_members(const ConfState& conf, const NewProgress& fresh) {
  TRY_ASSIGN(Members members, checked({conf, {}}));
  for (const Ids* ids : {&conf.voters, &conf.voters_outgoing, &conf.learners}) {
    for (MemberId id : *ids) add_progress(members, id, fresh);
  }
  return members;
}

Result<Members> change_members(const Members& before, const ConfChangeV2& change, const NewProgress& fresh) {
  if (leaves_joint(change)) return leave_joint(before);
  switch (change.transition) {
    case ConfChangeTransition::kAuto:
      if (change.changes.size() == 1) return change_simple(before, change.changes, fresh);
      return enter_joint(before, true, change.changes, fresh);
    case ConfChangeTransition::kJointImplicit: return enter_joint(before, true, change.changes, fresh);
    case ConfChangeTransition::kJointExplicit: return enter_joint(before, false, change.changes, fresh);
  }
  return fail(Errc::kInvalid, "unknown transition");
}

Result<Members> change_simple(const Members& before, const std::vector<ConfChangeSingle>& changes, const NewProgress& fresh) {
  if (before.joint()) return fail(Errc::kInvalid, "can't apply simple config change in joint config");
  Members after = before;
  TRY(apply_changes(after, changes, fresh));
  if (difference(before.conf.voters, after.conf.voters) > 1) {
    return fail(Errc::kInvalid, "more than one voter changed without entering joint config");
  }
  return checked(std::move(after));
}

Result<Members> enter_joint(const Members& before, bool auto_leave, const std::vector<ConfChangeSingle>& changes, const NewProgress& fresh) {
  if (before.joint()) return fail(Errc::kInvalid, "config is already joint");
  if (before.conf.voters.empty()) return fail(Errc::kInvalid, "can't make a zero-voter config joint");
  Members after = before;
  after.conf.voters_outgoing = after.conf.voters;
  TRY(apply_changes(after, changes, fresh));
  after.conf.auto_leave = auto_leave;
  return checked(std::move(after));
}

Result<Members> leave_joint(const Members& before) {
  if (!before.joint()) return fail(Errc::kInvalid, "can't leave a non-joint config");
  Members after = before;
  for (MemberId id : before.conf.learners_next) insert(after.conf.learners, id);
  after.conf.learners_next.clear();
  after.conf.voters_outgoing.clear();
  after.conf.auto_leave = false;
  std::erase_if(after.progress, [&](const auto& entry) { return !after.is_voter(entry.first) && !after.is_learner(entry.first); });
  return checked(std::move(after));
}

ConfChangeV2 as_v2(const ConfChange& change) {
  return {.transition = ConfChangeTransition::kAuto, .changes = {{change.type, change.node_id}}, .context = change.context};
}

bool leaves_joint(const ConfChangeV2& change) { return change.transition == ConfChangeTransition::kAuto && change.changes.empty(); }

std::string describe(const ConfState& conf) {
  std::string text = "voters=" + describe(conf.voters);
  if (!conf.voters_outgoing.empty()) text += "&&" + describe(conf.voters_outgoing);
  if (!conf.learners.empty()) text += " learners=" + describe(conf.learners);
  if (!conf.learners_next.empty()) text += " learners_next=" + describe(conf.learners_next);
  if (conf.auto_leave) text += " autoleave";
  return text;
}

std::string describe(const ConfChangeV2& change) {
  std::string text = "transition:" + std::string(transition_name(change.transition));
  for (const ConfChangeSingle& single : change.changes) {
    text += " changes:{type:" + std::string(conf_change_type_name(single.type)) + " node_id:" + std::to_string(single.node_id.value) + "}";
  }
  if (!change.context.empty()) text += " context:\"" + std::string(change.context.view()) + "\"";
  return text;
}

std::string_view conf_change_type_name(ConfChangeType type) {
  switch (type) {
    case ConfChangeType::kAddNode: return "ConfChangeAddNode";
    case ConfChangeType::kRemoveNode: return "ConfChangeRemoveNode";
    case ConfChangeType::kUpdateNode: return "ConfChangeUpdateNode";
    case ConfChangeType::kAddLearnerNode: return "ConfChangeAddLearnerNode";
  }
  return "unknown";
}

}  // namespace etcd::raft
