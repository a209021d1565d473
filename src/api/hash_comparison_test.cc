#include "api/hash_comparison.h"

#include <gtest/gtest.h>

#include "base/clock.h"

namespace etcd::api {
namespace {

using node::HashKvResult;
using Kind = CompactionVerdict::Kind;

constexpr MemberId kLeader(1);

HashKvResult hash_of(std::uint32_t hash, std::int64_t compacted = 3, std::int64_t current = 10) {
  return {.hash = hash, .compact_revision = Revision(compacted), .hash_revision = Revision(10), .current_revision = Revision(current)};
}
MemberHash member(std::uint64_t id, Result<HashKvResult> answer) { return {MemberId(id), {"http://m"}, std::move(answer)}; }

TEST(HashComparison, AnAnswerIsReadAsMembersOfEitherKindGiveIt) {
  const auto ours = read_hash_kv_answer(200, hash_kv_json({}, hash_of(77, -1)));
  ASSERT_TRUE(ours);
  EXPECT_EQ(ours->hash, 77u);
  EXPECT_EQ(ours->compact_revision, Revision(-1));
  EXPECT_EQ(ours->current_revision, Revision(10));
  const auto gos = read_hash_kv_answer(200, R"({"header":{"revision":12},"hash":4294967295,"compact_revision":-1,"hash_revision":11})");
  ASSERT_TRUE(gos);
  EXPECT_EQ(gos->hash, 4294967295u);
  EXPECT_EQ(gos->hash_revision, Revision(11));
  EXPECT_EQ(gos->current_revision, Revision(12));
  EXPECT_EQ(read_hash_kv_answer(400, "mvcc: required revision has been compacted\n").error().code, Errc::kCompacted);
  EXPECT_EQ(read_hash_kv_answer(400, "etcdserver: mvcc: required revision is a future revision").error().code, Errc::kFutureRevision);
  EXPECT_EQ(read_hash_kv_answer(412, "cluster ID mismatch\n").error().code, Errc::kClusterIdMismatch);
  EXPECT_EQ(read_hash_kv_answer(500, "x").error().code, Errc::kInvalid);
  EXPECT_FALSE(read_hash_kv_answer(200, R"({"header":7})"));
}

TEST(HashComparison, AtTheStartOnlyOtherDataWithTheSameHistoryIsAMismatch) {
  const HashKvResult own = hash_of(1);
  EXPECT_EQ(count_mismatches(kLeader, own, {member(2, hash_of(1)), member(3, hash_of(2, 4)), member(4, fail(Errc::kFutureRevision))}, base::null_logger()), 0u);
  EXPECT_EQ(count_mismatches(kLeader, own, {member(2, hash_of(2)), member(3, hash_of(1))}, base::null_logger()), 1u);
}

TEST(HashComparison, AFollowerThatDiffersOrIsAheadIsCorrupt) {
  const HashKvResult before = hash_of(1);
  HashKvResult after = hash_of(5, 3, 12);
  after.hash_revision = Revision(12);
  const auto corrupt = [&](HashKvResult follower) { return find_corrupt(kLeader, before, after, {member(2, follower)}, base::null_logger()); };
  EXPECT_EQ(corrupt(hash_of(1, 3, 12)), std::nullopt);
  EXPECT_EQ(corrupt(hash_of(2, 2)), std::nullopt) << "another history can't be compared";
  EXPECT_EQ(corrupt(hash_of(2)), MemberId(2));
  EXPECT_EQ(corrupt(hash_of(1, 3, 13)), MemberId(2));
  EXPECT_EQ(corrupt(hash_of(1, 4, 12)), MemberId(2));
}

// It had no key at that revision, and one of the two has compacted there and the other has not yet.
TEST(HashComparison, AnEmptyKeySpaceAndItsCompactionAreNoMismatch) {
  HashKvResult own = hash_of(1);
  own.other_hash = 2;
  const std::vector<MemberHash> others = {member(2, hash_of(2)), member(3, hash_of(1))};
  EXPECT_EQ(count_mismatches(kLeader, own, others, base::null_logger()), 0u);
  EXPECT_EQ(find_corrupt(kLeader, own, hash_of(2), others, base::null_logger()), std::nullopt);
  EXPECT_EQ(compare_compaction(kLeader, own, others, base::null_logger()).kind, Kind::kEqual);
  EXPECT_EQ(count_mismatches(kLeader, own, {member(2, hash_of(3))}, base::null_logger()), 1u);
}

TEST(HashComparison, ALeaderWhosePastHasChangedIsCorruptItself) {
  HashKvResult after = hash_of(2);
  EXPECT_EQ(find_corrupt(kLeader, hash_of(1), after, {member(2, hash_of(9))}, base::null_logger()), kLeader);
  after.hash_revision = Revision(11);
  EXPECT_EQ(find_corrupt(kLeader, hash_of(1), after, {}, base::null_logger()), std::nullopt);
}

TEST(HashComparison, ACompactionIsSettledOnceAllMembersCouldBeCompared) {
  const auto verdict = [](const std::vector<MemberHash>& others) { return compare_compaction(kLeader, hash_of(1), others, base::null_logger()); };
  EXPECT_EQ(verdict({member(2, hash_of(1)), member(3, hash_of(1))}).kind, Kind::kEqual);
  EXPECT_EQ(verdict({member(2, hash_of(1)), member(3, fail(Errc::kTimeout))}).kind, Kind::kUnsettled);
  EXPECT_EQ(verdict({member(2, hash_of(1)), member(3, hash_of(2, 1))}).kind, Kind::kUnsettled);
}

TEST(HashComparison, TheMinorityIsCorruptAndWithoutAMajorityNobodyKnows) {
  const auto corrupt = [](std::uint32_t leader, const std::vector<MemberHash>& others) {
    return compare_compaction(kLeader, hash_of(leader), others, base::null_logger()).corrupt;
  };
  EXPECT_EQ(corrupt(1, {member(2, hash_of(1)), member(3, hash_of(2))}), std::vector<MemberId>{MemberId(3)});
  EXPECT_EQ(corrupt(2, {member(2, hash_of(1)), member(3, hash_of(1))}), std::vector<MemberId>{kLeader});
  EXPECT_EQ(corrupt(1, {member(2, hash_of(2)), member(3, hash_of(3))}), std::vector<MemberId>{MemberId(0)});
  EXPECT_EQ(corrupt(1, {member(2, hash_of(2)), member(3, fail(Errc::kTimeout))}), std::vector<MemberId>{MemberId(0)});
}

}  // namespace
}  // namespace etcd::api
