#include "rpc/unary_client.h"

#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <map>
#include <system_error>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/url.h"
#include "rpc/grpc_text.h"
#include "rpc/message_reader.h"
#include "rpc/tls_channel.h"

namespace etcd::rpc {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::int64_t kMs = 1'000'000;

std::int64_t now_ns() { return base::system_clock().monotonic_ns(); }

std::uint8_t* bytes_of(std::string_view text) { return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data())); }

Status wait_for(int fd, short events, std::int64_t until_ns) {
  for (;;) {
    const std::int64_t left_ns = until_ns - now_ns();
    if (left_ns <= 0) return fail(Errc::kTimeout, "i/o timeout");
    pollfd watched{fd, events, 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::min<std::int64_t>(left_ns / kMs + 1, 1000)));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail(Errc::kIo, "poll: " + std::generic_category().message(errno));
  }
}

Status shake_hands(tls::Session& session, int fd, std::int64_t until_ns) {
  for (;;) {
    switch (session.handshake()) {
      case tls::Session::Outcome::kDone: return {};
      case tls::Session::Outcome::kWantsInput: TRY(wait_for(fd, POLLIN, until_ns)); break;
      case tls::Session::Outcome::kWantsOutput: TRY(wait_for(fd, POLLOUT, until_ns)); break;
      case tls::Session::Outcome::kEnded:
      case tls::Session::Outcome::kFailed: return fail(Errc::kIo, session.error());
    }
  }
}

}  // namespace

struct UnaryClient::Call {
  std::int32_t stream = 0;
  std::string request;  // with its prefix
  std::size_t sent = 0;
  std::map<std::string, std::string> fields;  // of head and trailers
  std::size_t field_bytes = 0;
  MessageReader reader;
  std::string message;
  bool has_message = false;
  bool ended = false;

  std::string field(const std::string& name) const {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string() : found->second;
  }

  // What is no gRPC is an error; a status without a message is an answer.
  Result<UnaryAnswer> result() const {
    if (reader.error()) return fail(Errc::kInvalid, reader.error()->message);
    const std::string status = field("grpc-status");
    unsigned code = 0;
    const auto parsed = std::from_chars(status.data(), status.data() + status.size(), code);
    if (parsed.ec != std::errc() || code >= kGrpcCodes) return fail(Errc::kInvalid, "no gRPC answer, HTTP status " + field(":status"));
    const GrpcStatus outcome{static_cast<GrpcCode>(code), decode_message(field("grpc-message"))};
    if (outcome.ok() && !has_message) return fail(Errc::kInvalid, "gRPC answer without a message");
    return UnaryAnswer{outcome, message};
  }
};

struct UnaryClient::Callbacks {
  // The call that a frame is about; none for one that was given up.
  static Call* call_of(void* user_data, std::int32_t stream) {
    Call* const call = static_cast<UnaryClient*>(user_data)->call_;
    return call != nullptr && call->stream == stream ? call : nullptr;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length, const std::uint8_t* value,
                    std::size_t value_length, std::uint8_t, void* user_data) {
    Call* const call = call_of(user_data, frame->hd.stream_id);
    if (call == nullptr) return 0;
    call->field_bytes += name_length + value_length;
    if (call->field_bytes > kMaxHeadBytes) return NGHTTP2_ERR_CALLBACK_FAILURE;
    call->fields[{reinterpret_cast<const char*>(name), name_length}] = {reinterpret_cast<const char*>(value), value_length};
    return 0;
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes, std::size_t length, void* user_data) {
    Call* const call = call_of(user_data, stream);
    std::string_view rest(reinterpret_cast<const char*>(bytes), length);
    while (call != nullptr && !rest.empty() && !call->reader.error()) {
      const auto message = call->reader.take(rest);
      if (!message) continue;
      call->message = message->view();
      call->has_message = true;
    }
    return 0;
  }

  static int closed(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user_data) {
    if (Call* const call = call_of(user_data, stream)) call->ended = true;
    return 0;
  }

