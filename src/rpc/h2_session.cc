#include "rpc/h2_session.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <cstring>

#include "base/check.h"

namespace etcd::rpc {

namespace {

constexpr std::size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2
constexpr std::size_t kFrameHeaderBytes = 9;
constexpr std::size_t kFrameBytes = 16 * 1024;
constexpr std::size_t kContinuations = 8;
constexpr std::size_t kUsualFields = 16;
// A list of fields so many times too large ends the connection: each of its bytes may stand for thousands (HPACK), and all have to be looked at.
constexpr std::size_t kBombFactor = 4;

std::string_view view_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

nghttp2_nv to_nv(const H2Field& field) {
  constexpr std::uint8_t kNoCopy = NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE;
  const std::uint8_t flags = field.lasting ? kNoCopy : std::uint8_t{NGHTTP2_NV_FLAG_NONE};
  return {bytes_of(field.name), bytes_of(field.value), field.name.size(), field.value.size(), flags};
}

// Calls `submit` with the fields as nghttp2 wants them, on the stack in the usual case.
template <typename Submit>
void with_nv(std::span<const H2Field> fields, Submit&& submit) {
  std::array<nghttp2_nv, kUsualFields> usual;
  std::vector<nghttp2_nv> many;
  std::span<nghttp2_nv> nv(usual);
  if (fields.size() > usual.size()) {
    many.resize(fields.size());
    nv = many;
  }
  for (std::size_t i = 0; i < fields.size(); ++i) nv[i] = to_nv(fields[i]);
  submit(nv.data(), fields.size());
}

std::uint64_t payload_of(const std::uint8_t (&opaque)[8]) {
  std::uint64_t payload;
  std::memcpy(&payload, opaque, sizeof payload);
  return payload;
}

// Resets that a well-behaved client never causes.
bool blames_the_client(std::uint32_t error) {
  return error != NGHTTP2_NO_ERROR && error != NGHTTP2_CANCEL && error != NGHTTP2_REFUSED_STREAM &&
         error != NGHTTP2_INTERNAL_ERROR;
}

}  // namespace

void H2Stream::recycle() {
  id_ = 0;
  closed_ = ended_ = answered_ = finished_ = deferred_ = false;
  head_bytes_ = 0;
  head_.clear();
  output_.clear();
  lasting_trailers_ = {};
  trailers_.clear();
  next_ = previous_ = nullptr;
  user = nullptr;
  charged_bytes = charged_to = 0;
  reports_drained = false;
}

std::unique_ptr<H2Stream> H2StreamPool::take() {
  if (free_.empty()) return std::make_unique<H2Stream>();
  auto stream = std::move(free_.back());
  free_.pop_back();
  return stream;
}

void H2StreamPool::give_back(std::unique_ptr<H2Stream> stream) {
  if (free_.size() >= kKept) return;
  stream->recycle();
  free_.push_back(std::move(stream));
}

// nghttp2's callbacks, each turned into a call or an event of the session.
struct H2Callbacks {
  static H2Session& session_of(void* user_data) { return *static_cast<H2Session*>(user_data); }
  static H2Stream* stream_of(nghttp2_session* session, std::int32_t id) {
    return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static bool is_request(const nghttp2_frame* frame) {
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data) {
    if (head->type == NGHTTP2_HEADERS) session_of(user_data).begin_request(head->stream_id);
    return 0;
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    if (!is_request(frame)) return 0;
    H2Stream& stream = session_of(user_data).open_stream(frame->hd.stream_id);
    return nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, &stream);
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name, nghttp2_rcbuf* value,
                    std::uint8_t, void* user_data) {
    H2Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream == nullptr) return 0;
    const Options& options = session_of(user_data).options_;
    const std::string_view name_text = view_of(name);
    const std::string_view value_text = view_of(value);
    if (options.on_header_field) options.on_header_field(name_text, value_text);
    stream->head_bytes_ += name_text.size() + value_text.size() + kFieldOverhead;
    if (stream->head_bytes_ > kBombFactor * options.max_header_list_bytes) {
      session_of(user_data).terminate(H2Error::kEnhanceYourCalm, "header_list_too_large");
      return NGHTTP2_ERR_PAUSE;  // nothing more is read
    }
    if (stream->head_bytes_ > options.max_header_list_bytes) return 0;  // what is left is only counted
    if (is_request(frame))
      stream->head_.add(name_text, value_text);  // what comes behind the body has no meaning in requests
    return 0;
  }

