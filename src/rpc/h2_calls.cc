#include "rpc/h2_calls.h"

#include <array>
#include <limits>
#include <utility>

#include "base/check.h"
#include "rpc/grpc_text.h"
#include "rpc/http_text.h"
#include "rpc/message_batch.h"

namespace etcd::rpc {

namespace {

constexpr std::size_t kMaxSendBytes = std::numeric_limits<std::int32_t>::max();  // etcd's limit of answers
constexpr std::size_t kExchangeBytes = 1024;  // about what an exchange and its stream cost

constexpr H2Field kStatus200{":status", "200", true};
constexpr H2Field kGrpcType{"content-type", "application/grpc", true};
constexpr std::array<H2Field, 2> kGrpcHead = {kStatus200, kGrpcType};
// The empty message is grpc-go's way; HPACK makes one byte of it.
constexpr std::array<H2Field, 2> kOkTrailers = {H2Field{"grpc-status", "0", true}, H2Field{"grpc-message", "", true}};

constexpr std::array<std::string_view, kGrpcCodes> kCodeTexts = {"0", "1",  "2",  "3",  "4",  "5",  "6",  "7", "8",
                                                                 "9", "10", "11", "12", "13", "14", "15", "16"};

std::string_view text_of(GrpcCode code) {
  return kCodeTexts[static_cast<std::size_t>(code)];
}

GrpcStatus deadline_exceeded() {
  return {GrpcCode::kDeadlineExceeded, "context deadline exceeded"};
}

std::string content_type(std::string_view subtype) {
  return "application/grpc+" + std::string(subtype);
}

UnaryExchange& unary(Exchange& exchange) {
  return static_cast<UnaryExchange&>(exchange);
}
StreamExchange& stream_of(Exchange& exchange) {
  return static_cast<StreamExchange&>(exchange);
}

bool is_bidi(const Exchange& exchange) {
  return std::holds_alternative<BidiHandler>(exchange.info.method->handler);
}

bool is_handed_out(Exchange& exchange) {
  return exchange.kind == ExchangeKind::kUnary ? unary(exchange).handed_out : stream_of(exchange).handed_out;
}

std::int64_t deadline_of(std::int64_t now_ns, const GrpcHead& head) {
  if (!head.timeout_ns || *head.timeout_ns > kNoDeadline - now_ns) return kNoDeadline;
  return now_ns + *head.timeout_ns;
}

}  // namespace

H2Calls::H2Calls(Shard& shard, std::shared_ptr<const Peer> peer, bool with_http, base::UniqueFunction<void()> on_output)
    : shard_(shard),
      peer_(std::move(peer)),
      with_http_(with_http),
      on_output_(std::move(on_output)),
      session_(shard.options(), shard.h2_streams()) {}

H2Calls::~H2Calls() {
  session_.for_each_stream([this](H2Stream& stream) {
    if (stream.user != nullptr) give_up(*static_cast<Exchange*>(stream.user), GrpcCode::kCanceled);
  });
  for (const Line& line : lines_) {
    for (UnaryExchange* exchange : line.parked) shard_.recycle(exchange);
  }
}

void H2Calls::receive(std::string_view bytes) {
  session_.receive(bytes, shard_.now_ns());
  serve_events();
  on_output_();
}

void H2Calls::produce(OutputBatch& batch) {
  session_.produce(batch, shard_.now_ns());
  serve_events();
}

// Handlers may cause new events only through receive() and produce(), which don't nest; so the list holds still.
void H2Calls::serve_events() {
  auto& events = session_.events();
  for (std::size_t i = 0; i < events.size(); ++i) std::visit([this](const auto& event) { on(event); }, events[i]);
  events.clear();
}

void H2Calls::notice_shutdown() {
  session_.notice_shutdown();
  on_output_();
}

void H2Calls::refuse_new_streams() {
  session_.refuse_new_streams();
  on_output_();
}

void H2Calls::ping() {
  session_.ping(++pings_);
  on_output_();
}

void H2Calls::on(const H2Pong&) {
  ++pongs_;
}

// ---- Requests

void H2Calls::on(const H2Request& event) {
  H2Stream& stream = *event.stream;
  if (stream.is_closed()) return;
  if (with_http_ && !looks_like_grpc(stream.head())) return open_http(stream);
  open_grpc(stream);
}

void H2Calls::on(const H2Data& event) {
  if (event.stream->user == nullptr || event.stream->is_closed()) return;
  Exchange& exchange = *static_cast<Exchange*>(event.stream->user);
  if (exchange.kind == ExchangeKind::kUnary) return unary_data(unary(exchange), event.bytes);
  StreamExchange& stream = stream_of(exchange);
  if (exchange.kind == ExchangeKind::kHttp) return http_data(stream, event.bytes);
  if (!is_bidi(exchange)) return server_stream_data(stream, event.bytes);
  stream.unread.append(event.bytes);
  pump(stream);
}

void H2Calls::on(const H2End& event) {
  if (event.stream->user == nullptr || event.stream->is_closed()) return;
  Exchange& exchange = *static_cast<Exchange*>(event.stream->user);
  if (exchange.kind == ExchangeKind::kUnary) return unary_end(unary(exchange));
  StreamExchange& stream = stream_of(exchange);
  stream.client_ended = true;
  if (exchange.kind == ExchangeKind::kHttp) return http_end(stream);
  is_bidi(exchange) ? pump(stream) : server_stream_end(stream);
}

void H2Calls::on(const H2Closed& event) {
  if (event.stream->user != nullptr) give_up(*static_cast<Exchange*>(event.stream->user), GrpcCode::kCanceled);
  lines_[event.stream->charged_to].queued_bytes -= event.stream->charged_bytes;
  session_.release(event.stream);
  for (Line& line : lines_) dispatch_parked(line);
}

void H2Calls::on(const H2Drained& event) {
  if (event.stream->user != nullptr) stream_of(*static_cast<Exchange*>(event.stream->user)).drained(event.bytes);
}

void H2Calls::open_grpc(H2Stream& stream) {
  const GrpcHead head = read_grpc_head(stream.head());
  if (head.refusal) return refuse(stream, *head.refusal, head.content_subtype);
  const Method* const method = shard_.services().find(head.path);
  if (method == nullptr)
    return refuse(stream, {200, shard_.services().explain_missing(head.path)}, head.content_subtype);
  if (const auto status = head.refuse_encoding()) return refuse(stream, {200, *status}, head.content_subtype);
  std::holds_alternative<UnaryHandler>(method->handler) ? open_unary(stream, *method, head)
                                                        : open_stream(stream, *method, head);
}

void H2Calls::fill(Exchange& exchange, H2Stream& stream, const Method* method, const GrpcHead& head) {
  exchange.stream = &stream;
  stream.user = &exchange;
  exchange.content_subtype = head.content_subtype;
  exchange.reader.reset(shard_.options().max_receive_message_bytes, head.message_encoding());
  exchange.info.method = method;
  exchange.info.peer = peer_;
  exchange.info.started_ns = shard_.now_ns();
  exchange.info.deadline_ns = deadline_of(shard_.now_ns(), head);
  if (exchange.info.deadline_ns != kNoDeadline)
    shard_.loop().timers().start(exchange.deadline, exchange.info.deadline_ns);
  std::swap(exchange.info.metadata, stream.head());  // last: `head` points into it
}

void H2Calls::open_unary(H2Stream& stream, const Method& method, const GrpcHead& head) {
  UnaryExchange& exchange = *shard_.take_unary();
  exchange.calls = this;
  fill(exchange, stream, &method, head);
  hold(exchange, 1);
}

std::shared_ptr<StreamExchange> H2Calls::link_stream(ExchangeKind kind, H2Stream& stream) {
  auto exchange = std::make_shared<StreamExchange>(kind, shard_.shared_from_this());
  exchange->self = exchange;
  exchange->link = this;
  exchange->deadline.set_callback([this, raw = exchange.get()] { expire(*raw); });
  stream.reports_drained = true;
  return exchange;
}

void H2Calls::open_stream(H2Stream& stream, const Method& method, const GrpcHead& head) {
  const auto exchange = link_stream(ExchangeKind::kStream, stream);
  fill(*exchange, stream, &method, head);
  if (!is_bidi(*exchange)) return void(hold(*exchange, 1));
  exchange->handed_out = true;
  shard_.count_started(method);
  std::get<BidiHandler>(method.handler)(StreamHandle::call_of(exchange));
}

void H2Calls::open_http(H2Stream& stream) {
  const auto exchange = link_stream(ExchangeKind::kHttp, stream);
  fill(*exchange, stream, nullptr, {});
  hold(*exchange, 1);
  exchange->answers_head = exchange->info.metadata.find(":method") == "HEAD";
}

void H2Calls::unary_data(UnaryExchange& exchange, std::string_view bytes) {
  if (exchange.handed_out || exchange.parked) return;  // what follows the one message is nobody's
  const std::size_t size = bytes.size();
  auto message = exchange.reader.take(bytes);
  if (exchange.reader.error()) return fail(exchange, GrpcStatus(*exchange.reader.error()));
  if (!message) {
    if (hold(exchange, exchange.reader.held_bytes())) session_.consume(*exchange.stream, size);
    return;
  }
  exchange.request = std::move(*message);
  const AnswerSize answers = exchange.info.method->answers;
  if (line_of(answers).queued_bytes <= mark_of(answers)) return dispatch(exchange);
  if (!hold(exchange, exchange.request.size() + 1)) return;
  exchange.parked = true;
  line_of(answers).parked.push_back(&exchange);
}

void H2Calls::unary_end(UnaryExchange& exchange) {
  if (exchange.handed_out || exchange.parked) return;
  fail(exchange, {GrpcCode::kUnknown, exchange.reader.is_empty() ? "EOF" : "unexpected EOF"});
}

void H2Calls::dispatch(UnaryExchange& exchange) {
  if (exchange.info.deadline_ns <= shard_.now_ns()) return expire(exchange);
  hold(exchange, 0);
  exchange.parked = false;
  exchange.handed_out = true;
  const Method& method = *exchange.info.method;
  shard_.count_started(method);
  shard_.count_received(method, exchange.request.size());
  std::get<UnaryHandler>(method.handler)(UnaryCall(&exchange));
}

std::size_t H2Calls::mark_of(AnswerSize size) const {
  const Options& options = shard_.options();
  return size == AnswerSize::kSmall ? options.max_queued_small_bytes : options.max_queued_output_bytes;
}

bool H2Calls::wants_input() const {
  constexpr auto kSmall = AnswerSize::kSmall;
  return lines_[static_cast<std::size_t>(kSmall)].queued_bytes <= mark_of(kSmall);
}

std::size_t H2Calls::queued_bytes() const {
  std::size_t sum = 0;
  for (const Line& line : lines_) sum += line.queued_bytes;
  return sum;
}

void H2Calls::dispatch_parked(Line& line) {
  while (!line.parked.empty() && line.queued_bytes <= shard_.options().max_queued_output_bytes / 2) {
    UnaryExchange* const exchange = line.parked.front();
    line.parked.pop_front();
    exchange->parked = false;
    exchange->stream != nullptr ? dispatch(*exchange) : shard_.recycle(exchange);
  }
}

void H2Calls::server_stream_data(StreamExchange& exchange, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t before = bytes.size();
    auto message = exchange.reader.take(bytes);
    if (exchange.reader.error()) return fail(exchange, GrpcStatus(*exchange.reader.error()));
    if (message && ++exchange.received > 1) {
      return fail(exchange, {GrpcCode::kInternal,
                             "cardinality violation: received multiple request messages for non-client-streaming RPC"});
    }
    if (message) exchange.request = std::move(*message);
    if (!hold(exchange, 1 + exchange.reader.held_bytes() + exchange.request.size())) return;
    session_.consume(*exchange.stream, before - bytes.size());
  }
}

