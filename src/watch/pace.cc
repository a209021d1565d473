#include "watch/pace.h"

#include <algorithm>

namespace etcd::watch {

History Pace::next(Revision newest, std::int64_t way, std::int64_t now_ns) {
  if (newest != newest_) written_ns_ = now_ns;
  newest_ = newest;
  began_ns_ = 0;
  if (way == 0 || now_ns - written_ns_ > kQuietNs) {
    pauses_ = kPauses;
    judged_ns_ = 0;
    due_ns_ = 0;
    return History::kFast;
  }
  judge(way, now_ns);
  if (now_ns < due_ns()) return History::kWaits;
  began_ns_ = now_ns;
  return History::kGentle;
}

void Pace::ended(std::int64_t now_ns, std::uint64_t bytes) {
  if (began_ns_ == 0) return;
  const std::int64_t took_ns = now_ns - began_ns_ + static_cast<std::int64_t>(bytes) * kByteNs;
  due_ns_ = std::max(due_ns_, began_ns_ - kSlackNs) + (1 + pauses_) * took_ns;
}

// Once in a while: does whoever catches up get anywhere?
void Pace::judge(std::int64_t way, std::int64_t now_ns) {
  if (judged_ns_ != 0 && now_ns - judged_ns_ < kPatienceNs) return;
  if (judged_ns_ != 0) pauses_ = way < judged_way_ ? std::min(kPauses, std::max<std::int64_t>(1, 2 * pauses_)) : pauses_ / 2;
  judged_ns_ = now_ns;
  judged_way_ = way;
}

}  // namespace etcd::watch
