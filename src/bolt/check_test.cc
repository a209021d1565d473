#include "bolt/check.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/testing/crash_fs.h"
#include "bolt/stored_freelist.h"
#include "bolt/testing/damage.h"
#include "bolt/testing/exercise.h"
#include "bolt/testing/model_bucket.h"
#include "bolt/version.h"

namespace etcd::bolt {
namespace {

// A valid file, where its parts are, and what the checker says once some of it is changed.
class CheckTest : public testing::Test {
 protected:
  CheckTest() : file_(valid_file()) { open(); }

  void open() {
    tx_.reset();
    db_.reset();
    disk_ = std::make_unique<base::CrashFs>();
    EXPECT_TRUE(disk_->open("/db", base::OpenMode::kCreate).value()->pwrite(0, file_));
    db_ = std::move(Db::open(*disk_, "/db", {}).value());
    tx_ = db_->begin_read();
  }
  PageView page(PageId id) { return *tx_->version().pages().find(id); }
  PageId tree() { return tx_->bucket("tree").value()->root().page; }
  std::size_t element_at(PageId id, std::uint32_t index) {
    return id.value * kDamagePageSize + kPageHeaderBytes + index * kElementBytes;
  }
  // Where a key's bytes are in the file.
  std::size_t key_at(PageId id, std::uint32_t index) {
    return id.value * kDamagePageSize + static_cast<std::size_t>(page(id).key(index)->data() - page(id).bytes().data());
  }

  void expect_fault(const std::string& text) { expect_among(&CheckReport::faults, text); }
  void expect_untidy(const std::string& text) { expect_among(&CheckReport::untidy, text); }
  void expect_among(std::vector<std::string> CheckReport::*list, const std::string& text) {
    open();
    const CheckReport report = check(*tx_);
    bool found = false;
    for (const std::string& line : report.*list) found = found || line.find(text) != std::string::npos;
    EXPECT_TRUE(found) << text << " not among " << testing::PrintToString(report.*list);
  }

