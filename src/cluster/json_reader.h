// Reading JSON objects that Go wrote. Wraps the JSON library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etcd::cluster {

// One object. As in Go, keys match without regard to case, unknown ones are passed over, and null (or nothing) leaves
// the value as it is.
class JsonReader {
 public:
  // kInvalid unless `json` is an object, or null, and nothing else; kInvalid too for nesting deeper than 32.
  static Result<JsonReader> parse(std::string_view json);
  // The objects of one array, which may be null; otherwise as above.
  static Result<std::vector<JsonReader>> parse_list(std::string_view json);
  JsonReader(JsonReader&&) noexcept;
  ~JsonReader();

  // kInvalid if the field is there with a value of another kind.
  Status read(std::string_view key, std::uint64_t& value) const;
  Status read(std::string_view key, std::int64_t& value) const;
  Status read(std::string_view key, bool& value) const;
  Status read(std::string_view key, std::string& value) const;
  Status read(std::string_view key, std::vector<std::string>& values) const;
  // The object in a field; an empty one if there is none. kInvalid for a value of another kind.
  Result<JsonReader> object(std::string_view key) const;

 private:
  struct Document;
  explicit JsonReader(std::unique_ptr<Document> document);

  std::unique_ptr<Document> document_;
};

}  // namespace etcd::cluster
