// The seam to the other members: what the replica and the disk stage give their messages to.
#pragma once

#include <vector>

#include "raft/message.h"

namespace etcd::node {

class Transport {
 public:
  virtual ~Transport() = default;
  // Sends in order to each member, without blocking; may lose messages. Called from the replica's and the disk's thread.
  virtual void send(std::vector<raft::Message> messages) = 0;
};

}  // namespace etcd::node
