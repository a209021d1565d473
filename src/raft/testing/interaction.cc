#include "raft/testing/interaction.h"

#include <algorithm>
#include <sstream>

#include "raft/codec.h"
#include "raft/core.h"
#include "raft/message_codec.h"
#include "raft/testing/describe.h"
#include "raft/testing/inspector.h"

namespace etcd::raft::testing {

namespace {

const char* const kLevels[] = {"DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"};
constexpr int kQuiet = 5;
constexpr const char* kDropped = "raft proposal dropped";

std::string text_of(const Message& message) { return describe_message(message); }

bool is_response(const MessageBody& body) {
  return std::holds_alternative<AppendAccepted>(body) || std::holds_alternative<AppendRejected>(body) || std::holds_alternative<VoteResponse>(body) ||
         std::holds_alternative<HeartbeatResponse>(body) || std::holds_alternative<ReadIndexResponse>(body);
}

std::string indent(const std::string& text, const std::string& by) {
  std::string all;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) all += by + line + "\n";
  return all;
}

}  // namespace

void Interaction::print(const std::string& text) {
  if (level_ < kQuiet) output_ += text;
}

template <typename Body>
void Interaction::indented(Body body) {
  std::string before = std::exchange(output_, {});
  body();
  output_ = before + indent(output_, "  ");
}

std::string Interaction::handle(const ScriptCommand& command) {
  output_.clear();
  const std::string& name = command.name;
  if (name == "add-nodes") {
    add_nodes(command);
  } else if (name == "campaign") {
    feed(first(command), Campaign{});
  } else if (name == "compact") {
    Node& n = first(command);
    LogIndex index(command.numbers().at(1));
    feed(n, Compact{index});
    n.stable.erase(n.stable.begin(), n.stable.begin() + static_cast<std::ptrdiff_t>(index.value + 1 - n.stable_first.value));
    n.stable_first = index.next();
    raft_log(n);
  } else if (name == "deliver-msgs") {
    deliver_command(command);
  } else if (name == "process-ready") {
    each(command, "handling Ready", &Interaction::process_ready);
  } else if (name == "process-append-thread") {
    each(command, "processing append thread", &Interaction::process_append);
  } else if (name == "process-apply-thread") {
    each(command, "processing apply thread", &Interaction::process_apply);
  } else if (name == "log-level") {
    set_log_level(command.args.at(0).key);
  } else if (name == "raft-log") {
    raft_log(first(command));
  } else if (name == "raft-state") {
    for (const Node& n : nodes_) {
      RaftStatus status = n.raft.status();
      bool voter = std::ranges::count(status.conf_state.voters, n.id) + std::ranges::count(status.conf_state.voters_outgoing, n.id) > 0;
      print(std::to_string(n.id.value) + ": " + std::string(role_name(status.role)) + (voter ? " (Voter)" : " (Non-Voter)") +
            " Term:" + std::to_string(status.term.value) + " Lead:" + std::to_string(status.leader.value) + "\n");
    }
  } else if (name == "set-randomized-election-timeout") {
    Inspector::set_election_timeout(first(command).raft, static_cast<std::uint32_t>(std::stoul(command.values("timeout").at(0))));
  } else if (name == "stabilize") {
    stabilize(command);
  } else if (name == "status") {
    RaftStatus status = first(command).raft.status();
    if (status.role == Role::kLeader) {
      for (const ProgressStatus& p : status.progress) print(std::to_string(p.id.value) + ": " + describe(p) + "\n");
    }
  } else if (name == "tick-election" || name == "tick-heartbeat") {
    Node& n = first(command);
    std::uint32_t ticks = name == "tick-election" ? n.config.election_tick : n.config.heartbeat_tick;
    for (std::uint32_t i = 0; i < ticks; ++i) feed(n, Tick{});
  } else if (name == "transfer-leadership") {
    feed(node(std::stoull(command.values("from").at(0))), TransferLeadership{MemberId(std::stoull(command.values("to").at(0)))});
  } else if (name == "forget-leader") {
    feed(first(command), ForgetLeader{});
  } else if (name == "send-snapshot") {
    send_snapshot(command);
  } else if (name == "propose") {
    feed(first(command), Propose{{base::SharedBytes::copy_of(command.args.at(1).key)}});
  } else if (name == "read-index") {
    feed(first(command), ReadIndex{base::SharedBytes::copy_of(command.args.at(1).key)});
  } else if (name == "tick") {
    for (std::uint64_t i = command.numbers().at(1); i > 0; --i) feed(first(command), Tick{});
  } else if (name == "propose-conf-change") {
    propose_conf_change(command);
  } else if (name == "report-unreachable") {
    feed(first(command), ReportUnreachable{MemberId(command.numbers().at(1))});
  } else {
    return "unknown command";
  }
  for (Node& n : nodes_) {
    if (Inspector::take_dropped(n.raft)) output_ += kDropped;
  }
  return output_.empty() ? "ok" : output_;
}

