// Quorums: what a majority of voters - or, in a joint configuration, a majority of each half - has agreed on.
//
// An empty half agrees to everything, so that a configuration that is not joint behaves as its first half.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include "raft/types.h"

namespace etcd::raft {

enum class VoteResult : std::uint8_t { kPending, kLost, kWon };

using Votes = std::map<MemberId, bool>;

VoteResult majority_vote(const std::vector<MemberId>& voters, const Votes& votes);
VoteResult joint_vote(const std::vector<MemberId>& incoming, const std::vector<MemberId>& outgoing, const Votes& votes);

// The highest number that a majority of `voters` has reached, where acked(MemberId) -> uint64 tells how far one has (0 for one that never
// answered). Without voters the highest number there is.
template <typename Acked>
std::uint64_t majority_reached(const std::vector<MemberId>& voters, Acked acked) {
  if (voters.empty()) return std::numeric_limits<std::uint64_t>::max();
  constexpr std::size_t kFew = 9;
  std::array<std::uint64_t, kFew> few;
  std::vector<std::uint64_t> many(voters.size() > kFew ? voters.size() : 0);
  std::uint64_t* reached = many.empty() ? few.data() : many.data();
  for (std::size_t i = 0; i < voters.size(); ++i) reached[i] = acked(voters[i]);
  std::uint64_t* end = reached + voters.size();
  std::uint64_t* quorum = reached + (voters.size() - (voters.size() / 2 + 1));
  std::nth_element(reached, quorum, end);
  return *quorum;
}

// The same for both halves of a joint configuration.
template <typename Acked>
std::uint64_t joint_reached(const std::vector<MemberId>& incoming, const std::vector<MemberId>& outgoing, Acked acked) {
  return std::min(majority_reached(incoming, acked), majority_reached(outgoing, acked));
}

}  // namespace etcd::raft
