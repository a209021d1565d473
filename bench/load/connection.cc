#include "bench/load/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "bench/load/frames.h"

namespace etcd::bench {

namespace {

constexpr std::size_t kWindowRefresh = 1u << 24;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kMessagePrefix = 5;
constexpr int kEndedEarly = 13;  // a stream that the server ended

Error errno_error(const char* call) { return {Errc::kIo, std::string(call) + ": " + std::strerror(errno)}; }

}  // namespace

Result<Connection> Connection::open(const Options& options, CallSource& source) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(errno_error("socket"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(options.port));
  if (::inet_pton(AF_INET, options.host.c_str(), &address.sin_addr) != 1 ||
      ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Error error = errno_error("connect");
    ::close(fd);
    return fail(std::move(error));
  }
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return Connection(fd, options, source);
}

Connection::Connection(int fd, const Options& options, CallSource& source)
    : fd_(fd),
      source_(source),
      limit_(options.streams),
      bidirectional_(options.bidirectional),
      header_block_(call_headers(options.path, options.host + ":" + std::to_string(options.port))),
      calls_(static_cast<std::size_t>(options.streams)),
      out_(client_preface()) {
  nghttp2_hd_inflate_new(&inflater_);
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      source_(other.source_),
      limit_(other.limit_),
      bidirectional_(other.bidirectional_),
      in_flight_(other.in_flight_),
      exhausted_(other.exhausted_),
      next_stream_(other.next_stream_),
      header_block_(std::move(other.header_block_)),
      calls_(std::move(other.calls_)),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      unacknowledged_(other.unacknowledged_),
      inflater_(std::exchange(other.inflater_, nullptr)) {}

Connection::~Connection() {
  if (inflater_ != nullptr) nghttp2_hd_inflate_del(inflater_);
  if (fd_ >= 0) ::close(fd_);
}

Status Connection::fill(std::int64_t now_ns) {
  while (in_flight_ < limit_ && !exhausted_) start_call(now_ns);
  return flush();
}

void Connection::start_call(std::int64_t now_ns) {
  if (!source_.next(request_)) {
    exhausted_ = true;
    return;
  }
  Call& call = idle();
  if (call.stream == 0) {
    call = Call{};
    call.stream = next_stream_;
    next_stream_ += 2;
    put_frame_header(out_, header_block_.size(), kHeaders, kEndHeaders, call.stream);
    out_.append(header_block_);
  }
  call.busy = true;
  call.started_ns = now_ns;
  call.bytes = 0;
  ++in_flight_;
  std::string message(1, '\0');
  put32(message, static_cast<std::uint32_t>(request_.size()));
  message.append(request_);
  for (std::size_t at = 0; at < message.size();) {
    const std::size_t part = std::min(kMaxFrame, message.size() - at);
    const bool ends = !bidirectional_ && at + part == message.size();
    put_frame_header(out_, part, kData, ends ? kEndStream : 0, call.stream);
    out_.append(message, at, part);
    at += part;
  }
}

Status Connection::flush() {
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

Status Connection::receive(std::int64_t now_ns) {
  const std::size_t held = in_.size();
  in_.resize(held + kReadBytes);
  const ssize_t n = ::recv(fd_, in_.data() + held, kReadBytes, MSG_DONTWAIT);
  in_.resize(held + static_cast<std::size_t>(n > 0 ? n : 0));
  if (n == 0) return fail(Errc::kIo, "connection closed by the server");
  if (n < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return fail(errno_error("recv"));
  }
  std::string_view rest = in_;
  while (rest.size() >= kFrameHeader) {
    const std::size_t length = get32(rest) >> 8;
    if (rest.size() < kFrameHeader + length) break;
    const Frame frame{static_cast<std::uint8_t>(rest[3]), static_cast<std::uint8_t>(rest[4]),
                      get32(rest.substr(5)) & kWindow, rest.substr(kFrameHeader, length)};
    TRY(on_frame(frame, now_ns));
    rest.remove_prefix(kFrameHeader + length);
  }
  in_.erase(0, in_.size() - rest.size());
  return {};
}

Status Connection::on_frame(const Frame& frame, std::int64_t now_ns) {
  switch (frame.type) {
    case kHeaders:
      TRY(on_headers(frame));
      break;
    case kData:
      on_data(frame, now_ns);
      break;
    case kSettings:
      if ((frame.flags & kAck) == 0) put_frame_header(out_, 0, kSettings, kAck, 0);
      return {};
    case kPing:
      if ((frame.flags & kAck) != 0) return {};
      put_frame_header(out_, frame.payload.size(), kPing, kAck, 0);
      out_.append(frame.payload);
      return {};
    case kReset:
      end_stream(frame.stream, now_ns);
      return {};
    case kGoAway:
      return fail(Errc::kIo, "the server sent GOAWAY");
    case kContinuation:
      return fail(Errc::kUnsupported, "response headers of more than one frame");
    default:
      return {};
  }
  if ((frame.flags & kEndStream) != 0) end_stream(frame.stream, now_ns);
  return {};
}

Status Connection::on_headers(const Frame& frame) {
  Call* call = find(frame.stream);
  const auto* at = reinterpret_cast<const std::uint8_t*>(frame.payload.data());
  std::size_t left = frame.payload.size();
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, at, left, 1);
    if (used < 0) return fail(Errc::kCorrupt, "bad HPACK block");
    at += used;
    left -= static_cast<std::size_t>(used);
    if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 && call != nullptr) {
      const std::string_view name(reinterpret_cast<char*>(field.name), field.namelen);
      const std::string_view value(reinterpret_cast<char*>(field.value), field.valuelen);
      if (name == "grpc-status") std::from_chars(value.data(), value.data() + value.size(), call->status);
    }
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  return {};
}

void Connection::on_data(const Frame& frame, std::int64_t now_ns) {
  if (Call* call = find(frame.stream)) {
    call->bytes += frame.payload.size();
    if (bidirectional_ && call->busy) {
      call->prefix.append(frame.payload.substr(0, kMessagePrefix - std::min(kMessagePrefix, call->prefix.size())));
      const bool whole = call->prefix.size() == kMessagePrefix && call->bytes >= kMessagePrefix + get32(std::string_view(call->prefix).substr(1));
      if (whole) end_call(*call, now_ns);
    }
  }
  unacknowledged_ += frame.payload.size();
  if (unacknowledged_ < kWindowRefresh) return;
  put_frame_header(out_, 4, kWindowUpdate, 0, 0);
  put32(out_, static_cast<std::uint32_t>(unacknowledged_));
  unacknowledged_ = 0;
}

// A stream's message that has its answer ended well; a unary call has its status from the trailers.
void Connection::end_call(Call& call, std::int64_t now_ns) {
  source_.ended(now_ns - call.started_ns, bidirectional_ && call.status == -1 ? 0 : call.status, call.bytes);
  call.busy = false;
  call.prefix.clear();
  --in_flight_;
}

void Connection::end_stream(std::uint32_t stream, std::int64_t now_ns) {
  Call* call = find(stream);
  if (call == nullptr) return;
  if (bidirectional_ && call->status <= 0) call->status = kEndedEarly;
  if (call->busy) end_call(*call, now_ns);
  *call = Call{};
}

Connection::Call* Connection::find(std::uint32_t stream) {
  for (Call& call : calls_) {
    if (call.stream == stream) return &call;
  }
  return nullptr;
}

Connection::Call& Connection::idle() {
  return *std::find_if(calls_.begin(), calls_.end(), [](const Call& call) { return !call.busy; });
}

}  // namespace etcd::bench