// Like grpc-go, a server stream's handler is called when the client has sent its all.
void H2Calls::server_stream_end(StreamExchange& exchange) {
  if (!exchange.reader.is_empty()) return fail(exchange, {GrpcCode::kInternal, "unexpected EOF"});
  if (exchange.received == 0) {
    return fail(exchange, {GrpcCode::kInternal,
                           "cardinality violation: received no request message from non-client-streaming RPC"});
  }
  hold(exchange, 0);
  exchange.handed_out = true;
  const Method& method = *exchange.info.method;
  shard_.count_started(method);
  shard_.count_received(method, exchange.request.size());
  std::get<ServerStreamHandler>(method.handler)(StreamHandle::call_of(exchange.shared_from_this()),
                                                std::move(exchange.request));
}

// Hands on messages as far as credit and bytes go. What a handler does meanwhile comes back here, but only as new
// credit for this loop.
void H2Calls::pump(StreamExchange& exchange) {
  if (exchange.pumping) return;
  const auto keep = exchange.shared_from_this();
  exchange.pumping = true;
  while (exchange.stream != nullptr && pump_one(exchange)) {
  }
  exchange.pumping = false;
}

bool H2Calls::pump_one(StreamExchange& exchange) {
  std::string_view rest = exchange.unread.view();
  if (rest.empty()) {
    if (exchange.client_ended) tell_half_close(exchange);
    return false;
  }
  if (exchange.credit == 0) {
    hold(exchange, rest.size());
    return false;
  }
  const std::size_t before = rest.size();
  auto message = exchange.reader.take(rest);
  if (exchange.reader.error()) {
    fail(exchange, GrpcStatus(*exchange.reader.error()));
    return false;
  }
  const std::size_t taken = before - rest.size();
  exchange.unread.take(taken);
  if (!hold(exchange, exchange.unread.size() + exchange.reader.held_bytes())) return false;
  session_.consume(*exchange.stream, taken);
  if (!message) return true;
  --exchange.credit;
  shard_.count_received(*exchange.info.method, message->size());
  if (exchange.events->on_message) exchange.events->on_message(std::move(*message));
  return true;
}

