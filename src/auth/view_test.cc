#include "auth/view.h"

#include <gtest/gtest.h>

#include "auth/testing/store_rig.h"
#include "auth/view_cell.h"

namespace etcd::auth {
namespace {

using testing::StoreRig;
using Kind = Access::Kind;

const std::string kZero(1, '\0');

Access read(std::string_view key, std::string_view range_end = "") { return {.kind = Kind::kRead, .key = key, .range_end = range_end}; }
Access write(std::string_view key, std::string_view range_end = "") { return {.kind = Kind::kWrite, .key = key, .range_end = range_end}; }

// "ok" or the error, as one letter would in a table.
Errc code(const Status& status) { return status ? Errc::kIo : status.error().code; }
constexpr Errc kOk = Errc::kIo;

struct ViewTest : ::testing::Test {
  ViewTest() {
    rig.add_role("reader");
    rig.grant("reader", PermissionType::kRead, "a", "m");
    rig.add_role("writer");
    rig.grant("writer", PermissionType::kWrite, "c", "f");
    rig.grant("writer", PermissionType::kReadWrite, "x");
    rig.add_role("nothing");
    rig.grant("nothing", static_cast<PermissionType>(7), "a", kZero);
    for (const std::string_view user : {"alice", "bob", "carol"}) rig.add_user(user);
    rig.grant_role("alice", "reader");
    rig.grant_role("alice", "writer");
    rig.grant_role("bob", "reader");
    rig.grant_role("carol", "nothing");
    rig.enable();
  }
  Who who(std::string_view name) { return {name, rig.store.revision()}; }
  Errc check(std::string_view name, const Access& access) { return code(rig.store.view()->check(who(name), access)); }

