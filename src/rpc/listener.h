// Listener: a bound socket that listens, and what its address looks like. Sockets only; who accepts is another matter.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "rpc/call.h"
#include "rpc/channel.h"

namespace etcd::rpc {

struct ListenOptions {
  bool reuse_port = false;
};

class Listener {
 public:
  // See Server::listen for addresses and errors. Takes the address; connections to it are refused until listen().
  static Result<Listener> bind(const std::string& address, const ListenOptions& options);
  // From here on the system queues connections. Errors as bind().
  Status listen();
  Listener(Listener&&) = default;
  Listener& operator=(Listener&&) = delete;
  // Removes the file of a unix socket.
  ~Listener();

  struct Accepted {
    Descriptor socket;
    std::shared_ptr<const Peer> peer;
  };
  // Nothing if there is no connection to take, or (then `out_of_descriptors` is set) none can be had.
  Accepted accept(bool& out_of_descriptors);

  int fd() const { return socket_.get(); }
  // The address bound, in the form of Server::listen.
  const std::string& address() const { return address_; }

 private:
  Listener(Descriptor socket, std::string asked, std::string unix_path);

  Descriptor socket_;
  std::string asked_;  // as given to bind()
  std::string address_;
  std::string unix_path_;  // empty: TCP
};

}  // namespace etcd::rpc
