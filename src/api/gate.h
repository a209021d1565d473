// Gate: what every call has to pass before its service sees it, in etcd's order: this member is no learner, the client names its version in
// proper text, a client that insists on a leader finds one, and the caller may call this method at all (api/auth/methods.h).
#pragma once

#include <map>
#include <mutex>

#include "api/auth/methods.h"
#include "api/context.h"
#include "base/result.h"
#include "rpc/call.h"
#include "rpc/timer_wheel.h"

namespace etcd::api {

// A learner answers only a Status, a serializable Range and a Snapshot.
enum class ForLearner : std::uint8_t { kRefused, kAllowed };

class Gate;

// Keeps a streaming call under watch for as long as it lives. Any thread.
class LeaderWatch {
 public:
  LeaderWatch() = default;
  LeaderWatch(LeaderWatch&& other) noexcept;
  LeaderWatch& operator=(LeaderWatch&& other) noexcept;
  ~LeaderWatch();

 private:
  friend class Gate;
  LeaderWatch(Gate* gate, std::uint64_t number) : gate_(gate), number_(number) {}

  Gate* gate_ = nullptr;
  std::uint64_t number_ = 0;
};

class Gate {
 public:
  // Both must outlive it. Before the loops run.
  Gate(Context& context, Callers& callers);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  // Where registration leaves the rules of the methods.
  Methods::Rules& rules() { return rules_; }

  // On a loop's thread. Counts the request, too. kNotSupportedForLearner, kInvalidClientApiVersion, kNoLeader, and what Callers says of who must not.
  Status admit_unary(const rpc::CallInfo& info, ForLearner for_learner);
  // Likewise. A call that insists on a leader ends with kNoLeader once there was none for three election timeouts, while the LeaderWatch lives.
  Result<LeaderWatch> admit_stream(const rpc::StreamCall& call, ForLearner for_learner);

  // Asks the node for its leader: called by a timer once an election timeout.
  void poll();

 private:
  friend class LeaderWatch;
  static constexpr int kPollsWithoutLeader = 3;
  static constexpr std::size_t kMaxVersions = 100;  // labels of a metric, chosen by clients

  Status admit(const rpc::CallInfo& info, Lane& lane, Lane::RequestCounts& counts, const char* kind, ForLearner for_learner);
  Status count(const rpc::CallInfo& info, Lane::RequestCounts& counts, const char* kind);
  Status check_rule(const rpc::CallInfo& info);
  void start_timer();
  void forget(std::uint64_t number);

  Context& context_;
  Callers& callers_;
  Methods::Rules rules_;
  rpc::Timer timer_;           // of the first lane's loop
  int polls_without_leader_ = 0;

  std::mutex mutex_;  // guards what follows
  std::map<std::uint64_t, rpc::StreamCall> watched_;
  std::uint64_t watches_made_ = 0;
};

}  // namespace etcd::api
