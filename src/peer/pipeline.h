// Pipeline: messages to a remote that has no stream open, each POSTed by itself.
#pragma once

#include <deque>
#include <list>
#include <memory>

#include "peer/remote.h"

namespace etcd::peer {

class Pipeline {
 public:
  Pipeline(Shared& shared, Remote& remote) : shared_(shared), remote_(remote) {}

  // False if it was dropped because too much waits.
  bool send(raft::Message message);

 private:
  struct Post {
    std::unique_ptr<Call> call;
    int status = 0;
    std::string text;
    std::size_t bytes = 0;  // of the message
  };

  void post_next();
  void ended(std::list<Post>::iterator post, const Status& outcome);

  Shared& shared_;
  Remote& remote_;
  std::deque<raft::Message> waiting_;
  std::list<Post> posts_;
};

// What the answer to a POST of a message or a snapshot says: success, kMemberNotFound if this member was removed, else why it was not taken.
Status post_outcome(Shared& shared, MemberId remote, int status, std::string_view text);

}  // namespace etcd::peer
