// Every kind of request with every kind of user: what it reads and writes must be permitted, all of it, and nothing else matters.
#include <gtest/gtest.h>

#include <vector>

#include "apply/accesses.h"
#include "apply/testing/encode.h"
#include "apply/testing/replica.h"

namespace etcd::apply {
namespace {

using testing::encode;
using testing::Replica;
using testing::TxnBuilder;

const std::string kZero(1, '\0');

// What a request needs, on two ranges: "i" [i, j) and "o" [o, p). 0 is nothing.
enum Need : unsigned { kReadI = 1, kWriteI = 2, kReadO = 4, kWriteO = 8, kRootOnly = 16 };

struct Case {
  std::string name;
  RequestKind kind;
  std::string request;
  unsigned needs;
};

RangeRequest range(std::string_view key, std::string_view end = "") { return {.key = key, .range_end = end}; }
PutRequest put(std::string_view key, bool prev_kv = false) {
  return {.key = key, .value = "v", .lease = LeaseId(0), .prev_kv = prev_kv};
}
PutRequest leased(std::string_view key, std::int64_t lease) { return {.key = key, .value = "v", .lease = LeaseId(lease)}; }
DeleteRangeRequest del(std::string_view key, std::string_view end = "", bool prev_kv = false) {
  return {.key = key, .range_end = end, .prev_kv = prev_kv};
}
Compare compare(std::string_view key, std::string_view end = "") {
  Compare out;
  out.key = key;
  out.range_end = end;
  return out;
}

// An operation by itself, and what it needs.
struct Operation {
  std::string name;
  RequestKind kind;
  std::string request;
  std::string op;  // as a RequestOp
  unsigned needs;
};

template <typename Request>
Operation operation(std::string name, RequestKind kind, const Request& request, unsigned needs) {
  return {std::move(name), kind, encode(request), TxnBuilder::op(request), needs};
}

// Lease 1 has no keys, 2 has i1, 3 has o1, 4 has both.
std::vector<Operation> operations() {
  using enum RequestKind;
  return {
      operation("a key", kRange, range("i1"), kReadI),
      operation("another key", kRange, range("o1"), kReadO),
      operation("a key of nobody's", kRange, range("k"), kRootOnly),
      operation("a range", kRange, range("i", "j"), kReadI),
      operation("part of a range", kRange, range("i3", "i5"), kReadI),
      operation("a range that is longer", kRange, range("i", "j1"), kRootOnly),
      operation("a range over both and more", kRange, range("i", "p"), kRootOnly),
      operation("from a key on", kRange, range("i", kZero), kRootOnly),
      operation("all", kRange, range(kZero, kZero), kRootOnly),
      operation("put", kPut, put("i2"), kWriteI),
      operation("put elsewhere", kPut, put("o2"), kWriteO),
      operation("put to nobody's", kPut, put("k"), kRootOnly),
      operation("put with prev_kv", kPut, put("i2", true), kWriteI | kReadI),
      operation("put with a lease without keys", kPut, leased("i2", 1), kWriteI),
      operation("put with a lease of its own", kPut, leased("i2", 2), kWriteI),
      operation("put with a lease of another's", kPut, leased("i2", 3), kWriteI | kWriteO),
      operation("put with a lease of both", kPut, leased("i2", 4), kWriteI | kWriteO),
      operation("put with a lease that is not there", kPut, leased("i2", 9), kWriteI),
      operation("delete", kDeleteRange, del("i2"), kWriteI),
      operation("delete a range", kDeleteRange, del("o", "p"), kWriteO),
      operation("delete with prev_kv", kDeleteRange, del("i", "j", true), kWriteI | kReadI),
      operation("delete more", kDeleteRange, del("i", "j1"), kRootOnly),
  };
}

// The operation at every place of a transaction where it can be.
void add_shapes(const Operation& one, std::vector<Case>& cases) {
  const auto txn = [&](const std::string& shape, const TxnBuilder& builder, unsigned needs) {
    cases.push_back({one.name + ", " + shape, RequestKind::kTxn, builder.bytes(), needs});
  };
  TxnBuilder inner_success, inner_failure, middle, deep;
  inner_success.success(one.op);
  inner_failure.failure(one.op);
  middle.compare(compare("i1")).failure(inner_success);
  deep.success(middle);
  txn("success", inner_success, one.needs);
  txn("failure", inner_failure, one.needs);
  txn("both ways", TxnBuilder().compare(compare("o1")).success(one.op).failure(range("i1")), one.needs | kReadO | kReadI);
  txn("nested", TxnBuilder().success(inner_failure), one.needs);
  txn("nested in failure", TxnBuilder().failure(inner_success), one.needs);
  txn("nested thrice", TxnBuilder().failure(deep), one.needs | kReadI);
  txn("after another", TxnBuilder().success(range("o1")).success(one.op), one.needs | kReadO);
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const Operation& one : operations()) {
    cases.push_back({one.name, one.kind, one.request, one.needs});
    add_shapes(one, cases);
  }
  const auto add = [&](std::string name, RequestKind kind, std::string request, unsigned needs) {
    cases.push_back({std::move(name), kind, std::move(request), needs});
  };
  add("compare", RequestKind::kTxn, TxnBuilder().compare(compare("i1")).bytes(), kReadI);
  add("compare a range", RequestKind::kTxn, TxnBuilder().compare(compare("o", "p")).bytes(), kReadO);
  add("compare too much", RequestKind::kTxn, TxnBuilder().compare(compare("i", "p")).bytes(), kRootOnly);
  add("compare, nested", RequestKind::kTxn, TxnBuilder().failure(TxnBuilder().compare(compare("i1"))).bytes(), kReadI);
  add("an empty transaction", RequestKind::kTxn, "", 0);
  add("revoke a lease without keys", RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(1)), 0);
  add("revoke a lease", RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(2)), kWriteI);
  add("revoke another's lease", RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(3)), kWriteO);
  add("revoke a lease of both", RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(4)), kWriteI | kWriteO);
  add("revoke no lease", RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(9)), 0);
  // The api asks who may do these; members among themselves need no user.
  add("grant a lease", RequestKind::kLeaseGrant, encode(LeaseGrantRequest{60, LeaseId(8)}), 0);
  add("checkpoint", RequestKind::kLeaseCheckpoint, encode_lease_checkpoint({}), 0);
  add("alarm", RequestKind::kAlarm, encode_alarm({}), 0);
  add("compact", RequestKind::kCompaction, encode_compaction({.revision = 1}), 0);
  add("cluster version", RequestKind::kClusterVersionSet, encode_cluster_version_set("3.7.0"), 0);
  return cases;
}