  // Told once; what follows on the stream goes nowhere.
  static int refuse_large_list(nghttp2_session* session, const nghttp2_frame* frame) {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_FRAME_SIZE_ERROR);
  }

  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    H2Session& self = session_of(user_data);
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        H2Stream* const stream = stream_of(session, frame->hd.stream_id);
        if (stream == nullptr) return 0;
        if (stream->head_bytes_ > self.options_.max_header_list_bytes) return refuse_large_list(session, frame);
        const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
        if (is_request(frame)) self.events_.push_back(H2Request{stream});
        if (frame->hd.type == NGHTTP2_DATA && frame->hd.length == 0 && !ends) self.count_nuisance();
        if (ends) self.end_stream(*stream);
        break;
      }
      case NGHTTP2_PING:
        self.received_ping(payload_of(frame->ping.opaque_data), (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0);
        break;
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) self.count_nuisance();
        break;
      case NGHTTP2_PRIORITY:
        self.count_nuisance();
        break;
      case NGHTTP2_RST_STREAM:
        self.received_reset(stream_of(session, frame->hd.stream_id));
        break;
      default:
        break;
    }
    return 0;
  }

  static int data_received(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                           std::size_t length, void* user_data) {
    nghttp2_session_consume_connection(session, length);
    if (H2Stream* const stream = stream_of(session, id)) {
      session_of(user_data).events_.push_back(H2Data{stream, {reinterpret_cast<const char*>(data), length}});
    }
    return 0;
  }

  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t error, void* user_data) {
    if (H2Stream* const stream = stream_of(session, id)) session_of(user_data).close_stream(*stream, error);
    return 0;
  }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) {
    H2Session& self = session_of(user_data);
    if (frame->hd.type == NGHTTP2_RST_STREAM && blames_the_client(frame->rst_stream.error_code)) self.count_nuisance();
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    self.ping_policy_.sent_headers_or_data();
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0) return 0;
    // A client that is still sending is told that nobody listens any more.
    const H2Stream* const stream = stream_of(session, frame->hd.stream_id);
    if (stream != nullptr && !stream->ended_) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static ssize_t read_output(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length, std::uint32_t* flags,
                             nghttp2_data_source* source, void* user_data) {
    auto& stream = *static_cast<H2Stream*>(source->ptr);
    const std::size_t count = session_of(user_data).read_output(stream, length, *flags);
    return stream.deferred_ ? ssize_t{NGHTTP2_ERR_DEFERRED} : static_cast<ssize_t>(count);
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_header, std::size_t length,
                       nghttp2_data_source* source, void* user_data) {
    H2Session& self = session_of(user_data);
    auto& stream = *static_cast<H2Stream*>(source->ptr);
    if (self.batch_->is_full()) return NGHTTP2_ERR_WOULDBLOCK;
    self.batch_->copy({reinterpret_cast<const char*>(frame_header), kFrameHeaderBytes});
    stream.output_.take(length, *self.batch_);
    if (stream.reports_drained && length > 0) self.events_.push_back(H2Drained{&stream, length});
    return 0;
  }

  static nghttp2_session* new_session(H2Session& self) {
    nghttp2_session_callbacks* callbacks = nullptr;
    CHECK(nghttp2_session_callbacks_new(&callbacks) == 0);
    nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(callbacks, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_received);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_sent);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
    nghttp2_option* option = nullptr;
    CHECK(nghttp2_option_new(&option) == 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_continuations(option, kContinuations + self.options_.max_header_list_bytes / kFrameBytes);
    // Resets are counted here, together with other nuisances and with a setting.
    nghttp2_option_set_stream_reset_rate_limit(option, UINT32_MAX, UINT32_MAX);
    nghttp2_session* session = nullptr;
    CHECK(nghttp2_session_server_new2(&session, callbacks, &self, option) == 0);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return session;
  }
};

