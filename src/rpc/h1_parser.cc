#include "rpc/h1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstdint>
#include <utility>

#include "rpc/http_text.h"

namespace etcd::rpc {

namespace http = boost::beast::http;

namespace {

std::string_view view_of(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

int status_for(const boost::system::error_code& error) {
  if (error == http::error::body_limit) return 413;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  return 400;
}

H1Request head_of(const http::request<http::string_body>& message) {
  H1Request request;
  request.method = view_of(message.method_string());
  request.target = view_of(message.target());
  request.is_http11 = message.version() >= 11;
  request.keep_alive = message.keep_alive();
  for (const auto& field : message)
    request.fields.add(lower_case(view_of(field.name_string())), view_of(field.value()));
  return request;
}

}  // namespace

struct H1Parser::Beast {
  http::request_parser<http::string_body> parser;
};

H1Parser::H1Parser(std::size_t max_head_bytes, std::size_t max_body_bytes, const StreamsBody& streams_body)
    : beast_(std::make_unique<Beast>()), max_body_bytes_(max_body_bytes), may_stream_(streams_body) {
  beast_->parser.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(max_head_bytes, UINT32_MAX)));
  beast_->parser.body_limit(UINT64_MAX);  // it would judge the Content-Length before it is known what the body is for
}

H1Parser::~H1Parser() = default;

H1Parser::State H1Parser::feed(std::string_view& input) {
  auto& parser = beast_->parser;
  while (failure_ == 0 && !parser.is_done() && !input.empty()) {
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(input.data(), input.size()), error);
    input.remove_prefix(used);
    if (error == http::error::need_more) break;
    if (error) failure_ = status_for(error);
    if (!head_done_ && parser.is_header_done()) on_head();
  }
  if (failure_ != 0) return State::kFailed;
  if (parser.is_done()) return State::kComplete;
  return parser.is_header_done() ? State::kBody : State::kHead;
}

// The parser stops after the head for this, and goes on with the body afterwards.
void H1Parser::on_head() {
  head_done_ = true;
  const auto& message = beast_->parser.get();
  streams_body_ = may_stream_ && may_stream_(view_of(message.method_string()), view_of(message.target()));
  if (!streams_body_) limit_body();
  beast_->parser.eager(true);
}

void H1Parser::limit_body() {
  const auto length = beast_->parser.content_length();
  if (length && *length > max_body_bytes_) failure_ = 413;
  beast_->parser.body_limit(max_body_bytes_);
}

bool H1Parser::expects_continue() const {
  const auto& message = beast_->parser.get();
  return message.version() >= 11 && boost::beast::iequals(message[http::field::expect], "100-continue");
}

H1Request H1Parser::take() {
  auto message = beast_->parser.release();
  H1Request request = head_of(message);
  request.body = std::move(message.body());
  return request;
}

H1Request H1Parser::head() const {
  return head_of(beast_->parser.get());
}

std::string H1Parser::take_body_part() {
  return std::exchange(beast_->parser.get().body(), std::string());
}

}  // namespace etcd::rpc
