#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file.h"

namespace etcd::base {
namespace {

class PosixFileTest : public testing::Test {
 protected:
  PosixFileTest() {
    std::string name = testing::TempDir() + "etcd_file_XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~PosixFileTest() override { (void)fs_->remove_all(folder_); }

  std::string at(const std::string& name) const { return join_path(folder_, name); }
  std::unique_ptr<File> open(const std::string& name, OpenMode mode = OpenMode::kCreate) {
    auto file = fs_->open(at(name), mode);
    EXPECT_TRUE(file) << describe(file.error());
    return std::move(*file);
  }
  static std::string read(File& file, std::uint64_t offset, std::size_t size) {
    std::string out(size, '?');
    const auto got = file.pread(offset, out.data(), size);
    EXPECT_TRUE(got);
    out.resize(got.value_or(0));
    return out;
  }

  std::unique_ptr<FileSystem> fs_ = posix_file_system();
  std::string folder_;
};

TEST_F(PosixFileTest, WhatIsWrittenIsReadBack) {
  auto file = open("a");
  ASSERT_TRUE(file->pwrite(3, "hello"));
  EXPECT_EQ(read(*file, 0, 100), std::string("\0\0\0hello", 8));
  EXPECT_EQ(read(*file, 6, 1), "l");
  EXPECT_EQ(read(*file, 8, 10), "");
  EXPECT_EQ(file->size(), 8u);
  EXPECT_TRUE(file->write_back());
  EXPECT_TRUE(file->sync_data());
  EXPECT_TRUE(file->sync());
  EXPECT_TRUE(fs_->sync_directory(folder_));
}

TEST_F(PosixFileTest, PiecesAreWrittenOneAfterTheOther) {
  std::vector<std::string_view> pieces(3000, "ab");  // more than one system call takes
  pieces.insert(pieces.begin() + 1, "");
  pieces.push_back("end");
  auto file = open("a");
  ASSERT_TRUE(file->pwritev(1, pieces));
  EXPECT_EQ(file->size(), 1u + 6000 + 3);
  EXPECT_EQ(read(*file, 5999, 100), "ab" "end");
}

TEST_F(PosixFileTest, NewFilesAndFoldersAreTheOwnersAlone) {
  open("a");
  ASSERT_TRUE(fs_->make_directories(at("x/y/z")));
  ASSERT_TRUE(fs_->make_directories(at("x/y/z")));
  struct stat info {};
  ASSERT_EQ(::stat(at("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat(at("x/y").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(PosixFileTest, OpenModesSayWhatMustBeThere) {
  EXPECT_EQ(fs_->open(at("a"), OpenMode::kRead).error().code, Errc::kNotExist);
  EXPECT_EQ(fs_->open(at("a"), OpenMode::kReadWrite).error().code, Errc::kNotExist);
  ASSERT_TRUE(open("a", OpenMode::kCreateNew)->pwrite(0, "old"));
  EXPECT_EQ(fs_->open(at("a"), OpenMode::kCreateNew).error().code, Errc::kExists);
  EXPECT_EQ(read(*open("a", OpenMode::kCreate), 0, 9), "old");
  EXPECT_EQ(read(*open("a", OpenMode::kCreateTruncate), 0, 9), "");
  EXPECT_EQ(fs_->open(at("none/a"), OpenMode::kCreate).error().detail, "open " + at("none/a") + ": no such file or directory");
}

TEST_F(PosixFileTest, TruncateAndAllocateSetTheSize) {
  auto file = open("a");
  ASSERT_TRUE(file->pwrite(0, "hello"));
  ASSERT_TRUE(file->allocate(10'000));
  EXPECT_EQ(file->size(), 10'000u);
  EXPECT_EQ(read(*file, 0, 6), std::string("hello\0", 6));
  ASSERT_TRUE(file->allocate(100));
  EXPECT_EQ(file->size(), 10'000u);
  ASSERT_TRUE(file->truncate(2));
  EXPECT_EQ(read(*file, 0, 9), "he");
}

TEST_F(PosixFileTest, ALockExcludesOtherOpenFilesUntilClosed) {
  auto first = open("a");
  auto second = open("a");
  ASSERT_TRUE(first->try_lock());
  EXPECT_EQ(second->try_lock().error().code, Errc::kLocked);
  first.reset();
  EXPECT_TRUE(second->try_lock());
}

TEST_F(PosixFileTest, AMappingShowsLaterWritesAndGrowth) {
  auto file = open("a");
  ASSERT_TRUE(file->pwrite(0, "one"));
  auto mapping = file->map(1 << 20);
  ASSERT_TRUE(mapping);
  const char* data = (*mapping)->data();
  EXPECT_EQ(std::string_view(data, 3), "one");
  ASSERT_TRUE(file->pwrite(0, "two"));
  ASSERT_TRUE(file->pwrite(500'000, "far"));
  EXPECT_EQ(std::string_view(data, 3), "two");
  EXPECT_EQ(std::string_view(data + 500'000, 3), "far");
  EXPECT_EQ((*mapping)->reserved(), 1u << 20);
}

TEST_F(PosixFileTest, NamesAreListedRenamedAndRemoved) {
  open("b");
  open("a");
  ASSERT_TRUE(fs_->make_directory(at("d")));
  EXPECT_EQ(fs_->make_directory(at("d")).error().code, Errc::kExists);
  EXPECT_EQ(*fs_->list(folder_), (std::vector<std::string>{"a", "b", "d"}));
  ASSERT_TRUE(fs_->rename(at("a"), at("b")));
  EXPECT_EQ(*fs_->list(folder_), (std::vector<std::string>{"b", "d"}));
  ASSERT_TRUE(fs_->remove(at("b")));
  EXPECT_EQ(fs_->remove(at("b")).error().code, Errc::kNotExist);
  open("d/inside");
  EXPECT_FALSE(fs_->remove(at("d")));
  ASSERT_TRUE(fs_->remove_all(at("d")));
  ASSERT_TRUE(fs_->remove_all(at("d")));
  EXPECT_FALSE(fs_->exists(at("d")));
  EXPECT_EQ(fs_->list(at("d")).error().code, Errc::kNotExist);
  EXPECT_EQ(fs_->file_size(at("d")).error().code, Errc::kNotExist);
}

TEST_F(PosixFileTest, AFileInTheWayOfAFolderIsAnError) {
  open("f");
  EXPECT_FALSE(fs_->make_directories(at("f")));
  EXPECT_FALSE(fs_->make_directories(at("f/g")));
}

TEST(Path, PartsAreJoinedAndTakenApart) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("/", "b"), "/b");
  EXPECT_EQ(join_path("", "b"), "b");
  EXPECT_EQ(parent_path("a/b/c"), "a/b");
  EXPECT_EQ(parent_path("a/b/"), "a");
  EXPECT_EQ(parent_path("a"), ".");
  EXPECT_EQ(parent_path("/a"), "/");
  EXPECT_EQ(parent_path("/"), "/");
}

}  // namespace
}  // namespace etcd::base
