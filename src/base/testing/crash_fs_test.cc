#include "base/testing/crash_fs.h"

#include <gtest/gtest.h>

#include <set>

namespace etcd::base {
namespace {

constexpr std::size_t kSector = CrashContents::kSectorBytes;

std::unique_ptr<File> open(CrashFs& disk, const std::string& path, OpenMode mode = OpenMode::kCreate) {
  auto file = disk.open(path, mode);
  EXPECT_TRUE(file) << describe(file.error());
  return std::move(*file);
}

// A disk with one durable file of `bytes` at /f.
std::unique_ptr<CrashFs> disk_with(const std::string& bytes) {
  auto disk = std::make_unique<CrashFs>();
  EXPECT_TRUE(open(*disk, "/f")->pwrite(0, bytes));
  disk->sync_all();
  return disk;
}

// The different contents of `path` over all crashes; "-" where it is not there.
std::set<std::string> outcomes(const CrashFs& disk, const std::string& path) {
  std::set<std::string> seen;
  const std::size_t visited = every_crash(disk, 10'000, [&](CrashFs& left) {
    seen.insert(left.exists(path) ? left.contents(path) : "-");
  });
  EXPECT_LT(visited, 10'000u);
  return seen;
}

TEST(CrashFs, SyncedBytesUnderASyncedNameSurvive) {
  CrashFs disk;
  auto file = open(disk, "/a");
  ASSERT_TRUE(file->pwrite(0, "kept"));
  ASSERT_TRUE(file->sync_data());
  ASSERT_TRUE(disk.sync_directory("/"));
  ASSERT_TRUE(file->pwrite(0, "lost"));
  EXPECT_EQ(disk.contents("/a"), "lost");
  disk.crash(lose_all());
  EXPECT_EQ(disk.contents("/a"), "kept");
}

TEST(CrashFs, ASyncedFileWithoutASyncedNameIsGone) {
  CrashFs disk;
  auto file = open(disk, "/a");
  ASSERT_TRUE(file->pwrite(0, "bytes"));
  ASSERT_TRUE(file->sync());
  EXPECT_EQ(outcomes(disk, "/a"), (std::set<std::string>{"-", "bytes"}));
}

TEST(CrashFs, SectorsSurviveIndependently) {
  auto disk = disk_with(std::string(3 * kSector, 'o'));
  ASSERT_TRUE(open(*disk, "/f")->pwrite(0, std::string(3 * kSector, 'n')));
  const auto seen = outcomes(*disk, "/f");
  EXPECT_EQ(seen.size(), 8u);
  EXPECT_TRUE(seen.count(std::string(kSector, 'n') + std::string(kSector, 'o') + std::string(kSector, 'n')));
}

TEST(CrashFs, ASectorMayBeFoundAfterAnyOfItsWritesButNeverTorn) {
  auto disk = disk_with("aa");
  auto file = open(*disk, "/f");
  ASSERT_TRUE(file->pwrite(0, "b"));
  ASSERT_TRUE(file->pwrite(1, "c"));
  EXPECT_EQ(outcomes(*disk, "/f"), (std::set<std::string>{"aa", "ba", "bc"}));
}

TEST(CrashFs, ASizeMaySurviveWithoutItsData) {
  auto disk = disk_with("a");
  ASSERT_TRUE(open(*disk, "/f")->pwrite(kSector, "b"));
  const std::string zeros(kSector - 1, '\0');
  EXPECT_EQ(outcomes(*disk, "/f"), (std::set<std::string>{"a", "a" + zeros + std::string(1, '\0'), "a" + zeros + "b"}));
}

TEST(CrashFs, BytesBehindADurableCutNeverComeBack) {
  auto disk = disk_with(std::string(2 * kSector, 'o'));
  auto file = open(*disk, "/f");
  ASSERT_TRUE(file->truncate(1));
  ASSERT_TRUE(file->allocate(2 * kSector));
  EXPECT_EQ(disk->contents("/f"), "o" + std::string(2 * kSector - 1, '\0'));
  for (const std::string& bytes : outcomes(*disk, "/f")) {
    const bool cut_survived_with_growth = bytes.size() == 2 * kSector && bytes != std::string(2 * kSector, 'o');
    if (!cut_survived_with_growth) continue;
    // Where the cut is not durable yet, sectors may still be zeroed one by one; no other byte appears.
    EXPECT_EQ(bytes.find_first_not_of(std::string("o\0", 2)), std::string::npos);
  }
  ASSERT_TRUE(file->sync_data());
  EXPECT_EQ(outcomes(*disk, "/f"), (std::set<std::string>{"o" + std::string(2 * kSector - 1, '\0')}));
}

TEST(CrashFs, NamesSurviveIndependentlyAndARenameIsAtomic) {
  auto disk = disk_with("old");
  ASSERT_TRUE(open(*disk, "/t")->pwrite(0, "new"));
  ASSERT_TRUE(open(*disk, "/t")->sync());
  ASSERT_TRUE(disk->rename("/t", "/f"));
  EXPECT_EQ(outcomes(*disk, "/f"), (std::set<std::string>{"old", "new"}));
  std::set<std::string> listings;
  every_crash(*disk, 100, [&](CrashFs& left) {
    std::string names;
    const auto listed = left.list("/");
    for (const std::string& name : *listed) names += name;
    listings.insert(names + "=" + left.contents("/f"));
  });
  EXPECT_EQ(listings, (std::set<std::string>{"f=old", "ft=old", "f=new"}));
}

TEST(CrashFs, ARemovedNameMayComeBackUntilTheFolderIsSynced) {
  auto disk = disk_with("x");
  ASSERT_TRUE(disk->remove("/f"));
  EXPECT_EQ(outcomes(*disk, "/f"), (std::set<std::string>{"-", "x"}));
  ASSERT_TRUE(disk->sync_directory("/"));
  EXPECT_EQ(outcomes(*disk, "/f"), (std::set<std::string>{"-"}));
}

TEST(CrashFs, AFolderTakesWhatIsInItAlong) {
  CrashFs disk;
  ASSERT_TRUE(disk.make_directories("/d/e"));
  ASSERT_TRUE(open(disk, "/d/e/f")->sync());
  ASSERT_TRUE(disk.sync_directory("/d/e"));
  ASSERT_TRUE(disk.sync_directory("/d"));
  EXPECT_FALSE(disk.after_crash(lose_all())->exists("/d"));
  ASSERT_TRUE(disk.sync_directory("/"));
  EXPECT_TRUE(disk.after_crash(lose_all())->exists("/d/e/f"));
}

TEST(CrashFs, AFailedSyncForgetsWhatWasDirty) {
  bool lost_once = false;
  bool kept_once = false;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    CrashFs disk{Rng(seed)};
    auto file = open(disk, "/f");
    ASSERT_TRUE(file->pwrite(0, "old"));
    disk.sync_all();
    ASSERT_TRUE(file->pwrite(0, "new"));
    disk.set_fault_rule([](const FileOperation& operation) -> std::optional<Fault> {
      if (operation.call == FileCall::kSyncData) return Fault{};
      return std::nullopt;
    });
    EXPECT_EQ(file->sync_data().error().code, Errc::kIo);
    disk.set_fault_rule(nullptr);
    EXPECT_TRUE(file->sync_data());
    EXPECT_EQ(disk.contents("/f"), "new");
    disk.crash(keep_all());
    (disk.contents("/f") == "old" ? lost_once : kept_once) = true;
  }
  EXPECT_TRUE(lost_once && kept_once);
}

TEST(CrashFs, AShortWriteLeavesAPrefix) {
  auto disk = disk_with("....");
  disk->set_fault_rule([](const FileOperation& operation) -> std::optional<Fault> {
    if (operation.call == FileCall::kWrite) return Fault{Errc::kNoSpace, 2};
    return std::nullopt;
  });
  EXPECT_EQ(open(*disk, "/f")->pwrite(0, "abcd").error().code, Errc::kNoSpace);
  EXPECT_EQ(disk->contents("/f"), "ab..");
}

TEST(CrashFs, AfterPowerIsLostNothingHappensUntilTheCrash) {
  auto disk = disk_with("old");
  auto file = open(*disk, "/f");
  disk->lose_power_at(disk->operations() + 2);
  EXPECT_TRUE(file->pwrite(0, "one"));
  EXPECT_FALSE(file->pwrite(0, "two"));
  EXPECT_FALSE(file->sync());
  EXPECT_FALSE(disk->open("/f", OpenMode::kRead));
  disk->crash(keep_all());
  EXPECT_EQ(disk->contents("/f"), "one");
  EXPECT_FALSE(file->pwrite(0, "from an earlier life"));
  EXPECT_TRUE(open(*disk, "/f")->pwrite(0, "new"));
}

TEST(CrashFs, ALockIsExclusiveUntilClosedOrCrashed) {
  auto disk = disk_with("x");
  auto first = open(*disk, "/f");
  auto second = open(*disk, "/f");
  ASSERT_TRUE(first->try_lock());
  EXPECT_EQ(second->try_lock().error().code, Errc::kLocked);
  first.reset();
  EXPECT_TRUE(second->try_lock());
  disk->crash(lose_all());
  EXPECT_TRUE(open(*disk, "/f")->try_lock());
}

TEST(CrashFs, AMappingStaysWhereItIsAndShowsLaterWrites) {
  auto disk = disk_with("one");
  auto file = open(*disk, "/f");
  auto mapping = file->map(1 << 24);
  ASSERT_TRUE(mapping);
  const char* data = (*mapping)->data();
  ASSERT_TRUE(file->pwrite(0, "two"));
  ASSERT_TRUE(file->pwrite(1'000'000, "far"));
  EXPECT_EQ(std::string_view(data, 3), "two");
  EXPECT_EQ(std::string_view(data + 1'000'000, 3), "far");
}

TEST(CrashFs, TouchingAMappedPagePastTheEndIsAFault) {
  auto disk = disk_with("one");
  auto mapping = open(*disk, "/f")->map(1 << 24);
  ASSERT_TRUE(mapping);
  const volatile char* data = (*mapping)->data();
  EXPECT_DEATH((void)data[4096], "");
}

TEST(CrashFs, DamageAtRestIsSeenAndSurvives) {
  auto disk = disk_with("abcdef");
  disk->corrupt("/f", 2, "XY");
  EXPECT_EQ(disk->contents("/f"), "abXYef");
  disk->crash(lose_all());
  EXPECT_EQ(disk->contents("/f"), "abXYef");
}

TEST(CrashFs, ErrorsAreThoseOfThePosixFileSystem) {
  auto disk = disk_with("x");
  EXPECT_EQ(disk->open("/none", OpenMode::kReadWrite).error().detail, "open /none: no such file or directory");
  EXPECT_EQ(disk->open("/none/f", OpenMode::kCreate).error().code, Errc::kNotExist);
  EXPECT_EQ(disk->open("/f", OpenMode::kCreateNew).error().code, Errc::kExists);
  EXPECT_EQ(disk->make_directory("/f").error().code, Errc::kExists);
  EXPECT_EQ(disk->make_directories("/f/g").error().code, Errc::kIo);
  EXPECT_EQ(disk->remove("/none").error().code, Errc::kNotExist);
  EXPECT_TRUE(disk->remove_all("/none"));
  EXPECT_EQ(disk->list("/none").error().code, Errc::kNotExist);
  EXPECT_FALSE(open(*disk, "/f", OpenMode::kRead)->pwrite(0, "y"));
  EXPECT_EQ(open(*disk, "/f")->pwrite(CrashRegion::kMaxBytes, "y").error().code, Errc::kNoSpace);
}

// What a crash leaves must always be explained by some order of the changes: sizes are ones the file had, bytes are ones written there.
TEST(CrashFs, RandomChangesLeaveOnlyBytesThatWereOnceThere) {
  Rng rng(11);
  for (int round = 0; round < 200; ++round) {
    CrashFs disk{Rng(rng.next())};
    auto file = open(disk, "/f");
    disk.sync_all();
    std::set<std::uint64_t> sizes{0};
    std::set<char> letters{'\0'};
    for (int step = 0; step < 12; ++step) {
      const char letter = static_cast<char>('a' + step);
      switch (rng.below(4)) {
        case 0: ASSERT_TRUE(file->truncate(rng.below(4000))); break;
        case 1: ASSERT_TRUE(file->allocate(rng.below(4000))); break;
        default: ASSERT_TRUE(file->pwrite(rng.below(3000), std::string(1 + rng.below(1500), letter))); letters.insert(letter);
      }
      if (rng.one_in(4)) {
        ASSERT_TRUE(file->sync_data());
        sizes.clear();
      }
      sizes.insert(*file->size());
    }
    const auto left = disk.after_crash(survive_at_random(rng));
    const std::string bytes = left->contents("/f");
    EXPECT_EQ(sizes.count(bytes.size()), 1u);
    for (const char byte : bytes) ASSERT_EQ(letters.count(byte), 1u);
    EXPECT_EQ(disk.after_crash(keep_all())->contents("/f"), disk.contents("/f"));
  }
}

}  // namespace
}  // namespace etcd::base
