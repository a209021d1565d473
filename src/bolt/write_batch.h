// Changes to buckets that are still in memory, in the order in which they happened: what apply hands to the flush stage.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace etcd::bolt {

// One change. `bucket` is a constant of bolt/schema.h (static lifetime).
struct Write {
  std::string_view bucket;
  std::string key;
  std::optional<base::SharedBytes> value;  // nothing: the key is erased
};

class WriteBatch {
 public:
  void put(std::string_view bucket, std::string key, base::SharedBytes value) {
    bytes_ += key.size() + value.size();
    writes_.push_back({bucket, std::move(key), std::move(value)});
  }
  void put(std::string_view bucket, std::string key, std::string value) {
    put(bucket, std::move(key), base::SharedBytes(std::move(value)));
  }
  void erase(std::string_view bucket, std::string key) {
    bytes_ += key.size();
    writes_.push_back({bucket, std::move(key), std::nullopt});
  }

  const std::vector<Write>& writes() const { return writes_; }
  bool empty() const { return writes_.empty(); }
  std::size_t size() const { return writes_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::vector<Write> writes_;
  std::size_t bytes_ = 0;
};

}  // namespace etcd::bolt
