// LeaseDesk: answers what clients ask about leases, from the lessor that lives with the state machine.
//
// A batch of questions from an I/O thread waits in the apply stage's inbox behind the entries that were committed when it was asked; its answers go
// back in one batch once the view that they may speak of is published. Questions that have no answer yet wait here, within the time limit:
//  - a renewal of a lease that has expired: until it is revoked (an expired lease never comes back), or another member leads;
//  - a renewal of a lease whose remaining TTL is checkpointed: until that is cleared through the log, as every member must forget it;
//  - everything while this member leads without having applied what earlier terms left, or while its replica stands still: it may have been replaced.
//
// Owner: the apply thread, but for the LeaseQuestions, each of which belongs to the thread that asks.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "lease/lessor.h"
#include "node/board.h"
#include "node/node.h"
#include "node/worker.h"

namespace etcd::node {

template <typename Answer>
struct Answerable {
  base::UniqueFunction<void(Result<Answer>)> done;
  Result<Answer> answer = Answer();
};
struct RenewQuestion : Answerable<std::int64_t> {
  LeaseId id;
  bool waits_for_checkpoint = false;
};
struct DescribeQuestion : Answerable<LeaseDescription> {
  LeaseId id;
  LeaseQuestions::Keys keys = LeaseQuestions::Keys::kLeaveOut;
};
struct ListQuestion : Answerable<std::vector<LeaseId>> {};
struct JudgeQuestion {
  base::UniqueFunction<void(Status)> done;
  Status answer;
  std::optional<LeaseId> lease;  // none: all
  LeaseQuestions::JudgeKey judge;
};
using LeaseQuestion = std::variant<RenewQuestion, DescribeQuestion, ListQuestion, JudgeQuestion>;

// How a job gets to the thread that asked.
using PostJob = std::function<void(Job)>;

// What one thread has asked in one pass, or the answers to that.
struct LeaseBatch {
  std::shared_ptr<const PostJob> post;
  std::vector<LeaseQuestion> questions;
};

class LeaseDesk {
 public:
  struct Options {
    std::int64_t timeout_ns = 7'000'000'000;         // of a question that waits
    std::int64_t replica_pause_ns = 300'000'000;     // a replica that has not run for so long may have been replaced as the leader
  };
  struct Outlets {
    std::function<void(LeaseId)> clear_checkpoint;   // proposes, as this term's leader, to forget the lease's remaining TTL
  };

  LeaseDesk(const Options& options, Outlets outlets, const Board& board)
      : options_(options), outlets_(std::move(outlets)), board_(board) {}

  // Between two batches of entries.
  void take_in(LeaseBatch batch, lease::Lessor& lessor, std::int64_t now_ns);
  // After the view was published: sends off the answers, and looks again at the questions that wait. Returns when it wants to be called again.
  std::int64_t step(lease::Lessor& lessor, std::int64_t now_ns);
  // Answers all that waits, and all that comes from now on, with kStopped.
  void stop();

 private:
  struct Waiting {
    std::shared_ptr<const PostJob> post;
    LeaseQuestion question;
    std::int64_t deadline_ns = 0;
  };
  enum class Standing : std::uint8_t { kPrimary, kUnclear, kOtherLeads };

  // True if it has its answer now.
  bool answer(LeaseQuestion& question, lease::Lessor& lessor, std::int64_t now_ns);
  bool answer_renewal(RenewQuestion& question, lease::Lessor& lessor, std::int64_t now_ns);
  bool answer_description(DescribeQuestion& question, const lease::Lessor& lessor, std::int64_t now_ns);
  Standing standing(const lease::Lessor& lessor, std::int64_t now_ns) const;
  void look_again(lease::Lessor& lessor, std::int64_t now_ns);
  void add_answered(const std::shared_ptr<const PostJob>& post, LeaseQuestion question);
  void send_off();

  Options options_;
  Outlets outlets_;
  const Board& board_;
  bool stopped_ = false;
  std::vector<LeaseBatch> answered_;  // at most one for each asking thread
  std::vector<Waiting> waiting_;
  std::int64_t look_again_ns_ = std::numeric_limits<std::int64_t>::max();  // while something waits
};

// One asking thread's end. `push` brings a batch to take_in(), from any thread.
class GatheredLeaseQuestions : public LeaseQuestions {
 public:
  GatheredLeaseQuestions(PostJob post, std::function<void(LeaseBatch)> push)
      : post_(std::make_shared<const PostJob>(std::move(post))), push_(std::move(push)) {}

  void renew(LeaseId id, base::UniqueFunction<void(Result<std::int64_t>)> done) override;
  void describe(LeaseId id, Keys keys, base::UniqueFunction<void(Result<LeaseDescription>)> done) override;
  void judge_keys(std::optional<LeaseId> lease, JudgeKey judge, base::UniqueFunction<void(Status)> done) override;
  void list(base::UniqueFunction<void(Result<std::vector<LeaseId>>)> done) override;
  void submit() override;

 private:
  std::shared_ptr<const PostJob> post_;
  std::function<void(LeaseBatch)> push_;
  std::vector<LeaseQuestion> gathered_;
};

}  // namespace etcd::node