H2Session::H2Session(const Options& options, H2StreamPool& pool)
    : options_(options),
      pool_(pool),
      ping_policy_(options.keepalive_enforcement),
      nuisances_(options.reset_limit.burst, options.reset_limit.per_second) {
  session_ = H2Callbacks::new_session(*this);
  std::vector<nghttp2_settings_entry> settings = {
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(std::min<std::size_t>(options.max_header_list_bytes, UINT32_MAX))},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes}};
  if (options.max_concurrent_streams != kUnlimitedStreams) {
    settings.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, options.max_concurrent_streams});
  }
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings.data(), settings.size()) == 0);
  const auto window = static_cast<std::int32_t>(options.connection_window_bytes);
  CHECK(nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, window) == 0, window);
}

H2Session::~H2Session() {
  nghttp2_session_del(session_);
  while (streams_ != nullptr) release(streams_);
}

void H2Session::receive(std::string_view bytes, std::int64_t now_ns) {
  if (broken_ || terminated_) return;
  now_ns_ = now_ns;
  broken_ = nghttp2_session_mem_recv(session_, bytes_of(bytes), bytes.size()) < 0;
}

void H2Session::produce(OutputBatch& batch, std::int64_t now_ns) {
  now_ns_ = now_ns;
  batch_ = &batch;
  while (!batch.is_full() && !broken_) {
    const std::uint8_t* bytes = nullptr;
    const ssize_t count = nghttp2_session_mem_send(session_, &bytes);
    if (count < 0) broken_ = true;
    if (count <= 0) break;
    batch.copy({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(count)});
  }
  batch_ = nullptr;
}

bool H2Session::wants_output() const {
  return !broken_ && nghttp2_session_want_write(session_) != 0;
}

bool H2Session::is_over() const {
  return broken_ || terminated_ ||
         (nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0);
}

H2Stream& H2Session::open_stream(std::int32_t id) {
  H2Stream* const stream = pool_.take().release();
  stream->id_ = id;
  stream->opened_ns_ = now_ns_;
  stream->next_ = streams_;
  if (streams_ != nullptr) streams_->previous_ = stream;
  streams_ = stream;
  ++active_;
  return *stream;
}

void H2Session::close_stream(H2Stream& stream, std::uint32_t error) {
  stream.closed_ = true;
  stream.output_.clear();
  --active_;
  ++may_be_reset_late_;
  events_.push_back(H2Closed{&stream, error});
}

void H2Session::release(H2Stream* stream) {
  if (stream->previous_ != nullptr) stream->previous_->next_ = stream->next_;
  if (stream->next_ != nullptr) stream->next_->previous_ = stream->previous_;
  if (streams_ == stream) streams_ = stream->next_;
  pool_.give_back(std::unique_ptr<H2Stream>(stream));
}

void H2Session::end_stream(H2Stream& stream) {
  stream.ended_ = true;
  events_.push_back(H2End{&stream});
}

void H2Session::received_ping(std::uint64_t payload, bool is_answer) {
  if (is_answer) {
    events_.push_back(H2Pong{payload});
  } else if (!ping_policy_.allow(now_ns_, active_)) {
    terminate(H2Error::kEnhanceYourCalm, "too_many_pings");
  }
}

// nghttp2 passes over HEADERS on any lower stream, since they may be trailers that crossed our reset of it. Not so where
// the stream never was.
void H2Session::begin_request(std::int32_t id) {
  if (skipped_.note(id) == SkippedStreams::Verdict::kNeverOpened) {
    terminate(H2Error::kProtocolError, "HEADERS on a stream below the last one");
  }
}

void H2Session::count_nuisance() {
  if (!nuisances_.take(now_ns_)) terminate(H2Error::kEnhanceYourCalm, "too_many_resets");
}

