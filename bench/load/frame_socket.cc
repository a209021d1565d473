#include "bench/load/frame_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace etcd::bench {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

Error errno_error(const char* call) { return {Errc::kIo, std::string(call) + ": " + std::strerror(errno)}; }

}  // namespace

Result<FrameSocket> FrameSocket::connect(const std::string& host, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(errno_error("socket"));
  FrameSocket socket(fd, host + ":" + std::to_string(port));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
      ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail(errno_error("connect"));
  }
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return socket;
}

FrameSocket::FrameSocket(int fd, std::string authority) : fd_(fd), authority_(std::move(authority)), out_(client_preface()) {}

FrameSocket::FrameSocket(FrameSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      authority_(std::move(other.authority_)),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      unacknowledged_(other.unacknowledged_) {}

FrameSocket::~FrameSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Status FrameSocket::flush() {
  std::size_t written = 0;
  while (written < out_.size()) {
    const ssize_t n = ::send(fd_, out_.data() + written, out_.size() - written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) {
      written += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      break;
    } else if (errno != EINTR) {
      return fail(errno_error("send"));
    }
  }
  out_.erase(0, written);
  return {};
}

void FrameSocket::open_window(std::uint32_t stream, std::size_t bytes) {
  put_frame_header(out_, 4, kWindowUpdate, 0, stream);
  put32(out_, static_cast<std::uint32_t>(bytes));
}

Status FrameSocket::read_some() {
  const std::size_t held = in_.size();
  in_.resize(held + kReadBytes);
  const ssize_t n = ::recv(fd_, in_.data() + held, kReadBytes, MSG_DONTWAIT);
  in_.resize(held + static_cast<std::size_t>(n > 0 ? n : 0));
  if (n == 0) return fail(Errc::kIo, "connection closed by the server");
  if (n < 0 && errno != EAGAIN && errno != EINTR) return fail(errno_error("recv"));
  return {};
}

bool FrameSocket::cut(std::string_view& rest, Frame& frame) {
  if (rest.size() < kFrameHeader) return false;
  const std::size_t length = get32(rest) >> 8;
  if (rest.size() < kFrameHeader + length) return false;
  frame = {static_cast<std::uint8_t>(rest[3]), static_cast<std::uint8_t>(rest[4]), get32(rest.substr(5)) & kWindow,
           rest.substr(kFrameHeader, length)};
  rest.remove_prefix(kFrameHeader + length);
  return true;
}

Status FrameSocket::answer(const Frame& frame) {
  const bool is_ack = (frame.flags & kAck) != 0;
  if (frame.type == kGoAway) return fail(Errc::kIo, "the server sent GOAWAY");
  if (frame.type == kSettings && !is_ack) put_frame_header(out_, 0, kSettings, kAck, 0);
  if (frame.type == kPing && !is_ack) {
    put_frame_header(out_, frame.payload.size(), kPing, kAck, 0);
    out_.append(frame.payload);
  }
  if (frame.type == kData) unacknowledged_ += frame.payload.size();
  if (unacknowledged_ >= kWindowRefresh) open_window(0, std::exchange(unacknowledged_, 0));
  return {};
}

}  // namespace etcd::bench
