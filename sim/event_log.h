// EventLog: every change of the key space, as the first member that published it has it. Watchers are compared with it, and what clients were told
// that they changed must be in it.
//
// Owner: the World. It looks at each view when it is published, before any compaction that comes later can take something away; where one was faster
// (a member that took over a snapshot first) nothing is known, and nothing is compared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mvcc/key_range.h"
#include "mvcc/read_view.h"
#include "sim/history.h"

namespace etcd::sim {

struct KeyEvent {
  std::int64_t revision = 0;
  bool is_delete = false;
  std::string key;
  std::string kv;  // the encoded KeyValue of a put

  friend bool operator==(const KeyEvent&, const KeyEvent&) = default;
};

class EventLog {
 public:
  using Fault = std::optional<std::string>;

  Fault see(const mvcc::ReadView& view);
  // Revisions up to here have been seen.
  std::int64_t newest() const { return newest_; }

  // Whether `told` is all that happened to the keys of `range` at revisions from..to, in order.
  Fault compare(const mvcc::KeyRange& range, std::int64_t from, std::int64_t to, const std::vector<KeyEvent>& told) const;
  // Whether everything is here that clients were told that they had done.
  Fault check(const History& history) const;

 private:
  bool is_unknown(std::int64_t revision) const;

  struct Gap {
    std::int64_t from;
    std::int64_t to;
  };

  std::int64_t newest_ = 1;  // an empty store's
  std::map<std::int64_t, std::vector<KeyEvent>> events_;  // by revision
  std::vector<Gap> gaps_;
};

// As fields of a WatchResponse: what a sink is given.
std::vector<KeyEvent> decode_events(std::string_view bytes);

}  // namespace etcd::sim
