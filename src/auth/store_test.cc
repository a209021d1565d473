#include "auth/store.h"

#include <gtest/gtest.h>

#include "auth/testing/store_rig.h"

namespace etcd::auth {
namespace {

using testing::StoreRig;
namespace schema = bolt::schema;

const std::string kZero(1, '\0');

Errc code(const Status& status) {
  EXPECT_FALSE(status);
  return status ? Errc::kIo : status.error().code;
}

std::string revision_bytes(char number) { return std::string(7, '\0') + number; }

// The same to the outside: what a restart must not change.
void expect_equal(StoreRig& rig) {
  Store again = rig.load();
  EXPECT_EQ(again.enabled(), rig.store.enabled());
  EXPECT_EQ(again.revision(), rig.store.revision());
  ASSERT_EQ(again.user_names(), rig.store.user_names());
  ASSERT_EQ(again.role_names(), rig.store.role_names());
  for (const std::string_view name : again.user_names()) EXPECT_EQ(*again.find_user(name), *rig.store.find_user(name));
  for (const std::string_view name : again.role_names()) EXPECT_EQ(*again.find_role(name), *rig.store.find_role(name));
  for (const std::string_view name : again.user_names()) {
    const UserView& was = *rig.store.view()->find_user(name);
    const UserView& is = *again.view()->find_user(name);
    EXPECT_EQ(is.is_root, was.is_root);
    EXPECT_EQ(is.reads.size(), was.reads.size());
    EXPECT_EQ(is.writes.size(), was.writes.size());
  }
}

TEST(Store, ANewOneIsAtRevisionOneAndSaysSoInTheDb) {
  StoreRig rig;
  EXPECT_EQ(rig.store.revision(), 1u);
  EXPECT_FALSE(rig.store.enabled());
  EXPECT_EQ(rig.record(schema::kAuth, schema::kAuthRevision), revision_bytes(1));
  EXPECT_EQ(rig.record(schema::kAuth, schema::kAuthEnabled), "");
}

TEST(Store, EnablingNeedsTheUserRootWithTheRoleRoot) {
  StoreRig rig;
  EXPECT_EQ(code(rig.store.enable(rig.changes)), Errc::kRootUserNotExist);
  rig.add_user("root");
  EXPECT_EQ(code(rig.store.enable(rig.changes)), Errc::kRootRoleNotExist);
  rig.grant_role("root", "root");  // which need not be there
  const std::uint64_t before = rig.store.revision();
  EXPECT_TRUE(rig.store.enable(rig.changes));
  EXPECT_TRUE(rig.store.enabled());
  EXPECT_EQ(rig.store.revision(), before);
  EXPECT_EQ(rig.record(schema::kAuth, schema::kAuthEnabled), "\x01");
  EXPECT_TRUE(rig.store.enable(rig.changes));
  EXPECT_TRUE(rig.changes.empty());
  expect_equal(rig);
}

TEST(Store, DisablingIsAChangeAndOnlyTheFirstTime) {
  StoreRig rig;
  rig.store.disable(rig.changes);
  EXPECT_EQ(rig.store.revision(), 1u);
  rig.enable();
  const std::uint64_t before = rig.store.revision();
  (void)rig.store.take_token_events();
  rig.store.disable(rig.changes);
  EXPECT_EQ(rig.store.revision(), before + 1);
  EXPECT_EQ(rig.record(schema::kAuth, schema::kAuthEnabled), kZero);
  const auto events = rig.store.take_token_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<AllTokensRevoked>(events[0]));
  expect_equal(rig);
}

TEST(Store, EachChangeCountsAndWhatFailsOrChangesNothingDoesNot) {
  StoreRig rig;
  std::uint64_t revision = 1;
  const auto changed = [&](const Status& status) {
    EXPECT_TRUE(status);
    EXPECT_EQ(rig.store.revision(), ++revision);
  };
  const auto unchanged = [&](const Status&) {
    EXPECT_EQ(rig.store.revision(), revision);
    EXPECT_TRUE(rig.changes.empty());
  };
  const std::string hash = base64_encode("hash");
  bolt::WriteBatch& changes = rig.changes;
  changed(rig.store.add_user({"alice", "", UserOptions(), hash}, changes));
  changed(rig.store.add_role("r", changes));
  changed(rig.store.grant_role({"alice", "r"}, changes));
  changed(rig.store.grant_permission({"r", {{PermissionType::kRead, "a", "b"}}}, changes));
  changed(rig.store.grant_permission({"r", {{PermissionType::kRead, "a", "b"}}}, changes));  // the same again: etcd counts it
  changed(rig.store.change_password({"alice", "", hash}, changes));
  rig.write();
  unchanged(rig.store.grant_role({"alice", "r"}, changes));
  unchanged(rig.store.add_user({"alice", "", {}, hash}, changes));
  unchanged(rig.store.add_role("r", changes));
  unchanged(rig.store.revoke_permission({"r", "a", ""}, changes));
  unchanged(rig.store.revoke_role({"alice", "x"}, changes));
  changed(rig.store.revoke_permission({"r", "a", "b"}, changes));
  changed(rig.store.revoke_role({"alice", "r"}, changes));
  changed(rig.store.delete_role("r", changes));
  changed(rig.store.delete_user("alice", changes));
  EXPECT_EQ(rig.record(schema::kAuth, schema::kAuthRevision), revision_bytes(static_cast<char>(revision)));
  expect_equal(rig);
}

TEST(Store, UsersAreCheckedInEtcdsOrder) {
  StoreRig rig;
  bolt::WriteBatch& changes = rig.changes;
  EXPECT_EQ(code(rig.store.add_user({}, changes)), Errc::kUserEmpty);
  EXPECT_EQ(code(rig.store.add_user({"a", "", {}, "not base64"}, changes)), Errc::kNoPasswordUser);
  EXPECT_EQ(code(rig.store.add_user({"a", "plain", {}, ""}, changes)), Errc::kNoPasswordUser);
  EXPECT_EQ(code(rig.store.add_user({std::string(kMaxNameBytes + 1, 'u'), "", {}, ""}, changes)), Errc::kRequestTooLarge);
  rig.add_user("a");
  EXPECT_EQ(code(rig.store.add_user({"a", "", {}, "not base64"}, changes)), Errc::kUserAlreadyExist);
  EXPECT_EQ(code(rig.store.delete_user("b", changes)), Errc::kUserNotFound);
  EXPECT_EQ(code(rig.store.change_password({"b", "", "not base64"}, changes)), Errc::kUserNotFound);
  EXPECT_EQ(code(rig.store.change_password({"a", "", "not base64"}, changes)), Errc::kNoPasswordUser);
  EXPECT_EQ(code(rig.store.grant_role({"b", "r"}, changes)), Errc::kUserNotFound);
  EXPECT_EQ(code(rig.store.grant_role({"a", "r"}, changes)), Errc::kRoleNotFound);
  EXPECT_EQ(code(rig.store.revoke_role({"b", "r"}, changes)), Errc::kUserNotFound);
  EXPECT_EQ(code(rig.store.revoke_role({"a", "r"}, changes)), Errc::kRoleNotGranted);
}

TEST(Store, RolesAreCheckedInEtcdsOrder) {
  StoreRig rig;
  bolt::WriteBatch& changes = rig.changes;
  const auto grant = [&](std::string_view role, std::string_view key, std::string_view end) {
    return code(rig.store.grant_permission({role, {{PermissionType::kRead, key, end}}}, changes));
  };
  EXPECT_EQ(code(rig.store.add_role("", changes)), Errc::kRoleEmpty);
  EXPECT_EQ(code(rig.store.add_role(std::string(kMaxNameBytes + 1, 'r'), changes)), Errc::kRequestTooLarge);
  EXPECT_EQ(code(rig.store.delete_role("r", changes)), Errc::kRoleNotFound);
  EXPECT_EQ(code(rig.store.grant_permission({"r", {}}, changes)), Errc::kPermissionNotGiven);
  EXPECT_EQ(grant("r", "", ""), Errc::kInvalidAuthManagement);
  EXPECT_EQ(grant("r", "b", "a"), Errc::kInvalidAuthManagement);
  EXPECT_EQ(grant("r", "b", "b"), Errc::kInvalidAuthManagement);
  EXPECT_EQ(grant("r", "b", "c"), Errc::kRoleNotFound);
  EXPECT_EQ(code(rig.store.revoke_permission({"r", "", ""}, changes)), Errc::kRoleNotFound);
  rig.add_role("r");
  EXPECT_EQ(code(rig.store.add_role("r", changes)), Errc::kRoleAlreadyExist);
  EXPECT_EQ(code(rig.store.revoke_permission({"r", "", ""}, changes)), Errc::kPermissionNotGranted);
  rig.grant("r", PermissionType::kRead, "b", kZero);  // without end
  rig.grant("r", PermissionType::kRead, kZero, kZero);
}

TEST(Store, RootStaysRootWhileAuthIsEnabled) {
  StoreRig rig;
  rig.add_role("root");
  rig.enable();
  bolt::WriteBatch& changes = rig.changes;
  rig.write();
  EXPECT_EQ(code(rig.store.delete_user("root", changes)), Errc::kInvalidAuthManagement);
  EXPECT_EQ(code(rig.store.delete_role("root", changes)), Errc::kInvalidAuthManagement);
  EXPECT_EQ(code(rig.store.revoke_role({"root", "root"}, changes)), Errc::kInvalidAuthManagement);
  EXPECT_TRUE(changes.empty());
  rig.store.disable(changes);
  EXPECT_TRUE(rig.store.delete_role("root", changes));
  EXPECT_TRUE(rig.store.delete_user("root", changes));
  EXPECT_EQ(code(rig.store.enable(changes)), Errc::kRootUserNotExist);
  expect_equal(rig);
}

TEST(Store, ADeletedRoleIsTakenFromItsUsers) {
  StoreRig rig;
  rig.add_role("r");
  rig.add_role("s");
  for (const std::string_view user : {"alice", "bob", "carol"}) rig.add_user(user);
  rig.grant_role("alice", "s");
  rig.grant_role("alice", "r");
  rig.grant_role("bob", "r");
  rig.grant_role("carol", "s");
  EXPECT_EQ(rig.store.find_user("alice")->roles, (std::vector<std::string>{"r", "s"}));  // sorted
  EXPECT_TRUE(rig.store.delete_role("r", rig.changes));
  EXPECT_EQ(rig.store.find_user("alice")->roles, (std::vector<std::string>{"s"}));
  EXPECT_TRUE(rig.store.find_user("bob")->roles.empty());
  EXPECT_EQ(rig.record(schema::kAuthRoles, "r"), "");
  EXPECT_EQ(decode_user(rig.record(schema::kAuthUsers, "bob"))->roles.size(), 0u);
  expect_equal(rig);
}

TEST(Store, AUserWithoutPasswordNeverGetsOne) {
  StoreRig rig;
  const std::string hash = base64_encode("hash");
  EXPECT_TRUE(rig.store.add_user({"alice", "", UserOptions{true}, hash}, rig.changes));
  EXPECT_EQ(rig.store.find_user("alice")->password_hash, "");
  EXPECT_TRUE(rig.store.change_password({"alice", "", hash}, rig.changes));
  EXPECT_EQ(rig.store.find_user("alice")->password_hash, "");
  EXPECT_TRUE(rig.store.view()->find_user("alice")->no_password);
  expect_equal(rig);
}

TEST(Store, AGrantReplacesTheFirstPermissionOfItsKeyOnly) {
  StoreRig rig;
  rig.add_role("r");
  rig.grant("r", PermissionType::kRead, "a", "b");
  rig.grant("r", PermissionType::kRead, "a");
  rig.grant("r", PermissionType::kWrite, "a", "b");  // replaces
  rig.grant("r", PermissionType::kWrite, "a");       // comes second, so it is added once more
  const std::vector<Permission> expected = {
      {PermissionType::kWrite, "a", "b"}, {PermissionType::kRead, "a", ""}, {PermissionType::kWrite, "a", ""}};
  EXPECT_EQ(rig.store.find_role("r")->permissions, expected);
  EXPECT_TRUE(rig.store.revoke_permission({"r", "a", ""}, rig.changes));  // both go
  EXPECT_EQ(rig.store.find_role("r")->permissions.size(), 1u);
}

TEST(Store, ATokenIsMadeOfTheRandomPartAndTheIndexBefore) {
  StoreRig rig;
  EXPECT_EQ(rig.store.authenticate({"root", "", "abc"}, LogIndex(8)).error().code, Errc::kAuthNotEnabled);
  rig.enable();
  EXPECT_TRUE(rig.store.add_user({"nopass", "", UserOptions{true}, ""}, rig.changes));
  (void)rig.store.take_token_events();
  EXPECT_EQ(rig.store.authenticate({"nobody", "", "abc"}, LogIndex(8)).error().code, Errc::kAuthFailed);
  EXPECT_EQ(rig.store.authenticate({"nopass", "", "abc"}, LogIndex(8)).error().code, Errc::kAuthFailed);
  EXPECT_EQ(rig.store.authenticate({"root", "", "abc"}, LogIndex(8)).value(), "abc.7");
  const auto events = rig.store.take_token_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<TokenAssigned>(events[0]).user, "root");
  EXPECT_EQ(std::get<TokenAssigned>(events[0]).token, "abc.7");
}

