// SingleNode: a whole replica in one thread, on a disk in memory and a clock that the test moves: what the server does with threads, step by step.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/testing/crash_fs.h"
#include "node/local_node.h"

namespace etcd::node::testing {

// Thrown where the process would have ended.
struct ProcessEnded {};

// Stands still until moved.
class ManualClock : public base::Clock {
 public:
  std::int64_t monotonic_ns() override { return now_ns; }
  std::int64_t wall_ns() override { return 1'700'000'000'000'000'000 + now_ns; }

  std::int64_t now_ns = 1;
};

// What became of a request.
struct Outcome {
  bool answered = false;
  Result<base::Rope> response = fail(Errc::kUnknownOutcome);

  bool ok() const { return answered && response.has_value(); }
};

class SingleNode {
 public:
  struct Options {
    std::uint64_t snapshot_count = 10'000;
    std::int64_t flush_interval_ns = 100'000'000;
    std::size_t max_request_bytes = 1536 * 1024;
    std::int64_t max_tail_bytes = 512 << 20;
    std::string cluster_token = "etcd-cluster";
    std::vector<std::string> other_members = {};  // in the initial cluster; nobody answers for them
    bool force_new_cluster = false;
    Contact::ActiveSince active_since_ns = {};  // of those others
  };

  // `disk` must outlive it. CHECKs that the node opens, unless open() is used.
  static Result<std::unique_ptr<SingleNode>> open(base::CrashFs& disk, const Options& options);
  // Drops the node as a crash would: nothing is written any more.
  ~SingleNode();

  LocalNode& node() { return *node_; }
  ManualClock& clock() { return clock_; }
  // Steps every stage until none has anything left to do at this moment.
  void settle();
  // Moves the clock by steps of a tick, settling after each.
  void pass(std::int64_t ns);
  // Until the member has published itself: then it serves.
  bool wait_ready();

  std::shared_ptr<Outcome> propose(RequestKind kind, std::string request, auth::Identity who = {});
  std::shared_ptr<Outcome> put(std::string_view key, std::string_view value);
  // Proposes, settles, and says whether it was acknowledged.
  bool put_now(std::string_view key, std::string_view value);
  std::shared_ptr<Outcome> compact(Revision revision);
  std::optional<std::string> get(std::string_view key);
  Revision revision();

 private:
  explicit SingleNode(base::CrashFs& disk) : disk_(disk), logger_(quiet_logger(clock_)) {}
  static base::Logger quiet_logger(base::Clock& clock);

  base::CrashFs& disk_;
  ManualClock clock_;
  base::Logger logger_;
  Wakeup wakeup_;
  std::unique_ptr<LocalNode> node_;
  std::unique_ptr<Proposer> proposer_;
  bool ready_ = false;
};

}  // namespace etcd::node::testing
