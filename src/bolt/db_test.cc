#include "bolt/db.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/testing/crash_fs.h"
#include "bolt/meta.h"
#include "bolt/testing/model_bucket.h"

namespace etcd::bolt {
namespace {

using base::FileCall;

Options test_options() {
  Options options;
  options.map_bytes = 64 << 20;
  return options;
}

std::unique_ptr<Db> open(base::FileSystem& fs, const Options& options = test_options()) {
  auto db = Db::open(fs, "/db", options);
  EXPECT_TRUE(db) << db.error().detail;
  return std::move(*db);
}

void put(Db& db, const std::string& key, const std::string& value) {
  WriteTx tx = db.begin_write().value();
  ASSERT_TRUE(tx.create_bucket_if_missing("bucket").value()->put(key, value));
  ASSERT_TRUE(tx.commit());
}

std::optional<std::string_view> get(const ReadTx& tx, const std::string& key) {
  const auto bucket = tx.bucket("bucket").value();
  return bucket ? bucket->get(key).value() : std::nullopt;
}

TEST(Db, ANewFileIsFourPagesLikeBbolts) {
  base::CrashFs disk;
  const auto db = open(disk);
  EXPECT_EQ(disk.file_size("/db").value(), 4u * 4096);
  EXPECT_EQ(db->size_bytes(), 4u * 4096);
  EXPECT_EQ(db->begin_read().txid(), 1u);
  EXPECT_EQ(db->page_size(), 4096u);
  EXPECT_EQ(disk.list("/").value(), std::vector<std::string>{"db"});
}

TEST(Db, AFewSmallCommitsStaySmall) {
  base::CrashFs disk;
  const auto db = open(disk);
  for (int i = 0; i < 10; ++i) put(*db, "key", "value " + std::to_string(i));
  EXPECT_LE(db->size_bytes(), 8u * 4096);
}

TEST(Db, AnEmptyFileIsMadeANewDb) {
  base::CrashFs disk;
  ASSERT_TRUE(disk.open("/db", base::OpenMode::kCreateNew));
  expect_sound(*open(disk));
}

TEST(Db, TheFileIsMadeAtOnceOrNotAtAll) {
  base::CrashFs whole;
  open(whole);
  for (std::uint64_t call = 1; call <= whole.operations(); ++call) {
    base::CrashFs disk;
    disk.lose_power_at(call);
    EXPECT_FALSE(Db::open(disk, "/db", test_options()));
    base::every_crash(disk, 100, [](base::CrashFs& after) { expect_sound(*open(after)); });
  }
}

TEST(Db, ASecondOpenFindsItLocked) {
  base::CrashFs disk;
  const auto db = open(disk);
  const auto second = Db::open(disk, "/db", test_options());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kLocked);
}

TEST(Db, AnotherPageSizeIsReadFromTheFile) {
  base::CrashFs disk;
  Options options = test_options();
  options.page_size = 16384;
  put(*open(disk, options), "key", "value");
  const auto db = open(disk);
  EXPECT_EQ(db->page_size(), 16384u);
  EXPECT_EQ(get(db->begin_read(), "key"), "value");
}

TEST(Db, PageSizesOutOfRangeAreRefused) {
  base::CrashFs disk;
  for (const std::uint32_t size : {0u, 512u, 4095u, 131072u}) {
    Options options = test_options();
    options.page_size = size;
    const auto db = Db::open(disk, "/db", options);
    ASSERT_FALSE(db);
    EXPECT_EQ(db.error().code, Errc::kUnsupported);
  }
}

TEST(Db, ADamagedNewestMetaPageFallsBackToTheOlder) {
  for (const std::uint64_t damaged : {0u, 1u}) {
    base::CrashFs disk;
    {
      const auto db = open(disk);
      for (std::uint64_t i = 2; i <= 4 + damaged; ++i) put(*db, "key", std::to_string(i));
      ASSERT_EQ(db->begin_read().txid() % 2, damaged);
    }
    const std::uint64_t newest = 4 + damaged;
    disk.corrupt("/db", damaged * 4096 + 40, "rot");
    const auto db = open(disk);
    EXPECT_EQ(get(db->begin_read(), "key"), std::to_string(newest - 1));
    put(*db, "key", "again");
    expect_sound(*db);
  }
}

TEST(Db, TheSecondMetaPageIsFoundWithoutTheFirst) {
  base::CrashFs disk;
  Options options = test_options();
  options.page_size = 8192;
  open(disk, options).reset();
  disk.corrupt("/db", 20, "rot");
  EXPECT_EQ(open(disk)->page_size(), 8192u);
}

TEST(Db, WithoutAValidMetaPageTheFileIsCorrupt) {
  base::CrashFs disk;
  open(disk).reset();
  disk.corrupt("/db", 30, "rot");
  disk.corrupt("/db", 4096 + 30, "rot");
  const auto db = Db::open(disk, "/db", test_options());
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Errc::kCorrupt);
}

