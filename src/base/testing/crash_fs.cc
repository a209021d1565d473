#include "base/testing/crash_fs.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace etcd::base {

namespace {

using FilePointer = std::shared_ptr<CrashContents>;
using FolderPointer = std::shared_ptr<CrashFolder>;

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0 && path.substr(0, slash) != ".") parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

std::string name_of(std::string_view path) {
  const auto parts = parts_of(path);
  return parts.empty() ? std::string() : parts.back();
}

tl::unexpected<Error> error_of(Errc code, const char* call, std::string_view path, const char* text) {
  return fail(code, std::string(call) + " " + std::string(path) + ": " + text);
}

tl::unexpected<Error> missing(const char* call, std::string_view path) {
  return error_of(Errc::kNotExist, call, path, "no such file or directory");
}

class CrashMapping : public Mapping {
 public:
  CrashMapping(FilePointer file, std::size_t reserve) : file_(std::move(file)), reserve_(reserve) {}
  const char* data() const override { return file_->data(); }
  std::size_t reserved() const override { return reserve_; }

 private:
  FilePointer file_;
  std::size_t reserve_;
};

}  // namespace

class CrashFile : public File {
 public:
  CrashFile(CrashFs& disk, FilePointer file, std::string path, bool writable)
      : disk_(disk), file_(std::move(file)), path_(std::move(path)), writable_(writable), life_(disk.lives_) {}
  ~CrashFile() override;

  Result<std::size_t> pread(std::uint64_t offset, char* out, std::size_t size) override;
  Status pwrite(std::uint64_t offset, std::string_view bytes) override { return write("pwrite", offset, bytes); }
  Status pwritev(std::uint64_t offset, const std::vector<std::string_view>& pieces) override;
  Status sync_data() override { return sync_with(FileCall::kSyncData, "fdatasync"); }
  Status sync() override { return sync_with(FileCall::kSync, "fsync"); }
  Status truncate(std::uint64_t size) override;
  Status allocate(std::uint64_t size) override;
  Result<std::uint64_t> size() override;
  Status try_lock() override;
  Result<std::unique_ptr<Mapping>> map(std::size_t reserve) override;
  const std::string& path() const override { return path_; }

 private:
  Status begin(const char* call, FileCall kind, std::uint64_t offset, std::uint64_t size, std::size_t* written = nullptr);
  Status write(const char* call, std::uint64_t offset, std::string_view bytes);
  Status sync_with(FileCall kind, const char* call);

  CrashFs& disk_;
  FilePointer file_;
  std::string path_;
  bool writable_;
  std::uint64_t life_;
  bool locked_ = false;
};

CrashFile::~CrashFile() {
  const std::lock_guard lock(disk_.mutex_);
  if (locked_ && life_ == disk_.lives_) std::erase(disk_.locked_, file_.get());
}

// Asks the disk whether the call may take effect. `written`: of a write that fails, how much of it still happens.
Status CrashFile::begin(const char* call, FileCall kind, std::uint64_t offset, std::uint64_t size, std::size_t* written) {
  if (life_ != disk_.lives_) return error_of(Errc::kIo, call, path_, "opened before the crash");
  const auto admission = disk_.admit({.call = kind, .path = path_, .offset = offset, .size = size});
  if (!admission.fault) return {};
  if (written != nullptr) *written = admission.fault->written;
  return admission.error(call, path_);
}

Result<std::size_t> CrashFile::pread(std::uint64_t offset, char* out, std::size_t size) {
  const std::lock_guard lock(disk_.mutex_);
  TRY(begin("pread", FileCall::kRead, offset, size));
  if (offset >= file_->size()) return std::size_t{0};
  const std::size_t count = std::min<std::size_t>(size, file_->size() - offset);
  std::memcpy(out, file_->data() + offset, count);
  return count;
}