// A handler that begins later than its call is told when it asks for messages.
void H2Calls::tell_half_close(StreamExchange& exchange) {
  if (exchange.told_half_close) return;
  if (!exchange.reader.is_empty()) {
    exchange.told_half_close = true;
    return fail(exchange, {GrpcCode::kInternal, "unexpected EOF"});
  }
  if (!exchange.events->on_half_close) return;
  exchange.told_half_close = true;
  exchange.events->on_half_close();
}

void H2Calls::http_data(StreamExchange& exchange, std::string_view bytes) {
  if (exchange.handed_out) return;
  if (exchange.unread.size() + bytes.size() > shard_.options().max_http_body_bytes) {
    exchange.handed_out = true;
    StreamOrders orders;
    orders.head = HttpHead{.status = 413, .fields = {}, .length = 0};
    orders.end = GrpcStatus{};
    return carry_out_http(exchange, std::move(orders));
  }
  exchange.unread.append(bytes);
  if (hold(exchange, 1 + exchange.unread.size())) session_.consume(*exchange.stream, bytes.size());
}

void H2Calls::http_end(StreamExchange& exchange) {
  if (exchange.handed_out) return;
  hold(exchange, 0);
  exchange.handed_out = true;
  HttpResponder responder(std::make_shared<StreamHandle>(exchange.shared_from_this()));
  auto request =
      http_request_of(std::move(exchange.info.metadata), base::SharedBytes(exchange.unread.take_all()), peer_);
  if (!request) return std::move(responder).respond(plain_error(400, "400 Bad Request"));
  shard_.http()(std::move(*request), std::move(responder));
}

