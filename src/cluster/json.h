// Writing JSON as Go's encoding/json does: for bytes that members compare.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace etcd::cluster {

// `text` between quotes. Go escapes <, > and & as well, and replaces what is no UTF-8 by \ufffd.
void append_json_text(std::string& out, std::string_view text);

// Writes one object, field by field in the order of the calls. Fields named *_if are left out when empty (Go's
// omitempty).
class JsonObject {
 public:
  // Appends to `out`, which must outlive the object.
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  void number(std::string_view key, std::uint64_t value);
  void text(std::string_view key, std::string_view value);
  void text_if(std::string_view key, std::string_view value) {
    if (!value.empty()) text(key, value);
  }
  void flag(std::string_view key, bool value);
  void flag_if(std::string_view key, bool value) {
    if (value) flag(key, value);
  }
  // null for an empty list: that is a nil slice.
  void texts(std::string_view key, const std::vector<std::string>& values);
  void texts_if(std::string_view key, const std::vector<std::string>& values) {
    if (!values.empty()) texts(key, values);
  }
  // Writes the key; the caller appends the value.
  void key(std::string_view name);
  void end() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

}  // namespace etcd::cluster
