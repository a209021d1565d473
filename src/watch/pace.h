// Pace: how fast history is told, so that whoever catches up gives way to whoever writes.
//
// While new revisions come, a small slice of history is followed by a pause of kPauses times what it took, its sending
// included. At rest there are no pauses. History does not give way for ever: each kPatience in which the way to go has
// not become shorter halves the pauses, each in which it has doubles them again.
// Pure: time is given. Owner: the host of one hub.
#pragma once

#include <cstdint>

#include "base/ids.h"
#include "watch/hub.h"

namespace etcd::watch {

class Pace {
 public:
  // Writers at work bring another revision within that time.
  static constexpr std::int64_t kQuietNs = 50'000'000;
  static constexpr std::int64_t kPauses = 16;
  static constexpr std::int64_t kPatienceNs = 5'000'000'000;
  // What sending costs once the step is over, for each byte: copying it, and as much for whoever receives it here.
  static constexpr std::int64_t kByteNs = 1;
  // Slices come by so much too early, or make good so much that they came too late: timers tick in milliseconds.
  static constexpr std::int64_t kSlackNs = 1'000'000;

  // What a step at `now_ns` may do. `newest`: the revision published; `way`: revisions that are to be told to those far
  // behind, 0 if nobody is.
  History next(Revision newest, std::int64_t way, std::int64_t now_ns);
  // That step ended, and gave its sinks so many bytes.
  void ended(std::int64_t now_ns, std::uint64_t bytes);
  // After a step that was not allowed kFast: when to step again. Now, if that is not later than now.
  std::int64_t due_ns() const { return due_ns_ - kSlackNs; }

 private:
  void judge(std::int64_t way, std::int64_t now_ns);

  Revision newest_{0};
  std::int64_t written_ns_ = INT64_MIN / 2;  // when a new revision was seen
  std::int64_t began_ns_ = 0;                // the gentle step; 0: none
  std::int64_t due_ns_ = 0;
  std::int64_t pauses_ = kPauses;
  std::int64_t judged_ns_ = 0;  // 0: nobody was far behind
  std::int64_t judged_way_ = 0;
};

}  // namespace etcd::watch