void Interaction::set_log_level(const std::string& name) {
  for (int i = 0; i <= kQuiet; ++i) {
    std::string level = kLevels[i];
    if (std::ranges::equal(level, name, [](char a, char b) { return a == std::toupper(b); })) level_ = i;
  }
}

void Interaction::add_nodes(const ScriptCommand& command) {
  Config config;
  config.election_tick = 3;
  config.pre_vote = command.is_true("prevote");
  config.check_quorum = command.is_true("checkquorum");
  config.max_message_bytes = kUnlimited;
  config.max_inflight_messages = 0x7fffffff;
  config.validate_conf_changes = !command.is_true("disable-conf-change-validation");
  config.step_down_on_removal = command.is_true("step-down-on-removal");
  config.debug_notes = true;
  bool async = command.is_true("async-storage-writes");
  config.apply_before_persisted = !async;
  Snapshot snapshot;
  for (const std::string& id : command.values("voters")) snapshot.metadata.conf_state.voters.emplace_back(std::stoull(id));
  for (const std::string& id : command.values("learners")) snapshot.metadata.conf_state.learners.emplace_back(std::stoull(id));
  for (const std::string& count : command.values("inflight")) config.max_inflight_messages = static_cast<std::uint32_t>(std::stoul(count));
  for (const std::string& size : command.values("max-committed-size-per-ready")) config.max_applying_bytes = std::stoull(size);
  for (const std::string& size : command.values("max-message-bytes")) config.max_message_bytes = std::stoull(size);
  for (const std::string& size : command.values("max-uncommitted-bytes")) config.max_uncommitted_bytes = std::stoull(size);
  for (const std::string& ticks : command.values("disk-stall-ticks")) config.disk_stall_ticks = static_cast<std::uint32_t>(std::stoul(ticks));
  for (const std::string& index : command.values("index")) snapshot.metadata.index = LogIndex(std::stoull(index));
  if (!snapshot.empty()) snapshot.metadata.term = Term(1);
  for (std::uint64_t i = 0; i < command.numbers().at(0); ++i) add_node(config, snapshot, async);
}

void Interaction::add_node(const Config& config, const Snapshot& snapshot, bool async) {
  Config own = config;
  own.id = MemberId(nodes_.size() + 1);
  Recovered recovered{.hard_state = {},
                      .snapshot = snapshot,
                      .entries = {},
                      .applied = snapshot.metadata.index,
                      .conf_state = snapshot.metadata.conf_state};
  Raft raft = Inspector::make_unchecked(own, std::move(recovered));
  HardState state{raft.term(), MemberId(0), raft.committed()};
  nodes_.push_back(Node{.id = own.id,
                        .config = own,
                        .async = async,
                        .raft = std::move(raft),
                        .state = state,
                        .stable_first = snapshot.metadata.index.next(),
                        .history = {snapshot}});
  Node& added = nodes_.back();
  for (const Note& note : Inspector::take_notes(added.raft)) {
    if (static_cast<int>(note.level) >= level_) print(kLevels[static_cast<int>(note.level)] + (" " + note.text) + "\n");
  }
  added.raft.flush();
}

