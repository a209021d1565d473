#include "apply/snapshot.h"

#include <gtest/gtest.h>

#include "apply/db_meta.h"
#include "apply/testing/encode.h"
#include "apply/testing/replica.h"
#include "bolt/snapshot_reader.h"
#include "mvcc/range.h"
#include "raft/codec.h"

namespace etcd::apply {
namespace {

using testing::Buckets;
using testing::read_buckets;
using testing::Replica;
using testing::small_db;

const std::string kFolder = "/snap";
constexpr LogIndex kSnapshotIndex(40);

void add_member(Replica& replica, std::uint64_t id) {
  raft::ConfChange change;
  change.node_id = MemberId(id);
  change.context =
      base::SharedBytes(cluster::member_json({.id = MemberId(id), .peer_urls = {"http://" + std::to_string(id)}}));
  std::string data;
  raft::encode(change, data);
  ASSERT_TRUE(replica.apply(replica.next_entry(raft::EntryType::kConfChange, data)));
}

void put(Replica& replica, std::string_view key, std::string_view value, std::int64_t lease = 0) {
  PutRequest request;
  request.key = key;
  request.value = value;
  request.lease = LeaseId(lease);
  ASSERT_TRUE(replica.request(RequestKind::kPut, testing::encode(request)));
}

void grant(Replica& replica, std::int64_t id) {
  ASSERT_TRUE(replica.request(RequestKind::kLeaseGrant, testing::encode(LeaseGrantRequest{60, LeaseId(id)})));
}

// Members 1 and 2, leases 5 and 6, keys on them, a compaction: up to kSnapshotIndex.
void lead(Replica& replica) {
  add_member(replica, 1);
  add_member(replica, 2);
  grant(replica, 5);
  grant(replica, 6);
  put(replica, "on-5", "leader", 5);
  put(replica, "on-6", "leader", 6);
  while (replica.machine().applied() < kSnapshotIndex.prev())
    put(replica, "k", std::to_string(replica.machine().applied().value));
  ASSERT_TRUE(replica.request(RequestKind::kCompaction, testing::encode(CompactionRequest{.revision = 10})));
  ASSERT_EQ(replica.machine().applied(), kSnapshotIndex);
  replica.settle();
}

// The same log up to some entry, but for what comes last: this member was cut off.
void follow(Replica& replica) {
  add_member(replica, 1);
  add_member(replica, 2);
  grant(replica, 5);
  put(replica, "old", "follower", 5);
}

std::string stream_of(const bolt::ReadTx& db) {
  bolt::SnapshotReader reader(db);
  std::string bytes;
  for (std::string_view piece = reader.next(1 << 20); !piece.empty(); piece = reader.next(1 << 20)) bytes += piece;
  return bytes;
}

std::string read_value(const mvcc::ReadViewRef& view, std::string_view key) {
  const auto found = view->find(key);
  if (!found || !*found) return "";
  return std::string(mvcc::decode_key_value(**found)->value);
}

struct Installed {
  std::unique_ptr<bolt::Db> db;
};

// Both halves, as the node does them.
Result<Installed> install(StateMachine& machine, const InstallInput& input) {
  TRY_ASSIGN(auto db, install_received_db(input));
  TRY(install_state(machine, db->begin_read(), input.metadata, input.log));
  machine.publish();
  return Installed{std::move(db)};
}

struct SnapshotTest : ::testing::Test {
  void SetUp() override {
    lead(leader);
    received = stream_of(leader.db().begin_read());
    metadata.conf_state = leader.machine().conf_state();
    metadata.index = kSnapshotIndex;
    metadata.term = Term(2);
    expected = leader.buckets();
  }

