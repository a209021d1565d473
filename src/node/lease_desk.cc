#include "node/lease_desk.h"

#include <algorithm>
#include <utility>

#include "base/plant.h"
#include "base/failpoint.h"

namespace etcd::node {

namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLookAgainNs = 20'000'000;
constexpr std::int64_t kSecondNs = 1'000'000'000;

void fail_question(LeaseQuestion& question, Errc code) {
  std::visit([code](auto& one) { one.answer = fail(code); }, question);
}

void answer_judgement(JudgeQuestion& question, const lease::Lessor& lessor, std::int64_t now_ns) {
  std::vector<LeaseId> ids;
  if (question.lease) {
    ids.push_back(*question.lease);
  } else {
    for (const lease::LeaseInfo& lease : lessor.list(now_ns)) {
      if (lease.key_count > 0) ids.push_back(lease.id);
    }
  }
  for (const LeaseId id : ids) {
    for (const std::string_view key : lessor.keys_of(id)) {
      question.answer = question.judge(key);
      if (!question.answer) return;
    }
  }
}

}  // namespace

void LeaseDesk::take_in(LeaseBatch batch, lease::Lessor& lessor, std::int64_t now_ns) {
  for (LeaseQuestion& question : batch.questions) {
    if (stopped_) fail_question(question, Errc::kStopped);
    if (stopped_ || answer(question, lessor, now_ns)) {
      add_answered(batch.post, std::move(question));
    } else {
      waiting_.push_back({batch.post, std::move(question), now_ns + options_.timeout_ns});
    }
  }
  if (!waiting_.empty()) look_again_ns_ = std::min(look_again_ns_, now_ns + kLookAgainNs);
}

std::int64_t LeaseDesk::step(lease::Lessor& lessor, std::int64_t now_ns) {
  if (now_ns >= look_again_ns_) look_again(lessor, now_ns);
  send_off();
  return look_again_ns_;
}

void LeaseDesk::stop() {
  stopped_ = true;
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    fail_question(waiting.question, Errc::kStopped);
    add_answered(waiting.post, std::move(waiting.question));
  }
  look_again_ns_ = kNever;
  send_off();
}

void LeaseDesk::look_again(lease::Lessor& lessor, std::int64_t now_ns) {
  std::vector<Waiting> still;
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    bool answered = answer(waiting.question, lessor, now_ns);
    if (!answered && now_ns >= waiting.deadline_ns) {
      fail_question(waiting.question, board_.leader.load() == 0 ? Errc::kNoLeader : Errc::kTimeout);
      answered = true;
    }
    if (answered) {
      add_answered(waiting.post, std::move(waiting.question));
    } else {
      still.push_back(std::move(waiting));
    }
  }
  waiting_ = std::move(still);
  look_again_ns_ = waiting_.empty() ? kNever : now_ns + kLookAgainNs;
}

bool LeaseDesk::answer(LeaseQuestion& question, lease::Lessor& lessor, std::int64_t now_ns) {
  if (auto* list = std::get_if<ListQuestion>(&question)) {
    for (const lease::LeaseInfo& lease : lessor.list(now_ns)) list->answer->push_back(lease.id);
    return true;
  }
  if (auto* judgement = std::get_if<JudgeQuestion>(&question)) return answer_judgement(*judgement, lessor, now_ns), true;
  switch (standing(lessor, now_ns)) {
    case Standing::kUnclear: return false;
    // The leader knows; who has a way to it asks there.
    case Standing::kOtherLeads: fail_question(question, Errc::kNotPrimaryLessor); return true;
    case Standing::kPrimary: break;
  }
  if (auto* renewal = std::get_if<RenewQuestion>(&question)) return answer_renewal(*renewal, lessor, now_ns);
  return answer_description(std::get<DescribeQuestion>(question), lessor, now_ns);
}

