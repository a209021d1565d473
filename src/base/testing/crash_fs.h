// CrashFs: a FileSystem in memory that knows which of its state is durable, can lose the rest as a power cut does, and can make any call fail.
//
// Fault model (what a disk under a journalling file system may do to a program that trusts only what it synced):
//  - A write is seen by readers at once and durable after sync_data() or sync() of that file succeeded. Until then each of its 512-byte sectors
//    survives a crash or not, independently of all others; a sector that was written several times may be found as it was after any of the
//    writes. A sector itself is never torn.
//  - The size of a file (grown by writes, allocate, truncate) survives independently of the data: sectors that did not survive in a size
//    that did read as zeros. Sizes survive in order: a later one never without the earlier ones.
//  - Names (create, remove, rename, folders) are durable after sync_directory() of their folder. Until then each name survives or not,
//    independently; a rename is atomic; changes of the same name survive in order. Syncing a file does not make its name durable.
//  - A sync that fails leaves any subset written and forgets that the rest is dirty: the next sync succeeds without writing it, and readers
//    see the new bytes until the crash.
//  - A short write leaves a prefix in the cache. ENOSPC and EIO come where the test says.
//  - After power is lost every call fails, until crash() starts the machine again.
//  - Damage at rest (bit rot) comes only from corrupt().
// Not modelled: torn sectors, misdirected writes, writes that reach the disk late although a sync succeeded (a lying disk).
//
// Owner: the test or simulator. Calls may come from several threads. Files and mappings must not outlive the CrashFs; after crash() the old
// ones fail. A file holds at most CrashRegion::kMaxBytes (1 GiB): a write past that is kNoSpace. A rename from one folder to another is
// kUnsupported. "/" is there from the start; all paths are taken from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/rng.h"
#include "base/testing/crash_folder.h"
#include "base/testing/crash_policy.h"

namespace etcd::base {

enum class FileCall : std::uint8_t {
  // These change the disk or make it durable; they are counted.
  kCreate, kWrite, kSyncData, kSync, kTruncate, kAllocate, kMakeDirectory, kRename, kRemove, kSyncDirectory,
  // These do not.
  kOpen, kRead, kSize, kLock, kMap, kList,
};

struct FileOperation {
  FileCall call;
  std::string_view path;
  std::uint64_t number = 0;  // of a counted call, from 1; 0 for the others
  std::uint64_t offset = 0;  // of kRead, kWrite
  std::uint64_t size = 0;    // of kRead, kWrite, kTruncate, kAllocate
};

// How a call fails. Of a write, the first `written` bytes reach the cache before it does.
struct Fault {
  Errc code = Errc::kIo;
  std::size_t written = 0;
};

class CrashFs : public FileSystem {
 public:
  // Asked before each call; a fault makes it fail.
  using FaultRule = std::function<std::optional<Fault>(const FileOperation&)>;

  // `rng` decides only what a failed sync leaves.
  explicit CrashFs(Rng rng = Rng(1));

  // Counted calls so far, failed ones too.
  std::uint64_t operations() const;
  void set_fault_rule(FaultRule rule);
  // The `number`-th counted call and all calls after it fail without effect, until crash().
  void lose_power_at(std::uint64_t number);
  // Everything is durable now: to build a starting point.
  void sync_all();
  // Damage at rest; inside the file, which must be there.
  void corrupt(const std::string& path, std::uint64_t offset, std::string_view bytes);
  // All bytes of a file, which must be there.
  std::string contents(const std::string& path) const;

  // The power is cut and comes back. Ends fault rules and locks.
  void crash(const CrashPolicy& policy);
  // The disk as a crash now would leave it; this one goes on.
  std::unique_ptr<CrashFs> after_crash(const CrashPolicy& policy) const;

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

 private:
  friend class CrashFile;
  // What a call must respect before it takes effect.
  struct Admission {
    std::optional<Fault> fault;
    tl::unexpected<Error> error(const char* call, std::string_view path) const;
  };

  Admission admit(FileOperation operation);
  std::optional<CrashNode> find(std::string_view path) const;
  // The folder that holds the last part of `path`; nullptr if it is not there.
  std::shared_ptr<CrashFolder> folder_of(std::string_view path) const;
  std::shared_ptr<CrashContents> file_at(const std::string& path) const;
  Status remove_below(const std::string& path);

  mutable std::mutex mutex_;
  Rng rng_;
  std::shared_ptr<CrashFolder> root_ = std::make_shared<CrashFolder>();
  std::vector<const CrashContents*> locked_;
  FaultRule rule_;
  std::uint64_t operations_ = 0;
  std::uint64_t power_lost_at_ = UINT64_MAX;
  bool powered_ = true;
  std::uint64_t lives_ = 0;  // files opened before the last crash are of an earlier life
};

// Visits the disk after every crash that is possible now, at most `limit` of them; returns how many were visited.
std::size_t every_crash(const CrashFs& disk, std::size_t limit, const std::function<void(CrashFs&)>& visit);

}  // namespace etcd::base