  static ssize_t request_body(nghttp2_session*, std::int32_t stream, std::uint8_t* out, std::size_t length, std::uint32_t* flags, nghttp2_data_source*,
                              void* user_data) {
    Call* const call = call_of(user_data, stream);
    if (call == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    const std::size_t count = std::min(length, call->request.size() - call->sent);
    std::copy_n(call->request.data() + call->sent, count, out);
    call->sent += count;
    if (call->sent == call->request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
};

Result<std::unique_ptr<UnaryClient>> UnaryClient::connect(const SocketAddress& server, Target target, std::int64_t limit_ns) {
  const std::int64_t until_ns = now_ns() + limit_ns;
  Descriptor socket(::socket(server.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto failed = [](int error) { return fail(Errc::kIo, "connect: " + std::generic_category().message(error)); };
  if (!socket.is_open()) return failed(errno);
  if (::connect(socket.get(), server.get(), server.length) != 0 && errno != EINPROGRESS) return failed(errno);
  TRY(wait_for(socket.get(), POLLOUT, until_ns));
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return failed(error);
  if (!target.tls) return std::unique_ptr<UnaryClient>(new UnaryClient(socket_channel(std::move(socket)), std::move(target)));
  const auto place = base::split_host_port(target.authority);
  auto session = target.tls->connect(socket.get(), place ? place->host : target.authority);
  session->offer_http2();
  TRY(shake_hands(*session, socket.get(), until_ns));
  return std::unique_ptr<UnaryClient>(new UnaryClient(tls_channel(std::move(socket), std::move(session)), std::move(target)));
}

UnaryClient::UnaryClient(std::unique_ptr<Channel> channel, Target target) : channel_(std::move(channel)), target_(std::move(target)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::data);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::closed);
  CHECK(nghttp2_session_client_new(&session_, callbacks, this) == 0);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry no_push{NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &no_push, 1) == 0);
}

UnaryClient::~UnaryClient() { nghttp2_session_del(session_); }

Result<UnaryAnswer> UnaryClient::call(std::string_view path, std::string_view message, const HttpFields& metadata, std::int64_t limit_ns) {
  const std::int64_t until_ns = now_ns() + limit_ns;
  Call call;
  const auto prefix = message_prefix(message.size());
  call.request.assign(prefix.data(), prefix.size()).append(message);
  call.reader.reset(kMaxAnswerBytes, Encoding::kIdentity);

  HttpFields fields = {{":method", "POST"},     {":scheme", target_.scheme},           {":path", std::string(path)},
                       {":authority", target_.authority}, {"content-type", "application/grpc"}, {"te", "trailers"},
                       {"grpc-timeout", std::to_string(std::max<std::int64_t>(limit_ns / kMs, 1)) + "m"}};
  fields.insert(fields.end(), metadata.begin(), metadata.end());
  std::vector<nghttp2_nv> nv;
  for (const auto& [name, value] : fields) nv.push_back({bytes_of(name), bytes_of(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  nghttp2_data_provider body{};
  body.read_callback = Callbacks::request_body;
  call.stream = nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(), &body, nullptr);
  if (call.stream < 0) return fail(Errc::kIo, "the server takes no more calls");

  call_ = &call;
  Status moved;
  while (moved && !call.ended && !call.reader.error()) {
    moved = send_all(until_ns);
    if (moved) moved = receive_some(until_ns);
  }
  call_ = nullptr;
  if (!moved) return fail(moved.error());
  return call.result();
}

Status UnaryClient::send_all(std::int64_t until_ns) {
  for (;;) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t made = nghttp2_session_mem_send(session_, &bytes);
    if (made < 0) return fail(Errc::kInvalid, nghttp2_strerror(static_cast<int>(made)));
    if (made == 0) return {};
    for (std::size_t sent = 0; sent < static_cast<std::size_t>(made);) {
      const iovec piece{const_cast<std::uint8_t*>(bytes) + sent, static_cast<std::size_t>(made) - sent};
      const auto put = channel_->write({&piece, 1});
      if (put.outcome == Channel::Outcome::kEnded) return fail(Errc::kIo, "connection closed");
      if (put.outcome == Channel::Outcome::kWouldBlock) TRY(wait(POLLOUT, until_ns));
      sent += put.bytes;
    }
  }
}

Status UnaryClient::receive_some(std::int64_t until_ns) {
  if (nghttp2_session_want_read(session_) == 0) return fail(Errc::kIo, "connection closed");
  std::vector<char> buffer(kReadBytes);
  const auto got = channel_->read(buffer);
  if (got.outcome == Channel::Outcome::kEnded) return fail(Errc::kIo, "connection closed");
  if (got.outcome == Channel::Outcome::kWouldBlock) return wait(POLLIN, until_ns);
  const ssize_t taken = nghttp2_session_mem_recv(session_, bytes_of({buffer.data(), got.bytes}), got.bytes);
  return taken < 0 ? Status(fail(Errc::kInvalid, nghttp2_strerror(static_cast<int>(taken)))) : Status();
}

Status UnaryClient::wait(short events, std::int64_t until_ns) const { return wait_for(channel_->fd(), events, until_ns); }

}  // namespace etcd::rpc
