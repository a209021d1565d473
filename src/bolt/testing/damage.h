// A small valid db file with something of everything in it, and damage to it that keeps the meta pages' checksums
// right, so that what they lead to is looked at.
#pragma once

#include <string>

#include "base/check.h"
#include "base/testing/crash_fs.h"
#include "bolt/db.h"
#include "bolt/meta.h"
#include "bolt/page.h"

namespace etcd::bolt {

inline constexpr std::uint32_t kDamagePageSize = 1024;

inline std::string valid_file() {
  base::CrashFs disk;
  Options options;
  options.page_size = kDamagePageSize;
  options.map_bytes = 16 << 20;
  {
    const auto db = std::move(Db::open(disk, "/db", options).value());
    for (int round = 0; round < 3; ++round) {
      WriteTx tx = db->begin_write().value();
      Bucket* bucket = tx.create_bucket_if_missing("tree").value();
      for (int i = 0; i < 150; ++i) {
        CHECK(bucket->put("key" + std::to_string(i * 7 % 150), std::string(static_cast<std::size_t>(i), 'v')));
      }
      CHECK(tx.create_bucket_if_missing("inline").value()->put("key", "value"));
      Bucket* outer = tx.create_bucket_if_missing("outer").value();
      CHECK(outer->create_bucket_if_missing("inner").value()->put("large", std::string(3000, 'x')));
      CHECK(outer->put("key", std::to_string(round)));
      CHECK(tx.commit());
    }
  }
  return disk.contents("/db");
}

// Puts the right checksum behind both meta pages, whatever they say.
inline void renew_checksums(std::string& file) {
  for (const std::uint64_t slot : {0u, 1u}) {
    const std::size_t at = slot * kDamagePageSize + kPageHeaderBytes;
    if (file.size() < at + kMetaBytes) return;
    const char* body = file.data() + at;
    const Meta meta{.page_size = kDamagePageSize,
                    .flags = load<std::uint32_t>(body + 12),
                    .root = PageId(load<std::uint64_t>(body + 16)),
                    .root_sequence = load<std::uint64_t>(body + 24),
                    .freelist = PageId(load<std::uint64_t>(body + 32)),
                    .high_water = PageId(load<std::uint64_t>(body + 40)),
                    .txid = load<std::uint64_t>(body + 48)};
    file.replace(slot * kDamagePageSize, kMetaPageBytes, meta_page(PageId(slot), meta), 0, kMetaPageBytes);
  }
}

}  // namespace etcd::bolt