// Charges what is held of the exchange's request to the connection, in place of what it was charged before: `bytes` of
// messages and, until a handler has it, the exchange itself. Fails the exchange and returns false if that is too much.
bool H2Calls::hold(Exchange& exchange, std::size_t bytes) {
  if (bytes > 0 && !is_handed_out(exchange)) bytes += kExchangeBytes + exchange.info.metadata.list_size();
  held_bytes_ = held_bytes_ - exchange.held_bytes + bytes;
  exchange.held_bytes = bytes;
  if (bytes == 0 || held_bytes_ <= shard_.options().max_unfinished_request_bytes) return true;
  fail(exchange, {GrpcCode::kResourceExhausted, "too many bytes of unfinished requests on this connection"});
  return false;
}

// ---- Answers

void H2Calls::refuse(H2Stream& stream, const Refusal& refusal, std::string_view subtype) {
  const std::string http_status = std::to_string(refusal.http_status);
  const std::string type = subtype.empty() ? std::string(kGrpcType.value) : content_type(subtype);
  const std::string message = encode_message(refusal.status.message);
  const std::array<H2Field, 4> fields = {H2Field{":status", http_status}, H2Field{"content-type", type},
                                         H2Field{"grpc-status", text_of(refusal.status.code)},
                                         H2Field{"grpc-message", message}};
  session_.answer(stream, fields);
}

