// SnapshotIntake: one database snapshot that a remote sends here. The body goes to a file piece by piece, on another thread, which also says when the
// next may come; raft hears of the snapshot once the file is whole, checked and durable.
//
// Owner: itself, through the events of its request. On the loop's thread, apart from the jobs that write.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "node/snapshot_receiver.h"
#include "peer/identity.h"
#include "peer/remote.h"
#include "peer/snapshot_body.h"
#include "rpc/http.h"

namespace etcd::peer {

// LocalNode::begin_receiving.
using BeginReceiving = std::function<Result<std::unique_ptr<node::SnapshotReceiver>>(const raft::SnapshotMetadata&)>;

class SnapshotIntake : public std::enable_shared_from_this<SnapshotIntake> {
 public:
  struct Parts {
    BeginReceiving begin_receiving;                                                        // on the thread for files
    std::function<void(raft::Message)> receive;                                            // a snapshot whose db is there
    std::function<std::optional<rpc::HttpResponse>(MemberId from, MemberId to)> check;     // why a message is refused
  };

  // `fields` go with the answer.
  SnapshotIntake(Shared& shared, Parts parts, rpc::HttpFields fields)
      : shared_(shared), parts_(std::move(parts)), fields_(std::move(fields)) {}

  // Takes over the request; `over` is called at the end.
  void begin(rpc::HttpResponder responder, std::function<void()> over);

 private:
  void on_bytes(base::SharedBytes bytes);
  bool begin_file();
  void write(base::SharedBytes bytes);
  void finish();
  void finished(const Status& outcome);
  void refuse(int status, const std::string& text);
  void end(rpc::HttpResponse response);

  Shared& shared_;
  Parts parts_;
  rpc::HttpFields fields_;
  std::optional<rpc::HttpResponder> responder_;
  std::function<void()> over_;
  SnapshotBodyDecoder body_;
  bool announced_ = false;
  std::uint64_t bytes_ = 0;
  std::int64_t begun_ns_ = 0;  // once it is taken
  base::Logger::Fields log_fields_;
  std::unique_ptr<node::SnapshotReceiver> file_;  // of the writing thread
  Status written_;                                // likewise
};

}  // namespace etcd::peer
