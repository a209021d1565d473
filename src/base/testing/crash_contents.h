// The bytes of one file on a CrashFs: what readers see now, and what a power cut could leave of it.
//
// Owner: CrashFs, under its mutex. The page cache lives at an address that never moves, so that mappings show later writes; as on a real
// machine, touching a page past the file's end is a fault.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"
#include "base/testing/crash_policy.h"

namespace etcd::base {

// Address space for one file of at most kMaxBytes, of which the pages below its size can be touched.
class CrashRegion {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

  CrashRegion();
  ~CrashRegion();
  CrashRegion(const CrashRegion&) = delete;
  CrashRegion& operator=(const CrashRegion&) = delete;

  char* data() const { return data_; }
  // Bytes past a smaller size are forgotten: they read as zero if the size grows again.
  void resize(std::size_t size);

 private:
  char* data_;
  std::size_t size_ = 0;
};

class CrashContents {
 public:
  static constexpr std::size_t kSectorBytes = 512;

  std::size_t size() const { return size_; }
  const char* data() const { return region_.data(); }
  std::string_view bytes() const { return {data(), size_}; }

  // Range: offset + bytes.size() and size at most CrashRegion::kMaxBytes.
  void write(std::size_t offset, std::string_view bytes);
  void set_size(std::size_t size);
  // Everything so far is durable.
  void sync();
  // A sync that failed: some sectors were written and some not, and the rest is forgotten as if it had been, while readers still see it.
  void fail_sync(Rng& rng);
  // Damage at rest: changes the durable bytes and what readers see. Inside the file.
  void corrupt(std::size_t offset, std::string_view bytes);

  // What is left of the file after a power cut.
  std::shared_ptr<CrashContents> after_crash(const std::string& path, const CrashPolicy& policy) const;

 private:
  using Sector = std::array<char, kSectorBytes>;
  // How a sector looked after one of the changes since the last sync; `step` orders the changes of the whole file.
  struct Version {
    std::uint64_t step;
    Sector bytes;
  };
  struct SizeChange {
    std::uint64_t step;
    std::size_t size;
    bool shrinks;
  };
  struct Durable {
    std::map<std::size_t, Sector> sectors;  // by number; one that is absent is zeros
    std::size_t size = 0;
  };

  Durable survivors(const std::string& path, const CrashPolicy& policy) const;
  void note_size(std::size_t size);
  void note_sectors(std::size_t begin, std::size_t end);
  void note_sector(std::size_t number);
  void note_known_sectors_from(std::size_t first);

  CrashRegion region_;
  std::size_t size_ = 0;
  std::uint64_t step_ = 0;
  Durable durable_;
  std::map<std::size_t, std::vector<Version>> dirty_;
  std::vector<SizeChange> size_changes_;
};

}  // namespace etcd::base