void Interaction::feed(Node& n, Input input) {
  n.raft.feed(std::move(input));
  for (const Note& note : Inspector::take_notes(n.raft)) {
    if (static_cast<int>(note.level) >= level_) print(kLevels[static_cast<int>(note.level)] + (" " + note.text) + "\n");
  }
}

void Interaction::each(const ScriptCommand& command, const char* heading, void (Interaction::*run)(Node&)) {
  std::vector<std::uint64_t> ids = command.numbers();
  for (std::uint64_t id : ids) {
    if (ids.size() == 1) {
      (this->*run)(node(id));
      continue;
    }
    print("> " + std::to_string(id) + " " + heading + "\n");
    indented([&] { (this->*run)(node(id)); });
  }
}

// What one Output asks for, printed as etcd's Ready. A request for votes waits for the disk here and not in etcd: shown as sent at once.
void Interaction::process_ready(Node& n) {
  HardState before = n.state;
  Output out = n.raft.flush();
  if (out.persist && out.persist->hard_state) n.state = *out.persist->hard_state;
  bool must_sync = n.state.term != before.term || n.state.vote != before.vote || (out.persist && !out.persist->append.empty());
  std::vector<InFlight> now(out.send_now.begin(), out.send_now.end());
  std::vector<InFlight> later;
  if (out.persist) {
    for (const Message& message : out.persist->then_send) {
      (std::holds_alternative<VoteRequest>(message.body) ? now : later).push_back(message);
    }
    std::erase_if(out.persist->then_send, [](const Message& m) { return std::holds_alternative<VoteRequest>(m.body); });
  }
  if (!n.async) {
    std::vector<InFlight> all = now;
    all.insert(all.end(), later.begin(), later.end());
    print(describe_ready(n, out, all, must_sync));
    if (out.persist) persist(n, *out.persist);
    apply(n, out.committed);
    messages_.insert(messages_.end(), all.begin(), all.end());
    if (out.persist) feed(n, Persisted{out.persist->number});
    if (out.persist && out.persist->snapshot) feed(n, Applied{out.persist->snapshot->metadata.index});
    if (!out.committed.empty()) feed(n, Applied{out.committed.back().index});
    if (!out.committed.empty()) feed(n, SnapshotTaken{n.history.back()});
    return;
  }
  print(describe_ready(n, out, now, must_sync));
  if (out.persist) {
    std::vector<InFlight> responses = responses_of(n, *out.persist);
    std::string text = describe_append(n, *out.persist, {});
    n.append_work.push_back({*out.persist, text, responses});
  }
  if (!out.committed.empty()) n.apply_work.push_back({out.committed, describe_apply(n, out.committed, false)});
  messages_.insert(messages_.end(), now.begin(), now.end());
}