  StoreRig rig;
};

TEST_F(ViewTest, AUserMayWhatItsRolesPermitTogether) {
  EXPECT_EQ(check("alice", read("b")), kOk);
  EXPECT_EQ(check("alice", read("a", "m")), kOk);
  EXPECT_EQ(check("alice", read("a", "n")), Errc::kPermissionDenied);
  EXPECT_EQ(check("alice", write("c", "f")), kOk);
  EXPECT_EQ(check("alice", write("b")), Errc::kPermissionDenied);
  EXPECT_EQ(check("alice", read("x")), kOk);
  EXPECT_EQ(check("alice", write("x")), kOk);
  EXPECT_EQ(check("bob", read("b")), kOk);
  EXPECT_EQ(check("bob", write("c")), Errc::kPermissionDenied);
  EXPECT_EQ(check("carol", read("a")), Errc::kPermissionDenied);
  EXPECT_EQ(check("root", write(kZero, kZero)), kOk);
}

TEST_F(ViewTest, EveryAccessOfAListMustBePermitted) {
  const View& view = *rig.store.view();
  const std::vector<Access> good = {read("a"), write("c"), read("x")};
  EXPECT_TRUE(view.check(who("alice"), good));
  for (std::size_t i = 0; i <= good.size(); ++i) {
    std::vector<Access> bad = good;
    bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(i), write("a"));
    EXPECT_EQ(code(view.check(who("alice"), bad)), Errc::kPermissionDenied) << i;
  }
}

TEST_F(ViewTest, NobodyThenOldRevisionThenUnknownUser) {
  const View& view = *rig.store.view();
  const std::uint64_t now = view.revision();
  EXPECT_EQ(code(view.check({}, read("a"))), Errc::kUserEmpty);
  EXPECT_EQ(code(view.check({"alice", 0}, read("a"))), Errc::kUserEmpty);
  EXPECT_EQ(code(view.check({"alice", now - 1}, read("a"))), Errc::kAuthOldRevision);
  EXPECT_EQ(code(view.check({"nobody", now - 1}, read("a"))), Errc::kAuthOldRevision);
  EXPECT_EQ(code(view.check({"root", now - 1}, read("a"))), Errc::kAuthOldRevision);
  EXPECT_EQ(code(view.check({"nobody", now}, read("a"))), Errc::kPermissionDenied);
  EXPECT_EQ(code(view.check({"", now}, read("a"))), Errc::kPermissionDenied);
  EXPECT_TRUE(view.check({"alice", now + 1}, read("a")));  // a member that is ahead said so
  EXPECT_TRUE(view.check({}, std::span<const Access>()));
}

TEST_F(ViewTest, RootMayTouchTheKeysOfALeaseAtAnyRevision) {
  const View& view = *rig.store.view();
  const Access leased{.kind = Kind::kWrite, .key = "c", .of_lease = true};
  EXPECT_TRUE(view.check({"root", 1}, leased));
  EXPECT_TRUE(view.check({"root", 0}, leased));
  EXPECT_EQ(code(view.check({"alice", 1}, leased)), Errc::kAuthOldRevision);
  EXPECT_TRUE(view.check(who("alice"), leased));
  EXPECT_EQ(code(view.check(who("bob"), leased)), Errc::kPermissionDenied);
  const std::vector<Access> mixed = {leased, write("c")};
  EXPECT_EQ(code(view.check({"root", 1}, mixed)), Errc::kAuthOldRevision);
}

TEST_F(ViewTest, WhoIsRootIsSaidAtAnyRevision) {
  const View& view = *rig.store.view();
  EXPECT_TRUE(view.check_admin({"root", 0}));
  EXPECT_EQ(code(view.check_admin({"", 9})), Errc::kUserEmpty);
  EXPECT_EQ(code(view.check_admin({"nobody", 9})), Errc::kUserNotFound);
  EXPECT_EQ(code(view.check_admin({"alice", 9})), Errc::kPermissionDenied);
}

TEST_F(ViewTest, UsersSeeThemselvesAndTheirRoles) {
  const View& view = *rig.store.view();
  EXPECT_TRUE(view.check_may_see_user({"root", 0}, "alice"));
  EXPECT_TRUE(view.check_may_see_user({"alice", 0}, "alice"));
  EXPECT_EQ(code(view.check_may_see_user({"alice", 0}, "bob")), Errc::kPermissionDenied);
  EXPECT_EQ(code(view.check_may_see_user({}, "bob")), Errc::kUserEmpty);
  EXPECT_TRUE(view.check_may_see_role({"root", 0}, "writer"));
  EXPECT_TRUE(view.check_may_see_role({"alice", 0}, "writer"));
  EXPECT_EQ(code(view.check_may_see_role({"bob", 0}, "writer")), Errc::kPermissionDenied);
  EXPECT_EQ(code(view.check_may_see_role({"nobody", 0}, "writer")), Errc::kUserNotFound);
}

TEST_F(ViewTest, WhileAuthIsDisabledEverybodyMayEverything) {
  rig.store.disable(rig.changes);
  const View& view = *rig.store.view();
  EXPECT_FALSE(view.enabled());
  EXPECT_TRUE(view.check({}, write(kZero, kZero)));
  EXPECT_TRUE(view.check_admin({}));
  EXPECT_TRUE(view.check_may_see_user({}, "root"));
}

TEST_F(ViewTest, ItIsTheSameObjectUntilSomethingChanges) {
  const auto first = rig.store.view();
  EXPECT_EQ(rig.store.view(), first);
  rig.add_user("dave");
  const auto second = rig.store.view();
  EXPECT_NE(second, first);
  EXPECT_EQ(first->find_user("dave"), nullptr);
  EXPECT_NE(second->find_user("dave"), nullptr);
  EXPECT_EQ(second->find_user("alice"), first->find_user("alice"));  // whom it does not concern
}

TEST_F(ViewTest, EveryWayToChangeAPermissionShows) {
  const auto may = [&] { return check("bob", write("k")) == kOk; };
  bolt::WriteBatch& changes = rig.changes;
  EXPECT_FALSE(may());
  rig.grant("reader", PermissionType::kReadWrite, "k");
  EXPECT_TRUE(may());
  EXPECT_TRUE(rig.store.revoke_permission({"reader", "k", ""}, changes));
  EXPECT_FALSE(may());
  rig.grant("writer", PermissionType::kWrite, "k");
  EXPECT_FALSE(may());
  rig.grant_role("bob", "writer");
  EXPECT_TRUE(may());
  EXPECT_TRUE(rig.store.revoke_role({"bob", "writer"}, changes));
  EXPECT_FALSE(may());
  rig.grant_role("bob", "root");
  EXPECT_TRUE(may());
  EXPECT_TRUE(rig.store.revoke_role({"bob", "root"}, changes));
  EXPECT_FALSE(may());
  rig.grant_role("bob", "writer");
  EXPECT_TRUE(may());
  EXPECT_TRUE(rig.store.delete_role("writer", changes));
  EXPECT_FALSE(may());
  rig.grant("reader", PermissionType::kReadWrite, "k");
  EXPECT_TRUE(may());
  EXPECT_TRUE(rig.store.delete_user("bob", changes));
  EXPECT_FALSE(may());
  rig.add_user("bob");  // another one, without roles
  EXPECT_FALSE(may());
}

TEST(ViewCell, AReaderSeesWhatWasStoredLast) {
  ViewCell cell;
  ViewReader reader(cell);
  EXPECT_FALSE(reader.get().enabled());
  EXPECT_EQ(reader.get().revision(), 0u);
  StoreRig rig;
  cell.store(rig.store.view());
  EXPECT_EQ(reader.get().revision(), 1u);
  const std::uint64_t count = cell.count();
  cell.store(rig.store.view());
  EXPECT_EQ(cell.count(), count);  // nothing new
  rig.add_user("alice");
  cell.store(rig.store.view());
  EXPECT_NE(reader.get().find_user("alice"), nullptr);
  EXPECT_EQ(cell.load().get(), &reader.get());
}

}  // namespace
}  // namespace etcd::auth
