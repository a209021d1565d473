// Users and roles in a whole node: who is told what, and when.
#include <gtest/gtest.h>

#include <vector>

#include "apply/request.h"
#include "base/wire.h"
#include "node/testing/single_node.h"

namespace etcd::node::testing {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string text(std::uint32_t field, std::string_view bytes) {
  std::string out;
  base::WireWriter(out).bytes(field, bytes);
  return out;
}
std::string user(std::string_view name) { return auth::encode(auth::UserAddRequest{name, "", auth::UserOptions(), ""}); }

struct AuthLife : ::testing::Test {
  void SetUp() override { start(); }
  void start() {
    auto opened = SingleNode::open(disk, {});
    ASSERT_TRUE(opened);
    node = std::move(*opened);
    ASSERT_TRUE(node->wait_ready());
  }
  auth::Identity root() { return {"root", node->node().auth_view()->revision()}; }
  bool ask(RequestKind kind, std::string request, auth::Identity who) {
    const auto outcome = node->propose(kind, std::move(request), std::move(who));
    node->settle();
    return outcome->ok();
  }
  void enable() {
    ASSERT_TRUE(ask(RequestKind::kAuthUserAdd, user("root"), {}));
    ASSERT_TRUE(ask(RequestKind::kAuthUserGrantRole, text(1, "root") + text(2, "root"), {}));
    ASSERT_TRUE(ask(RequestKind::kAuthEnable, "", {}));
  }

  base::CrashFs disk;
  std::unique_ptr<SingleNode> node;
};

TEST_F(AuthLife, WhoProposesIsJudgedWhereTheEntryIsApplied) {
  EXPECT_TRUE(node->put_now("k", "v"));
  enable();
  EXPECT_FALSE(node->put_now("k", "w"));
  EXPECT_TRUE(ask(RequestKind::kPut, text(1, "k") + text(2, "x"), root()));
  EXPECT_EQ(node->get("k"), "x");
}

TEST_F(AuthLife, UsersAreThereAfterACrash) {
  enable();
  const std::uint64_t revision = node->node().auth_view()->revision();
  node.reset();
  disk.crash(base::lose_all());
  start();
  EXPECT_TRUE(node->node().auth_view()->enabled());
  EXPECT_EQ(node->node().auth_view()->revision(), revision);
  EXPECT_FALSE(node->put_now("k", "v"));
}

TEST_F(AuthLife, ATokenIsToldBeforeItIsGivenToWhoAskedForIt) {
  std::vector<std::string> order;
  node->node().on_token_events([&](const auth::TokenEvent& event) { order.push_back(std::get<auth::TokenAssigned>(event).user); });
  enable();
  auto proposer = node->node().make_proposer();
  proposer->propose({.kind = RequestKind::kAuthenticate,
                     .request = base::SharedBytes(auth::encode(auth::AuthenticateRequest{"root", "", "abcdefghijklmnop"})),
                     .done = [&](const Result<base::Rope>& response) { order.push_back(response ? "answer" : "refusal"); }});
  proposer->submit();
  node->settle();
  EXPECT_EQ(order, (std::vector<std::string>{"root", "answer"}));
}

// So a reader that takes the keys first and the permissions then never finds keys that are newer.
TEST_F(AuthLife, PermissionsAreThereBeforeTheKeysOfTheSameBatch) {
  ASSERT_TRUE(ask(RequestKind::kAuthUserAdd, user("alice"), {}));
  const std::uint64_t before = node->node().auth_view()->revision();
  std::vector<std::pair<std::int64_t, std::uint64_t>> seen;  // revision of keys, of users
  node->node().on_token_events([&](const auth::TokenEvent&) {
    seen.emplace_back(node->node().view()->revision().value, node->node().auth_view()->revision());
  });
  const auto deleted = node->propose(RequestKind::kAuthUserDelete, text(1, "alice"));
  const auto put = node->put("k", "v");
  node->settle();
  ASSERT_TRUE(deleted->ok() && put->ok());
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0], std::pair(std::int64_t{1}, before + 1));
  EXPECT_EQ(node->revision(), Revision(2));
}

TEST_F(AuthLife, AnExpiredLeaseTakesItsKeysAlongThoughAuthIsEnabled) {
  ASSERT_TRUE(ask(RequestKind::kLeaseGrant, apply::encode_lease_grant({.ttl_s = 5, .id = LeaseId(7)}), {}));
  std::string put = text(1, "k") + text(2, "v");
  base::WireWriter(put).int64(3, 7);
  ASSERT_TRUE(ask(RequestKind::kPut, std::move(put), {}));
  enable();
  EXPECT_TRUE(node->get("k"));
  node->pass(10 * kSecond);
  EXPECT_FALSE(node->get("k"));
}

}  // namespace
}  // namespace etcd::node::testing
