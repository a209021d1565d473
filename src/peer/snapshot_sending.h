// SnapshotSending: one database snapshot on its way to a remote. The db is read on another thread, a slice at a time and only as fast as the connection
// takes it.
#pragma once

#include <memory>
#include <string>

#include "bolt/snapshot_reader.h"
#include "peer/remote.h"

namespace etcd::peer {

class SnapshotSending {
 public:
  // Tells Remote::snapshot_ended when it is over.
  SnapshotSending(Shared& shared, Remote& remote, node::OutgoingSnapshot snapshot);
  ~SnapshotSending();

 private:
  void begin();
  void read_next();
  void send_slice(std::string slice);
  void ended(const Status& connection);

  Shared& shared_;
  Remote& remote_;
  base::Logger::Fields fields_;  // of its log lines
  raft::Message message_;
  std::int64_t begun_ns_;
  std::shared_ptr<bolt::SnapshotReader> reader_;
  std::unique_ptr<Call> call_;
  rpc::HttpClientCall* http_ = nullptr;  // call_'s, once it is under way
  bool reading_ = false;
  bool read_all_ = false;
  bool over_ = false;
  int status_ = 0;
  std::string text_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for slices that come back late
};

}  // namespace etcd::peer
