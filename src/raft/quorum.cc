#include "raft/quorum.h"

namespace etcd::raft {

VoteResult majority_vote(const std::vector<MemberId>& voters, const Votes& votes) {
  if (voters.empty()) return VoteResult::kWon;
  std::size_t granted = 0;
  std::size_t missing = 0;
  for (MemberId voter : voters) {
    auto vote = votes.find(voter);
    if (vote == votes.end()) {
      ++missing;
    } else if (vote->second) {
      ++granted;
    }
  }
  std::size_t quorum = voters.size() / 2 + 1;
  if (granted >= quorum) return VoteResult::kWon;
  return granted + missing >= quorum ? VoteResult::kPending : VoteResult::kLost;
}

VoteResult joint_vote(const std::vector<MemberId>& incoming, const std::vector<MemberId>& outgoing, const Votes& votes) {
  VoteResult first = majority_vote(incoming, votes);
  VoteResult second = majority_vote(outgoing, votes);
  if (first == second) return first;
  if (first == VoteResult::kLost || second == VoteResult::kLost) return VoteResult::kLost;
  return VoteResult::kPending;
}

}  // namespace etcd::raft
