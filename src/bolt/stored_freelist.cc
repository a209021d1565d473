#include "bolt/stored_freelist.h"

namespace etcd::bolt {

Result<std::optional<StoredFreelist>> stored_freelist(const Pages& pages, const Meta& meta) {
  if (meta.freelist == kNoFreelist) return std::nullopt;
  if (meta.freelist.value < 2 || meta.freelist >= meta.high_water) return fail(corrupt_page(meta.freelist));
  const PageHeader header = load_page_header(pages.raw(meta.freelist, 1).data());
  if (header.id != meta.freelist || header.flags != kFreelistPage ||
      header.overflow >= meta.high_water.value - meta.freelist.value) {
    return fail(corrupt_page(meta.freelist));
  }
  StoredFreelist list{.page = meta.freelist, .pages = std::uint64_t{header.overflow} + 1, .ids = {}};
  const std::string_view room = pages.raw(list.page, list.pages).substr(kPageHeaderBytes);
  const bool long_count = header.count == 0xFFFF;
  const std::uint64_t count = long_count ? load<std::uint64_t>(room.data()) : header.count;
  const std::uint64_t from = long_count ? 8 : 0;
  if (count > (room.size() - from) / 8) return fail(corrupt_page(meta.freelist));
  list.ids = room.substr(from, count * 8);
  return list;
}

}  // namespace etcd::bolt
