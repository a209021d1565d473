#include "bolt/open_file.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "base/failpoint.h"
#include "bolt/page.h"

namespace etcd::bolt {

namespace {

bool is_page_size(std::uint32_t size) {
  return std::has_single_bit(size) && size >= kMinPageSize && size <= kMaxPageSize;
}

// Two meta pages, an empty stored free list, an empty leaf: what bbolt starts with.
std::string initial_pages(std::uint32_t page_size) {
  Meta meta{.page_size = page_size, .root = PageId(3), .freelist = PageId(2), .high_water = PageId(4)};
  std::string bytes = meta_page(PageId(0), meta);
  meta.txid = 1;
  bytes += meta_page(PageId(1), meta);
  bytes.resize(std::size_t{4} * page_size);
  store_page_header(&bytes[std::size_t{2} * page_size], {.id = PageId(2), .flags = kFreelistPage});
  store_page_header(&bytes[std::size_t{3} * page_size], {.id = PageId(3), .flags = kLeafPage});
  return bytes;
}

// Makes the file in one step: under another name, which etcd takes for a left-over should we not get to the end, then
// by renaming.
Status create_file(base::FileSystem& fs, const std::string& path, std::uint32_t page_size) {
  std::unique_ptr<base::File> empty;
  if (fs.exists(path)) {
    TRY_ASSIGN(empty, fs.open(path, base::OpenMode::kReadWrite));
    TRY(empty->try_lock());
  }
  const std::string temporary = path + ".tmp.new";
  TRY_ASSIGN(const auto file, fs.open(temporary, base::OpenMode::kCreate));
  TRY(file->try_lock());
  if (!empty && fs.exists(path)) return fail(Errc::kLocked, "db " + path + ": another process is making it");
  TRY(file->truncate(0));
  TRY(file->pwrite(0, initial_pages(page_size)));
  TRY(file->sync());
  TRY(fs.rename(temporary, path));
  return fs.sync_directory(base::parent_path(path));
}

Result<bool> is_missing_or_empty(base::FileSystem& fs, const std::string& path) {
  if (!fs.exists(path)) return true;
  TRY_ASSIGN(const std::uint64_t size, fs.file_size(path));
  return size == 0;
}

Result<std::optional<Meta>> read_meta(base::File& file, std::uint64_t offset) {
  char bytes[kMetaPageBytes];
  TRY_ASSIGN(const std::size_t got, file.pread(offset, bytes, sizeof bytes));
  return parse_meta({bytes, got});
}

// The second meta page is one page into the file; if the first one is damaged, only trying tells how much that is.
Result<std::optional<Meta>> find_second_meta(base::File& file, const std::optional<Meta>& first) {
  const std::uint32_t low = first ? first->page_size : kMinPageSize;
  const std::uint32_t high = first ? first->page_size : kMaxPageSize;
  for (std::uint32_t size = low; is_page_size(size) && size <= high; size *= 2) {
    TRY_ASSIGN(const auto meta, read_meta(file, size));
    if (meta && meta->page_size == size) return meta;
  }
  return std::nullopt;
}

Result<Meta> newest_meta(base::File& file, const std::string& path) {
  TRY_ASSIGN(const auto first, read_meta(file, 0));
  TRY_ASSIGN(const auto second, find_second_meta(file, first));
  if (!first && !second) return fail(Errc::kCorrupt, "db " + path + ": neither meta page is valid");
  const bool use_second = !first || (second && second->txid > first->txid);
  return use_second ? *second : *first;
}

// A valid checksum proves that the meta page was written, not that the rest of the file is there: a shorter file has
// lost data, and going back to the older meta page would hide it.
Status check_meta(const Meta& meta, std::uint64_t file_size, const std::string& path) {
  if (!is_page_size(meta.page_size)) {
    return fail(Errc::kUnsupported, "db " + path + ": page size " + std::to_string(meta.page_size));
  }
  if (meta.high_water.value > file_size / meta.page_size) {
    return fail(Errc::kCorrupt, "db " + path + ": has " + std::to_string(file_size) + " bytes, needs " +
                                    std::to_string(meta.high_water.value) + " pages of " +
                                    std::to_string(meta.page_size));
  }
  if (meta.txid >> 63 != 0) return fail(Errc::kCorrupt, "db " + path + ": transaction id out of range");
  if (meta.root.value < 2 || meta.root >= meta.high_water) {
    return fail(Errc::kCorrupt, "db " + path + ": root page out of range");
  }
  return {};
}

}  // namespace

Result<OpenedFile> open_file(base::FileSystem& fs, const std::string& path, const Options& options) {
  if (!is_page_size(options.page_size)) {
    return fail(Errc::kUnsupported, "db: page size " + std::to_string(options.page_size));
  }
  TRY_ASSIGN(const bool make, is_missing_or_empty(fs, path));
  if (make) TRY(create_file(fs, path, options.page_size));

  OpenedFile opened;
  TRY_ASSIGN(opened.file, fs.open(path, base::OpenMode::kReadWrite));
  TRY(opened.file->try_lock());
  TRY_ASSIGN(opened.file_size, opened.file->size());
  TRY_ASSIGN(opened.meta, newest_meta(*opened.file, path));
  TRY(check_meta(opened.meta, opened.file_size, path));
  FAILPOINT_ERROR(mapError, Errc::kIo);
  TRY_ASSIGN(opened.mapping, opened.file->map(std::max(options.map_bytes, opened.file_size)));
  return opened;
}

}  // namespace etcd::bolt
