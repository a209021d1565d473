#include "mvcc/read_view.h"

#include <string>

#include "mvcc/revision_key.h"

namespace etcd::mvcc {

Result<std::string_view> ReadView::read(RevisionPair revision) const {
  if (revision.main > flushed_) {
    if (const auto kv = tail_.find(revision)) return *kv;
  } else if (keys_) {
    TRY_ASSIGN(const auto value, keys_->get(RevisionKey(revision).view()));
    if (value) return *value;
  }
  return fail(Errc::kCorrupt, "the db has no record of revision " + std::to_string(revision.main.value) + "_" +
                                  std::to_string(revision.sub));
}

Result<std::optional<std::string_view>> ReadView::find(std::string_view key) const {
  const auto state = index_.find(key, revision_);
  if (!state) return std::optional<std::string_view>();
  TRY_ASSIGN(const std::string_view kv, read(state->modified));
  return std::optional(kv);
}

}  // namespace etcd::mvcc
