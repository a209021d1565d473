#include "bench/load/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/check.h"

namespace etcd::bench {

namespace {

constexpr std::size_t kMessagePrefix = 5;
constexpr int kEndedEarly = 13;  // a stream that the server ended

}  // namespace

Result<Connection> Connection::open(const Options& options, CallSource& source) {
  TRY_ASSIGN(FrameSocket socket, FrameSocket::connect(options.host, options.port));
  return Connection(std::move(socket), options, source);
}

Connection::Connection(FrameSocket socket, const Options& options, CallSource& source)
    : socket_(std::move(socket)),
      source_(source),
      limit_(options.streams),
      bidirectional_(options.bidirectional),
      header_block_(call_headers(options.path, socket_.authority())),
      calls_(static_cast<std::size_t>(options.streams)) {
  nghttp2_hd_inflater* inflater = nullptr;
  CHECK(nghttp2_hd_inflate_new(&inflater) == 0);
  inflater_.reset(inflater);
}

Status Connection::fill(std::int64_t now_ns) {
  while (in_flight_ < limit_ && !exhausted_) start_call(now_ns);
  return socket_.flush();
}

void Connection::start_call(std::int64_t now_ns) {
  if (!source_.next(request_)) {
    exhausted_ = true;
    return;
  }
  Call& call = idle();
  std::string& out = socket_.out();
  if (call.stream == 0) {
    call = Call{};
    call.stream = next_stream_;
    next_stream_ += 2;
    put_frame_header(out, header_block_.size(), kHeaders, kEndHeaders, call.stream);
    out.append(header_block_);
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
    put_frame_header(out, part, kData, ends ? kEndStream : 0, call.stream);
    out.append(message, at, part);
    at += part;
  }
}

Status Connection::receive(std::int64_t now_ns) {
  return socket_.receive([&](const Frame& frame) { return on_frame(frame, now_ns); });
}

Status Connection::on_frame(const Frame& frame, std::int64_t now_ns) {
  if (frame.type == kContinuation) return fail(Errc::kUnsupported, "response headers of more than one frame");
  if (frame.type == kHeaders) TRY(on_headers(frame));
  if (frame.type == kData) on_data(frame, now_ns);
  if (frame.type == kReset || frame.ends_stream()) end_stream(frame.stream, now_ns);
  return {};
}

Status Connection::on_headers(const Frame& frame) {
  Call* call = find(frame.stream);
  const auto* at = reinterpret_cast<const std::uint8_t*>(frame.payload.data());
  std::size_t left = frame.payload.size();
  for (;;) {
    nghttp2_nv field;
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_.get(), &field, &flags, at, left, 1);
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
  nghttp2_hd_inflate_end_headers(inflater_.get());
  return {};
}

void Connection::on_data(const Frame& frame, std::int64_t now_ns) {
  Call* const call = find(frame.stream);
  if (call == nullptr) return;
  call->bytes += frame.payload.size();
  if (!bidirectional_ || !call->busy) return;
  call->prefix.append(frame.payload.substr(0, kMessagePrefix - std::min(kMessagePrefix, call->prefix.size())));
  const bool whole = call->prefix.size() == kMessagePrefix && call->bytes >= kMessagePrefix + get32(std::string_view(call->prefix).substr(1));
  if (whole) end_call(*call, now_ns);
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