// When a server has stood still, all who waited may give up together: that is no flood, since so many had to be open at
// once.
void H2Session::received_reset(const H2Stream* stream) {
  if (stream == nullptr && may_be_reset_late_ > 0) {
    --may_be_reset_late_;
  } else if (stream == nullptr || now_ns_ - stream->opened_ns_ < options_.reset_limit.rapid_ns) {
    count_nuisance();
  }
}

void H2Session::answer(H2Stream& stream, std::span<const H2Field> fields) {
  submit(stream, fields, /*with_body=*/false);
}
void H2Session::begin(H2Stream& stream, std::span<const H2Field> fields) {
  submit(stream, fields, /*with_body=*/true);
}

void H2Session::submit(H2Stream& stream, std::span<const H2Field> fields, bool with_body) {
  if (stream.closed_) return;
  CHECK(!stream.answered_, stream.id_);
  stream.answered_ = true;
  stream.finished_ = !with_body;
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = H2Callbacks::read_output;
  with_nv(fields, [&](const nghttp2_nv* nv, std::size_t count) {
    nghttp2_submit_response(session_, stream.id_, nv, count, with_body ? &provider : nullptr);
  });
}

void H2Session::write(H2Stream& stream, std::string_view head, base::Rope body) {
  if (stream.closed_) return;
  CHECK(stream.answered_ && !stream.finished_, stream.id_);
  stream.output_.push(head, std::move(body));
  resume(stream);
}

void H2Session::finish(H2Stream& stream) {
  if (stream.closed_) return;
  CHECK(stream.answered_ && !stream.finished_, stream.id_);
  stream.finished_ = true;
  resume(stream);
}

void H2Session::finish_with(H2Stream& stream, std::span<const H2Field> lasting_trailers) {
  stream.lasting_trailers_ = lasting_trailers;
  finish(stream);
}

void H2Session::finish_with(H2Stream& stream, std::vector<std::pair<std::string, std::string>> trailers) {
  stream.trailers_ = std::move(trailers);
  finish(stream);
}

void H2Session::resume(H2Stream& stream) {
  if (!stream.deferred_) return;
  stream.deferred_ = false;
  nghttp2_session_resume_data(session_, stream.id_);
}

// What nghttp2 may put into the next DATA frame. The bytes themselves go from the queue to the batch in send_data.
std::size_t H2Session::read_output(H2Stream& stream, std::size_t most, std::uint32_t& flags) {
  const std::size_t count = std::min(most, stream.output_.size());
  flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (count == stream.output_.size() && stream.finished_) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream.lasting_trailers_.empty() || !stream.trailers_.empty()) {
      flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      submit_trailers(stream);
    }
  } else if (count == 0) {
    stream.deferred_ = true;
  }
  return count;
}

void H2Session::submit_trailers(H2Stream& stream) {
  const auto submit = [&](const nghttp2_nv* nv, std::size_t count) {
    nghttp2_submit_trailer(session_, stream.id_, nv, count);
  };
  if (stream.trailers_.empty()) return with_nv(stream.lasting_trailers_, submit);
  std::vector<H2Field> fields;
  for (const auto& [name, value] : stream.trailers_) fields.push_back({name, value});
  with_nv(fields, submit);
}

void H2Session::reset(H2Stream& stream, H2Error error) {
  if (stream.closed_) return;
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id_, static_cast<std::uint32_t>(error));
}

void H2Session::consume(H2Stream& stream, std::size_t bytes) {
  if (!stream.closed_ && !stream.ended_) nghttp2_session_consume_stream(session_, stream.id_, bytes);
}

void H2Session::notice_shutdown() {
  nghttp2_submit_shutdown_notice(session_);
}

void H2Session::refuse_new_streams() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

void H2Session::terminate(H2Error error, std::string_view debug_data) {
  if (terminated_) return;
  terminated_ = true;
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                        static_cast<std::uint32_t>(error), bytes_of(debug_data), debug_data.size());
}

void H2Session::ping(std::uint64_t payload) {
  std::uint8_t opaque[8];
  std::memcpy(opaque, &payload, sizeof opaque);
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, opaque);
}

}  // namespace etcd::rpc