  std::string file_;
  std::unique_ptr<base::CrashFs> disk_;
  std::unique_ptr<Db> db_;
  std::optional<ReadTx> tx_;
};

TEST_F(CheckTest, FindsNothingInAValidFileAndCountsIt) {
  const CheckReport report = check(*tx_);
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.keys, 153u);
  EXPECT_EQ(report.buckets, 4u);
  EXPECT_EQ(report.pages_in_use + report.pages_free, tx_->size_bytes() / kDamagePageSize);
}

TEST_F(CheckTest, FindsAPageThatIsInUseTwice) {
  const PageId branch = tree();
  store(&file_[element_at(branch, 1) + 8], page(branch).branch_element(0)->page.value);
  expect_fault("in use twice");
}

TEST_F(CheckTest, FindsAPageOutOfRange) {
  store(&file_[element_at(tree(), 1) + 8], std::uint64_t{1} << 40);
  expect_fault("not a leaf or branch page below the high-water mark");
}

TEST_F(CheckTest, FindsAPageThatCallsItselfAnother) {
  const PageId child = page(tree()).branch_element(1)->page;
  store(&file_[child.value * kDamagePageSize], child.value + 1);
  expect_fault("page " + std::to_string(child.value) + ": not a leaf or branch page");
}

TEST_F(CheckTest, FindsAnElementOutsideItsPage) {
  const PageId leaf = page(tree()).branch_element(1)->page;
  store(&file_[element_at(leaf, 0) + 12], std::uint32_t{0xFFFFFFF0});
  expect_fault("element 0 lies outside the page");
}

TEST_F(CheckTest, FindsElementsThatShareBytes) {
  const PageId leaf = page(tree()).branch_element(1)->page;
  const auto room = static_cast<std::uint32_t>(page(leaf).bytes().size()) - 400;
  store(&file_[element_at(leaf, 0) + 12], room);
  store(&file_[element_at(leaf, 1) + 12], room);
  expect_fault("");
}

TEST_F(CheckTest, FindsKeysOutOfOrder) {
  const PageId leaf = page(tree()).branch_element(1)->page;
  file_[key_at(leaf, 1)] = 'a';
  expect_fault("key 1 is not greater than the one before");
}

TEST_F(CheckTest, FindsAKeyThatBelongsElsewhere) {
  const PageId leaf = page(tree()).branch_element(1)->page;
  file_[key_at(leaf, page(leaf).count() - 1)] = 'z';
  expect_fault("belongs to a later page");
  file_[key_at(leaf, 0)] = 'a';
  expect_fault("key 0 is less than its parent's key");
}

TEST_F(CheckTest, FindsAKeyOfNoBytes) {
  store(&file_[element_at(page(tree()).branch_element(0)->page, 0) + 8], std::uint32_t{0});
  expect_fault("a key of 0 bytes");
}

TEST_F(CheckTest, FindsADamagedBucketHeader) {
  const PageId root = tx_->root().root().page;
  // "inline" is the first of the buckets.
  const std::size_t value = key_at(root, 0) + std::string("inline").size();
  store(&file_[value + kBucketHeaderBytes + 8], std::uint16_t{kMetaPage});
  expect_fault("a damaged bucket header");
}

TEST_F(CheckTest, FindsAValueAmongTheTopLevelBuckets) {
  store(&file_[element_at(tx_->root().root().page, 0)], std::uint32_t{0});
  expect_fault("a value among the top-level buckets");
}

TEST_F(CheckTest, FindsABranchKeyThatIsNotItsChildsFirst) {
  const PageId branch = tree();
  const std::size_t last = key_at(branch, 1) + page(branch).key(1)->size() - 1;
  --file_[last];
  expect_untidy("its first key is not its parent's key for it");
}

TEST_F(CheckTest, FindsWhatAStoredFreeListGetsWrong) {
  std::ifstream stored("testdata/stored_freelist.db", std::ios::binary);
  file_.assign(std::istreambuf_iterator<char>(stored), std::istreambuf_iterator<char>());
  open();
  EXPECT_TRUE(check(*tx_).clean());
  const auto list = *stored_freelist(tx_->version().pages(), tx_->version().meta()).value();
  ASSERT_GT(list.count(), 1u);
  const std::string good = file_;
  const std::size_t ids = list.page.value * kDamagePageSize + kPageHeaderBytes;
  const PageId in_use = tx_->root().root().page;
  const PageId second = list.id(1);
  store(&file_[ids], in_use.value);
  expect_fault("free and in use");
  expect_fault("neither free nor in use");
  store(&file_[ids], second.value);
  expect_fault("free twice");
  store(&file_[ids], std::uint64_t{1});
  expect_fault("free, but out of range");
  file_ = good;
  store(&file_[list.page.value * kDamagePageSize + 8], kLeafPage);
  expect_fault("not a free list");
}

TEST_F(CheckTest, AFileIsCheckedByItsName) {
  base::CrashFs disk;
  EXPECT_EQ(check_file(disk, "/db").error().code, Errc::kNotExist);
  ASSERT_TRUE(disk.open("/db", base::OpenMode::kCreate).value()->pwrite(0, file_));
  EXPECT_TRUE(check_file(disk, "/db").value().clean());
}

// The fuzz target's work in small, for every build.
TEST(Damage, NothingInAFileCanCrashTheEngine) {
  const std::string valid = valid_file();
  base::Rng rng(first_seed());
  for (int round = 0; round < 300; ++round) {
    std::string file = valid;
    for (std::uint64_t edits = 1 + rng.below(4); edits > 0; --edits) {
      const std::size_t at = rng.below(file.size() - 8);
      if (rng.one_in(2)) {
        store(&file[at / 8 * 8], rng.below(64));
      } else {
        file[at] = static_cast<char>(rng.next());
      }
    }
    renew_checksums(file);
    base::CrashFs disk;
    ASSERT_TRUE(disk.open("/db", base::OpenMode::kCreate).value()->pwrite(0, file));
    exercise(disk, "/db");
  }
}

}  // namespace
}  // namespace etcd::bolt