std::string Interaction::describe_ready(Node& n, const Output& out, const std::vector<InFlight>& messages, bool must_sync) {
  std::string text;
  if (out.soft_state) {
    text += "Lead:" + std::to_string(out.soft_state->leader.value) + " State:" + std::string(role_name(out.soft_state->role)) + "\n";
  }
  if (out.persist && out.persist->hard_state) text += "HardState " + describe_hard_state(*out.persist->hard_state) + "\n";
  for (const ReadState& read : out.reads) text += "Read " + quoted(read.context.view()) + " at " + std::to_string(read.index.value) + "\n";
  for (const base::SharedBytes& context : out.reads_dropped) text += "Read " + quoted(context.view()) + " dropped\n";
  if (out.persist && !out.persist->append.empty()) text += "Entries:\n" + describe_entries(out.persist->append);
  if (out.persist && out.persist->snapshot) text += "Snapshot " + describe_snapshot(*out.persist->snapshot) + "\n";
  if (!out.committed.empty()) text += "CommittedEntries:\n" + describe_entries(out.committed);
  std::string sent;
  for (const InFlight& message : messages) sent += text_of(std::get<Message>(message)) + "\n";
  if (n.async && out.persist) sent += describe_append(n, *out.persist, responses_of(n, *out.persist)) + "\n";
  if (n.async && !out.committed.empty()) sent += describe_apply(n, out.committed, true) + "\n";
  if (!sent.empty()) text += "Messages:\n" + sent;
  if (text.empty()) return "<empty Ready>";
  return "Ready MustSync=" + std::string(must_sync ? "true" : "false") + ":\n" + text;
}

// etcd's append work ends in messages: to others, to the member itself (one for its own vote or each own entry), and one that says which
// entries are stable. The core takes one Persisted for all: the first of the member's own confirmations stands for it.
std::vector<Interaction::InFlight> Interaction::responses_of(Node& n, const PersistBatch& batch) {
  RaftStatus status = n.raft.status();
  std::string self = std::to_string(n.id.value);
  std::string to_self = self + "->" + self;
  std::string term = " Term:" + std::to_string(status.term.value) + " Log:";
  std::vector<InFlight> all(batch.then_send.begin(), batch.then_send.end());
  bool votes = batch.hard_state && status.role == Role::kCandidate && batch.append.empty();
  if (votes) all.push_back(Confirmation{n.id, batch.number, {}, to_self + " MsgVoteResp" + term + "0/0", false});
  if (status.role == Role::kPreCandidate) all.push_back(Confirmation{n.id, batch.number, {}, to_self + " MsgPreVoteResp Term:" + std::to_string(status.term.value + 1) + " Log:0/0", false});
  if (status.role == Role::kLeader) {
    for (const Entry& entry : batch.append) {
      all.push_back(Confirmation{n.id, batch.number, {}, to_self + " MsgAppResp" + term + "0/" + std::to_string(entry.index.value), false});
    }
  }
  if (status.durable < status.last) {
    std::string at = std::to_string(status.last_term.value) + "/" + std::to_string(status.last.value);
    all.push_back(Confirmation{n.id, batch.number, {}, "AppendThread->" + self + " MsgStorageAppendResp" + term + at, true});
  }
  return all;
}

std::string Interaction::describe_append(const Node& n, const PersistBatch& batch, const std::vector<InFlight>& responses) {
  HardState state = batch.hard_state.value_or(HardState{});
  std::ostringstream text;
  text << n.id << "->AppendThread MsgStorageAppend Term:" << state.term << " Log:0/0";
  if (state.commit != LogIndex(0)) text << " Commit:" << state.commit;
  if (state.vote != MemberId(0)) text << " Vote:" << state.vote;
  text << describe_entry_list(batch.append);
  if (!responses.empty()) {
    text << " Responses:[";
    for (const InFlight& response : responses) {
      const Message* message = std::get_if<Message>(&response);
      text << "\n  " << (message ? text_of(*message) : std::get<Confirmation>(response).text);
    }
    text << "\n]";
  }
  return text.str();
}

std::string Interaction::describe_apply(const Node& n, const Entries& entries, bool with_response) {
  std::string list = describe_entry_list(entries);
  std::string self = std::to_string(n.id.value);
  std::string text = self + "->ApplyThread MsgStorageApply Term:0 Log:0/0" + list;
  if (!with_response) return text;
  std::string response = indent("ApplyThread->" + self + " MsgStorageApplyResp Term:0 Log:0/0" + list, "  ");
  return text + " Responses:[\n" + response + "]";
}