  // A follower with something flushed and something not, to whom the snapshot was sent.
  std::unique_ptr<Replica> make_follower() {
    auto disk = std::make_unique<base::CrashFs>();
    EXPECT_TRUE(disk->make_directory(kFolder));
    auto follower = std::make_unique<Replica>(testing::test_options(), std::move(disk), db_path(kFolder));
    follow(*follower);
    follower->settle();
    old_buckets = read_buckets(follower->db().begin_read());
    put(*follower, "not", "flushed");
    receive(follower->disk(), received);
    follower->disk().sync_all();
    return follower;
  }
  void receive(base::FileSystem& files, std::string_view bytes) const {
    auto file = files.open(received_db_path(kFolder, kSnapshotIndex), base::OpenMode::kCreateTruncate);
    ASSERT_TRUE(file && (*file)->pwrite(0, bytes) && (*file)->sync());
    ASSERT_TRUE(files.sync_directory(kFolder));
  }
  InstallInput input(base::FileSystem& files) const {
    return {.files = files,
            .log = base::null_logger(),
            .snap_folder = kFolder,
            .db_options = small_db(),
            .metadata = metadata};
  }
  // What a start finds, given that the WAL names a snapshot at `index`.
  Result<Buckets> boot(base::CrashFs& disk, LogIndex index) const {
    TRY_ASSIGN(const bool installed, finish_interrupted_install(disk, base::null_logger(), kFolder, index, small_db()));
    (void)installed;
    TRY_ASSIGN(const auto db, bolt::Db::open(disk, db_path(kFolder), small_db()));
    TRY_ASSIGN(const auto machine, StateMachine::open(db->begin_read(), testing::test_options()));
    EXPECT_EQ(machine->conf_state(), metadata.conf_state);
    return read_buckets(db->begin_read());
  }
  void expect_refusal(Replica& follower, Errc code) {
    const LogIndex before = follower.machine().applied();
    const auto installed = install(follower.machine(), input(follower.disk()));
    ASSERT_FALSE(installed);
    EXPECT_EQ(installed.error().code, code) << describe(installed.error());
    EXPECT_EQ(follower.machine().applied(), before);
    put(follower, "goes", "on");
    follower.settle();
    follower.restart();
    EXPECT_EQ(read_value(follower.machine().publish(), "goes"), "on");
  }

  Replica leader;
  std::string received;
  raft::SnapshotMetadata metadata;
  Buckets expected;
  Buckets old_buckets;
};

TEST_F(SnapshotTest, BringsTheStateOfTheLeader) {
  auto follower = make_follower();
  const mvcc::ReadViewRef old_view = follower->machine().publish();
  auto installed = install(follower->machine(), input(follower->disk()));
  ASSERT_TRUE(installed) << describe(installed.error());
  StateMachine& machine = follower->machine();
  EXPECT_EQ(machine.applied(), kSnapshotIndex);
  EXPECT_EQ(machine.applied_term(), Term(2));
  EXPECT_EQ(machine.conf_state(), metadata.conf_state);
  EXPECT_EQ(machine.store().revision(), leader.machine().store().revision());
  EXPECT_EQ(machine.store().compact_revision(), Revision(10));
  EXPECT_EQ(machine.lessor().lease_of("on-6"), LeaseId(6));
  EXPECT_EQ(machine.lessor().lease_of("old"), LeaseId(0));
  EXPECT_EQ(read_buckets(installed->db->begin_read()), expected);
  // Readers that came before keep what they see, in the old file too.
  EXPECT_EQ(read_value(old_view, "old"), "follower");
  EXPECT_EQ(read_value(old_view, "not"), "flushed");
  EXPECT_EQ(read_value(machine.views().acquire(), "old"), "");
  EXPECT_EQ(read_value(machine.views().acquire(), "on-5"), "leader");
}

TEST_F(SnapshotTest, TheLogGoesOnFromTheSnapshot) {
  auto follower = make_follower();
  auto installed = install(follower->machine(), input(follower->disk()));
  ASSERT_TRUE(installed);
  StateMachine& machine = follower->machine();
  const std::string revoke = encode_internal(1, RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(5)));
  const raft::Entry entry = leader.next_entry(raft::EntryType::kNormal, revoke);
  ASSERT_TRUE(leader.apply(entry));
  ASSERT_TRUE(machine.apply(entry, {}));
  EXPECT_FALSE(machine.apply(entry, {.wants_reply = true, .now_ns = 0})->reply) << "an entry is applied once";

