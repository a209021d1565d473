#include "rpc/h1_response_parser.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "rpc/http_text.h"

namespace etcd::rpc {

namespace http = boost::beast::http;

struct H1ResponseParser::Beast {
  http::response_parser<http::string_body> parser;
};

H1ResponseParser::H1ResponseParser(std::size_t max_head_bytes) : beast_(std::make_unique<Beast>()) {
  beast_->parser.header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(max_head_bytes, UINT32_MAX)));
  // It is taken as it comes. Not boost::none: Beast 1.74 takes that for less than any Content-Length, if the head ends where what was read ends.
  beast_->parser.body_limit(UINT64_MAX);
  beast_->parser.eager(true);
}

H1ResponseParser::~H1ResponseParser() = default;

H1ResponseParser::State H1ResponseParser::state() const {
  if (failed_) return State::kFailed;
  if (beast_->parser.is_done()) return State::kComplete;
  return beast_->parser.is_header_done() ? State::kBody : State::kHead;
}

H1ResponseParser::State H1ResponseParser::feed(std::string_view& input) {
  auto& parser = beast_->parser;
  while (!failed_ && !parser.is_done() && !input.empty()) {
    boost::system::error_code error;
    const std::size_t used = parser.put(boost::asio::buffer(input.data(), input.size()), error);
    input.remove_prefix(used);
    if (error == http::error::need_more) break;
    failed_ = static_cast<bool>(error);
  }
  return state();
}

H1ResponseParser::State H1ResponseParser::input_ended() {
  if (failed_ || beast_->parser.is_done()) return state();
  if (!beast_->parser.got_some()) {  // put_eof() takes this for a fault of its caller's
    failed_ = true;
    return state();
  }
  boost::system::error_code error;
  beast_->parser.put_eof(error);
  failed_ = static_cast<bool>(error) || !beast_->parser.is_done();
  return state();
}

int H1ResponseParser::status() const { return static_cast<int>(beast_->parser.get().result_int()); }

Metadata H1ResponseParser::fields() const {
  Metadata fields;
  for (const auto& field : beast_->parser.get()) {
    const auto name = field.name_string();
    const auto value = field.value();
    fields.add(lower_case({name.data(), name.size()}), {value.data(), value.size()});
  }
  return fields;
}

std::string H1ResponseParser::take_body() { return std::exchange(beast_->parser.get().body(), std::string()); }

}  // namespace etcd::rpc
