// Proposals and membership changes (thesis 3.5, 4.1, 4.3).

#include "base/check.h"
#include "raft/codec.h"
#include "raft/core.h"
#include "raft/message_codec.h"

namespace etcd::raft {

namespace {

ProposedEntry encode_change(const std::variant<ConfChange, ConfChangeV2>& change) {
  std::string bytes;
  std::visit([&](const auto& c) { encode(c, bytes); }, change);
  EntryType type = std::holds_alternative<ConfChange>(change) ? EntryType::kConfChange : EntryType::kConfChangeV2;
  return {type, base::SharedBytes(std::move(bytes))};
}

Result<ConfChangeV2> decode_change(const ProposedEntry& entry) {
  if (entry.type == EntryType::kConfChangeV2) return decode_conf_change_v2(entry.data);
  TRY_ASSIGN(ConfChange change, decode_conf_change(entry.data));
  return as_v2(change);
}

}  // namespace

void Raft::Core::on(Propose event) {
  CHECK(!event.data.empty());
  std::vector<ProposedEntry> entries;
  entries.reserve(event.data.size());
  for (base::SharedBytes& data : event.data) entries.push_back({EntryType::kNormal, std::move(data)});
  if (std::optional<DropReason> reason = propose(std::move(entries), config_.id)) out_.dropped.push_back(*reason);
}

void Raft::Core::on(ProposeConfChange event) {
  std::vector<ProposedEntry> entries;
  entries.push_back(encode_change(event.change));
  if (std::optional<DropReason> reason = propose(std::move(entries), config_.id)) out_.dropped.push_back(*reason);
}

// Appends as leader or passes on as follower; else says why not.
std::optional<DropReason> Raft::Core::propose(std::vector<ProposedEntry> entries, MemberId from) {
  if (role_ == Role::kLeader) return propose_as_leader(std::move(entries));
  if (role_ != Role::kFollower || leader_ == MemberId(0)) {
    note(NoteLevel::kInfo, "%llx no leader at term %llu; dropping proposal", number(config_.id), number(term_));
    return DropReason::kNoLeader;
  }
  if (!config_.forward_proposals) {
    note(NoteLevel::kInfo, "%llx not forwarding to leader %llx at term %llu; dropping proposal", number(config_.id), number(leader_), number(term_));
    return DropReason::kForwardingDisabled;
  }
  out_.send_now.push_back({from, leader_, Term(0), Proposal{std::move(entries)}});
  return std::nullopt;
}

std::optional<DropReason> Raft::Core::propose_as_leader(std::vector<ProposedEntry> entries) {
  if (!progress_of(config_.id)) return DropReason::kRemoved;
  if (transferee_ != MemberId(0)) {
    note(NoteLevel::kDebug, "%llx [term %llu] transfer leadership to %llx is in progress; dropping proposal", number(config_.id), number(term_),
         number(transferee_));
    return DropReason::kLeaderTransfer;
  }
  LogIndex index = log_.last().next();
  for (ProposedEntry& entry : entries) {
    if (entry.type != EntryType::kNormal) check_conf_change(entry, index);
    index = index.next();
  }
  if (!append_own(std::move(entries))) return DropReason::kTooMuchUncommitted;
  broadcast_append();
  return std::nullopt;
}

// At most one change may be under way. One that comes too early, or cannot follow, is replaced by an empty entry at `index`, so that who
// proposed it sees nothing happen. (The check is against the configuration as applied here: a good guess, not the last word.)
void Raft::Core::check_conf_change(ProposedEntry& entry, LogIndex index) {
  Result<ConfChangeV2> change = decode_change(entry);
  std::string refused;
  if (!change) {
    refused = "malformed: " + change.error().detail;
  } else if (pending_conf_index_ > applied_) {
    refused = "possible unapplied conf change at index " + std::to_string(pending_conf_index_.value) + " (applied to " +
              std::to_string(applied_.value) + ")";
  } else if (members_.joint() && !leaves_joint(*change)) {
    refused = "must transition out of joint config first";
  } else if (!members_.joint() && leaves_joint(*change)) {
    refused = "not in joint state; refusing empty conf change";
  } else if (Result<Members> after = change_members(members_, *change, new_progress()); !after) {
    refused = after.error().detail;
  }
  if (refused.empty() || (change && !config_.validate_conf_changes)) {
    pending_conf_index_ = index;
    return;
  }
  note(NoteLevel::kInfo, "%llx ignoring conf change %s at config %s: %s", number(config_.id), change ? describe(*change).c_str() : "?",
       describe(members_.conf).c_str(), refused.c_str());
  entry = ProposedEntry{};
}

void Raft::Core::on(ApplyConfChange event) {
  // Until a leader's snapshot is installed, entries before it may still be on their way through apply; its configuration has them already.
  bool outrun = !installing_.empty();
  Result<Members> after = change_members(outrun ? *restore_members(applied_conf_, new_progress()) : members_, event.change, new_progress());
  if (after) {
    applied_conf_ = after->conf;
    if (!outrun) switch_to(std::move(*after));
  } else {
    out_.conf_change_error = after.error().detail;
    note(NoteLevel::kError, "%llx ignored conf change %s at config %s: %s", number(config_.id), describe(event.change).c_str(),
         describe(applied_conf_).c_str(), after.error().detail.c_str());
  }
  out_.conf_state = applied_conf_;
}

NewProgress Raft::Core::new_progress() const {
  return {std::max(log_.last(), LogIndex(1)), Inflights(config_.max_inflight_messages, config_.max_inflight_bytes)};
}

// A new configuration may have another quorum: what waited for the old one is looked at again.
void Raft::Core::switch_to(Members members) {
  members_ = std::move(members);
  note(NoteLevel::kInfo, "%llx switched to configuration %s", number(config_.id), describe(members_.conf).c_str());
  if (role_ != Role::kLeader) return;
  if (!members_.is_voter(config_.id)) {
    // The leader leads on until the change that removes it is committed; who may vote elects another (thesis 4.2.2).
    if (config_.step_down_on_removal) become_follower(term_, MemberId(0));
    return;
  }
  if (maybe_commit()) {
    release_postponed_reads();
    broadcast_append();
  } else {
    for (const auto& [id, progress] : members_.progress) {
      if (id != config_.id) maybe_send_append(id, false);
    }
  }
  for (const ReadQueue::Confirmed& read : reads_.take_confirmed(members_.conf)) answer_read(read.request, read.index);
  if (!members_.is_voter(transferee_)) transferee_ = MemberId(0);
}

// Tried again with each Applied, as the proposal may be dropped while leadership is being handed over.
void Raft::Core::maybe_leave_joint() {
  if (!members_.conf.auto_leave || applied_ < pending_conf_index_ || role_ != Role::kLeader) return;
  std::vector<ProposedEntry> leave(1, ProposedEntry{EntryType::kConfChangeV2, {}});
  if (propose_as_leader(std::move(leave))) {
    note(NoteLevel::kDebug, "not initiating automatic transition out of joint configuration %s: raft proposal dropped", describe(members_.conf).c_str());
  } else {
    note(NoteLevel::kInfo, "initiating automatic transition out of joint configuration %s", describe(members_.conf).c_str());
  }
}

}  // namespace etcd::raft
