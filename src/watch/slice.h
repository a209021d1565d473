// Slice: a bounded piece of the log of changes, matched against the watched ranges; its events, each encoded once.
//
// Owner: one hub, which uses it again and again: what it has allotted it keeps. Everything that it returns is valid
// until the next read() or clear(), and as long as the view.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "mvcc/changes.h"
#include "mvcc/read_view.h"
#include "watch/payload.h"
#include "watch/watched_ranges.h"

namespace etcd::watch {

// Which watchers of a range a slice is for.
enum class Audience : std::uint8_t { kSynced, kBehind };

// A slice ends before the first revision at which one of these is reached: it has at least one revision, and never a
// part of one.
struct SliceLimits {
  std::size_t changes = 512;         // looked at, some 0.1 to 0.5 us each
  std::size_t deliveries = 2048;     // some 0.1 us each
  std::size_t bytes = 1024 * 1024;   // of what was matched
};

class Slice {
 public:
  // Reads changes with from <= revision <= to. Returns the first revision that was not read. `from` >=
  // view.complete_from(). A damaged db ends the process: watchers could only be told less than happened.
  Revision read(const mvcc::ReadView& view, Revision from, Revision to, WatchedRanges& ranges, Audience audience,
                const SliceLimits& limits);

  // The ranges of that audience in which something changed, in order of their first change.
  const std::vector<WatchedRange*>& matched() const { return matched_; }
  // What a watcher of a matched range is told who has that flavor and is told nothing below `next`; may be empty. Valid
  // until the next call.
  const Payload& payload(const WatchedRange& range, std::uint8_t flavor, Revision next);
  // Forgets the matches. Keeps a moderate amount of memory.
  void clear();

 private:
  struct Event {
    Revision revision;
    std::string_view key;
    std::string_view kv;
    bool is_delete = false;
    bool is_create = false;
    // Encoded, once somebody asked for it; of one that has no value before it both are the same.
    const std::string* plain = nullptr;
    const std::string* with_prev_kv = nullptr;
  };
  // One event of one range; 0 in `next` is the end.
  struct Match {
    std::uint32_t event;
    std::uint32_t next;
  };

  std::size_t add(const mvcc::Change& change, WatchedRanges& ranges, Audience audience);
  void add_match(WatchedRange& range, std::uint32_t event);
  void fill(Payload& payload, const WatchedRange& range, std::uint8_t flavor, Revision next);
  const std::string& encoded(Event& event, bool prev_kv);
  std::string& new_text();
  std::optional<std::string_view> value_before(const Event& event) const;

  const mvcc::ReadView* view_ = nullptr;
  std::vector<Event> events_;
  std::vector<Match> matches_{{}};  // the first stands for none
  std::vector<WatchedRange*> matched_;
  std::deque<std::string> texts_;  // encoded events; a deque, since they are looked at while more come
  std::size_t texts_used_ = 0;
  std::size_t bytes_ = 0;       // matched
  std::size_t deliveries_ = 0;  // to come

  // Payloads of one range, by flavor, for those who are told all of it.
  const WatchedRange* range_ = nullptr;
  std::array<Payload, kFlavors> whole_;
  std::uint8_t filled_ = 0;  // bit by flavor
  Payload part_;
};

}  // namespace etcd::watch
