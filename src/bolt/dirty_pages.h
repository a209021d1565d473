// DirtyPages: the page images that a commit writes, in memory until then.
//
// Owner: one commit or copy. Pages may be added in any order of their ids; they are written in ascending order,
// neighbours together.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/file.h"
#include "base/ids.h"
#include "base/result.h"

namespace etcd::bolt {

class DirtyPages {
 public:
  explicit DirtyPages(std::uint32_t page_size) : page_size_(page_size) {}

  // Room for the image of pages [id, id + count): count * page_size bytes, which the caller fills, all of them. The
  // range must not meet one added before.
  char* add(PageId id, std::uint64_t count);
  bool empty() const { return images_.empty(); }
  std::uint64_t bytes() const { return bytes_; }
  // Writes all images to their places in the file; not durable.
  Status write(base::File& file);
  void clear();

 private:
  struct Image {
    PageId id;
    std::uint64_t count;
    char* bytes;
  };
  static constexpr std::uint64_t kSlabBytes = 256 * 1024;
  // Pieces in one call of pwritev: within the system's limit of 1024.
  static constexpr std::size_t kMaxPieces = 512;

  // Writes the images from `from` on that lie next to each other in the file; returns the first one left.
  Result<std::size_t> write_neighbours(base::File& file, std::size_t from);

  std::uint32_t page_size_;
  std::vector<std::unique_ptr<char[]>> slabs_;
  char* next_ = nullptr;
  std::uint64_t left_ = 0;
  std::uint64_t bytes_ = 0;
  std::vector<Image> images_;
};

}  // namespace etcd::bolt