Status CrashFile::write(const char* call, std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(disk_.mutex_);
  std::size_t written = 0;
  const Status begun = begin(call, FileCall::kWrite, offset, bytes.size(), &written);
  if (!writable_) return error_of(Errc::kIo, call, path_, "Bad file descriptor");
  if (offset > CrashRegion::kMaxBytes || bytes.size() > CrashRegion::kMaxBytes - offset) {
    return error_of(Errc::kNoSpace, call, path_, "no space left on device");
  }
  file_->write(offset, begun ? bytes : bytes.substr(0, std::min(written, bytes.size())));
  return begun;
}

Status CrashFile::pwritev(std::uint64_t offset, const std::vector<std::string_view>& pieces) {
  std::string joined;
  for (const std::string_view piece : pieces) joined.append(piece);
  return write("pwritev", offset, joined);
}

Status CrashFile::sync_with(FileCall kind, const char* call) {
  const std::lock_guard lock(disk_.mutex_);
  const Status begun = begin(call, kind, 0, 0);
  if (begun) {
    file_->sync();
  } else if (disk_.powered_ && life_ == disk_.lives_) {
    file_->fail_sync(disk_.rng_);
  }
  return begun;
}

Status CrashFile::truncate(std::uint64_t size) {
  const std::lock_guard lock(disk_.mutex_);
  TRY(begin("ftruncate", FileCall::kTruncate, 0, size));
  if (size > CrashRegion::kMaxBytes) return error_of(Errc::kNoSpace, "ftruncate", path_, "no space left on device");
  file_->set_size(size);
  return {};
}

Status CrashFile::allocate(std::uint64_t size) {
  const std::lock_guard lock(disk_.mutex_);
  TRY(begin("fallocate", FileCall::kAllocate, 0, size));
  if (size > CrashRegion::kMaxBytes) return error_of(Errc::kNoSpace, "fallocate", path_, "no space left on device");
  if (size > file_->size()) file_->set_size(size);
  return {};
}

Result<std::uint64_t> CrashFile::size() {
  const std::lock_guard lock(disk_.mutex_);
  TRY(begin("fstat", FileCall::kSize, 0, 0));
  return file_->size();
}

Status CrashFile::try_lock() {
  const std::lock_guard lock(disk_.mutex_);
  TRY(begin("flock", FileCall::kLock, 0, 0));
  if (locked_) return {};
  if (std::count(disk_.locked_.begin(), disk_.locked_.end(), file_.get()) > 0) {
    return error_of(Errc::kLocked, "flock", path_, "held by another process");
  }
  disk_.locked_.push_back(file_.get());
  locked_ = true;
  return {};
}

Result<std::unique_ptr<Mapping>> CrashFile::map(std::size_t reserve) {
  const std::lock_guard lock(disk_.mutex_);
  TRY(begin("mmap", FileCall::kMap, 0, reserve));
  return std::unique_ptr<Mapping>(std::make_unique<CrashMapping>(file_, reserve));
}

CrashFs::CrashFs(Rng rng) : rng_(rng) {}

std::uint64_t CrashFs::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void CrashFs::set_fault_rule(FaultRule rule) {
  const std::lock_guard lock(mutex_);
  rule_ = std::move(rule);
}

void CrashFs::lose_power_at(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  power_lost_at_ = number;
}

void CrashFs::sync_all() {
  const std::lock_guard lock(mutex_);
  root_->sync_all();
}

void CrashFs::corrupt(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  file_at(path)->corrupt(offset, bytes);
}

std::string CrashFs::contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return std::string(file_at(path)->bytes());
}

void CrashFs::crash(const CrashPolicy& policy) {
  const std::lock_guard lock(mutex_);
  root_ = root_->after_crash("/", policy);
  locked_.clear();
  rule_ = nullptr;
  power_lost_at_ = UINT64_MAX;
  powered_ = true;
  ++lives_;
}