void H2Calls::begin_grpc(H2Stream& stream, std::string_view subtype) {
  if (subtype.empty()) return session_.begin(stream, kGrpcHead);
  const std::string type = content_type(subtype);
  const std::array<H2Field, 2> fields = {kStatus200, H2Field{"content-type", type}};
  session_.begin(stream, fields);
}

void H2Calls::write_message(H2Stream& stream, base::Rope message) {
  const auto prefix = message_prefix(message.size());
  session_.write(stream, {prefix.data(), prefix.size()}, std::move(message));
}

void H2Calls::end_grpc(Exchange& exchange, bool begun, const GrpcStatus& status) {
  H2Stream& stream = *exchange.stream;
  if (!begun) return refuse(stream, {200, status}, exchange.content_subtype);
  if (status.ok() && status.message.empty()) return session_.finish_with(stream, kOkTrailers);
  session_.finish_with(stream, HttpFields{{"grpc-status", std::string(text_of(status.code))},
                                          {"grpc-message", encode_message(status.message)}});
}

void H2Calls::answer(UnaryExchange& exchange) {
  H2Stream& stream = *exchange.stream;
  const std::size_t size = exchange.response.size();
  if (exchange.status.ok() && size > kMaxSendBytes) {
    exchange.status = {GrpcCode::kResourceExhausted, "grpc: trying to send message larger than max (" +
                                                         std::to_string(size) + " vs. " +
                                                         std::to_string(kMaxSendBytes) + ")"};
  }
  const bool ok = exchange.status.ok();
  if (ok) {
    const base::RopeSource* const source = exchange.response.source();
    stream.charged_bytes = source != nullptr && source->is_rationed() ? 0 : size;
    begin_grpc(stream, exchange.content_subtype);
    write_message(stream, std::move(exchange.response));
    stream.charged_to = static_cast<std::uint8_t>(exchange.info.method->answers);
    lines_[stream.charged_to].queued_bytes += stream.charged_bytes;
    shard_.count_sent(*exchange.info.method, size);
  }
  end_grpc(exchange, /*begun=*/ok, exchange.status);
  shard_.count_handled(exchange.info, exchange.status.code);
  detach(exchange);
  on_output_();
}

void H2Calls::carry_out(StreamExchange& exchange, StreamOrders orders) {
  if (exchange.stream == nullptr) return;
  const auto keep = exchange.shared_from_this();
  exchange.kind == ExchangeKind::kHttp ? carry_out_http(exchange, std::move(orders))
                                       : carry_out_grpc(exchange, std::move(orders));
  on_output_();
}

void H2Calls::write(StreamExchange& exchange, MessageBatch messages) {
  if (exchange.stream == nullptr || messages.empty()) return;
  if (!std::exchange(exchange.begun, true)) begin_grpc(*exchange.stream, exchange.content_subtype);
  shard_.count_sent(*exchange.info.method, messages.payload_size(), messages.count());
  session_.write(*exchange.stream, {}, messages.take_framed());
  on_output_();
}

