#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "base/file.h"

namespace etcd::base {

namespace {

constexpr mode_t kFileMode = 0600;
constexpr mode_t kFolderMode = 0700;

Errc code_of(int error_number) {
  switch (error_number) {
    case ENOENT: return Errc::kNotExist;
    case EEXIST: return Errc::kExists;
    case ENOSPC:
    case EDQUOT: return Errc::kNoSpace;
    default: return Errc::kIo;
  }
}

// The system's text for an error, as Go has it: in lower case.
std::string error_text(int error_number) {
  std::string text = std::generic_category().message(error_number);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

tl::unexpected<Error> system_error(int error_number, const char* call, const std::string& path) {
  return fail(code_of(error_number), std::string(call) + " " + path + ": " + error_text(error_number));
}
tl::unexpected<Error> system_error(const char* call, const std::string& path) { return system_error(errno, call, path); }

// Calls `call` until it is not interrupted by a signal.
template <typename Call>
auto retry_interrupted(Call call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

class PosixMapping : public Mapping {
 public:
  PosixMapping(void* address, std::size_t reserve) : address_(address), reserve_(reserve) {}
  ~PosixMapping() override { ::munmap(address_, reserve_); }
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;

  const char* data() const override { return static_cast<const char*>(address_); }
  std::size_t reserved() const override { return reserve_; }

 private:
  void* address_;
  std::size_t reserve_;
};

class PosixFile : public File {
 public:
  PosixFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~PosixFile() override { ::close(descriptor_); }
  PosixFile(const PosixFile&) = delete;
  PosixFile& operator=(const PosixFile&) = delete;

  Result<std::size_t> pread(std::uint64_t offset, char* out, std::size_t size) override;
  Status pwrite(std::uint64_t offset, std::string_view bytes) override;
  Status pwritev(std::uint64_t offset, const std::vector<std::string_view>& pieces) override;
  Status sync_data() override { return done(retry_interrupted([&] { return ::fdatasync(descriptor_); }), "fdatasync"); }
  Status write_back() override {
    constexpr unsigned kWriteAndWait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    return done(retry_interrupted([&] { return ::sync_file_range(descriptor_, 0, 0, kWriteAndWait); }), "sync_file_range");
  }
  Status sync() override { return done(retry_interrupted([&] { return ::fsync(descriptor_); }), "fsync"); }
  Status truncate(std::uint64_t size) override;
  Status allocate(std::uint64_t size) override;
  Result<std::uint64_t> size() override;
  Status try_lock() override;
  Result<std::unique_ptr<Mapping>> map(std::size_t reserve) override;
  const std::string& path() const override { return path_; }

 private:
  Status done(int result, const char* call) const {
    if (result < 0) return system_error(call, path_);
    return {};
  }

  int descriptor_;
  std::string path_;
};

Result<std::size_t> PosixFile::pread(std::uint64_t offset, char* out, std::size_t size) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = retry_interrupted(
        [&] { return ::pread(descriptor_, out + got, size - got, static_cast<off_t>(offset + got)); });
    if (n < 0) return system_error("pread", path_);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  return got;
}

Status PosixFile::pwrite(std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = retry_interrupted(
        [&] { return ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (n < 0) return system_error("pwrite", path_);
    offset += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

// Drops the first `count` bytes of the pieces from `next` on.
void skip_written(std::vector<iovec>& pieces, std::size_t& next, std::size_t count) {
  while (next < pieces.size() && count >= pieces[next].iov_len) count -= pieces[next++].iov_len;
  if (count == 0) return;
  pieces[next].iov_base = static_cast<char*>(pieces[next].iov_base) + count;
  pieces[next].iov_len -= count;
}

Status PosixFile::pwritev(std::uint64_t offset, const std::vector<std::string_view>& pieces) {
  std::vector<iovec> rest;
  rest.reserve(pieces.size());
  for (std::string_view piece : pieces) {
    if (!piece.empty()) rest.push_back({const_cast<char*>(piece.data()), piece.size()});
  }
  for (std::size_t next = 0; next < rest.size();) {
    const int count = static_cast<int>(std::min<std::size_t>(rest.size() - next, IOV_MAX));
    const ssize_t n =
        retry_interrupted([&] { return ::pwritev(descriptor_, &rest[next], count, static_cast<off_t>(offset)); });
    if (n < 0) return system_error("pwritev", path_);
    offset += static_cast<std::uint64_t>(n);
    skip_written(rest, next, static_cast<std::size_t>(n));
  }
  return {};
}

Status PosixFile::truncate(std::uint64_t size) {
  return done(retry_interrupted([&] { return ::ftruncate(descriptor_, static_cast<off_t>(size)); }), "ftruncate");
}

Status PosixFile::allocate(std::uint64_t size) {
  if (size == 0) return {};
  if (retry_interrupted([&] { return ::fallocate(descriptor_, 0, 0, static_cast<off_t>(size)); }) == 0) return {};
  if (errno != EOPNOTSUPP && errno != ENOSYS) return system_error("fallocate", path_);
  TRY_ASSIGN(const std::uint64_t current, this->size());
  return current < size ? truncate(size) : Status();
}

Result<std::uint64_t> PosixFile::size() {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) return system_error("fstat", path_);
  return static_cast<std::uint64_t>(info.st_size);
}

// bbolt takes flock, etcd's WAL an open-file-description lock; the two do not see each other, so we take both.
Status PosixFile::try_lock() {
  if (retry_interrupted([&] { return ::flock(descriptor_, LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return fail(Errc::kLocked, "flock " + path_ + ": held by another process");
    return system_error("flock", path_);
  }
  struct flock whole_file {};
  whole_file.l_type = F_WRLCK;
  whole_file.l_whence = SEEK_SET;
  if (retry_interrupted([&] { return ::fcntl(descriptor_, F_OFD_SETLK, &whole_file); }) == 0) return {};
  if (errno == EAGAIN || errno == EACCES) return fail(Errc::kLocked, "fcntl " + path_ + ": held by another process");
  // A read-only descriptor cannot take it, and some file systems have no such lock; flock holds there.
  if (errno == EBADF || errno == EINVAL || errno == EOPNOTSUPP || errno == ENOSYS || errno == ENOLCK) return {};
  return system_error("fcntl", path_);
}

Result<std::unique_ptr<Mapping>> PosixFile::map(std::size_t reserve) {
  void* address = ::mmap(nullptr, reserve, PROT_READ, MAP_SHARED | MAP_NORESERVE, descriptor_, 0);
  if (address == MAP_FAILED) return system_error("mmap", path_);
  return std::unique_ptr<Mapping>(std::make_unique<PosixMapping>(address, reserve));
}

class PosixFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override;
  Status make_directory(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<std::uint64_t> file_size(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Status sync_directory(const std::string& path) override;
};

int open_flags(OpenMode mode) {
  switch (mode) {
    case OpenMode::kRead: return O_RDONLY;
    case OpenMode::kReadWrite: return O_RDWR;
    case OpenMode::kCreate: return O_RDWR | O_CREAT;
    case OpenMode::kCreateNew: return O_RDWR | O_CREAT | O_EXCL;
    case OpenMode::kCreateTruncate: return O_RDWR | O_CREAT | O_TRUNC;
  }
  return O_RDONLY;
}

Result<std::unique_ptr<File>> PosixFileSystem::open(const std::string& path, OpenMode mode) {
  const int descriptor = retry_interrupted([&] { return ::open(path.c_str(), open_flags(mode) | O_CLOEXEC, kFileMode); });
  if (descriptor < 0) return system_error("open", path);
  return std::unique_ptr<File>(std::make_unique<PosixFile>(descriptor, path));
}

Status PosixFileSystem::make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), kFolderMode) != 0) return system_error("mkdir", path);
  return {};
}

Status PosixFileSystem::make_directories(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string level = path.substr(0, slash);
    if (::mkdir(level.c_str(), kFolderMode) != 0 && errno != EEXIST) return system_error("mkdir", level);
  }
  if (::mkdir(path.c_str(), kFolderMode) == 0) return {};
  const int error_number = errno;
  struct stat info {};
  if (error_number == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  return system_error(error_number == EEXIST ? ENOTDIR : error_number, "mkdir", path);
}

Result<std::vector<std::string>> PosixFileSystem::list(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return system_error("opendir", path);
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  if (errno != 0) return system_error("readdir", path);
  std::sort(names.begin(), names.end());
  return names;
}

bool PosixFileSystem::exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

Result<std::uint64_t> PosixFileSystem::file_size(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error("stat", path);
  return static_cast<std::uint64_t>(info.st_size);
}

Status PosixFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return system_error("rename", from);
  return {};
}

Status PosixFileSystem::remove(const std::string& path) {
  if (::remove(path.c_str()) != 0) return system_error("remove", path);
  return {};
}

Status PosixFileSystem::remove_all(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return system_error(error.value(), "remove", path);
  return {};
}

Status PosixFileSystem::sync_directory(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return system_error("open", path);
  const int result = retry_interrupted([&] { return ::fsync(descriptor); });
  const int error_number = errno;
  ::close(descriptor);
  if (result != 0) return system_error(error_number, "fsync", path);
  return {};
}

}  // namespace

std::unique_ptr<FileSystem> posix_file_system() { return std::make_unique<PosixFileSystem>(); }

}  // namespace etcd::base
