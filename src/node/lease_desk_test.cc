#include "node/lease_desk.h"

#include <gtest/gtest.h>

#include <optional>

#include "bolt/write_batch.h"

namespace etcd::node {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct LeaseDeskTest : testing::Test {
  LeaseDeskTest() {
    lead(Term(3));
    lessor.promote({.term = Term(3)});
  }
  void lead(Term term) {
    board.led_term.store(term.value);
    board.is_leader.store(term != Term(0));
    board.leader.store(1);
  }
  void grant(std::int64_t id, std::int64_t ttl_s) { ASSERT_TRUE(lessor.grant(LeaseId(id), ttl_s, now, changes)); }

  // A renewal asked now; its answer once it has one.
  struct Asked {
    bool is_answered = false;
    Result<std::int64_t> ttl_s = 0;
  };
  std::shared_ptr<Asked> renew(std::int64_t id) {
    auto asked = std::make_shared<Asked>();
    questions.renew(LeaseId(id), [asked](Result<std::int64_t> ttl_s) {
      asked->is_answered = true;
      asked->ttl_s = std::move(ttl_s);
    });
    questions.submit();
    step();
    return asked;
  }
  void step() {
    if (replica_runs) board.replica_ran_ns.store(now);
    for (LeaseBatch& batch : std::exchange(pushed, {})) desk.take_in(std::move(batch), lessor, now);
    again_ns = desk.step(lessor, now);
    for (Job& job : std::exchange(posted, {})) job();
  }
  void pass(std::int64_t ns) {
    now += ns;
    step();
  }
  static Errc code(const Asked& asked) { return asked.ttl_s.error().code; }

  lease::LessorOptions lessor_options;
  lease::Lessor lessor;
  bolt::WriteBatch changes;
  Board board;
  std::vector<LeaseId> cleared;
  LeaseDesk desk{{.timeout_ns = 7 * kSecond, .replica_pause_ns = 300'000'000}, {[this](LeaseId id) { cleared.push_back(id); }}, board};
  std::vector<LeaseBatch> pushed;
  std::vector<Job> posted;
  GatheredLeaseQuestions questions{[this](Job job) { posted.push_back(std::move(job)); },
                                   [this](LeaseBatch batch) { pushed.push_back(std::move(batch)); }};
  bool replica_runs = true;
  std::int64_t now = kSecond;
  std::int64_t again_ns = 0;
};

TEST_F(LeaseDeskTest, AnswersAreGivenOnTheThreadThatAskedAllOfABatchTogether) {
  grant(1, 10);
  int answers = 0;
  questions.renew(LeaseId(1), [&](Result<std::int64_t> ttl_s) { answers += ttl_s.value_or(0) == 10 ? 1 : 0; });
  questions.renew(LeaseId(2), [&](Result<std::int64_t> ttl_s) { answers += ttl_s ? 0 : 1; });
  questions.list([&](Result<std::vector<LeaseId>> all) { answers += all->size() == 1 ? 1 : 0; });
  EXPECT_TRUE(pushed.empty());
  questions.submit();
  ASSERT_EQ(pushed.size(), 1u);
  board.replica_ran_ns.store(now);
  desk.take_in(std::move(pushed[0]), lessor, now);
  pushed.clear();
  EXPECT_TRUE(posted.empty());  // not before the view is published
  (void)desk.step(lessor, now);
  ASSERT_EQ(posted.size(), 1u);
  EXPECT_EQ(answers, 0);
  posted[0]();
  EXPECT_EQ(answers, 3);
}

TEST_F(LeaseDeskTest, WithoutQuestionsNothingIsHandedOver) {
  questions.submit();
  EXPECT_TRUE(pushed.empty());
  step();
  EXPECT_EQ(again_ns, std::numeric_limits<std::int64_t>::max());
}

TEST_F(LeaseDeskTest, ARenewalOfAnExpiredLeaseWaitsForItsRevocation) {
  grant(1, 10);
  pass(10 * kSecond);
  const auto asked = renew(1);
  EXPECT_FALSE(asked->is_answered);
  EXPECT_LE(again_ns, now + kSecond / 10);
  pass(kSecond);
  EXPECT_FALSE(asked->is_answered);
  ASSERT_TRUE(lessor.revoke(LeaseId(1), changes));
  pass(kSecond);
  ASSERT_TRUE(asked->is_answered);
  EXPECT_EQ(code(*asked), Errc::kLeaseNotFound);
}

TEST_F(LeaseDeskTest, WhoeverWaitsTooLongIsTold) {
  grant(1, 10);
  pass(10 * kSecond);
  const auto asked = renew(1);
  pass(7 * kSecond);
  ASSERT_TRUE(asked->is_answered);
  EXPECT_EQ(code(*asked), Errc::kTimeout);
  EXPECT_EQ(again_ns, std::numeric_limits<std::int64_t>::max());
}

TEST_F(LeaseDeskTest, ACheckpointIsClearedThroughTheLogBeforeTheRenewal) {
  lessor_options.checkpoints = true;
  lessor = lease::Lessor(lessor_options);
  lessor.promote({.term = Term(3)});
  grant(1, 1000);
  lessor.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 700}, {.persist = true, .now_ns = now}, changes);
  const auto asked = renew(1);
  pass(kSecond);
  EXPECT_FALSE(asked->is_answered);
  EXPECT_EQ(cleared, (std::vector<LeaseId>{LeaseId(1)}));
  lessor.checkpoint({.id = LeaseId(1), .remaining_ttl_s = 0}, {.persist = true, .now_ns = now}, changes);
  pass(kSecond);
  ASSERT_TRUE(asked->is_answered);
  EXPECT_EQ(asked->ttl_s.value(), 1000);
  EXPECT_EQ(lessor.find(LeaseId(1), now)->left_ns, 1000 * kSecond);
}

