#include "bolt/commit.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/failpoint.h"
#include "base/file.h"
#include "bolt/bucket_state.h"
#include "bolt/commit_timer.h"
#include "bolt/stored_freelist.h"

namespace etcd::bolt {

namespace {

// The size to give a file that must hold `needed` bytes: in steps, so that the file system hands out large pieces and
// the size seldom changes, but a small file stays small.
std::uint64_t grown_size(std::uint64_t needed, std::uint64_t current, std::uint64_t step) {
  if (needed >= step) return (needed + step - 1) / step * step;
  return std::max(needed, std::min(2 * current, step));
}

Status grow_file(Db::State& db, std::uint64_t needed) {
  if (needed <= db.file_size) return {};
  FAILPOINT_ERROR(lackOfDiskSpace, Errc::kNoSpace);
  const std::uint64_t reserved = db.store->mapping->reserved();
  if (needed > reserved) {
    return fail(Errc::kNoSpace,
                "db " + db.path + ": would outgrow the " + std::to_string(reserved) + " bytes mapped for it");
  }
  const std::uint64_t size = std::min(grown_size(needed, db.file_size, db.options.growth_bytes), reserved);
  FAILPOINT_ERROR(resizeFileError, Errc::kIo);
  TRY(db.store->file->allocate(size));
  db.file_size = size;
  return {};
}

Status sync(const Db::State& db) {
  return db.options.no_sync ? Status() : db.store->file->sync_data();
}

Status write_meta(const Db::State& db, const Meta& meta) {
  const PageId slot = meta_slot(meta.txid);
  TRY(db.store->file->pwrite(slot.value * meta.page_size, meta_page(slot, meta)));
  FAILPOINT(beforeSyncMetaPage);
  return sync(db);
}

// The version that was found at open may be one whose commit ended in a failed sync of its meta page: then it is in the
// cache and not on the disk, and the one before it, whose pages are about to be used again, is what a power loss would
// leave.
Status settle_found_version(Db::State& db, const Meta& found) {
  if (!db.newest_is_durable) TRY(write_meta(db, found));
  db.newest_is_durable = true;
  return {};
}

Status write_durably(Db::State& db, DirtyPages& pages, const Meta& base, const Meta& meta) {
  TRY(settle_found_version(db, base));
  TRY(pages.write(*db.store->file));
  FAILPOINT(beforeSyncDataPages);
  TRY(sync(db));
  FAILPOINT_ERROR(beforeWriteMetaError, Errc::kIo);
  return write_meta(db, meta);
}

}  // namespace

Status commit_changes(WriteTxState& tx, CommitTimer* timer) {
  Db::State& db = tx.db;
  const Meta& base = tx.base->meta();
  DirtyPages pages(base.page_size);
  TRY(tx.root.write(pages, timer));
  if (pages.empty() && !tx.root.changed()) return {};
  TRY_ASSIGN(const auto stored_list, stored_freelist(tx.base->pages(), base));
  if (stored_list) tx.space.give_up(stored_list->page, stored_list->pages);

  const Meta meta{.page_size = base.page_size,
                  .flags = base.flags,
                  .root = tx.root.written_root,
                  .root_sequence = tx.root.sequence,
                  .freelist = kNoFreelist,
                  .high_water = tx.space.high_water(),
                  .txid = base.txid + 1};
  TRY(grow_file(db, meta.high_water.value * meta.page_size));
  const CommitTimer::Span writing(timer, &CommitTimer::write_ns);
  if (Status written = write_durably(db, pages, base, meta); !written) {
    db.broken = written.error();
    return written;
  }
  auto version = std::make_shared<const Version>(db.store, meta);
  tx.space.commit(version->pin());
  db.publish(std::move(version));
  return {};
}

}  // namespace etcd::bolt