TEST(Db, AFileShorterThanItsMetaPageSaysIsCorrupt) {
  base::CrashFs disk;
  {
    const auto db = open(disk);
    put(*db, "key", std::string(100'000, 'v'));
  }
  ASSERT_TRUE(disk.open("/db", base::OpenMode::kReadWrite).value()->truncate(5 * 4096));
  const auto db = Db::open(disk, "/db", test_options());
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, Errc::kCorrupt);
}

TEST(Db, ADamagedPageIsReportedAndNotWrittenOver) {
  base::CrashFs disk;
  {
    const auto db = open(disk);
    for (int i = 0; i < 100; ++i) put(*db, "key" + std::to_string(i), std::string(500, 'v'));
  }
  // Every page but the meta pages says that it is another one.
  for (std::uint64_t page = 2; page < disk.file_size("/db").value() / 4096; ++page) {
    disk.corrupt("/db", page * 4096, "\xff");
  }
  const auto db = open(disk);
  EXPECT_EQ(db->begin_read().bucket("bucket").error().code, Errc::kCorrupt);
  EXPECT_EQ(db->begin_write().error().code, Errc::kCorrupt);
  EXPECT_FALSE(check(db->begin_read()).faults.empty());
}

TEST(Db, AReaderSeesItsVersionWhatEverIsWritten) {
  base::CrashFs disk;
  const auto db = open(disk);
  put(*db, "key", "old");
  const ReadTx old = db->begin_read();
  for (int i = 0; i < 50; ++i) put(*db, "key", "new " + std::to_string(i));
  EXPECT_EQ(get(old, "key"), "old");
  EXPECT_EQ(get(db->begin_read(), "key"), "new 49");
}

TEST(Db, AnOldReaderHoldsBackOnlyWhatItSees) {
  base::CrashFs disk;
  const auto db = open(disk);
  for (int i = 0; i < 20; ++i) put(*db, "key" + std::to_string(i), std::string(1000, 'v'));
  const std::uint64_t before = db->size_bytes();
  const ReadTx old = db->begin_read();
  for (int i = 0; i < 300; ++i) put(*db, "key" + std::to_string(i % 20), std::string(1000, 'w'));
  // The old version's pages, and twice the new one's.
  EXPECT_LE(db->size_bytes(), 3 * before + 4 * 4096);
  EXPECT_EQ(get(old, "key7"), std::string(1000, 'v'));
  expect_sound(*db);
}

TEST(Db, PagesAreUsedAgainWhenTheirReadersAreGone) {
  base::CrashFs disk;
  const auto db = open(disk);
  put(*db, "key", std::string(40'000, 'v'));
  {
    const ReadTx first = db->begin_read();
    put(*db, "key", std::string(40'000, 'w'));
    const ReadTx second = db->begin_read();
    put(*db, "key", std::string(40'000, 'x'));
    EXPECT_EQ(get(first, "key"), std::string(40'000, 'v'));
  }
  const std::uint64_t size = db->size_bytes();
  for (int i = 0; i < 20; ++i) put(*db, "key", std::string(40'000, 'y'));
  EXPECT_EQ(db->size_bytes(), size);
  expect_sound(*db);
}

TEST(Db, AReaderMayOutliveTheDbAndTheFileName) {
  base::CrashFs disk;
  auto db = open(disk);
  put(*db, "key", "value");
  const ReadTx tx = db->begin_read();
  const ReadTx copy = tx;
  db.reset();
  ASSERT_TRUE(disk.remove("/db"));
  EXPECT_EQ(get(copy, "key"), "value");
}

TEST(Db, ReadersOnOtherThreadsSeeWholeVersions) {
  base::CrashFs disk;
  const auto db = open(disk);
  put(*db, "a", "0");
  put(*db, "b", "0");
  std::atomic<bool> stop{false};
  std::atomic<int> torn{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop.load()) {
        const ReadTx tx = db->begin_read();
        if (tx.txid() >= 4 && get(tx, "a") != get(tx, "b")) ++torn;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    WriteTx tx = db->begin_write().value();
    Bucket* bucket = tx.bucket("bucket").value();
    for (const char* key : {"a", "b"}) ASSERT_TRUE(bucket->put(key, std::to_string(i)));
    ASSERT_TRUE(tx.commit());
  }
  stop.store(true);
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(torn.load(), 0);
}

TEST(Db, WhenTheDiskIsFullTheCommitFailsAndTheDbGoesOn) {
  base::CrashFs disk;
  const auto db = open(disk);
  put(*db, "key", "small");
  disk.set_fault_rule([](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == FileCall::kAllocate) return base::Fault{.code = Errc::kNoSpace};
    return std::nullopt;
  });
  {
    WriteTx tx = db->begin_write().value();
    ASSERT_TRUE(tx.bucket("bucket").value()->put("key", std::string(1 << 20, 'v')));
    EXPECT_EQ(tx.commit().error().code, Errc::kNoSpace);
  }
  EXPECT_EQ(get(db->begin_read(), "key"), "small");
  expect_sound(*db);
  disk.set_fault_rule(nullptr);
  put(*db, "key", std::string(1 << 20, 'v'));
  EXPECT_EQ(get(db->begin_read(), "key")->size(), std::size_t{1} << 20);
  expect_sound(*db);
}

TEST(Db, ItDoesNotOutgrowItsMapping) {
  base::CrashFs disk;
  Options options = test_options();
  options.map_bytes = 1 << 20;
  const auto db = open(disk, options);
  WriteTx tx = db->begin_write().value();
  ASSERT_TRUE(tx.create_bucket_if_missing("bucket").value()->put("key", std::string(2 << 20, 'v')));
  EXPECT_EQ(tx.commit().error().code, Errc::kNoSpace);
}

TEST(Db, AfterAFailedSyncNothingIsWrittenAnyMore) {
  for (const FileCall call : {FileCall::kSyncData, FileCall::kWrite}) {
    base::CrashFs disk;
    const auto db = open(disk);
    put(*db, "key", "old");
    disk.set_fault_rule([call](const base::FileOperation& operation) -> std::optional<base::Fault> {
      return operation.call == call ? std::optional<base::Fault>(base::Fault{}) : std::nullopt;
    });
    {
      WriteTx tx = db->begin_write().value();
      ASSERT_TRUE(tx.bucket("bucket").value()->put("key", "new"));
      EXPECT_EQ(tx.commit().error().code, Errc::kIo);
    }
    disk.set_fault_rule(nullptr);
    EXPECT_EQ(db->begin_write().error().code, Errc::kIo);
    EXPECT_EQ(get(db->begin_read(), "key"), "old");
  }
}

TEST(Db, ACommitSyncsPagesBeforeItWritesTheMetaPage) {
  base::CrashFs disk;
  const auto db = open(disk);
  put(*db, "key", "old");
  std::vector<std::string> calls;
  disk.set_fault_rule([&](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == FileCall::kWrite) calls.push_back(operation.offset < 2 * 4096 ? "meta" : "pages");
    if (operation.call == FileCall::kSyncData) calls.push_back("sync");
    return std::nullopt;
  });
  put(*db, "key", "new");
  disk.set_fault_rule(nullptr);
  ASSERT_GE(calls.size(), 4u);
  EXPECT_EQ(calls.front(), "pages");
  EXPECT_EQ(std::vector<std::string>(calls.end() - 3, calls.end()), (std::vector<std::string>{"sync", "meta", "sync"}));
}

TEST(Db, ATransactionWithoutChangesWritesNothing) {
  base::CrashFs disk;
  const auto db = open(disk);
  put(*db, "key", "value");
  const std::uint64_t calls = disk.operations();
  WriteTx tx = db->begin_write().value();
  EXPECT_FALSE(tx.bucket("bucket").value()->erase("missing").value());
  ASSERT_TRUE(tx.commit());
  EXPECT_EQ(disk.operations(), calls);
}

TEST(Db, InUseBytesFollowWhatIsErased) {
  base::CrashFs disk;
  const auto db = open(disk);
  for (int i = 0; i < 10; ++i) put(*db, "key" + std::to_string(i), std::string(50'000, 'v'));
  const std::uint64_t full = db->in_use_bytes();
  EXPECT_GT(full, 500'000u);
  WriteTx tx = db->begin_write().value();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(tx.bucket("bucket").value()->erase("key" + std::to_string(i)).value());
  ASSERT_TRUE(tx.commit());
  EXPECT_LT(db->in_use_bytes(), 20'000u);
  EXPECT_GE(db->size_bytes(), full);
}

TEST(Db, TheFileGrowsInSteps) {
  base::CrashFs disk;
  Options options = test_options();
  options.growth_bytes = 1 << 20;
  const auto db = open(disk, options);
  put(*db, "key", std::string(1'500'000, 'v'));
  EXPECT_EQ(disk.file_size("/db").value(), 2u << 20);
  EXPECT_LT(db->size_bytes(), 1'600'000u);
}

}  // namespace
}  // namespace etcd::bolt
