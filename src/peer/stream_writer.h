// StreamWriter: one of the streams that this member writes and a remote, which dialled it, reads. Messages wait as messages until the connection takes
// them, so that a remote that is slow or gone costs a bounded number of them, and nobody else anything.
#pragma once

#include <deque>
#include <optional>
#include <variant>

#include "peer/append_stream.h"
#include "peer/remote.h"

namespace etcd::peer {

class StreamWriter {
 public:
  StreamWriter(Shared& shared, Remote& remote, StreamKind kind);

  bool is_attached() const { return body_.has_value(); }
  std::uint64_t attach(rpc::HttpBody body);
  void lost(std::uint64_t number);
  // Queues a message; false if it was dropped because too much waits.
  bool queue(raft::Message message);
  // Writes as much as the connection takes.
  void flush();
  // The connection takes more again.
  void writable();

 private:
  void heartbeat();
  void encode(const raft::Message& message, base::Rope& out);
  void drop_waiting();

  Shared& shared_;
  Remote& remote_;
  StreamKind kind_;
  std::optional<rpc::HttpBody> body_;
  std::uint64_t number_ = 0;  // of the connection
  bool blocked_ = false;      // it has enough for now
  AppendEncoder append_encoder_;
  std::deque<raft::Message> waiting_;
  std::size_t waiting_bytes_ = 0;
  rpc::Timer heartbeat_;
};

}  // namespace etcd::peer
