#include "bolt/snapshot_reader.h"

#include <utility>

#include "base/check.h"
#include "bolt/version.h"

namespace etcd::bolt {

SnapshotReader::SnapshotReader(ReadTx tx) : tx_(std::move(tx)) {
  Meta meta = tx_.version().meta();
  metas_ = meta_page(PageId(0), meta);
  if (meta.txid > 0) --meta.txid;
  metas_ += meta_page(PageId(1), meta);
}

std::uint64_t SnapshotReader::total_bytes() const {
  return tx_.size_bytes();
}

std::string_view SnapshotReader::next(std::size_t max_bytes) {
  CHECK(max_bytes > 0);
  const Pages& pages = tx_.version().pages();
  std::string_view rest = position_ < metas_.size() ? std::string_view(metas_).substr(position_)
                                                    : pages.raw(PageId(0), pages.high_water().value).substr(position_);
  rest = rest.substr(0, max_bytes);
  position_ += rest.size();
  return rest;
}

}  // namespace etcd::bolt