  Flush flush = machine.take_flush();
  auto tx = installed->db->begin_write();
  ASSERT_TRUE(tx && flush.write_to(*tx) && tx->commit());
  ASSERT_TRUE(machine.flushed(std::move(flush), installed->db->begin_read(), 0));
  EXPECT_EQ(read_buckets(installed->db->begin_read()), leader.buckets());
}

TEST_F(SnapshotTest, TheOldFileGoesWhenItsLastReaderDoes) {
  auto follower = make_follower();
  mvcc::ReadViewRef old_view = follower->machine().publish();
  auto installed = install(follower->machine(), input(follower->disk()));
  ASSERT_TRUE(installed);
  EXPECT_EQ(follower->machine().views().live_views(), 2u);
  old_view = {};
  follower->machine().views().reclaim();
  EXPECT_EQ(follower->machine().views().live_views(), 1u);
}

TEST_F(SnapshotTest, AReceivedDbThatDoesNotFitIsRefusedAndNothingIsTouched) {
  auto follower = make_follower();
  metadata.index = kSnapshotIndex.next();
  expect_refusal(*follower, Errc::kNotExist);

  metadata.index = kSnapshotIndex;
  metadata.conf_state.learners = {MemberId(9)};
  expect_refusal(*follower, Errc::kCorrupt);

  metadata.conf_state.learners.clear();
  receive(follower->disk(), "not a db at all");
  expect_refusal(*follower, Errc::kCorrupt);
}

TEST_F(SnapshotTest, AReceivedDbOfAnotherIndexIsRefused) {
  put(leader, "one", "more");
  leader.settle();
  received = stream_of(leader.db().begin_read());
  auto follower = make_follower();
  expect_refusal(*follower, Errc::kCorrupt);
}

// A member of 3.5.5 that got its state as a snapshot went on with the users it had before, and its keys began to differ.
TEST_F(SnapshotTest, UsersAndPermissionsAreThoseOfTheInstalledState) {
  const auto user = [](std::string_view name) {
    return auth::encode(auth::UserAddRequest{name, "", auth::UserOptions(), ""});
  };
  const std::string both_root = std::string("\x0a\x04root\x12\x04root");
  auto follower = make_follower();
  ASSERT_TRUE(follower->request(RequestKind::kAuthUserAdd, user("gone")));
  ASSERT_TRUE(leader.request(RequestKind::kAuthUserAdd, user("root")));
  ASSERT_TRUE(leader.request(RequestKind::kAuthUserGrantRole, both_root));
  ASSERT_TRUE(leader.request(RequestKind::kAuthEnable, ""));
  metadata.index = leader.machine().applied();
  expected = leader.buckets();
  auto file = follower->disk().open(received_db_path(kFolder, metadata.index), base::OpenMode::kCreateTruncate);
  ASSERT_TRUE(file && (*file)->pwrite(0, stream_of(leader.db().begin_read())) && (*file)->sync());

  const auto installed = install(follower->machine(), input(follower->disk()));
  ASSERT_TRUE(installed) << describe(installed.error());
  const auth::View& view = *follower->machine().auth_view();
  EXPECT_TRUE(view.enabled());
  EXPECT_EQ(view.revision(), leader.machine().auth_view()->revision());
  EXPECT_EQ(view.find_user("gone"), nullptr);
  EXPECT_TRUE(view.check_admin({"root", 1}));
  EXPECT_EQ(read_buckets(installed->db->begin_read()), expected);
  const auto events = follower->machine().take_token_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(std::get<auth::UserTokensRevoked>(events[0]).user, "gone");
}

TEST_F(SnapshotTest, OneOfThePastIsABrokenInvariant) {
  auto follower = make_follower();
  metadata.index = follower->machine().applied();
  EXPECT_DEATH((void)install_state(follower->machine(), leader.db().begin_read(), metadata, base::null_logger()),
               "metadata.index > before");
}

TEST_F(SnapshotTest, OnlyReceivedDbsOfThePastAreRemoved) {
  auto follower = make_follower();
  for (const char* name : {"000000000000001f.snap.db", "00000000000000ff.snap.db", "1f.snap.db", "x00000000000001f.snap.db"}) {
    ASSERT_TRUE(follower->disk().open(base::join_path(kFolder, name), base::OpenMode::kCreate));
  }
  ASSERT_TRUE(remove_received_dbs_below(follower->disk(), kFolder, kSnapshotIndex));
  const std::vector<std::string> left = {"0000000000000028.snap.db", "00000000000000ff.snap.db", "1f.snap.db", "db",
                                         "x00000000000001f.snap.db"};
  EXPECT_EQ(*follower->disk().list(kFolder), left);
}

// Before the WAL's record of the snapshot is durable the old db counts, after it the new one: wherever the power goes.
TEST_F(SnapshotTest, ACrashAtAnyStepEndsInTheStateThatTheWalNames) {
  int crashes = 0;
  for (std::uint64_t step = 1; step < 100; ++step) {
    auto follower = make_follower();
    follower->disk().lose_power_at(follower->disk().operations() + step);
    const bool finished = install(follower->machine(), input(follower->disk())).has_value();
    base::every_crash(follower->disk(), 50, [&](base::CrashFs& disk) {
      ++crashes;
      const auto buckets = boot(disk, kSnapshotIndex);
      ASSERT_TRUE(buckets) << "step " << step << ": " << describe(buckets.error());
      EXPECT_EQ(*buckets, expected) << "step " << step;
      // A second start finds the same.
      EXPECT_EQ(boot(disk, kSnapshotIndex).value_or(Buckets()), expected);
    });
    if (finished) break;
  }
  EXPECT_GT(crashes, 3);
}

// The start itself may be cut short as well.
TEST_F(SnapshotTest, ACrashWhileTheStartCompletesTheInstallationIsMadeGoodByTheNext) {
  for (std::uint64_t step = 1; step < 100; ++step) {
    auto follower = make_follower();
    follower->close();
    follower->disk().lose_power_at(follower->disk().operations() + step);
    const bool finished = boot(follower->disk(), kSnapshotIndex).has_value();
    base::every_crash(follower->disk(), 50, [&](base::CrashFs& disk) {
      EXPECT_EQ(boot(disk, kSnapshotIndex).value_or(Buckets()), expected) << "step " << step;
    });
    if (finished) return;
  }
  FAIL() << "a start takes too many steps";
}

TEST_F(SnapshotTest, WithoutTheRecordInTheWalTheOldDbStays) {
  auto follower = make_follower();
  follower->close();
  const auto installed =
      finish_interrupted_install(follower->disk(), base::null_logger(), kFolder, LogIndex(0), small_db());
  ASSERT_TRUE(installed);
  EXPECT_FALSE(*installed);
  EXPECT_EQ(boot(follower->disk(), LogIndex(3)).value_or(Buckets()), old_buckets);
}

TEST_F(SnapshotTest, AStartWithoutTheReceivedDbIsRefusedWithTheTextOfEtcd) {
  auto follower = make_follower();
  follower->close();
  ASSERT_TRUE(follower->disk().remove(received_db_path(kFolder, kSnapshotIndex)));
  const auto installed =
      finish_interrupted_install(follower->disk(), base::null_logger(), kFolder, kSnapshotIndex, small_db());
  ASSERT_FALSE(installed);
  EXPECT_EQ(installed.error().code, Errc::kNotExist);
  EXPECT_EQ(describe(installed.error()), "failed to find database snapshot file (snap: snapshot file doesn't exist)");
  EXPECT_EQ(boot(follower->disk(), LogIndex(0)).value_or(Buckets()), old_buckets);
}

TEST(SnapshotPaths, AreThoseOfEtcd) {
  EXPECT_EQ(db_path("/d/member/snap"), "/d/member/snap/db");
  EXPECT_EQ(received_db_path("/s", LogIndex(0x1f)), "/s/000000000000001f.snap.db");
}

}  // namespace
}  // namespace etcd::apply
