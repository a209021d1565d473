// SocketClient: a blocking client of a listening server, for tests over the loopback; and HTTP/2 over it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "rpc/channel.h"
#include "rpc/testing/h2_client.h"

namespace etcd::rpc::testing {

class SocketClient {
 public:
  // An address as Server::listen returns it. Without a server there, is_open() is false.
  explicit SocketClient(const std::string& address);

  bool is_open() const { return socket_.is_open(); }
  void send(std::string_view bytes);
  // The next bytes; "" when the server has closed the connection (then has_ended() is true) or, after 10 seconds, has
  // sent nothing.
  std::string receive();
  // Everything up to the end of the connection.
  std::string receive_all();
  bool has_ended() const { return ended_; }
  // Shuts this side only.
  void end_output();
  void close() { socket_.reset(); }

 private:
  Descriptor socket_;
  bool ended_ = false;
};

class H2SocketClient {
 public:
  explicit H2SocketClient(const std::string& address, H2Client::Settings settings = {})
      : socket(address), h2(settings) {}

  void flush() { socket.send(h2.take_output()); }
  // Sends and receives until `done`, or until the connection ends or falls silent. Returns whether it was done.
  bool run_until(const std::function<bool()>& done);
  Answer& wait_for(std::int32_t stream);

  SocketClient socket;
  H2Client h2;
};

}  // namespace etcd::rpc::testing
