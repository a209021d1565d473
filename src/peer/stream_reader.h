// StreamReader: one of the streams that a remote writes and this member reads. Dials, again and again, for as long as it lives.
#pragma once

#include <memory>
#include <variant>

#include "peer/append_stream.h"
#include "peer/message_stream.h"
#include "peer/remote.h"

namespace etcd::peer {

class StreamReader {
 public:
  StreamReader(Shared& shared, Remote& remote, StreamKind kind);

 private:
  void dial();
  void on_head(int status, const rpc::Metadata& fields);
  void on_body(std::string bytes);
  void on_end(const Status& outcome);
  Error refused() const;

  Shared& shared_;
  Remote& remote_;
  StreamKind kind_;
  rpc::Timer again_;
  std::unique_ptr<Call> call_;
  std::variant<AppendDecoder, MessageDecoder> decoder_;
  int status_ = 0;
  std::string remote_cluster_;
  std::string refusal_;  // the text of an answer other than 200
  std::vector<raft::Message> decoded_;
};

}  // namespace etcd::peer
