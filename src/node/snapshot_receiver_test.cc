#include "node/snapshot_receiver.h"

#include <gtest/gtest.h>

#include "apply/bootstrap.h"
#include "apply/snapshot.h"
#include "base/testing/crash_fs.h"
#include "bolt/snapshot_reader.h"

namespace etcd::node {
namespace {

const std::string kFolder = "/snap";

bolt::Options small_db() {
  bolt::Options options;
  options.map_bytes = 64 << 20;
  options.growth_bytes = 64 << 10;
  return options;
}

// The db of a member that has applied the addition of itself.
struct Sent {
  Sent() {
    base::CrashFs disk;
    auto db = bolt::Db::open(disk, "/db", small_db());
    EXPECT_TRUE(db);
    auto machine = apply::StateMachine::open((*db)->begin_read(), {.member = MemberId(1)});
    EXPECT_TRUE(machine);
    for (const raft::Entry& entry : apply::bootstrap_entries({{.id = MemberId(1), .peer_urls = {"http://1"}}})) EXPECT_TRUE((*machine)->apply(entry, {}));
    metadata = {.conf_state = (*machine)->conf_state(), .index = (*machine)->applied(), .term = (*machine)->applied_term()};
    auto tx = (*db)->begin_write();
    EXPECT_TRUE(tx && (*machine)->take_flush().write_to(*tx) && tx->commit());
    bolt::SnapshotReader reader((*db)->begin_read());
    for (std::string_view part = reader.next(1000); !part.empty(); part = reader.next(1000)) bytes += part;
  }

  raft::SnapshotMetadata metadata;
  std::string bytes;
};

Status receive(base::FileSystem& disk, const Sent& sent, std::string_view bytes) {
  TRY_ASSIGN(auto receiver, SnapshotReceiver::begin(disk, {.snap_folder = kFolder, .db = small_db()}, sent.metadata));
  for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(bytes.size(), 5000))) TRY(receiver->write(bytes.substr(0, 5000)));
  return receiver->finish();
}

std::vector<std::string> files_left(base::FileSystem& disk) { return *disk.list(kFolder); }

TEST(SnapshotReceiver, WhatWasReceivedWholeIsDurableUnderItsName) {
  const Sent sent;
  base::CrashFs disk;
  ASSERT_TRUE(disk.make_directory(kFolder) && disk.sync_directory("/"));
  const Status received = receive(disk, sent, sent.bytes);
  ASSERT_TRUE(received) << describe(received.error());
  disk.crash(base::lose_all());
  EXPECT_EQ(disk.contents(apply::received_db_path(kFolder, sent.metadata.index)), sent.bytes);
  EXPECT_EQ(files_left(disk).size(), 1U);
}

TEST(SnapshotReceiver, WhatEndsEarlyLeavesNothingBehind) {
  const Sent sent;
  base::CrashFs disk;
  ASSERT_TRUE(disk.make_directory(kFolder));
  {
    auto receiver = SnapshotReceiver::begin(disk, {.snap_folder = kFolder, .db = small_db()}, sent.metadata);
    ASSERT_TRUE(receiver);
    ASSERT_TRUE((*receiver)->write(std::string_view(sent.bytes).substr(0, 3000)));
  }
  EXPECT_TRUE(files_left(disk).empty());
}

TEST(SnapshotReceiver, ADbThatIsNotWhatTheSnapshotSaysIsRefused) {
  Sent sent;
  base::CrashFs disk;
  ASSERT_TRUE(disk.make_directory(kFolder));
  Status received = receive(disk, sent, std::string_view(sent.bytes).substr(0, sent.bytes.size() / 2));
  EXPECT_FALSE(received) << "half of it";
  sent.metadata.index = sent.metadata.index.next();
  received = receive(disk, sent, sent.bytes);
  ASSERT_FALSE(received);
  EXPECT_EQ(received.error().code, Errc::kCorrupt);
  EXPECT_TRUE(files_left(disk).empty());
}

}  // namespace
}  // namespace etcd::node
