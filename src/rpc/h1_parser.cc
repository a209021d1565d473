#include "rpc/h1_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

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

}  // namespace

struct H1Parser::Beast {
  http::request_parser<http::string_body> parser;
};

H1Parser::H1Parser(std::size_t max_head_bytes, std::size_t max_body_bytes) : beast_(std::make_unique<Beast>()) {
  beast_->parser.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(max_head_bytes, UINT32_MAX)));
  beast_->parser.body_limit(max_body_bytes);
  beast_->parser.eager(true);
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
  }
  if (failure_ != 0) return State::kFailed;
  if (parser.is_done()) return State::kComplete;
  return parser.is_header_done() ? State::kBody : State::kHead;
}

bool H1Parser::expects_continue() const {
  const auto& message = beast_->parser.get();
  return message.version() >= 11 && boost::beast::iequals(message[http::field::expect], "100-continue");
}

H1Request H1Parser::take() {
  auto message = beast_->parser.release();
  H1Request request;
  request.method = view_of(message.method_string());
  request.target = view_of(message.target());
  request.is_http11 = message.version() >= 11;
  request.keep_alive = message.keep_alive();
  for (const auto& field : message)
    request.fields.add(lower_case(view_of(field.name_string())), view_of(field.value()));
  request.body = std::move(message.body());
  return request;
}

}  // namespace etcd::rpc
