// The seam to the disk. Every disk operation of the product goes through FileSystem and File, so that tests and the simulator can make each
// one fail, tear it, or forget it in a power cut.
//
// Durability: what pwrite wrote is durable after sync_data() returned success; a name (create, rename, remove) is durable after
// sync_directory() of its folder. A failed sync means that nothing about earlier writes is known: the caller must stop the process,
// never retry (see base/check.h and STYLE.md).
// Errors: kNotExist, kExists, kNoSpace, kLocked, else kIo; the detail reads "<call> <path>: <errno text>".
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etcd::base {

// A read-only view of a file's first `size` bytes that later writes and growth show through. Unmapped by the destructor.
class Mapping {
 public:
  virtual ~Mapping() = default;
  virtual const char* data() const = 0;
  // Bytes of address space reserved; bytes past the file's end must not be touched.
  virtual std::size_t reserved() const = 0;
};

// An open file. One owner; pread may be called from several threads at once. Closing releases its lock.
class File {
 public:
  virtual ~File() = default;

  // Reads exactly out.size() bytes at offset, fewer only at the end of the file; returns how many.
  virtual Result<std::size_t> pread(std::uint64_t offset, char* out, std::size_t size) = 0;
  // Writes all of `bytes` at offset, growing the file as needed; after an error any part may have been written.
  virtual Status pwrite(std::uint64_t offset, std::string_view bytes) = 0;
  // The pieces one after the other at offset, in one call where the system has it.
  virtual Status pwritev(std::uint64_t offset, const std::vector<std::string_view>& pieces) = 0;
  virtual Status sync_data() = 0;  // fdatasync: contents and size
  virtual Status sync() = 0;       // fsync: attributes too
  // Has the system write out what it still holds of the file, and waits: so that a later sync has little left to do. Nothing is
  // durable by it, and no other file's sync waits for it, as it does for a sync of a file that grows (ext4's journal).
  virtual Status write_back() { return {}; }
  virtual Status truncate(std::uint64_t size) = 0;
  // Gives [0, size) blocks, where the file system can; extends the file with zeros if it is shorter.
  virtual Status allocate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() = 0;
  // An exclusive advisory lock, seen by bbolt's and by etcd's WAL's, until the file is closed; does not wait: kLocked.
  virtual Status try_lock() = 0;
  // Maps the file read-only with room for `reserve` bytes of growth, so that it never moves.
  virtual Result<std::unique_ptr<Mapping>> map(std::size_t reserve) = 0;
  virtual const std::string& path() const = 0;
};

enum class OpenMode : std::uint8_t {
  kRead,            // must exist
  kReadWrite,       // must exist
  kCreate,          // made if it is not there
  kCreateNew,       // kExists if it is there
  kCreateTruncate,  // emptied if it is there
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // New files get mode 0600.
  virtual Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  // One level, mode 0700; kExists if it is there.
  virtual Status make_directory(const std::string& path) = 0;
  // All missing levels, mode 0700; success if it is there.
  virtual Status make_directories(const std::string& path) = 0;
  // Names (not paths) of the entries, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  virtual bool exists(const std::string& path) = 0;
  virtual Result<std::uint64_t> file_size(const std::string& path) = 0;
  // Replaces `to` if it is a file. Atomic; durable only after sync_directory of the folder(s).
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  virtual Status remove(const std::string& path) = 0;
  // The folder and all below it; success if it is not there.
  virtual Status remove_all(const std::string& path) = 0;
  virtual Status sync_directory(const std::string& path) = 0;
};

// The machine's own file system.
std::unique_ptr<FileSystem> posix_file_system();

// "a/b" from its parts; a trailing slash of `folder` is kept single.
std::string join_path(std::string_view folder, std::string_view name);
// The folder of a path: "." where it has none.
std::string parent_path(std::string_view path);

}  // namespace etcd::base