void Interaction::process_append(Node& n) {
  if (n.append_work.empty()) return print("no append work to perform");
  AppendWork work = std::move(n.append_work.front());
  n.append_work.pop_front();
  print("Processing:\n" + work.text + "\nResponses:\n");
  persist(n, work.batch);
  for (const InFlight& response : work.responses) {
    const Message* message = std::get_if<Message>(&response);
    print((message ? text_of(*message) : std::get<Confirmation>(response).text) + "\n");
    messages_.push_back(response);
  }
  // Without a confirmation of its own etcd asks nothing; the core wants to know of each batch.
  bool silent = std::ranges::none_of(work.responses, [](const InFlight& r) { return std::holds_alternative<Confirmation>(r); });
  if (silent) feed(n, Persisted{work.batch.number});
}

void Interaction::process_apply(Node& n) {
  if (n.apply_work.empty()) return print("no apply work to perform");
  ApplyWork work = std::move(n.apply_work.front());
  n.apply_work.pop_front();
  print("Processing:\n" + work.text + "\nResponses:\n");
  apply(n, work.entries);
  std::string text = "ApplyThread->" + std::to_string(n.id.value) + " MsgStorageApplyResp Term:0 Log:0/0" + describe_entry_list(work.entries);
  print(text + "\n");
  messages_.push_back(Confirmation{n.id, 0, work.entries.back().index, text, true});
}

void Interaction::persist(Node& n, const PersistBatch& batch) {
  if (batch.snapshot) {
    n.stable.clear();
    n.stable_first = batch.snapshot->metadata.index.next();
  }
  if (batch.append.empty()) return;
  n.stable.resize(batch.append.front().index.value - n.stable_first.value);
  n.stable.insert(n.stable.end(), batch.append.begin(), batch.append.end());
}

void Interaction::apply(Node& n, const Entries& entries) {
  for (const Entry& entry : entries) {
    Snapshot next = n.history.back();
    std::string data(next.data.view());
    if (entry.type == EntryType::kNormal) {
      data += entry.data.view();
    } else {
      ConfChangeV2 change = entry.type == EntryType::kConfChange ? as_v2(*decode_conf_change(entry.data)) : *decode_conf_change_v2(entry.data);
      feed(n, ApplyConfChange{change});
      next.metadata.conf_state = Inspector::take_conf_state(n.raft);
    }
    next.data = base::SharedBytes(std::move(data));
    next.metadata.index = entry.index;
    next.metadata.term = entry.term;
    n.history.push_back(std::move(next));
  }
}

void Interaction::receive(Node& n, const InFlight& in_flight) {
  if (const Message* message = std::get_if<Message>(&in_flight)) {
    if (!is_response(message->body) || Inspector::is_member(n.raft, message->from)) return feed(n, Receive{*message});
    // etcd's interface refuses it before its core; ours drops it with a note of its own.
    n.raft.feed(Receive{*message});
    if (Inspector::take_notes(n.raft).size() == 1) print("raft: cannot step as peer not found\n");
    return;
  }
  const Confirmation& confirmation = std::get<Confirmation>(in_flight);
  if (confirmation.persisted > 0) feed(n, Persisted{confirmation.persisted});
  if (confirmation.applied > LogIndex(0)) {
    feed(n, Applied{confirmation.applied});
    feed(n, SnapshotTaken{n.history.at(n.history.size() - 1)});
  }
}

int Interaction::deliver(MemberId to, bool drop, const std::string& type) {
  std::vector<InFlight> chosen;
  std::vector<InFlight> rest;
  for (InFlight& in_flight : messages_) {
    const Message* message = std::get_if<Message>(&in_flight);
    bool mine = (message ? message->to : std::get<Confirmation>(in_flight).to) == to && (message || !drop);
    bool typed = type.empty() || (message && message_name(message->body) == type);
    (mine && typed ? chosen : rest).push_back(std::move(in_flight));
  }
  messages_ = std::move(rest);
  for (const InFlight& in_flight : chosen) {
    const Message* message = std::get_if<Message>(&in_flight);
    print((drop ? "dropped: " : "") + (message ? text_of(*message) : std::get<Confirmation>(in_flight).text) + "\n");
    if (!drop) receive(node(to.value), in_flight);
  }
  return static_cast<int>(chosen.size());
}

