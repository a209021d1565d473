// Metadata: the header fields of one request, in the order of arrival, in one flat buffer.
//
// Names are lower case (HTTP/1.1's are lowered on arrival). For gRPC the values of names that end in "-bin" are already
// base64-decoded; pseudo fields keep their colon (":path", ":authority"). Owned by the request; views live as long as
// it does. A value type: one writer, then any number of readers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace etcd::rpc {

class Metadata {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  // The first field of that (lower-case) name; nothing if there is none.
  std::optional<std::string_view> find(std::string_view name) const;
  // All values of that name, in order.
  std::vector<std::string_view> all(std::string_view name) const;
  std::size_t size() const { return places_.size(); }
  Field at(std::size_t index) const;
  // Bytes as RFC 9113 counts a header list: name + value + 32 for each field.
  std::size_t list_size() const { return text_.size() + 32 * places_.size(); }

  void add(std::string_view name, std::string_view value);
  // Empties it; keeps the memory for the next request unless that is large.
  void clear();

 private:
  struct Place {
    std::uint32_t name_at;
    std::uint32_t value_at;
    std::uint32_t end;
  };

  std::string text_;
  std::vector<Place> places_;
};

}  // namespace etcd::rpc