struct User {
  std::string name;
  unsigned may;
};
const std::vector<User> kUsers = {
    {"none", 0},
    {"reader", kReadI},
    {"writer", kWriteI},
    {"both", kReadI | kWriteI},
    {"other", kReadO | kWriteO},
    {"reads-all", kReadI | kReadO},
    {"writes-all", kWriteI | kWriteO},
    {"everything", kReadI | kWriteI | kReadO | kWriteO},
    {"root", 31},
};

std::string field(std::uint32_t number, std::string_view bytes) {
  std::string out;
  base::WireWriter(out).bytes(number, bytes);
  return out;
}

// A member that has the users, and the leases with their keys; auth is enabled.
struct Permissions : ::testing::Test {
  Permissions() {
    for (const int lease : {1, 2, 3, 4}) must(RequestKind::kLeaseGrant, encode(LeaseGrantRequest{60, LeaseId(lease)}));
    for (const auto& [key, lease] : {std::pair{"i1", 2}, {"o1", 3}, {"i4", 4}, {"o4", 4}})
      must(RequestKind::kPut, encode(leased(key, lease)));
    for (const User& user : kUsers) make_user(user);
    must(RequestKind::kAuthUserGrantRole, field(1, "root") + field(2, "root"));
    must(RequestKind::kAuthEnable, "");
  }

