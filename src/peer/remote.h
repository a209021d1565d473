// Remote: another member, as this one talks to it: two streams in, two streams out, a pipeline for when there is none, probes, snapshots.
//
// Both ends dial both streams; what the other one dialled is what this one writes to. Owner: Peers, on the loop's thread. Nothing here blocks, and what
// waits for one remote is bounded: beyond that messages are dropped, and raft is told.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "node/transport.h"
#include "peer/identity.h"
#include "peer/network.h"
#include "peer/peer_metrics.h"
#include "raft/message.h"
#include "rpc/http.h"

namespace etcd::peer {

enum class StreamKind : std::uint8_t { kAppend, kMessage };
// etcd's name of a stream, in logs; and the folder of its path.
std::string_view name_of(StreamKind kind);
std::string path_of(StreamKind kind);

// What this room reports and asks for. Called on the loop's thread.
struct Outlets {
  std::function<void(raft::Message)> deliver;             // to raft
  std::function<void(MemberId)> unreachable;              // what was sent to it last has probably not arrived
  std::function<void(MemberId, bool sent)> snapshot_sent;
  std::function<void(const char* why)> stop;              // this member is no longer part of the cluster
  std::function<void(base::UniqueFunction<void()>)> read_files_apart;  // runs a job that reads or writes files on another thread, in order
};

// What all remotes share. Outlives them.
struct Shared {
  Network& network;
  Identity identity;
  Outlets outlets;
  base::Logger& logger;
  PeerMetrics metrics;
};

// Which of a remote's URLs to use: the next one after a failure.
class UrlPicker {
 public:
  explicit UrlPicker(std::vector<std::string> urls) : urls_(std::move(urls)) {}

  Result<base::Url> pick() const;
  void failed() { picked_ = urls_.empty() ? 0 : (picked_ + 1) % urls_.size(); }
  const std::vector<std::string>& urls() const { return urls_; }

 private:
  std::vector<std::string> urls_;
  std::size_t picked_ = 0;
};

// Whether the remote answers; says in the log when that changes.
class Activity {
 public:
  Activity(Shared& shared, MemberId id) : shared_(shared), id_(id) {}

  void active();
  void inactive(std::string_view doing, std::string_view on, const Error& why);
  // Monotonic; 0: it is not.
  std::int64_t active_since_ns() const { return since_ns_; }

 private:
  Shared& shared_;
  MemberId id_;
  std::int64_t since_ns_ = 0;
};

class StreamReader;
class StreamWriter;
class Pipeline;
class SnapshotSending;

class Remote {
 public:
  // `with_streams`: it is a member; without, it is only known from what it sends, and is answered.
  Remote(Shared& shared, MemberId id, std::vector<std::string> urls, bool with_streams);
  ~Remote();
  Remote(const Remote&) = delete;
  Remote& operator=(const Remote&) = delete;

  MemberId id() const { return id_; }
  const std::vector<std::string>& urls() const { return picker_.urls(); }
  bool has_streams() const { return readers_[0] != nullptr; }
  std::int64_t active_since_ns() const { return activity_.active_since_ns(); }

  // Queues it for one of the streams, or the pipeline; flush() when all of a batch is queued.
  void send(raft::Message message);
  void flush();
  void send_snapshot(node::OutgoingSnapshot snapshot);
  // A stream that the remote has dialled; takes the place of the one before. Returns its number, for what the connection reports later.
  std::uint64_t attach(StreamKind kind, rpc::HttpBody body);
  void writable(StreamKind kind);
  void lost(StreamKind kind, std::uint64_t number);

 private:
  friend class StreamReader;
  friend class StreamWriter;
  friend class Pipeline;
  friend class SnapshotSending;

  void probe();
  void probed(const Status& outcome, std::int64_t begun_ns);
  void snapshot_ended(SnapshotSending* sending, bool sent);
  StreamWriter& writer(StreamKind kind) { return *writers_[static_cast<std::size_t>(kind)]; }

  Shared& shared_;
  MemberId id_;
  UrlPicker picker_;
  Activity activity_;
  std::unique_ptr<StreamReader> readers_[2];
  std::unique_ptr<StreamWriter> writers_[2];
  std::unique_ptr<Pipeline> pipeline_;
  std::list<std::unique_ptr<SnapshotSending>> snapshots_;
  rpc::Timer probe_timer_;
  std::unique_ptr<Call> probe_;
};

}  // namespace etcd::peer
