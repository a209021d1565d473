#include "rpc/h1_calls.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "rpc/http_text.h"

namespace etcd::rpc {

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Line breaks in a value would be new fields.
std::string one_line(std::string_view value) {
  std::string line(value);
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c == '\r' || c == '\n'; }, ' ');
  return line;
}

std::string chunk_head(std::size_t size) {
  std::array<char, 20> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

}  // namespace

H1Calls::H1Calls(Shard& shard, std::shared_ptr<const Peer> peer, base::UniqueFunction<void()> on_output)
    : shard_(shard), peer_(std::move(peer)), on_output_(std::move(on_output)), waiting_since_ns_(shard.now_ns()) {}

H1Calls::~H1Calls() {
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->cancel();
}

void H1Calls::receive(std::string_view bytes) {
  if (closing_ && exchange_ == nullptr) return;
  if (parser_ == nullptr && input_.empty()) waiting_since_ns_ = shard_.now_ns();
  input_.append(bytes);
  if (tunnel_) return pump_tunnel();
  body_open_ ? pump_body() : advance();
}

void H1Calls::input_ended() {
  closing_ = true;
  if (body_open_) abandon_body();
  const auto exchange = exchange_;
  if (exchange != nullptr && exchange->events->on_half_close) exchange->events->on_half_close();
  on_output_();
}

void H1Calls::drain() {
  keep_alive_ = false;
  if (exchange_ == nullptr) closing_ = true;
  on_output_();
}

std::int64_t H1Calls::deadline_ns() const {
  if (exchange_ != nullptr) return kNoDeadline;
  const Options& options = shard_.options();
  const bool idle = parser_ == nullptr && input_.empty();
  const std::int64_t patience_ns = idle ? options.http_idle_timeout_ns : options.header_timeout_ns;
  return patience_ns == 0 ? kNoDeadline : waiting_since_ns_ + patience_ns;
}

// Requests that are answered at once are taken in a loop, not by recursion.
void H1Calls::advance() {
  if (advancing_) return;
  advancing_ = true;
  while (exchange_ == nullptr && !closing_ && read_ < input_.size() && advance_once()) {
  }
  advancing_ = false;
  input_.erase(0, std::exchange(read_, 0));
  if (input_.empty()) input_.shrink_to_fit();
  pump_tunnel();
  pump_body();
}

// False when more bytes are needed.
bool H1Calls::advance_once() {
  const Options& options = shard_.options();
  if (parser_ == nullptr)
    parser_ = std::make_unique<H1Parser>(options.max_header_list_bytes, options.max_http_body_bytes,
                                         options.streams_body);
  std::string_view rest = std::string_view(input_).substr(read_);
  const auto state = parser_->feed(rest);
  read_ = input_.size() - rest.size();
  switch (state) {
    case H1Parser::State::kHead:
      if (rest.size() > options.max_header_list_bytes) refuse(431);
      return false;
    case H1Parser::State::kBody:
      if (parser_->streams_body()) return start_streamed_request();
      waiting_since_ns_ = shard_.now_ns();
      if (parser_->expects_continue() && !std::exchange(continued_, true)) {
        output_.push({}, base::Rope(std::string(kContinue)));
        on_output_();
      }
      return false;
    case H1Parser::State::kFailed:
      refuse(parser_->failure());
      return false;
    case H1Parser::State::kComplete:
      return parser_->streams_body() ? start_streamed_request() : start_request();
  }
  return false;
}

bool H1Calls::start_request() {
  H1Request parsed = parser_->take();
  parser_.reset();
  return hand_over(std::move(parsed), /*streams_body=*/false);
}

// The parser stays: what it has of the body already is the first piece.
bool H1Calls::start_streamed_request() {
  if (parser_->expects_continue()) output_.push({}, base::Rope(std::string(kContinue)));
  body_open_ = true;
  return hand_over(parser_->head(), /*streams_body=*/true);
}

bool H1Calls::hand_over(H1Request parsed, bool streams_body) {
  continued_ = false;
  is_http11_ = parsed.is_http11;
  keep_alive_ = keep_alive_ && parsed.keep_alive;
  HttpRequest request;
  request.method = std::move(parsed.method);
  request.host = parsed.fields.find("host").value_or("");
  const bool has_host = parsed.fields.all("host").size() == 1;
  if ((is_http11_ && !has_host) || !set_target(request, parsed.target)) {
    refuse(400);
    return false;
  }
  request.headers = std::move(parsed.fields);
  request.body = base::SharedBytes(std::move(parsed.body));
  request.peer = peer_;
  request.streams_body = streams_body;
  exchange_ = std::make_shared<StreamExchange>(ExchangeKind::kHttp, shard_.shared_from_this());
  exchange_->link = this;
  exchange_->handed_out = true;
  exchange_->answers_head = request.method == "HEAD";
  shard_.http()(std::move(request), HttpResponder(std::make_shared<StreamHandle>(exchange_)));
  return true;
}

// An answer to bytes that are no request, as Go's server gives it; the connection ends with it.
void H1Calls::refuse(int status) {
  const std::string text = std::to_string(status) + " " + std::string(reason_phrase(status));
  output_.push({}, base::Rope("HTTP/1.1 " + text +
                              "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n" + text));
  closing_ = true;
  body_open_ = false;
  read_ = input_.size();
  parser_.reset();
  on_output_();
}

