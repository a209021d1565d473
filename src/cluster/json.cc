#include "cluster/json.h"

#include "base/wire.h"

namespace etcd::cluster {

namespace {

void append_ascii(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && c != '<' && c != '>' && c != '&') {
    out += c;
    return;
  }
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

// The length of the well-formed character at the front of `rest`, which starts beyond ASCII; 0 if there is none.
std::size_t character_bytes(std::string_view rest) {
  const auto lead = static_cast<unsigned char>(rest.front());
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  return rest.size() >= size && base::is_utf8(rest.substr(0, size)) ? size : 0;
}

}  // namespace

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t taken = 1;
    if (static_cast<unsigned char>(text.front()) < 0x80) {
      append_ascii(out, text.front());
    } else if (const std::size_t size = character_bytes(text); size == 0) {
      out += "\\ufffd";
    } else {
      taken = size;
      const std::string_view character = text.substr(0, size);
      if (character == "\u2028") {
        out += "\\u2028";
      } else if (character == "\u2029") {
        out += "\\u2029";
      } else {
        out += character;
      }
    }
    text.remove_prefix(taken);
  }
  out += '"';
}

void JsonObject::key(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  append_json_text(out_, name);
  out_ += ':';
}

void JsonObject::number(std::string_view name, std::uint64_t value) {
  key(name);
  out_ += std::to_string(value);
}

void JsonObject::text(std::string_view name, std::string_view value) {
  key(name);
  append_json_text(out_, value);
}

void JsonObject::flag(std::string_view name, bool value) {
  key(name);
  out_ += value ? "true" : "false";
}

void JsonObject::texts(std::string_view name, const std::vector<std::string>& values) {
  key(name);
  if (values.empty()) {
    out_ += "null";
    return;
  }
  char separator = '[';
  for (const std::string& value : values) {
    out_ += separator;
    append_json_text(out_, value);
    separator = ',';
  }
  out_ += ']';
}

}  // namespace etcd::cluster