std::unique_ptr<CrashFs> CrashFs::after_crash(const CrashPolicy& policy) const {
  const std::lock_guard lock(mutex_);
  auto left = std::make_unique<CrashFs>(rng_);
  left->root_ = root_->after_crash("/", policy);
  return left;
}

tl::unexpected<Error> CrashFs::Admission::error(const char* call, std::string_view path) const {
  return error_of(fault->code, call, path, fault->code == Errc::kNoSpace ? "no space left on device" : "input/output error");
}

CrashFs::Admission CrashFs::admit(FileOperation operation) {
  if (operation.call <= FileCall::kSyncDirectory) operation.number = ++operations_;
  if (operation.number >= power_lost_at_) powered_ = false;
  if (!powered_) return {Fault{}};
  return {rule_ ? rule_(operation) : std::nullopt};
}

std::optional<CrashNode> CrashFs::find(std::string_view path) const {
  CrashNode node = root_;
  for (const std::string& part : parts_of(path)) {
    const auto* folder = std::get_if<FolderPointer>(&node);
    if (folder == nullptr) return std::nullopt;
    auto next = (*folder)->find(part);
    if (!next) return std::nullopt;
    node = std::move(*next);
  }
  return node;
}

std::shared_ptr<CrashFolder> CrashFs::folder_of(std::string_view path) const {
  const auto node = find(parent_path(path));
  const auto* folder = node ? std::get_if<FolderPointer>(&*node) : nullptr;
  return folder != nullptr ? *folder : nullptr;
}

std::shared_ptr<CrashContents> CrashFs::file_at(const std::string& path) const {
  const auto node = find(path);
  CHECK(node && std::holds_alternative<FilePointer>(*node), path);
  return std::get<FilePointer>(*node);
}

Result<std::unique_ptr<File>> CrashFs::open(const std::string& path, OpenMode mode) {
  const std::lock_guard lock(mutex_);
  auto node = find(path);
  const bool may_create = mode != OpenMode::kRead && mode != OpenMode::kReadWrite;
  const bool changes = may_create && (!node || mode == OpenMode::kCreateTruncate);
  const auto admission = admit({.call = changes ? FileCall::kCreate : FileCall::kOpen, .path = path});
  if (admission.fault) return admission.error("open", path);

  const FolderPointer folder = folder_of(path);
  if (!folder || (!node && !may_create)) return missing("open", path);
  if (node && mode == OpenMode::kCreateNew) return error_of(Errc::kExists, "open", path, "File exists");
  if (!node) {
    node = std::make_shared<CrashContents>();
    folder->link(name_of(path), *node);
  }
  const auto* file = std::get_if<FilePointer>(&*node);
  if (file == nullptr) return error_of(Errc::kIo, "open", path, "Is a directory");
  if (mode == OpenMode::kCreateTruncate) (*file)->set_size(0);
  return std::unique_ptr<File>(std::make_unique<CrashFile>(*this, *file, path, mode != OpenMode::kRead));
}

Status CrashFs::make_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto admission = admit({.call = FileCall::kMakeDirectory, .path = path});
  if (admission.fault) return admission.error("mkdir", path);
  if (find(path)) return error_of(Errc::kExists, "mkdir", path, "File exists");
  const FolderPointer folder = folder_of(path);
  if (!folder && find(parent_path(path))) return error_of(Errc::kIo, "mkdir", path, "Not a directory");
  if (!folder) return missing("mkdir", path);
  folder->link(name_of(path), std::make_shared<CrashFolder>());
  return {};
}

Status CrashFs::make_directories(const std::string& path) {
  std::string level = "/";
  for (const std::string& part : parts_of(path)) {
    level = join_path(level, part);
    const Status made = make_directory(level);
    if (!made && made.error().code != Errc::kExists) return made;
  }
  const std::lock_guard lock(mutex_);
  const auto node = find(path);
  if (!node || !std::holds_alternative<FolderPointer>(*node)) return error_of(Errc::kIo, "mkdir", path, "Not a directory");
  return {};
}

