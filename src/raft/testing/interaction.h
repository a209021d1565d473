// A few members driven by script commands, as etcd-io/raft's rafttest has them, so that its scripts can run against this core.
//
// Each member has its own disk and an appending state machine; messages lie in one queue until a command delivers them. In the synchronous mode
// process-ready persists, applies and confirms an Output at once. With async-storage-writes each is a queue of its own
// (process-append-thread, process-apply-thread), and the confirmations travel as messages, shown as etcd shows them.
// Ours beyond etcd's commands: read-index <member> <context>, tick <member> <count>, and limits in add-nodes.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "raft/raft.h"
#include "raft/testing/script.h"

namespace etcd::raft::testing {

class Interaction {
 public:
  // Runs one command; its output, "ok" if there is none.
  std::string handle(const ScriptCommand& command);

 private:
  // Something in the queue: a message, or the confirmation that a disk or apply queue gives its own member.
  struct Confirmation {
    MemberId to;
    std::uint64_t persisted = 0;
    LogIndex applied;
    std::string text;
    bool from_thread = true;  // not the member's answer to itself
  };
  using InFlight = std::variant<Message, Confirmation>;

  struct AppendWork {
    PersistBatch batch;
    std::string text;
    std::vector<InFlight> responses;
  };
  struct ApplyWork {
    Entries entries;
    std::string text;
  };
  struct Node {
    MemberId id;
    Config config;
    bool async = false;
    Raft raft;
    HardState state;                // as last handed out
    LogIndex stable_first;          // of `stable`
    std::vector<Entry> stable = {};  // the log on disk
    std::vector<Snapshot> history = {};
    std::deque<AppendWork> append_work = {};
    std::deque<ApplyWork> apply_work = {};
  };

  void add_nodes(const ScriptCommand& command);
  void add_node(const Config& config, const Snapshot& snapshot, bool async);
  void process_ready(Node& node);
  void process_append(Node& node);
  void process_apply(Node& node);
  void persist(Node& node, const PersistBatch& batch);
  void apply(Node& node, const Entries& entries);
  void feed(Node& node, Input input);
  std::string describe_ready(Node& node, const Output& out, const std::vector<InFlight>& messages, bool must_sync);
  std::vector<InFlight> responses_of(Node& node, const PersistBatch& batch);
  std::string describe_append(const Node& node, const PersistBatch& batch, const std::vector<InFlight>& responses);
  std::string describe_apply(const Node& node, const Entries& entries, bool with_response);

  int deliver(MemberId to, bool drop, const std::string& type);
  void deliver_command(const ScriptCommand& command);
  void receive(Node& node, const InFlight& message);
  void stabilize(const ScriptCommand& command);
  bool stabilize_once(const std::vector<MemberId>& ids);
  void each(const ScriptCommand& command, const char* heading, void (Interaction::*run)(Node&));
  void propose_conf_change(const ScriptCommand& command);
  void send_snapshot(const ScriptCommand& command);
  void raft_log(const Node& node);
  void set_log_level(const std::string& name);

  Node& node(std::uint64_t id) { return nodes_.at(id - 1); }
  Node& first(const ScriptCommand& command) { return node(command.numbers().at(0)); }
  void print(const std::string& text);
  template <typename Body>
  void indented(Body body);

  std::deque<Node> nodes_;
  std::vector<InFlight> messages_;
  std::string output_;
  int level_ = 0;
};

}  // namespace etcd::raft::testing
