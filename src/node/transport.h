// The seam to the other members: what the replica, the disk stage and the apply stage give their messages to.
#pragma once

#include <memory>
#include <vector>

#include "bolt/read_tx.h"
#include "cluster/cluster.h"
#include "raft/message.h"

namespace etcd::node {

// A leader's snapshot on its way to a member: the message (an InstallSnapshot), and the db at exactly the message's index that travels beside it.
struct OutgoingSnapshot {
  raft::Message message;
  bolt::ReadTx db;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Sends in order to each member, without blocking; may lose messages. Never an InstallSnapshot. Called from the replica's and the disk's thread.
  virtual void send(std::vector<raft::Message> messages) = 0;
  // Begins to send, without blocking. Each one ends with exactly one LocalNode::snapshot_sent(). Called from the apply thread.
  virtual void send_snapshot(OutgoingSnapshot snapshot) = 0;
  // Whom to talk to from now on: the members as of the applied index, this one among them. Called from the apply thread when they have changed, and
  // once at the start.
  virtual void members_changed(std::shared_ptr<const cluster::View> members) = 0;
};

}  // namespace etcd::node
