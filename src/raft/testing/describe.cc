#include "raft/testing/describe.h"

#include <cstdio>
#include <sstream>

#include "raft/codec.h"
#include "raft/core.h"
#include "raft/message_codec.h"

namespace etcd::raft::testing {

namespace {

std::string hex(MemberId id) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%llx", number(id));
  return digits;
}

std::string list(const std::vector<MemberId>& ids) {
  std::string text = "[";
  for (MemberId id : ids) text += (text.size() > 1 ? " " : "") + std::to_string(id.value);
  return text + "]";
}

// What Message's fields are on the wire: most of them go into "Log:term/index".
struct Position {
  Term term;
  LogIndex index;
};

Position log_position(const MessageBody& body) {
  if (auto* m = std::get_if<AppendRequest>(&body)) return {m->prev_term, m->prev_index};
  if (auto* m = std::get_if<AppendAccepted>(&body)) return {Term(0), m->match};
  if (auto* m = std::get_if<AppendRejected>(&body)) return {m->hint_term, m->rejected};
  if (auto* m = std::get_if<VoteRequest>(&body)) return {m->last_term, m->last_index};
  if (auto* m = std::get_if<ReadIndexResponse>(&body)) return {Term(0), m->index};
  return {};
}

std::string rest_of(const MessageBody& body) {
  if (auto* m = std::get_if<AppendRequest>(&body)) {
    std::string commit = m->commit == LogIndex(0) ? "" : " Commit:" + std::to_string(m->commit.value);
    return commit + describe_entry_list(m->entries);
  }
  if (auto* m = std::get_if<AppendRejected>(&body)) return " Rejected (Hint: " + std::to_string(m->hint.value) + ")";
  if (auto* m = std::get_if<VoteResponse>(&body)) return m->granted ? "" : " Rejected (Hint: 0)";
  if (auto* m = std::get_if<Heartbeat>(&body)) return m->commit == LogIndex(0) ? "" : " Commit:" + std::to_string(m->commit.value);
  if (auto* m = std::get_if<InstallSnapshot>(&body)) return "\n  Snapshot: " + describe_snapshot(m->snapshot);
  std::vector<Entry> entries;
  if (auto* m = std::get_if<Proposal>(&body)) {
    for (const ProposedEntry& e : m->entries) entries.push_back({Term(0), LogIndex(0), e.type, e.data});
  }
  if (auto* m = std::get_if<ReadIndexRequest>(&body)) entries.push_back({Term(0), LogIndex(0), EntryType::kNormal, m->context});
  if (auto* m = std::get_if<ReadIndexResponse>(&body)) entries.push_back({Term(0), LogIndex(0), EntryType::kNormal, m->context});
  if (!entries.empty()) return describe_entry_list(Entries(std::move(entries)));
  return {};
}

std::string payload(const Entry& entry) {
  switch (entry.type) {
    case EntryType::kNormal: return quoted(entry.data.view());
    case EntryType::kConfChange: {
      Result<ConfChange> change = decode_conf_change(entry.data);
      return change ? describe_conf_changes(as_v2(*change).changes) : change.error().detail;
    }
    case EntryType::kConfChangeV2: {
      Result<ConfChangeV2> change = decode_conf_change_v2(entry.data);
      return change ? describe_conf_changes(change->changes) : change.error().detail;
    }
  }
  return {};
}

std::string_view type_name(EntryType type) {
  switch (type) {
    case EntryType::kNormal: return "EntryNormal";
    case EntryType::kConfChange: return "EntryConfChange";
    case EntryType::kConfChangeV2: return "EntryConfChangeV2";
  }
  return "";
}

}  // namespace

std::string quoted(std::string_view text) {
  std::string all = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') all += '\\';
    all += c;
  }
  return all + "\"";
}

std::string describe_entry(const Entry& entry) {
  std::ostringstream text;
  text << entry.term << '/' << entry.index << ' ' << type_name(entry.type);
  std::string data = payload(entry);
  if (!data.empty()) text << ' ' << data;
  return text.str();
}

std::string describe_entries(const Entries& entries) {
  std::string text;
  for (const Entry& entry : entries) text += describe_entry(entry) + "\n";
  return text;
}

std::string describe_entry_list(const Entries& entries) {
  if (entries.empty()) return {};
  if (entries.size() == 1) return " Entries:[" + describe_entry(entries.front()) + "]";
  std::string text = " Entries:[";
  for (const Entry& entry : entries) text += "\n  " + describe_entry(entry);
  return text + "\n]";
}

std::string describe_conf_state(const ConfState& conf) {
  return "Voters:" + list(conf.voters) + " VotersOutgoing:" + list(conf.voters_outgoing) + " Learners:" + list(conf.learners) +
         " LearnersNext:" + list(conf.learners_next) + " AutoLeave:" + (conf.auto_leave ? "true" : "false");
}

std::string describe_snapshot(const Snapshot& snapshot) {
  std::ostringstream text;
  text << "Index:" << snapshot.metadata.index << " Term:" << snapshot.metadata.term
       << " ConfState:" << describe_conf_state(snapshot.metadata.conf_state);
  return text.str();
}

std::string describe_hard_state(const HardState& state) {
  std::ostringstream text;
  text << "Term:" << state.term;
  if (state.vote != MemberId(0)) text << " Vote:" << state.vote;
  text << " Commit:" << state.commit;
  return text.str();
}

std::string describe_message(const Message& message) {
  std::ostringstream text;
  Position at = log_position(message.body);
  text << hex(message.from) << "->" << hex(message.to) << ' ' << message_name(message.body) << " Term:" << message.term << " Log:" << at.term << '/'
       << at.index << rest_of(message.body);
  return text.str();
}

std::vector<ConfChangeSingle> parse_conf_changes(const std::string& text) {
  std::vector<ConfChangeSingle> changes;
  std::istringstream in(text);
  for (std::string word; in >> word;) {
    ConfChangeType type = ConfChangeType::kUpdateNode;
    if (word[0] == 'v') type = ConfChangeType::kAddNode;
    if (word[0] == 'l') type = ConfChangeType::kAddLearnerNode;
    if (word[0] == 'r') type = ConfChangeType::kRemoveNode;
    changes.push_back({type, MemberId(std::stoull(word.substr(1)))});
  }
  return changes;
}

std::string describe_conf_changes(const std::vector<ConfChangeSingle>& changes) {
  std::string text;
  for (const ConfChangeSingle& change : changes) {
    const char* letter = "vrul";
    text += (text.empty() ? "" : " ") + std::string(1, letter[static_cast<int>(change.type)]) + std::to_string(change.node_id.value);
  }
  return text;
}

}  // namespace etcd::raft::testing