bool LeaseDesk::answer_renewal(RenewQuestion& question, lease::Lessor& lessor, std::int64_t now_ns) {
  const auto lease = lessor.find(question.id, now_ns);
  if (!lease) {
    question.answer = fail(lease.error());
    return true;
  }
  const bool expired = lease->left_ns <= 0 && !PLANTED(renews_what_has_expired);
  if (!expired) FAILPOINT(beforeCheckpointInLeaseRenew);
  if (!expired && lessor.renewal_needs_checkpoint(question.id)) {
    if (std::exchange(question.waits_for_checkpoint, true)) return false;
    lessor.begin_clearing(question.id);
    outlets_.clear_checkpoint(question.id);
    return false;
  }
  if (expired || lessor.renew(question.id, now_ns) != lease::Renewal::kRenewed) return false;
  question.answer = lease->ttl_s;
  return true;
}

bool LeaseDesk::answer_description(DescribeQuestion& question, const lease::Lessor& lessor, std::int64_t now_ns) {
  FAILPOINT(beforeLookupWhenLeaseTimeToLive);
  const auto lease = lessor.find(question.id, now_ns);
  if (!lease) {
    question.answer = fail(lease.error());
    return true;
  }
  LeaseDescription& description = *question.answer;
  description.left_s = lease->left_ns / kSecondNs;
  description.granted_s = lease->ttl_s;
  if (question.keys == LeaseQuestions::Keys::kInclude) {
    const std::vector<std::string_view> keys = lessor.keys_of(question.id);
    description.keys.assign(keys.begin(), keys.end());
  }
  return true;
}

LeaseDesk::Standing LeaseDesk::standing(const lease::Lessor& lessor, std::int64_t now_ns) const {
  const Term led(board_.led_term.load());
  if (led == Term(0)) return board_.leader.load() == 0 || board_.is_leader.load() ? Standing::kUnclear : Standing::kOtherLeads;
  const bool replica_runs = now_ns - board_.replica_ran_ns.load() < options_.replica_pause_ns;
  return lessor.primary_term() == led && replica_runs ? Standing::kPrimary : Standing::kUnclear;
}

void LeaseDesk::add_answered(const std::shared_ptr<const PostJob>& post, LeaseQuestion question) {
  auto batch = std::find_if(answered_.begin(), answered_.end(), [&](const LeaseBatch& candidate) { return candidate.post == post; });
  if (batch == answered_.end()) batch = answered_.insert(answered_.end(), {post, {}});
  batch->questions.push_back(std::move(question));
}

void LeaseDesk::send_off() {
  for (LeaseBatch& batch : answered_) {
    (*batch.post)([questions = std::move(batch.questions)]() mutable {
      for (LeaseQuestion& question : questions) {
        std::visit([](auto& one) { one.done(std::move(one.answer)); }, question);
      }
    });
  }
  answered_.clear();
}

void GatheredLeaseQuestions::renew(LeaseId id, base::UniqueFunction<void(Result<std::int64_t>)> done) {
  RenewQuestion question;
  question.done = std::move(done);
  question.id = id;
  gathered_.emplace_back(std::move(question));
}

void GatheredLeaseQuestions::describe(LeaseId id, Keys keys, base::UniqueFunction<void(Result<LeaseDescription>)> done) {
  DescribeQuestion question;
  question.done = std::move(done);
  question.id = id;
  question.keys = keys;
  gathered_.emplace_back(std::move(question));
}

void GatheredLeaseQuestions::judge_keys(std::optional<LeaseId> lease, JudgeKey judge, base::UniqueFunction<void(Status)> done) {
  gathered_.emplace_back(JudgeQuestion{.done = std::move(done), .answer = {}, .lease = lease, .judge = std::move(judge)});
}

void GatheredLeaseQuestions::list(base::UniqueFunction<void(Result<std::vector<LeaseId>>)> done) {
  ListQuestion question;
  question.done = std::move(done);
  gathered_.emplace_back(std::move(question));
}

void GatheredLeaseQuestions::submit() {
  if (gathered_.empty()) return;
  push_({post_, std::exchange(gathered_, {})});
}

}  // namespace etcd::node
