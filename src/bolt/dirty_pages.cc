#include "bolt/dirty_pages.h"

#include <algorithm>
#include <string_view>

namespace etcd::bolt {

char* DirtyPages::add(PageId id, std::uint64_t count) {
  const std::uint64_t size = count * page_size_;
  if (size > left_) {
    left_ = std::max(size, kSlabBytes);
    slabs_.push_back(std::unique_ptr<char[]>(new char[left_]));
    next_ = slabs_.back().get();
  }
  images_.push_back({.id = id, .count = count, .bytes = next_});
  next_ += size;
  left_ -= size;
  bytes_ += size;
  return images_.back().bytes;
}

Status DirtyPages::write(base::File& file) {
  std::sort(images_.begin(), images_.end(), [](const Image& a, const Image& b) { return a.id < b.id; });
  for (std::size_t from = 0; from < images_.size();) {
    TRY_ASSIGN(from, write_neighbours(file, from));
  }
  return {};
}

Result<std::size_t> DirtyPages::write_neighbours(base::File& file, std::size_t from) {
  std::vector<std::string_view> pieces;
  PageId next = images_[from].id;
  std::size_t i = from;
  for (; i < images_.size() && images_[i].id == next; ++i) {
    const std::string_view image(images_[i].bytes, images_[i].count * page_size_);
    if (!pieces.empty() && pieces.back().data() + pieces.back().size() == image.data()) {
      pieces.back() = {pieces.back().data(), pieces.back().size() + image.size()};
    } else if (pieces.size() < kMaxPieces) {
      pieces.push_back(image);
    } else {
      break;
    }
    next = PageId(next.value + images_[i].count);
  }
  const std::uint64_t offset = images_[from].id.value * page_size_;
  TRY(pieces.size() == 1 ? file.pwrite(offset, pieces[0]) : file.pwritev(offset, pieces));
  return i;
}

void DirtyPages::clear() {
  *this = DirtyPages(page_size_);
}

}  // namespace etcd::bolt
