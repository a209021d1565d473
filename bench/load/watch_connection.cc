#include "bench/load/watch_connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/wire.h"
#include "bench/load/frames.h"

namespace etcd::bench {

namespace {

constexpr std::size_t kWindowRefresh = 1u << 24;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kStampDigits = 16;
constexpr std::size_t kPrefix = 5;

Error errno_error(const char* call) { return {Errc::kIo, std::string(call) + ": " + std::strerror(errno)}; }

void put_window_update(std::string& out, std::uint32_t stream, std::size_t bytes) {
  put_frame_header(out, 4, kWindowUpdate, 0, stream);
  put32(out, static_cast<std::uint32_t>(bytes));
}

std::string create_request(std::string_view key, std::int64_t start_revision) {
  std::string create;
  base::WireWriter writer(create);
  writer.bytes(1, key);
  writer.int64_if(3, start_revision);
  std::string request;
  base::WireWriter(request).bytes(1, create);
  return request;
}

// The value of the KeyValue in an Event.
std::string_view value_in(std::string_view event) {
  base::WireReader fields(event);
  while (const auto field = fields.next()) {
    if (field->number != 2) continue;
    base::WireReader kv(field->bytes);
    while (const auto part = kv.next()) {
      if (part->number == 5) return part->bytes;
    }
  }
  return {};
}

}  // namespace

std::string stamped_value(std::int64_t now_ns, std::size_t size) {
  char text[kStampDigits + 1];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(now_ns));
  std::string value(text, kStampDigits);
  value.resize(size, 'v');
  return value;
}

Result<WatchConnection> WatchConnection::open(const std::string& host, int port, WatchCounts& counts) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail(errno_error("socket"));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
      ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    Error error = errno_error("connect");
    ::close(fd);
    return fail(std::move(error));
  }
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return WatchConnection(fd, host + ":" + std::to_string(port), counts);
}

WatchConnection::WatchConnection(int fd, std::string authority, WatchCounts& counts)
    : fd_(fd), counts_(counts), header_block_(call_headers("/etcdserverpb.Watch/Watch", authority)), out_(client_preface()) {}

WatchConnection::WatchConnection(WatchConnection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      counts_(other.counts_),
      header_block_(std::move(other.header_block_)),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      held_(std::move(other.held_)),
      unacknowledged_(other.unacknowledged_),
      stream_unacknowledged_(std::move(other.stream_unacknowledged_)) {}

WatchConnection::~WatchConnection() {
  if (fd_ >= 0) ::close(fd_);
}

void WatchConnection::watch(const std::vector<std::string>& keys, std::int64_t start_revision) {
  const auto stream = static_cast<std::uint32_t>(2 * held_.size() + 1);
  held_.emplace_back();
  stream_unacknowledged_.push_back(0);
  put_frame_header(out_, header_block_.size(), kHeaders, kEndHeaders, stream);
  out_.append(header_block_);
  for (const std::string& key : keys) {
    const std::string request = create_request(key, start_revision);
    put_frame_header(out_, kPrefix + request.size(), kData, 0, stream);
    out_.push_back('\0');
    put32(out_, static_cast<std::uint32_t>(request.size()));
    out_.append(request);
  }
}

Status WatchConnection::flush() {
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

Status WatchConnection::receive(std::int64_t now_ns) {
  const std::size_t before = in_.size();
  in_.resize(before + kReadBytes);
  const ssize_t n = ::recv(fd_, in_.data() + before, kReadBytes, MSG_DONTWAIT);
  in_.resize(before + static_cast<std::size_t>(n > 0 ? n : 0));
  if (n == 0) return fail(Errc::kIo, "connection closed by the server");
  if (n < 0) return errno == EAGAIN || errno == EINTR ? Status() : Status(fail(errno_error("recv")));
  std::string_view rest = in_;
  while (rest.size() >= kFrameHeader) {
    const std::size_t length = get32(rest) >> 8;
    if (rest.size() < kFrameHeader + length) break;
    TRY(on_frame(static_cast<std::uint8_t>(rest[3]), static_cast<std::uint8_t>(rest[4]), get32(rest.substr(5)) & kWindow,
                 rest.substr(kFrameHeader, length), now_ns));
    rest.remove_prefix(kFrameHeader + length);
  }
  in_.erase(0, in_.size() - rest.size());
  return {};
}

Status WatchConnection::on_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload, std::int64_t now_ns) {
  if (type == kGoAway) return fail(Errc::kIo, "the server sent GOAWAY");
  if (type == kSettings && (flags & kAck) == 0) put_frame_header(out_, 0, kSettings, kAck, 0);
  if (type == kPing && (flags & kAck) == 0) {
    put_frame_header(out_, payload.size(), kPing, kAck, 0);
    out_.append(payload);
  }
  if (type == kReset || ((type == kData || type == kHeaders) && (flags & kEndStream) != 0)) return fail(Errc::kIo, "the server ended a stream");
  if (type != kData || stream / 2 >= held_.size()) return {};
  on_data(held_[stream / 2], payload, now_ns);
  unacknowledged_ += payload.size();
  if (unacknowledged_ >= kWindowRefresh) put_window_update(out_, 0, std::exchange(unacknowledged_, 0));
  std::size_t& of_stream = stream_unacknowledged_[stream / 2];
  of_stream += payload.size();
  if (of_stream >= kWindowRefresh) put_window_update(out_, stream, std::exchange(of_stream, 0));
  return {};
}

void WatchConnection::on_data(std::string& held, std::string_view payload, std::int64_t now_ns) {
  counts_.bytes += static_cast<std::int64_t>(payload.size());
  std::string_view rest = payload;
  if (!held.empty()) rest = held.append(payload);
  while (rest.size() >= kPrefix) {
    const std::size_t length = get32(rest.substr(1));
    if (rest.size() < kPrefix + length) break;
    on_message(rest.substr(kPrefix, length), now_ns);
    rest.remove_prefix(kPrefix + length);
  }
  held = std::string(rest);
}

void WatchConnection::on_message(std::string_view message, std::int64_t now_ns) {
  base::WireReader fields(message);
  while (const auto field = fields.next()) {
    if (field->number == 3) ++counts_.created;
    if (field->number == 4) ++counts_.canceled;
    if (field->number != 11) continue;
    ++counts_.events;
    const std::string_view value = value_in(field->bytes);
    std::uint64_t written_ns = 0;
    if (value.size() < kStampDigits) continue;
    std::from_chars(value.data(), value.data() + kStampDigits, written_ns, 16);
    counts_.latencies.add(now_ns - static_cast<std::int64_t>(written_ns));
  }
}

}  // namespace etcd::bench