void Interaction::deliver_command(const ScriptCommand& command) {
  std::vector<std::string> types = command.values("type");
  std::string type = types.empty() ? "" : types.front();
  int count = 0;
  for (std::uint64_t id : command.numbers()) count += deliver(MemberId(id), false, type);
  for (const std::string& id : command.values("drop")) count += deliver(MemberId(std::stoull(id)), true, type);
  if (count == 0) print("no messages\n");
}

void Interaction::stabilize(const ScriptCommand& command) {
  std::vector<MemberId> ids;
  for (std::uint64_t id : command.numbers()) ids.emplace_back(id);
  if (ids.empty()) {
    for (const Node& n : nodes_) ids.push_back(n.id);
  }
  int level = level_;
  for (const std::string& name : command.values("log-level")) set_log_level(name);
  while (stabilize_once(ids)) {
  }
  level_ = level;
}

bool Interaction::stabilize_once(const std::vector<MemberId>& ids) {
  bool busy = false;
  auto section = [&](Node& n, const char* heading, auto run) {
    busy = true;
    print("> " + std::to_string(n.id.value) + " " + heading + "\n");
    indented(run);
  };
  for (MemberId id : ids) {
    Node& n = node(id.value);
    if (n.raft.has_output()) section(n, "handling Ready", [&] { process_ready(n); });
  }
  for (MemberId id : ids) {
    Node& n = node(id.value);
    bool waiting = std::ranges::any_of(messages_, [&](const InFlight& m) {
      const Message* message = std::get_if<Message>(&m);
      return (message ? message->to : std::get<Confirmation>(m).to) == id;
    });
    if (waiting) section(n, "receiving messages", [&] { deliver(id, false, ""); });
  }
  for (MemberId id : ids) {
    Node& n = node(id.value);
    if (n.append_work.empty()) continue;
    section(n, "processing append thread", [&] {
      while (!n.append_work.empty()) process_append(n);
    });
  }
  for (MemberId id : ids) {
    Node& n = node(id.value);
    if (n.apply_work.empty()) continue;
    section(n, "processing apply thread", [&] {
      while (!n.apply_work.empty()) process_apply(n);
    });
  }
  return busy;
}

void Interaction::propose_conf_change(const ScriptCommand& command) {
  std::vector<ConfChangeSingle> changes = parse_conf_changes(command.input);
  Node& n = first(command);
  if (command.is_true("v1")) {
    ConfChange change;
    change.type = changes.at(0).type;
    change.node_id = changes.at(0).node_id;
    return feed(n, ProposeConfChange{change});
  }
  ConfChangeV2 change;
  change.changes = changes;
  for (const std::string& transition : command.values("transition")) {
    if (transition == "implicit") change.transition = ConfChangeTransition::kJointImplicit;
    if (transition == "explicit") change.transition = ConfChangeTransition::kJointExplicit;
  }
  feed(n, ProposeConfChange{change});
}

void Interaction::send_snapshot(const ScriptCommand& command) {
  Node& from = first(command);
  Message message{from.id, MemberId(command.numbers().at(1)), from.raft.term(), InstallSnapshot{from.history.back()}};
  print(text_of(message));
  messages_.push_back(std::move(message));
}

void Interaction::raft_log(const Node& n) {
  if (n.stable.empty()) {
    return print("log is empty: first index=" + std::to_string(n.stable_first.value) + ", last index=" + std::to_string(n.stable_first.value - 1));
  }
  for (const Entry& entry : n.stable) print(describe_entry(entry) + "\n");
}

}  // namespace etcd::raft::testing