void H2Calls::carry_out_grpc(StreamExchange& exchange, StreamOrders orders) {
  H2Stream& stream = *exchange.stream;
  for (base::Rope& message : orders.messages) {
    if (message.size() > kMaxSendBytes) {
      return fail(exchange, {GrpcCode::kResourceExhausted, "grpc: trying to send message larger than max (" +
                                                               std::to_string(message.size()) + " vs. " +
                                                               std::to_string(kMaxSendBytes) + ")"});
    }
    if (!std::exchange(exchange.begun, true)) begin_grpc(stream, exchange.content_subtype);
    shard_.count_sent(*exchange.info.method, message.size());
    write_message(stream, std::move(message));
  }
  if (orders.end) {
    end_grpc(exchange, exchange.begun, *orders.end);
    shard_.count_handled(exchange.info, orders.end->code);
    detach(exchange);
    return exchange.over();
  }
  exchange.credit += orders.credit;
  if (orders.credit > 0) pump(exchange);
}

void H2Calls::carry_out_http(StreamExchange& exchange, StreamOrders orders) {
  H2Stream& stream = *exchange.stream;
  const bool alone = exchange.answers_head || (orders.end && orders.end->ok() && orders.messages.empty());
  if (orders.head) begin_http(exchange, *orders.head, alone);
  if (!(orders.head && alone)) {
    for (base::Rope& piece : orders.messages) session_.write(stream, {}, std::move(piece));
    if (orders.end && orders.end->ok()) session_.finish(stream);
  }
  if (!orders.end && !(orders.head && alone)) return;
  if (orders.end && !orders.end->ok()) session_.reset(stream, H2Error::kInternalError);
  detach(exchange);
  exchange.over();
}

void H2Calls::begin_http(StreamExchange& exchange, const HttpHead& head, bool alone) {
  HttpFields owned = head.fields;
  for (auto& [name, value] : owned) name = lower_case(name);
  owned.emplace_back("date", shard_.http_date());
  if (head.length && may_have_body(head.status)) owned.emplace_back("content-length", std::to_string(*head.length));
  const std::string status = std::to_string(head.status);
  std::vector<H2Field> fields = {{":status", status}};
  for (const auto& [name, value] : owned) fields.push_back({name, value});
  alone ? session_.answer(*exchange.stream, fields) : session_.begin(*exchange.stream, fields);
}

// Ends the call with `status` on the wire, whoever has it.
void H2Calls::fail(Exchange& exchange, const GrpcStatus& status) {
  if (exchange.kind == ExchangeKind::kHttp) {
    session_.reset(*exchange.stream, H2Error::kEnhanceYourCalm);
  } else {
    end_grpc(exchange, exchange.kind == ExchangeKind::kStream && stream_of(exchange).begun, status);
  }
  give_up(exchange, status.code);
  on_output_();
}

void H2Calls::expire(Exchange& exchange) {
  fail(exchange, deadline_exceeded());
}

// Nobody waits for the answer any more: tells the handle, or takes the exchange back if there is none.
void H2Calls::give_up(Exchange& exchange, GrpcCode code) {
  detach(exchange);
  exchange.cancelled.store(true, std::memory_order_relaxed);
  if (exchange.kind != ExchangeKind::kUnary) {
    StreamExchange& stream = stream_of(exchange);
    if (stream.handed_out && exchange.kind == ExchangeKind::kStream) shard_.count_handled(exchange.info, code);
    return stream.cancel();
  }
  UnaryExchange& call = unary(exchange);
  if (call.parked) return;  // dispatch_parked() finds it without a stream
  if (!call.handed_out) return shard_.recycle(&call);
  shard_.count_handled(call.info, code);
  auto notify = std::move(call.on_cancel);  // it may answer, and the exchange go
  if (notify) notify();
}

void H2Calls::detach(Exchange& exchange) {
  hold(exchange, 0);
  exchange.deadline.cancel();
  exchange.stream->user = nullptr;
  exchange.stream = nullptr;
}

}  // namespace etcd::rpc
