// H1Parser: one HTTP/1.x request out of a connection's bytes (RFC 9112). Boost.Beast's parser behind a narrow door.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "rpc/metadata.h"

namespace etcd::rpc {

struct H1Request {
  std::string method;
  std::string target;
  Metadata fields;  // names in lower case
  std::string body;
  bool is_http11 = true;
  bool keep_alive = true;
};

class H1Parser {
 public:
  enum class State : std::uint8_t { kHead, kBody, kComplete, kFailed };

  // Of the head of a request: may its body be taken as it comes, and so have any length?
  using StreamsBody = std::function<bool(std::string_view method, std::string_view target)>;

  // `streams_body` may be empty, and must outlive the parser.
  H1Parser(std::size_t max_head_bytes, std::size_t max_body_bytes, const StreamsBody& streams_body);
  ~H1Parser();
  H1Parser(const H1Parser&) = delete;
  H1Parser& operator=(const H1Parser&) = delete;

  // Takes what it can use off the front of `input`. What it leaves of an unfinished head must be offered again with
  // more behind it.
  State feed(std::string_view& input);
  // The HTTP status to refuse with, after kFailed: 400, 413 or 431.
  int failure() const { return failure_; }
  // After the head: the client waits for "100 Continue" before it sends the body.
  bool expects_continue() const;
  // After kComplete, once.
  H1Request take();

  // After the head: the body is taken as it comes.
  bool streams_body() const { return streams_body_; }
  // Then, in place of take(): the request without its body, and what has come of the body since the last call.
  H1Request head() const;
  std::string take_body_part();

 private:
  struct Beast;
  void on_head();
  void limit_body();

  std::unique_ptr<Beast> beast_;
  const std::size_t max_body_bytes_;
  const StreamsBody& may_stream_;
  bool head_done_ = false;
  bool streams_body_ = false;
  int failure_ = 0;
};

}  // namespace etcd::rpc
