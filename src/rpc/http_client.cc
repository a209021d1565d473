#include "rpc/http_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/url.h"
#include "rpc/tls_channel.h"

namespace etcd::rpc {

namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsAtOnce = 4;
constexpr std::size_t kPiecesAtOnce = 64;
constexpr std::size_t kHighWaterBytes = 1024 * 1024;
constexpr std::size_t kLowWaterBytes = 256 * 1024;

std::string error_text(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

void set_option(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

std::string chunk_head(std::size_t size) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

}  // namespace

HttpClientCall::HttpClientCall(Loop& loop, const SocketAddress& server, ClientRequest request, const ClientLimits& limits, ClientEvents events)
    : loop_(loop),
      limits_(limits),
      events_(std::move(events)),
      timer_([this] { check_time(); }),
      streams_body_(request.streams_body),
      begun_ns_(loop.now_ns()),
      heard_ns_(begun_ns_),
      parser_(kMaxHeadBytes) {
  connect(server, request);
  queue_head(std::move(request));
}

HttpClientCall::~HttpClientCall() {
  *alive_ = false;
  if (channel_) loop_.unwatch(channel_->fd());
}

void HttpClientCall::connect(const SocketAddress& server, const ClientRequest& request) {
  Descriptor socket(::socket(server.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return fail_soon({Errc::kIo, "socket: " + error_text(errno)});
  if (request.from && request.from->family() == server.family() &&
      bind(socket.get(), request.from->get(), request.from->length) != 0) {
    return fail_soon({Errc::kIo, "bind: " + error_text(errno)});
  }
  if (server.family() != AF_UNIX) {
    set_option(socket.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(socket.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  }
  if (::connect(socket.get(), server.get(), server.length) != 0 && errno != EINPROGRESS) {
    return fail_soon({Errc::kIo, "connect: " + error_text(errno)});
  }
  if (request.tls == nullptr) {
    channel_ = socket_channel(std::move(socket));
  } else {
    const auto place = base::split_host_port(request.host);
    auto session = request.tls->connect(socket.get(), place ? place->host : request.host);
    session_ = session.get();
    channel_ = tls_channel(std::move(socket), std::move(session));
  }
  interest_ = EPOLLOUT;
  loop_.watch(channel_->fd(), interest_, [this](std::uint32_t ready) { on_ready(ready); });
  loop_.timers().start(timer_, begun_ns_ + limits_.connect_ns);
}

void HttpClientCall::queue_head(ClientRequest request) {
  std::string head = request.method + " " + request.target + " HTTP/1.1\r\nHost: " + request.host + "\r\n";
  for (const auto& [name, value] : request.fields) head.append(name).append(": ").append(value).append("\r\n");
  head.append("Connection: close\r\n");
  if (streams_body_) {
    head.append("Transfer-Encoding: chunked\r\n");
  } else if (request.method != "GET" || !request.body.empty()) {
    head.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  }
  queue_.push({}, base::Rope(head.append("\r\n")));
  if (streams_body_ && !request.body.empty()) {
    write(std::move(request.body));
  } else if (!request.body.empty()) {
    queue_.push({}, std::move(request.body));
  }
}

bool HttpClientCall::write(base::Rope bytes) {
  if (bytes.empty()) return true;
  base::Rope chunk(chunk_head(bytes.size()));
  chunk.append(std::move(bytes));
  chunk.append(std::string_view("\r\n"));
  queue_.push({}, std::move(chunk));
  if (connected_) write_out();
  wants_writable_ = queue_.size() > kHighWaterBytes;
  return !wants_writable_;
}

void HttpClientCall::end_body() {
  queue_.push({}, base::Rope(std::string("0\r\n\r\n")));
  if (connected_) write_out();
}

void HttpClientCall::on_ready(std::uint32_t events) {
  if (!connected_) {
    if (!finish_connecting()) return;
    events |= EPOLLOUT;
  }
  const auto alive = alive_;
  if ((events & EPOLLOUT) != 0) {
    write_out();
    if (wants_writable_ && queue_.size() <= kLowWaterBytes && !failing_) {
      wants_writable_ = false;
      if (events_.on_writable) events_.on_writable();
    }
  }
  if (*alive && channel_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_in();
}

bool HttpClientCall::finish_connecting() {
  int error = 0;
  socklen_t length = sizeof error;
  getsockopt(channel_->fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) {
    end(fail(Errc::kIo, "connect: " + error_text(error)));
    return false;
  }
  if (reached_ns_ == 0) reached_ns_ = loop_.now_ns();
  if (session_ != nullptr && !finish_handshake()) return false;
  connected_ = true;
  heard_ns_ = loop_.now_ns();
  const auto alive = alive_;
  check_time();
  return *alive && channel_ != nullptr;
}

bool HttpClientCall::finish_handshake() {
  switch (session_->handshake()) {
    case tls::Session::Outcome::kDone: session_ = nullptr; return true;
    case tls::Session::Outcome::kWantsInput: watch(EPOLLIN); break;
    case tls::Session::Outcome::kWantsOutput: watch(EPOLLOUT); break;
    case tls::Session::Outcome::kEnded:
    case tls::Session::Outcome::kFailed: end(fail(Errc::kIo, session_->error())); return false;
  }
  check_time();
  return false;
}

void HttpClientCall::write_out() {
  if (!channel_ || failing_) return;
  std::array<iovec, kPiecesAtOnce> pieces;
  while (!queue_.empty() || !batch_.empty()) {
    if (batch_.empty()) queue_.take(std::min(queue_.size(), OutputBatch::kFullBytes), batch_);
    const std::size_t count = batch_.describe(pieces);
    const auto put = channel_->write({pieces.data(), count});
    if (put.outcome == Channel::Outcome::kWouldBlock) return watch(EPOLLIN | EPOLLOUT);
    if (put.outcome == Channel::Outcome::kEnded) {
      // The server may have answered before it had read all; its answer says more than the broken connection.
      queue_.clear();
      batch_.clear();
      break;
    }
    batch_.drop(put.bytes);
  }
  batch_.clear();
  watch(EPOLLIN);
}

void HttpClientCall::read_in() {
  buffer_.resize(kReadBytes);
  const auto alive = alive_;
  for (int i = 0; i < kReadsAtOnce; ++i) {
    const auto got = channel_->read(buffer_);
    if (got.outcome == Channel::Outcome::kWouldBlock) return;
    if (got.outcome == Channel::Outcome::kEnded) {
      const bool complete = parser_.input_ended() == H1ResponseParser::State::kComplete && head_told_;
      const std::string why = channel_->error();
      return end(complete ? Status() : Status(fail(Errc::kIo, why.empty() || why == "EOF" ? "unexpected EOF" : why)));
    }
    heard_ns_ = loop_.now_ns();
    parse({buffer_.data(), got.bytes});
    if (!*alive || !channel_) return;
    if (got.bytes < buffer_.size()) return;
  }
  if (!channel_->has_input()) return;
  loop_.post([this, alive] {
    if (*alive && channel_) read_in();
  });
}

void HttpClientCall::parse(std::string_view bytes) {
  if (!input_.empty()) bytes = input_.append(bytes);
  std::string_view rest = bytes;
  const auto state = parser_.feed(rest);
  if (state == H1ResponseParser::State::kFailed) return end(fail(Errc::kInvalid, "malformed HTTP response"));
  if (rest.size() > kMaxHeadBytes) return end(fail(Errc::kInvalid, "HTTP response header is too large"));
  input_ = std::string(rest);
  if (state == H1ResponseParser::State::kHead) return;
  if (!tell_head() || !tell_body()) return;
  if (state == H1ResponseParser::State::kComplete) end({});
}

// False if the call is gone.
bool HttpClientCall::tell_head() {
  if (std::exchange(head_told_, true) || !events_.on_head) return true;
  const auto alive = alive_;
  events_.on_head(parser_.status(), parser_.fields());
  return *alive;
}

bool HttpClientCall::tell_body() {
  std::string body = parser_.take_body();
  if (body.empty() || !events_.on_body) return true;
  const auto alive = alive_;
  events_.on_body(std::move(body));
  return *alive;
}

void HttpClientCall::check_time() {
  if (failing_) return end(fail(*failing_));
  const std::int64_t now_ns = loop_.now_ns();
  std::int64_t next_ns = kNoDeadline;
  const auto until = [&](std::int64_t from_ns, std::int64_t limit_ns) {
    if (limit_ns != 0) next_ns = std::min(next_ns, from_ns + limit_ns);
  };
  if (!connected_ && reached_ns_ == 0) until(begun_ns_, limits_.connect_ns);
  if (!connected_ && reached_ns_ != 0) until(reached_ns_, limits_.handshake_ns);
  if (connected_) until(heard_ns_, limits_.silence_ns);
  until(begun_ns_, limits_.total_ns);
  if (next_ns <= now_ns) return end(fail(Errc::kTimeout, connected_ ? "i/o timeout" : "dial: i/o timeout"));
  if (next_ns == kNoDeadline) return timer_.cancel();
  loop_.timers().start(timer_, next_ns);
}

void HttpClientCall::fail_soon(Error error) {
  failing_ = std::move(error);
  loop_.timers().start(timer_, loop_.now_ns());
}

void HttpClientCall::end(Status outcome) {
  timer_.cancel();
  if (channel_) loop_.unwatch(channel_->fd());
  channel_.reset();
  auto told = std::exchange(events_.on_end, {});
  if (told) told(std::move(outcome));
}

void HttpClientCall::watch(std::uint32_t interest) {
  if (interest == std::exchange(interest_, interest)) return;
  loop_.change(channel_->fd(), interest);
}

}  // namespace etcd::rpc
