#include "bolt/meta.h"

#include "base/check.h"
#include "bolt/page.h"

namespace etcd::bolt {

namespace {

constexpr std::uint32_t kMagic = 0xED0CDAED;
constexpr std::uint32_t kFormatVersion = 2;
// Offsets behind the page header.
constexpr std::size_t kChecksumOffset = 56;
static_assert(kChecksumOffset + 8 == kMetaBytes && kPageHeaderBytes + kMetaBytes == kMetaPageBytes);

std::uint64_t fnv1a(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash;
}

}  // namespace

std::optional<Meta> parse_meta(std::string_view page) {
  if (page.size() < kMetaPageBytes) return std::nullopt;
  const char* body = page.data() + kPageHeaderBytes;
  if (load<std::uint32_t>(body) != kMagic || load<std::uint32_t>(body + 4) != kFormatVersion) return std::nullopt;
  if (load<std::uint64_t>(body + kChecksumOffset) != fnv1a({body, kChecksumOffset})) return std::nullopt;
  return Meta{.page_size = load<std::uint32_t>(body + 8),
              .flags = load<std::uint32_t>(body + 12),
              .root = PageId(load<std::uint64_t>(body + 16)),
              .root_sequence = load<std::uint64_t>(body + 24),
              .freelist = PageId(load<std::uint64_t>(body + 32)),
              .high_water = PageId(load<std::uint64_t>(body + 40)),
              .txid = load<std::uint64_t>(body + 48)};
}

std::string meta_page(PageId id, const Meta& meta) {
  CHECK(id.value < 2 && meta.page_size >= kMetaPageBytes, id, meta.page_size);
  std::string page(meta.page_size, '\0');
  store_page_header(page.data(), {.id = id, .flags = kMetaPage});
  char* body = page.data() + kPageHeaderBytes;
  store(body, kMagic);
  store(body + 4, kFormatVersion);
  store(body + 8, meta.page_size);
  store(body + 12, meta.flags);
  store(body + 16, meta.root.value);
  store(body + 24, meta.root_sequence);
  store(body + 32, meta.freelist.value);
  store(body + 40, meta.high_water.value);
  store(body + 48, meta.txid);
  store(body + kChecksumOffset, fnv1a({body, kChecksumOffset}));
  return page;
}

}  // namespace etcd::bolt
