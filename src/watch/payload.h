// Payload: the events of one response, encoded once for all watchers that are told the same.
//
// Format: the fields `events` (number 11) of etcdserverpb.WatchResponse, one behind the other, tags included: what a
// response carries behind its header and watch_id. Owner: the slice that made it; valid until the slice's next reading.
// The blocks that shared() gives live on by themselves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/free_memory.h"
#include "base/ids.h"

namespace etcd::watch {

class Payload {
 public:
  std::size_t count() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  // All events.
  std::string_view bytes() const { return bytes_; }
  // Event `index`, tag included.
  std::string_view event(std::size_t index) const {
    const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
    return bytes_.substr(begin, ends_[index] - begin);
  }
  // Revision of the last event.
  Revision last() const { return last_; }
  // How much memory it has of its own.
  std::size_t capacity() const { return text_.capacity(); }
  // The same bytes as bytes(), in a block that may be kept: made by the first call, shared by all.
  const base::SharedBytes& shared() const {
    if (shared_.empty()) shared_ = base::SharedBytes::copy_of(bytes_);
    return shared_;
  }

 private:
  friend class Slice;

  void clear() {
    text_.clear();
    ends_.clear();
    bytes_ = {};
    shared_ = {};
    last_ = {};
  }

  void free() {
    clear();
    base::free_memory(text_);
    ends_ = std::vector<std::size_t>();
  }

  std::string text_;  // of several events; one alone is looked at where it was encoded
  std::string_view bytes_;
  std::vector<std::size_t> ends_;  // in bytes_, of each event
  Revision last_;
  mutable base::SharedBytes shared_;
};

}  // namespace etcd::watch
