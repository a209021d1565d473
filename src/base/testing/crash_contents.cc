#include "base/testing/crash_contents.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace etcd::base {

namespace {

constexpr std::size_t kPageBytes = 4096;

std::size_t up_to_page(std::size_t size) { return (size + kPageBytes - 1) / kPageBytes * kPageBytes; }

}  // namespace

CrashRegion::CrashRegion() {
  void* address = ::mmap(nullptr, kMaxBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(address != MAP_FAILED);
  data_ = static_cast<char*>(address);
}

CrashRegion::~CrashRegion() { ::munmap(data_, kMaxBytes); }

void CrashRegion::resize(std::size_t size) {
  CHECK(size <= kMaxBytes, size);
  const std::size_t old_end = up_to_page(size_);
  const std::size_t new_end = up_to_page(size);
  if (size < size_) std::memset(data_ + size, 0, std::min(new_end, size_) - size);
  if (new_end < old_end) {
    CHECK(::madvise(data_ + new_end, old_end - new_end, MADV_DONTNEED) == 0);
    CHECK(::mprotect(data_ + new_end, old_end - new_end, PROT_NONE) == 0);
  } else if (new_end > old_end) {
    CHECK(::mprotect(data_ + old_end, new_end - old_end, PROT_READ | PROT_WRITE) == 0);
  }
  size_ = size;
}

void CrashContents::write(std::size_t offset, std::string_view bytes) {
  if (bytes.empty()) return;
  ++step_;
  const std::size_t end = offset + bytes.size();
  if (end > size_) note_size(end);
  std::memcpy(region_.data() + offset, bytes.data(), bytes.size());
  note_sectors(offset, end);
}

void CrashContents::set_size(std::size_t size) {
  if (size == size_) return;
  ++step_;
  const bool shrinks = size < size_;
  note_size(size);
  if (shrinks) note_known_sectors_from(size / kSectorBytes);
}

void CrashContents::note_size(std::size_t size) {
  size_changes_.push_back({step_, size, size < size_});
  region_.resize(size);
  size_ = size;
}

void CrashContents::note_sectors(std::size_t begin, std::size_t end) {
  for (std::size_t number = begin / kSectorBytes; number * kSectorBytes < end; ++number) note_sector(number);
}

void CrashContents::note_sector(std::size_t number) {
  Version version{step_, {}};
  const std::size_t begin = number * kSectorBytes;
  if (begin < size_) std::memcpy(version.bytes.data(), region_.data() + begin, std::min(kSectorBytes, size_ - begin));
  dirty_[number].push_back(version);
}

// After a cut: every sector that ever held something from there on has changed.
void CrashContents::note_known_sectors_from(std::size_t first) {
  std::vector<std::size_t> known;
  for (auto it = durable_.sectors.lower_bound(first); it != durable_.sectors.end(); ++it) known.push_back(it->first);
  for (auto it = dirty_.lower_bound(first); it != dirty_.end(); ++it) known.push_back(it->first);
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  for (const std::size_t number : known) note_sector(number);
}

void CrashContents::sync() {
  for (const auto& [number, versions] : dirty_) durable_.sectors[number] = versions.back().bytes;
  durable_.sectors.erase(durable_.sectors.lower_bound((size_ + kSectorBytes - 1) / kSectorBytes), durable_.sectors.end());
  durable_.size = size_;
  dirty_.clear();
  size_changes_.clear();
}

void CrashContents::fail_sync(Rng& rng) {
  durable_ = survivors({}, survive_at_random(rng));
  dirty_.clear();
  size_changes_.clear();
}

void CrashContents::corrupt(std::size_t offset, std::string_view bytes) {
  CHECK(offset + bytes.size() <= size_, offset, bytes.size(), size_);
  std::memcpy(region_.data() + offset, bytes.data(), bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = offset + i;
    durable_.sectors[at / kSectorBytes][at % kSectorBytes] = bytes[i];
  }
}

CrashContents::Durable CrashContents::survivors(const std::string& path, const CrashPolicy& policy) const {
  Durable left = durable_;
  std::uint64_t cut_step = 0;  // of the last cut that survived: nothing older is left behind it
  if (!size_changes_.empty()) {
    const std::size_t kept = policy({Unsynced::What::kSize, path, 0, size_changes_.size()});
    for (std::size_t i = 0; i < kept; ++i) {
      left.size = size_changes_[i].size;
      if (size_changes_[i].shrinks) cut_step = size_changes_[i].step;
    }
  }
  for (const auto& [number, versions] : dirty_) {
    const auto settled = static_cast<std::size_t>(
        std::count_if(versions.begin(), versions.end(), [&](const Version& version) { return version.step <= cut_step; }));
    const std::size_t open = versions.size() - settled;
    const std::uint64_t offset = number * kSectorBytes;
    const std::size_t kept =
        settled + (open == 0 || offset >= left.size ? 0 : policy({Unsynced::What::kSector, path, offset, open}));
    if (kept > 0) left.sectors[number] = versions[kept - 1].bytes;
  }
  return left;
}

std::shared_ptr<CrashContents> CrashContents::after_crash(const std::string& path, const CrashPolicy& policy) const {
  auto left = std::make_shared<CrashContents>();
  left->durable_ = survivors(path, policy);
  const std::size_t size = left->durable_.size;
  left->size_ = size;
  left->region_.resize(size);
  auto& sectors = left->durable_.sectors;
  sectors.erase(sectors.lower_bound((size + kSectorBytes - 1) / kSectorBytes), sectors.end());
  for (auto& [number, bytes] : sectors) {
    const std::size_t begin = number * kSectorBytes;
    const std::size_t inside = std::min(kSectorBytes, size - begin);
    std::memcpy(left->region_.data() + begin, bytes.data(), inside);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(inside), bytes.end(), '\0');
  }
  return left;
}

}  // namespace etcd::base