void H1Calls::carry_out(StreamExchange& exchange, StreamOrders orders) {
  const auto keep = exchange.shared_from_this();
  if (orders.head) orders.head->status == 101 ? open_tunnel(*orders.head) : write_head(exchange, *orders.head);
  for (base::Rope& piece : orders.messages) write_piece(exchange, std::move(piece));
  if (orders.end) {
    if (!orders.end->ok()) keep_alive_ = chunked_ = false;  // no last chunk: the client sees a body cut short
    if (chunked_ && !bodiless_) output_.push({}, base::Rope(std::string("0\r\n\r\n")));
    finish_request();
  } else if (orders.credit > 0) {
    exchange.credit += orders.credit;
    pump_tunnel();
    pump_body();
  }
  on_output_();
}

void H1Calls::open_tunnel(const HttpHead& head) {
  std::string text = "HTTP/1.1 101 Switching Protocols\r\n";
  for (const auto& [name, value] : head.fields)
    text.append(one_line(name)).append(": ").append(one_line(value)).append("\r\n");
  output_.push({}, base::Rope(text.append("\r\n")));
  tunnel_ = true;
  keep_alive_ = chunked_ = bodiless_ = false;
}

// Hands over what has come, as far as the handler wants it. advance() does so once the request's own bytes are gone.
void H1Calls::pump_tunnel() {
  if (!tunnel_ || advancing_) return;
  const auto exchange = exchange_;
  if (exchange == nullptr || exchange->credit == 0 || input_.empty()) return;
  --exchange->credit;
  base::SharedBytes bytes(std::exchange(input_, std::string()));
  if (exchange->events->on_message) exchange->events->on_message(std::move(bytes));
}

// Hands over what has come of the body, as far as the handler wants it. Inside an event the loop further up goes on.
void H1Calls::pump_body() {
  if (pumping_ || advancing_) return;
  pumping_ = true;
  const auto exchange = exchange_;
  while (body_open_ && exchange->credit > 0) {
    std::string_view rest(input_);
    const auto state = parser_->feed(rest);
    input_.erase(0, input_.size() - rest.size());
    if (state == H1Parser::State::kFailed) {
      closing_ = true;
      abandon_body();
      break;
    }
    std::string part = parser_->take_body_part();
    const bool complete = state == H1Parser::State::kComplete;
    const bool waits = part.empty();
    if (complete) {
      body_open_ = false;
      parser_.reset();
    }
    if (!waits) {
      --exchange->credit;
      if (exchange->events->on_message) exchange->events->on_message(base::SharedBytes(std::move(part)));
    }
    if (complete && exchange_ == exchange && exchange->events->on_half_close) exchange->events->on_half_close();
    if (waits) break;
  }
  pumping_ = false;
  on_output_();
}

// The rest of the body will not come.
void H1Calls::abandon_body() {
  body_open_ = keep_alive_ = false;
  parser_.reset();
  input_.clear();
  if (const auto exchange = std::exchange(exchange_, nullptr)) exchange->cancel();
}

void H1Calls::write_head(const StreamExchange& exchange, const HttpHead& head) {
  if (body_open_) keep_alive_ = false;  // nobody will read the rest of the body
  bodiless_ = exchange.answers_head || !may_have_body(head.status);
  chunked_ = !head.length && is_http11_ && may_have_body(head.status);
  if (!head.length && !is_http11_) keep_alive_ = false;  // the end of the connection ends the body
  std::string text = is_http11_ ? "HTTP/1.1 " : "HTTP/1.0 ";
  text.append(std::to_string(head.status)).append(" ").append(reason_phrase(head.status)).append("\r\n");
  const auto field = [&text](std::string_view name, std::string_view value) {
    text.append(one_line(name)).append(": ").append(one_line(value)).append("\r\n");
  };
  for (const auto& [name, value] : head.fields) field(name, value);
  field("Date", shard_.http_date());
  if (head.length && may_have_body(head.status)) field("Content-Length", std::to_string(*head.length));
  if (chunked_) field("Transfer-Encoding", "chunked");
  if (!keep_alive_ && is_http11_) field("Connection", "close");
  if (keep_alive_ && !is_http11_) field("Connection", "keep-alive");
  output_.push({}, base::Rope(text.append("\r\n")));
}

void H1Calls::write_piece(const StreamExchange&, base::Rope piece) {
  if (bodiless_ || piece.empty()) return;
  if (!chunked_) return output_.push({}, std::move(piece));
  base::Rope chunk(chunk_head(piece.size()));
  chunk.append(std::move(piece));
  chunk.append(std::string_view("\r\n"));
  output_.push({}, std::move(chunk));
}

void H1Calls::finish_request() {
  const auto exchange = std::exchange(exchange_, nullptr);
  exchange->over();
  waiting_since_ns_ = shard_.now_ns();
  if (std::exchange(body_open_, false)) {
    keep_alive_ = false;
    parser_.reset();
    input_.clear();
  }
  if (!keep_alive_) closing_ = true;
  advance();
}

void H1Calls::produce(OutputBatch& batch) {
  const std::size_t before = batch.size();
  output_.take(std::min(output_.size(), OutputBatch::kFullBytes), batch);
  if (exchange_ != nullptr) exchange_->drained(batch.size() - before);
}

}  // namespace etcd::rpc
