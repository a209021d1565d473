// Peers: the other members, as the node's Transport; and what they send to this one.
//
// Owner: the server. The node's threads call the Transport's side; everything else happens on one loop. Built before the node, which it is given in
// start(); nothing is sent or received before that, and nothing after stop().
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "node/transport.h"
#include "peer/remote.h"
#include "peer/snapshot_intake.h"
#include "rpc/http.h"

namespace etcd::peer {

class Peers : public node::Transport {
 public:
  using Job = base::UniqueFunction<void()>;
  struct Options {
    std::vector<std::string> peer_urls;              // this member's
    std::int64_t dial_ns = 2 * rpc::kSecond;         // 1 s + one election timeout
    std::function<void(Job)> look_up_apart;          // runs a job that waits for the network's name service
    std::function<void(Job)> read_files_apart;       // runs a job that reads or writes files, after those before it
    base::Metrics* metrics = nullptr;                // must outlive it; null: nobody counts
    std::function<void(const char* why)> stop;       // this member was removed: to be called once, on the loop's thread
  };

  Peers(rpc::Loop& loop, Options options, base::Logger& logger);
  ~Peers() override;

  // What is wanted of the node; any thread.
  struct NodeSide {
    std::function<void(raft::Message)> receive;  // as LocalNode's functions of these names
    std::function<void(MemberId)> unreachable;
    std::function<void(MemberId, bool sent)> snapshot_sent;
    BeginReceiving begin_receiving;
  };

  // While the loop does not run yet.
  void start(NodeSide node, ClusterId cluster, MemberId member);
  // On the loop's thread: breaks everything off.
  void stop();

  // node::Transport.
  void send(std::vector<raft::Message> messages) override;
  void send_snapshot(node::OutgoingSnapshot snapshot) override;
  void members_changed(std::shared_ptr<const cluster::View> members) override;

  // Serves /raft and what is below it. On the loop's thread.
  void serve(rpc::HttpRequest request, rpc::HttpResponder responder);
  // Whether the body of a request is taken as it comes (rpc::Options::streams_body).
  static bool streams_body(std::string_view method, std::string_view target);

  // Since when the member has been reachable, monotonic; 0: it is not. This member counts as reachable. Any thread.
  std::int64_t active_since_ns(MemberId id) const;
  // For other requests to members. On the loop's thread.
  Network& network() { return network_; }
  const Identity& identity() const { return shared_.identity; }

 private:
  void take_over(std::shared_ptr<const cluster::View> members);
  void note_activity();
  void deliver(raft::Message message);
  bool is_removed(MemberId id) const;
  Remote* find(MemberId id);
  void add_from_request(const rpc::HttpRequest& request);
  void serve_pipeline(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  void serve_stream(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  void serve_snapshot(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  void serve_probe(rpc::HttpResponder responder);
  std::optional<rpc::HttpResponse> refuse(const rpc::HttpRequest& request) const;
  std::optional<rpc::HttpResponse> refuse_message(MemberId from, MemberId to) const;

  rpc::Loop& loop_;
  Options options_;
  base::Logger& logger_;
  Network network_;
  Shared shared_;
  NodeSide node_;
  bool stopped_ = false;
  bool told_removed_ = false;
  std::shared_ptr<const cluster::View> members_;
  std::map<MemberId, std::unique_ptr<Remote>> remotes_;
  std::set<std::shared_ptr<SnapshotIntake>> intakes_;
  rpc::Timer activity_timer_;
  rpc::Timer removed_timer_;

  mutable std::mutex activity_mutex_;
  std::map<MemberId, std::int64_t> active_since_;  // under activity_mutex_
};

}  // namespace etcd::peer