  void must(RequestKind kind, const std::string& request) { EXPECT_TRUE(replica.request(kind, request)); }
  // With a role of the same name, and a permission for each thing it may.
  void make_user(const User& user) {
    must(RequestKind::kAuthUserAdd, auth::encode(auth::UserAddRequest{user.name, "", auth::UserOptions(), ""}));
    must(RequestKind::kAuthRoleAdd, field(1, user.name));
    must(RequestKind::kAuthUserGrantRole, field(1, user.name) + field(2, user.name));
    grant(user, kReadI, kWriteI, "i", "j");
    grant(user, kReadO, kWriteO, "o", "p");
  }
  void grant(const User& user, unsigned read, unsigned write, const std::string& key, const std::string& end) {
    if ((user.may & (read | write)) == 0) return;
    const auto type = (user.may & read) == 0    ? auth::PermissionType::kWrite
                      : (user.may & write) == 0 ? auth::PermissionType::kRead
                                                : auth::PermissionType::kReadWrite;
    must(RequestKind::kAuthRoleGrantPermission, field(1, user.name) + field(2, auth::encode(auth::Permission{type, key, end})));
  }
  std::uint64_t revision() { return replica.machine().auth_view()->revision(); }

  // What the one judge says of the request as the log holds it.
  Status judge(const Case& one, const auth::Who& who) {
    const std::string entry = encode_internal(1, who, one.kind, one.request);
    const auto decoded = decode_internal(entry);
    EXPECT_TRUE(decoded);
    Accesses accesses;
    append_accesses(decoded->request, &replica.machine().lessor(), accesses);
    return replica.machine().auth_view()->check(who, accesses);
  }
  Status apply(const Case& one, const auth::Who& who) {
    const auto applied = replica.apply_normal(encode_internal(1, who, one.kind, one.request));
    EXPECT_TRUE(applied && applied->reply);
    return applied->reply->response ? Status() : Status(fail(applied->reply->response.error()));
  }

  Replica replica;
};

TEST_F(Permissions, ARequestNeedsAllThatItReadsAndWritesAndNothingElse) {
  const std::vector<Case> cases = all_cases();
  EXPECT_GT(cases.size(), 180u);
  const auto keys_before = replica.machine().store().revision();
  for (const Case& one : cases) {
    for (const User& user : kUsers) {
      const auth::Who who(user.name, revision());
      const bool permitted = (one.needs & ~user.may) == 0;
      const Status judged = judge(one, who);
      ASSERT_EQ(judged.has_value(), permitted) << one.name << " / " << user.name;
      if (permitted) continue;
      ASSERT_EQ(judged.error().code, Errc::kPermissionDenied) << one.name << " / " << user.name;
      const Status applied = apply(one, who);
      ASSERT_TRUE(!applied && applied.error().code == Errc::kPermissionDenied) << one.name << " / " << user.name;
    }
  }
  EXPECT_EQ(replica.machine().store().revision(), keys_before);  // what was refused has left no trace
  EXPECT_EQ(replica.machine().lessor().size(), 4u);
}

TEST_F(Permissions, WhoIsNobodyOrOldIsRefusedWhateverItNeeds) {
  for (const Case& one : all_cases()) {
    if (one.needs == 0) continue;
    const Status nobody = apply(one, {});
    ASSERT_TRUE(!nobody && nobody.error().code == Errc::kUserEmpty) << one.name;
    const Status old = apply(one, {"everything", revision() - 1});
    ASSERT_TRUE(!old && old.error().code == Errc::kAuthOldRevision) << one.name;
    const Status unknown = apply(one, {"unknown", revision()});
    ASSERT_TRUE(!unknown && unknown.error().code == Errc::kPermissionDenied) << one.name;
  }
}

TEST_F(Permissions, WhatNeedsNothingAsksForNobody) {
  for (const Case& one : all_cases()) {
    if (one.needs != 0) continue;
    EXPECT_TRUE(judge(one, {})) << one.name;
  }
}

}  // namespace
}  // namespace etcd::apply
