// SkippedStreams: which streams a client has passed over. Opening one closes all lower ones that were never opened (RFC
// 9113, 5.1.1); a frame that opens such a stream after all is a connection error.
//
// Owner: one connection. Clients number their streams without gaps, so this is nearly always empty; of a client that
// leaves many gaps the latest few are known.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace etcd::rpc {

class SkippedStreams {
 public:
  enum class Verdict : std::uint8_t { kFine, kNeverOpened };

  // HEADERS came on stream `id`. Streams that a client may not open at all are not judged here.
  Verdict note(std::int32_t id) {
    if (id % 2 == 0) return Verdict::kFine;
    if (id <= last_) {
      const auto holds_id = [&](const Gap& gap) { return gap.first <= id && id <= gap.last; };
      return std::ranges::any_of(gaps_, holds_id) ? Verdict::kNeverOpened : Verdict::kFine;
    }
    if (id > last_ + 2) gaps_[next_++ % gaps_.size()] = {last_ + 2, id - 2};
    last_ = id;
    return Verdict::kFine;
  }

 private:
  // Streams first, first + 2, ... last.
  struct Gap {
    std::int32_t first = 1;
    std::int32_t last = 0;
  };

  std::array<Gap, 4> gaps_;
  std::size_t next_ = 0;
  std::int32_t last_ = -1;  // the highest opened
};

}  // namespace etcd::rpc
