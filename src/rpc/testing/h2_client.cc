#include "rpc/testing/h2_client.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

#include "base/check.h"

namespace etcd::rpc::testing {

namespace {

std::string text_of(const std::uint8_t* bytes, std::size_t length) {
  return {reinterpret_cast<const char*>(bytes), length};
}

std::string find(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? "" : found->second;
}

}  // namespace

std::string Answer::grpc_status() const {
  const std::string status = find(trailers, "grpc-status");
  return status.empty() ? find(headers, "grpc-status") : status;
}

std::string Answer::grpc_message() const {
  const std::string message = find(trailers, "grpc-message");
  return message.empty() ? find(headers, "grpc-message") : message;
}

std::vector<std::string> Answer::messages() const {
  std::vector<std::string> all;
  std::string_view rest = body;
  while (rest.size() >= 5) {
    std::size_t length = 0;
    for (int i = 1; i < 5; ++i) length = length << 8 | static_cast<unsigned char>(rest[static_cast<std::size_t>(i)]);
    if (rest.size() < 5 + length) break;
    all.emplace_back(rest.substr(5, length));
    rest.remove_prefix(5 + length);
  }
  return all;
}

struct ClientCallbacks {
  static H2Client& client_of(void* user_data) { return *static_cast<H2Client*>(user_data); }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_length,
                    const std::uint8_t* value, std::size_t value_length, std::uint8_t, void* user_data) {
    Answer& answer = client_of(user_data).answers_[frame->hd.stream_id];
    auto& fields = frame->headers.cat == NGHTTP2_HCAT_RESPONSE ? answer.headers : answer.trailers;
    fields[text_of(name, name_length)] = text_of(value, value_length);
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user_data) {
    H2Client& self = client_of(user_data);
    if (frame->hd.type == NGHTTP2_PING && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) ++self.pongs_;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self.goaways_.push_back({frame->goaway.last_stream_id, frame->goaway.error_code,
                               text_of(frame->goaway.opaque_data, frame->goaway.opaque_data_len)});
    }
    if (frame->hd.type == NGHTTP2_RST_STREAM) self.answers_[frame->hd.stream_id].reset = frame->rst_stream.error_code;
    const bool carries_end = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (carries_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self.answers_[frame->hd.stream_id].ended = true;
    return 0;
  }

  static int data_received(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* bytes,
                           std::size_t length, void* user_data) {
    client_of(user_data).answers_[stream].body += text_of(bytes, length);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* out, std::size_t length,
                           std::uint32_t* flags, nghttp2_data_source*, void* user_data) {
    H2Client::Body& body = client_of(user_data).bodies_[stream];
    const std::size_t count = std::min(length, body.bytes.size() - body.sent);
    if (count == 0 && !body.ended) {
      body.deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    std::copy_n(body.bytes.data() + body.sent, count, out);
    body.sent += count;
    if (body.ended && body.sent == body.bytes.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(count);
  }
};

H2Client::H2Client(Settings settings) : settings_(settings) {
  nghttp2_session_callbacks* callbacks = nullptr;
  CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, ClientCallbacks::header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, ClientCallbacks::frame_received);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, ClientCallbacks::data_received);
  nghttp2_option* option = nullptr;
  CHECK(nghttp2_option_new(&option) == 0);
  nghttp2_option_set_no_auto_window_update(option, settings.refill_windows ? 0 : 1);
  CHECK(nghttp2_session_client_new2(&session_, callbacks, this, option) == 0);
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.window_bytes};
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &entry, 1) == 0);
}

H2Client::~H2Client() {
  nghttp2_session_del(session_);
}

std::int32_t H2Client::request(const Fields& fields, bool ended) {
  std::vector<nghttp2_nv> nv;
  for (const auto& [name, value] : fields) {
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    nv.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  nghttp2_data_provider provider{};
  provider.read_callback = ClientCallbacks::read_body;
  return nghttp2_submit_request(session_, nullptr, nv.data(), nv.size(), ended ? nullptr : &provider, nullptr);
}

std::int32_t H2Client::open_call(const std::string& path, const Fields& extra) {
  Fields fields = {{":method", "POST"},
                   {":scheme", "http"},
                   {":path", path},
                   {":authority", "x"},
                   {"content-type", "application/grpc"},
                   {"te", "trailers"}};
  fields.insert(fields.end(), extra.begin(), extra.end());
  return request(fields, false);
}

std::int32_t H2Client::call(const std::string& path, std::string_view message, const Fields& extra) {
  const std::int32_t stream = open_call(path, extra);
  send(stream, framed(message), true);
  return stream;
}

void H2Client::send(std::int32_t stream, std::string_view bytes, bool ended) {
  Body& body = bodies_[stream];
  body.bytes += bytes;
  body.ended |= ended;
  if (!body.deferred) return;
  body.deferred = false;
  nghttp2_session_resume_data(session_, stream);
}

void H2Client::reset(std::int32_t stream, std::uint32_t error) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, error);
}

void H2Client::ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
}

void H2Client::open_window(std::int32_t stream, std::int32_t bytes) {
  nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, 0, bytes);
  nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, stream, bytes);
}

std::string H2Client::take_output() {
  std::string all;
  const std::uint8_t* bytes = nullptr;
  for (ssize_t count; (count = nghttp2_session_mem_send(session_, &bytes)) > 0;)
    all += text_of(bytes, static_cast<std::size_t>(count));
  return all;
}

void H2Client::receive(std::string_view bytes) {
  const ssize_t taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  CHECK(taken == static_cast<ssize_t>(bytes.size()), taken);
}

std::uint32_t H2Client::allowed_streams() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::string framed(std::string_view message, char flag) {
  std::string out(1, flag);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift & 0xff);
  return out.append(message);
}

std::string raw_frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload) {
  std::string out;
  for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(stream >> shift & 0xff);
  return out.append(payload);
}

std::string raw_preface() {
  return NGHTTP2_CLIENT_MAGIC + raw_frame(NGHTTP2_SETTINGS, 0, 0, "");
}

}  // namespace etcd::rpc::testing
