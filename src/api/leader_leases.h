// LeaderLeases: questions about leases on any member. Only the leader knows how long a lease has left; a member that does not lead passes the question on
// to it over the peer port, as etcd does.
//
// A question is put to this member first, which answers it if it leads; else it goes to whoever leads now. What fails there - nobody answers, or the leader
// has lost its office - begins again, every 50 ms until the request timeout is over: kTimeout. No more than kInFlight questions are with the leader at once,
// the others wait here.
// An answer of another leader may speak of keys that this member's view() does not know yet.
// Owner: a lane, on its loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/api.h"
#include "node/node.h"
#include "rpc/loop.h"

namespace etcd::api {

class LeaderLeases : public node::LeaseQuestions {
 public:
  // `here`: this member's own. All must outlive it.
  LeaderLeases(std::unique_ptr<node::LeaseQuestions> here, node::Node& node, const Options& options, rpc::Loop& loop);

  void renew(LeaseId id, base::UniqueFunction<void(Result<std::int64_t>)> done) override;
  void describe(LeaseId id, Keys keys, base::UniqueFunction<void(Result<node::LeaseDescription>)> done) override;
  void judge_keys(std::optional<LeaseId> lease, JudgeKey judge, base::UniqueFunction<void(Status)> done) override {
    here_->judge_keys(lease, std::move(judge), std::move(done));
  }
  void list(base::UniqueFunction<void(Result<std::vector<LeaseId>>)> done) override { here_->list(std::move(done)); }
  void submit() override { here_->submit(); }

 private:
  static constexpr std::size_t kInFlight = 64;

  struct Renewal {
    base::UniqueFunction<void(Result<std::int64_t>)> done;
  };
  struct Description {
    base::UniqueFunction<void(Result<node::LeaseDescription>)> done;
    Keys keys = Keys::kLeaveOut;
  };
  struct Question {
    LeaseId id;
    std::int64_t deadline_ns = 0;
    std::variant<Renewal, Description> what;
  };
  using SharedQuestion = std::shared_ptr<Question>;

  void ask_here(const SharedQuestion& question);
  template <typename Kind, typename Answer>
  void on_own_answer(const SharedQuestion& question, Result<Answer> answer);
  void ask_leader(const SharedQuestion& question);
  void send_waiting();
  void send(const SharedQuestion& question, const cluster::Member& leader);
  void on_leaders_answer(const SharedQuestion& question, const Result<PeerAnswer>& answer);
  void ask_again_later(const SharedQuestion& question);
  static void fail_question(Question& question, Errc code);
  static void finish(Question& question, std::string_view response);

  std::unique_ptr<node::LeaseQuestions> here_;
  node::Node& node_;
  const Options& options_;
  rpc::Loop& loop_;
  std::deque<SharedQuestion> waiting_;  // for a place among those that are with the leader
  std::size_t in_flight_ = 0;
  std::vector<SharedQuestion> again_;  // when the timer fires
  rpc::Timer again_timer_;
};

}  // namespace etcd::api
