// Random requests against a naive model, on two replicas that are flushed and restarted at different times: every
// answer must be the model's, and in the end both must hold the same bytes.
#include <gtest/gtest.h>

#include "apply/check.h"
#include "apply/testing/describe.h"
#include "apply/testing/encode.h"
#include "apply/testing/model.h"
#include "apply/testing/replica.h"
#include "base/rng.h"

namespace etcd::apply {
namespace {

using testing::Model;
using testing::Replica;
using testing::TxnBuilder;

constexpr int kKeys = 12;
constexpr int kMaxOps = 16;

class Requests {
 public:
  explicit Requests(std::uint64_t seed) : rng_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return rng_.below(bound); }
  bool one_in(std::uint64_t n) { return rng_.one_in(n); }

  PutRequest put() {
    PutRequest request;
    request.key = key();
    request.ignore_value = one_in(8);
    request.ignore_lease = one_in(8);
    if (!request.ignore_value) request.value = value();
    if (!request.ignore_lease && one_in(3)) request.lease = LeaseId(lease());
    request.prev_kv = one_in(2);
    return request;
  }
  DeleteRangeRequest del() {
    DeleteRangeRequest request;
    request.key = key();
    request.range_end = end();
    request.prev_kv = one_in(2);
    return request;
  }
  RangeRequest range(std::int64_t revision) {
    RangeRequest request;
    request.key = key();
    request.range_end = end();
    if (one_in(3)) request.limit = static_cast<std::int64_t>(below(5));
    if (one_in(3)) request.revision = revision + 1 - static_cast<std::int64_t>(below(20));
    request.count_only = one_in(6);
    return request;
  }
  Compare compare(std::int64_t revision) {
    const auto target = static_cast<CompareTarget>(below(5));
    const std::int64_t operands[] = {static_cast<std::int64_t>(below(4)),
                                     revision - static_cast<std::int64_t>(below(10)), lease()};
    Compare compare = target == CompareTarget::kValue
                          ? testing::compare_value(key(), value())
                          : testing::compare_number(target, key(), CompareResult::kEqual, operands[below(3)]);
    compare.result = static_cast<CompareResult>(below(4));
    compare.range_end = end();
    return compare;
  }
  TxnBuilder txn(std::int64_t revision, int depth) {
    TxnBuilder builder;
    for (std::uint64_t i = below(3); i > 0; --i) builder.compare(compare(revision));
    for (std::uint64_t i = below(4); i > 0; --i) builder.success(op(revision, depth));
    for (std::uint64_t i = below(3); i > 0; --i) builder.failure(op(revision, depth));
    return builder;
  }
  std::int64_t lease() { return static_cast<std::int64_t>(below(6)) - 2; }

 private:
  // One range end in eight is the zero byte.
  std::string_view end() {
    static constexpr std::string_view kToTheLast("\0", 1);
    if (one_in(8)) return kToTheLast;
    return one_in(2) ? key() : std::string_view();
  }
  std::string_view key() {
    static const std::string kNames = "abcdefghijkl";
    return std::string_view(kNames).substr(below(kKeys), 1);
  }
  std::string_view value() {
    static const std::string kValues = "0123456789";
    return std::string_view(kValues).substr(below(5), below(5));
  }
  std::string op(std::int64_t revision, int depth) {
    if (depth < 3 && one_in(5)) return TxnBuilder::op(txn(revision, depth + 1));
    if (one_in(3)) return TxnBuilder::op(range(revision));
    return one_in(3) ? TxnBuilder::op(del()) : TxnBuilder::op(put());
  }

  base::Rng rng_;
};

// A request with what the model answers. A put that leans on a key which the same transaction has deleted to the last
// is left out: etcd ends there.
struct Sent {
  RequestKind kind;
  std::string bytes;
  std::string answer;
};

Sent next_request(Requests& requests, Model& model) {
  switch (requests.below(10)) {
    case 0: {
      const RangeRequest range = requests.range(model.revision());
      return {RequestKind::kRange, testing::encode(range), model.range(range)};
    }
    case 1: {
      const DeleteRangeRequest del = requests.del();
      return {RequestKind::kDeleteRange, testing::encode(del), model.delete_range(del)};
    }
    case 2: {
      const std::int64_t id = requests.lease();
      return {RequestKind::kLeaseGrant, testing::encode(LeaseGrantRequest{60, LeaseId(id)}), model.grant(id, 60)};
    }
    case 3: {
      const std::int64_t id = requests.lease();
      return {RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(id)), model.revoke(id)};
    }
    case 4: {
      if (!requests.one_in(10)) break;
      const std::int64_t at = model.revision() - static_cast<std::int64_t>(requests.below(30)) + 2;
      return {RequestKind::kCompaction, testing::encode(CompactionRequest{.revision = at}), model.compact(at)};
    }
    case 5:
    case 6:
    case 7: {
      const std::string bytes = requests.txn(model.revision(), 0).bytes();
      const TxnRequest txn = decode_txn(bytes).value();
      if (!check_txn(txn, kMaxOps)) break;
      return {RequestKind::kTxn, bytes, model.txn(txn)};
    }
    default:
      break;
  }
  const PutRequest put = requests.put();
  return {RequestKind::kPut, testing::encode(put), model.put(put)};
}

void disturb(Requests& requests, Replica& replica) {
  if (requests.one_in(40)) replica.flush();
  if (requests.one_in(60)) replica.machine().step_background(1 + requests.below(10));
  if (requests.one_in(20)) replica.machine().publish();
  if (requests.one_in(500)) replica.restart();
}

class AgainstTheModel : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(AgainstTheModel, EveryAnswerAndTheBytesInTheEndAgree) {
  Requests requests(GetParam());
  Model model;
  Replica often;  // flushed and restarted now and then
  Replica never;  // in memory until the end, and nobody waits for its answers
  std::map<bool, int> errors;
  for (int step = 0; step < 3'000; ++step) {
    const Sent sent = next_request(requests, model);
    const std::string entry = encode_internal(7, sent.kind, sent.bytes);
    auto applied = often.apply_normal(entry);
    ASSERT_TRUE(applied && applied->reply);
    const Result<base::Rope>& response = applied->reply->response;
    ++errors[!response.has_value()];
    ASSERT_EQ(response ? testing::describe_response(sent.kind, response->flatten())
                       : testing::describe_error(response.error()),
              sent.answer)
        << "step " << step;
    ASSERT_TRUE(never.apply_normal(entry, {.wants_reply = false, .now_ns = 5}));
    disturb(requests, often);
  }
  EXPECT_GT(errors[true], 100);
  EXPECT_GT(errors[false], 1'000);
  EXPECT_EQ(often.buckets(), never.buckets());
  often.check_db();
  never.restart();
  EXPECT_EQ(often.buckets(), never.buckets());
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstTheModel, ::testing::Range<std::uint64_t>(1, 7));

}  // namespace
}  // namespace etcd::apply