// A member whose tokens are signed proposes none: ".7" would be a token that anybody can guess.
TEST(Store, WithoutARandomPartThereIsNoToken) {
  StoreRig rig;
  rig.enable();
  (void)rig.store.take_token_events();
  EXPECT_EQ(rig.store.authenticate({"root", "", ""}, LogIndex(8)).value(), "");
  EXPECT_TRUE(rig.store.take_token_events().empty());
}

TEST(Store, TokensAreVoidOnceTheUserIsGoneOrHasAnotherPassword) {
  StoreRig rig;
  rig.add_user("alice");
  rig.add_user("bob");
  EXPECT_TRUE(rig.store.change_password({"alice", "", base64_encode("other")}, rig.changes));
  EXPECT_TRUE(rig.store.delete_user("bob", rig.changes));
  const auto events = rig.store.take_token_events();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(std::get<UserTokensRevoked>(events[0]).user, "alice");
  EXPECT_EQ(std::get<UserTokensRevoked>(events[1]).user, "bob");
}

// A member that was far behind takes over a leader's state: what happened to users meanwhile it has not seen as entries.
TEST(Store, AnInstalledStateEndsTheTokensOfUsersThatAreNotTheSame) {
  StoreRig before;
  before.enable();
  for (const std::string_view user : {"changed", "deleted", "same"}) before.add_user(user);
  (void)before.store.take_token_events();
  StoreRig after;
  after.enable();
  after.add_user("same");
  after.add_user("changed", "other");
  (void)after.store.take_token_events();
  after.store.succeed(before.store);
  std::vector<std::string> revoked;
  for (const TokenEvent& event : after.store.take_token_events()) revoked.push_back(std::get<UserTokensRevoked>(event).user);
  EXPECT_EQ(revoked, (std::vector<std::string>{"changed", "deleted"}));

  StoreRig disabled;
  disabled.store.succeed(after.store);
  const auto events = disabled.store.take_token_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_TRUE(std::holds_alternative<AllTokensRevoked>(events[0]));
}

TEST(Store, DamagedRecordsAreCorrupt) {
  struct Case {
    std::string_view bucket, key, value;
  };
  for (const Case& damage : {Case{schema::kAuth, schema::kAuthRevision, "short"}, Case{schema::kAuthUsers, "u", "\xff"},
                             Case{schema::kAuthRoles, "r", "\xff"}}) {
    base::CrashFs disk;
    bolt::Options options;
    options.map_bytes = 16 << 20;
    auto db = bolt::Db::open(disk, "/db", options).value();
    auto tx = db->begin_write();
    ASSERT_TRUE(tx);
    for (const std::string_view name : schema::kAll) ASSERT_TRUE(tx->create_bucket_if_missing(name));
    ASSERT_TRUE((*tx->bucket(damage.bucket))->put(damage.key, damage.value) && tx->commit());
    bolt::WriteBatch changes;
    const auto loaded = Store::load(db->begin_read(), changes);
    ASSERT_FALSE(loaded) << damage.bucket;
    EXPECT_EQ(loaded.error().code, Errc::kCorrupt);
  }
}

}  // namespace
}  // namespace etcd::auth