Result<std::vector<std::string>> CrashFs::list(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto admission = admit({.call = FileCall::kList, .path = path});
  if (admission.fault) return admission.error("opendir", path);
  const auto node = find(path);
  if (!node) return missing("opendir", path);
  const auto* folder = std::get_if<FolderPointer>(&*node);
  if (folder == nullptr) return error_of(Errc::kIo, "opendir", path, "Not a directory");
  std::vector<std::string> names;
  for (const auto& [name, entry] : (*folder)->entries()) names.push_back(name);
  return names;
}

bool CrashFs::exists(const std::string& path) {
  const std::lock_guard lock(mutex_);
  return powered_ && find(path).has_value();
}

Result<std::uint64_t> CrashFs::file_size(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto admission = admit({.call = FileCall::kSize, .path = path});
  if (admission.fault) return admission.error("stat", path);
  const auto node = find(path);
  if (!node) return missing("stat", path);
  const auto* file = std::get_if<FilePointer>(&*node);
  return file != nullptr ? (*file)->size() : 0;
}

Status CrashFs::rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  const auto admission = admit({.call = FileCall::kRename, .path = from});
  if (admission.fault) return admission.error("rename", from);
  const FolderPointer folder = folder_of(from);
  if (!find(from) || !folder_of(to)) return missing("rename", from);
  if (folder != folder_of(to)) return error_of(Errc::kUnsupported, "rename", from, "to another folder");
  const auto target = find(to);
  if (target && std::holds_alternative<FolderPointer>(*target)) return error_of(Errc::kIo, "rename", from, "Directory not empty");
  folder->rename(name_of(from), name_of(to));
  return {};
}

Status CrashFs::remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto admission = admit({.call = FileCall::kRemove, .path = path});
  if (admission.fault) return admission.error("remove", path);
  const auto node = find(path);
  if (!node) return missing("remove", path);
  const auto* folder = std::get_if<FolderPointer>(&*node);
  if (folder != nullptr && !(*folder)->entries().empty()) return error_of(Errc::kIo, "remove", path, "Directory not empty");
  folder_of(path)->unlink(name_of(path));
  return {};
}

Status CrashFs::remove_all(const std::string& path) {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    const auto node = find(path);
    if (!node) return {};
    if (const auto* folder = std::get_if<FolderPointer>(&*node)) {
      for (const auto& [name, entry] : (*folder)->entries()) names.push_back(name);
    }
  }
  for (const std::string& name : names) TRY(remove_all(join_path(path, name)));
  return remove(path);
}

Status CrashFs::sync_directory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto admission = admit({.call = FileCall::kSyncDirectory, .path = path});
  const auto node = find(path);
  const auto* folder = node ? std::get_if<FolderPointer>(&*node) : nullptr;
  if (admission.fault) {
    if (powered_ && folder != nullptr) (*folder)->fail_sync(rng_);
    return admission.error("fsync", path);
  }
  if (folder == nullptr) return missing("open", path);
  (*folder)->sync();
  return {};
}

// Walks the tree of all answers that a policy can give, depth first: each run repeats the answers of the one before it up to the last that
// can still be raised.
std::size_t every_crash(const CrashFs& disk, std::size_t limit, const std::function<void(CrashFs&)>& visit) {
  struct Answer {
    std::size_t given;
    std::size_t most;
  };
  std::vector<Answer> answers;
  for (std::size_t visited = 0; visited < limit;) {
    std::size_t asked = 0;
    const auto left = disk.after_crash([&](const Unsynced& item) {
      if (asked == answers.size()) answers.push_back({0, item.changes});
      return answers[asked++].given;
    });
    visit(*left);
    ++visited;
    while (!answers.empty() && answers.back().given == answers.back().most) answers.pop_back();
    if (answers.empty()) return visited;
    ++answers.back().given;
  }
  return limit;
}

}  // namespace etcd::base
