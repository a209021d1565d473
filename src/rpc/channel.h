// Channel: the seam between a connection and the bytes' way to the peer: a plain socket, or TLS on one (tls_channel.h).
//
// Owner: one connection. Nothing blocks. A channel that says kWouldBlock is asked again when its descriptor is ready.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace etcd::rpc {

// An open descriptor, closed by its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { reset(); }

  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }
  void reset();

 private:
  int fd_ = -1;
};

class Channel {
 public:
  enum class Outcome : std::uint8_t { kDone, kWouldBlock, kEnded };
  struct Transfer {
    Outcome outcome;
    std::size_t bytes = 0;  // only with kDone, and then at least 1
  };

  virtual ~Channel() = default;
  virtual int fd() const = 0;
  // kEnded: the peer sends no more, or the connection is broken.
  virtual Transfer read(std::span<char> out) = 0;
  // kEnded: the connection is broken.
  virtual Transfer write(std::span<const iovec> pieces) = 0;
  // Tells the peer that no more will come; what it sends can still be read.
  virtual void end_output() = 0;

  // Bytes wait in the channel itself: its descriptor does not show that there is something to read. Ask when a read
  // filled its buffer, or after a while without reading.
  virtual bool has_input() const { return false; }
  // Why it ended, where the channel knows; else "".
  virtual std::string error() const { return {}; }
};

// A non-blocking stream socket.
std::unique_ptr<Channel> socket_channel(Descriptor socket);

}  // namespace etcd::rpc