TEST_F(LeaseDeskTest, ALeaderAnswersOnlyInTheTermForWhichItsLessorIsPrimary) {
  grant(1, 10);
  lead(Term(5));
  const auto asked = renew(1);
  pass(kSecond);
  EXPECT_FALSE(asked->is_answered);
  lessor.promote({.term = Term(5), .extend_ns = kSecond, .now_ns = now});
  pass(kSecond);
  EXPECT_TRUE(asked->is_answered);
  EXPECT_TRUE(asked->ttl_s);
}

TEST_F(LeaseDeskTest, ALeaderWhoseReplicaStandsStillAnswersNothing) {
  grant(1, 10);
  replica_runs = false;
  now += kSecond;
  const auto asked = renew(1);
  pass(kSecond);
  EXPECT_FALSE(asked->is_answered);
  replica_runs = true;
  pass(kSecond);
  EXPECT_TRUE(asked->is_answered);
}

TEST_F(LeaseDeskTest, AnotherLeaderWouldKnowAndWithoutOneTheQuestionWaits) {
  grant(1, 10);
  lead(Term(0));
  const auto to_a_follower = renew(1);
  ASSERT_TRUE(to_a_follower->is_answered);
  EXPECT_EQ(code(*to_a_follower), Errc::kNotPrimaryLessor);
  board.leader.store(0);
  const auto without_leader = renew(1);
  EXPECT_FALSE(without_leader->is_answered);
  pass(7 * kSecond);
  EXPECT_EQ(code(*without_leader), Errc::kNoLeader);
}

TEST_F(LeaseDeskTest, TheKeysOfALeaseAreJudgedThoseOfAllOrThoseOfNone) {
  grant(1, 10);
  grant(2, 10);
  lessor.attach("a", LeaseId(1));
  lessor.attach("b", LeaseId(2));
  std::string judged;
  const auto judge = [&](std::optional<LeaseId> lease) {
    judged.clear();
    bool passed = false;
    questions.judge_keys(
        lease, [&](std::string_view key) { return judged.append(key), Status(); }, [&](const Status& status) { passed = status.has_value(); });
    questions.submit();
    step();
    EXPECT_TRUE(passed);
    return judged;
  };
  EXPECT_EQ(judge(LeaseId(2)), "b");
  EXPECT_EQ(judge(LeaseId(3)), "");
  EXPECT_EQ(judge(LeaseId(0)), "");
  EXPECT_EQ(judge(std::nullopt), "ab");
}

TEST_F(LeaseDeskTest, StoppingAnswersAllThatWaitsAndAllThatComes) {
  grant(1, 10);
  pass(10 * kSecond);
  const auto before = renew(1);
  desk.stop();
  step();
  ASSERT_TRUE(before->is_answered);
  EXPECT_EQ(code(*before), Errc::kStopped);
  EXPECT_EQ(code(*renew(1)), Errc::kStopped);
}

}  // namespace
}  // namespace etcd::node
