// FrameSocket: a client's socket that carries HTTP/2 frames. It answers SETTINGS and PING, keeps the connection's window open, and hands on the rest.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "bench/load/frames.h"

namespace etcd::bench {

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string_view payload;

  bool ends_stream() const { return (type == kData || type == kHeaders) && (flags & kEndStream) != 0; }
};

class FrameSocket {
 public:
  // Connects (blocking); preface and settings are the first output.
  static Result<FrameSocket> connect(const std::string& host, int port);
  FrameSocket(FrameSocket&& other) noexcept;
  FrameSocket& operator=(FrameSocket&&) = delete;
  ~FrameSocket();

  int fd() const { return fd_; }
  // "host:port".
  const std::string& authority() const { return authority_; }
  // What is to be sent; append whole frames.
  std::string& out() { return out_; }
  bool wants_write() const { return !out_.empty(); }
  // Sends what the socket takes. Does not block.
  Status flush();
  // Returns bytes of DATA to the window of a stream.
  void open_window(std::uint32_t stream, std::size_t bytes);
  // Reads once, without blocking, and calls Status on_frame(const Frame&) for each whole frame but those that the socket answers itself.
  template <typename OnFrame>
  Status receive(OnFrame on_frame) {
    TRY(read_some());
    std::string_view rest = in_;
    while (true) {
      Frame frame;
      if (!cut(rest, frame)) break;
      TRY(answer(frame));
      TRY(on_frame(static_cast<const Frame&>(frame)));
    }
    in_.erase(0, in_.size() - rest.size());
    return {};
  }

 private:
  FrameSocket(int fd, std::string authority);
  Status read_some();
  static bool cut(std::string_view& rest, Frame& frame);
  Status answer(const Frame& frame);

  int fd_;
  std::string authority_;
  std::string in_;
  std::string out_;
  std::size_t unacknowledged_ = 0;  // received bytes not yet returned to the connection's window
};

}  // namespace etcd::bench
