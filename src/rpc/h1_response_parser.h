// H1ResponseParser: one HTTP/1.x response out of a connection's bytes (RFC 9112), its body as it comes. Boost.Beast's parser behind a narrow door. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "rpc/metadata.h"

namespace etcd::rpc {

class H1ResponseParser {
 public:
  enum class State : std::uint8_t { kHead, kBody, kComplete, kFailed };

  explicit H1ResponseParser(std::size_t max_head_bytes);
  ~H1ResponseParser();
  H1ResponseParser(const H1ResponseParser&) = delete;
  H1ResponseParser& operator=(const H1ResponseParser&) = delete;

  // Takes what it can use off the front of `input`. What it leaves of an unfinished head must be offered again with
  // more behind it.
  State feed(std::string_view& input);
  // The server will send no more: kComplete if that ends the body, else kFailed.
  State input_ended();

  // After the head.
  int status() const;
  Metadata fields() const;
  // What has come of the body since the last call.
  std::string take_body();

 private:
  struct Beast;
  State state() const;

  std::unique_ptr<Beast> beast_;
  bool failed_ = false;
};

}  // namespace etcd::rpc
