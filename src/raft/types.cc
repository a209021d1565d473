#include "raft/types.h"

#include "raft/status.h"

namespace etcd::raft {

std::string_view role_name(Role role) {
  switch (role) {
    case Role::kFollower: return "StateFollower";
    case Role::kPreCandidate: return "StatePreCandidate";
    case Role::kCandidate: return "StateCandidate";
    case Role::kLeader: return "StateLeader";
  }
  return "";
}

std::string_view progress_state_name(ProgressState state) {
  switch (state) {
    case ProgressState::kProbe: return "StateProbe";
    case ProgressState::kReplicate: return "StateReplicate";
    case ProgressState::kSnapshot: return "StateSnapshot";
  }
  return "";
}

}  // namespace etcd::raft
