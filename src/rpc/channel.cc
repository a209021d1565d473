#include "rpc/channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace etcd::rpc {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Descriptor::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

namespace {

class SocketChannel final : public Channel {
 public:
  explicit SocketChannel(Descriptor socket) : socket_(std::move(socket)) {}

  int fd() const override { return socket_.get(); }

  Transfer read(std::span<char> out) override { return outcome_of(recv(fd(), out.data(), out.size(), 0)); }

  Transfer write(std::span<const iovec> pieces) override {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());
    message.msg_iovlen = pieces.size();
    return outcome_of(sendmsg(fd(), &message, MSG_NOSIGNAL));
  }

  void end_output() override { shutdown(fd(), SHUT_WR); }

 private:
  static Transfer outcome_of(ssize_t count) {
    if (count > 0) return {Outcome::kDone, static_cast<std::size_t>(count)};
    const bool later = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    return {later ? Outcome::kWouldBlock : Outcome::kEnded};
  }

  Descriptor socket_;
};

}  // namespace

std::unique_ptr<Channel> socket_channel(Descriptor socket) {
  return std::make_unique<SocketChannel>(std::move(socket));
}

}  // namespace etcd::rpc
