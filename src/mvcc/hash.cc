#include "mvcc/hash.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/crc32c.h"
#include "bolt/schema.h"
#include "mvcc/key_value.h"

namespace etcd::mvcc {
namespace {

// Keys of "meta" that are the member's own affair.
constexpr std::array kIgnoredInMeta{bolt::schema::kConsistentIndex, bolt::schema::kTerm, bolt::schema::kStorageVersion};

std::uint32_t with_record(std::uint32_t crc, const Change& change) {
  return base::crc32c(base::crc32c(crc, RevisionKey(change.id).view()), change.kv);
}

}  // namespace

Result<KeySpaceHash> KeySpaceHash::begin(ReadViewRef view, Revision revision) {
  if (revision > Revision(0) && revision < view->compact_revision()) return fail(Errc::kCompacted);
  if (revision > view->revision()) return fail(Errc::kFutureRevision);
  if (revision == Revision(0)) revision = view->revision();
  const Revision lower = view->compact_revision();
  return KeySpaceHash(std::move(view), Kind::kKeySpace, revision, lower);
}

KeySpaceHash KeySpaceHash::of_compaction(ReadViewRef view, Revision revision, Revision previous) {
  CHECK(previous < revision && revision <= view->revision(), previous, revision, view->revision());
  return KeySpaceHash(std::move(view), Kind::kCompaction, revision, previous);
}

KeySpaceHash::KeySpaceHash(ReadViewRef view, Kind kind, Revision revision, Revision lower)
    : view_(std::move(view)),
      kind_(kind),
      revision_(revision),
      lower_(lower),
      search_(view_->index().seek({})),
      changes_(changes(*view_, Revision(0), revision)),
      crc_(base::crc32c(0, bolt::schema::kKey)),
      compaction_crc_(crc_) {}

Result<bool> KeySpaceHash::step(std::size_t max_records) {
  if (search_) return step_search(max_records);
  for (std::size_t i = 0; i < max_records; ++i) {
    const auto change = changes_.next();
    if (!change) {
      TRY(changes_.status());
      return true;
    }
    const bool is_above = change->id.revision.main > lower_;
    TRY_ASSIGN(const bool counts, is_above ? Result<bool>(true) : is_kept(*change));
    if (!counts) continue;
    crc_ = with_record(crc_, *change);
    if (is_above && !key_exists_) compaction_crc_ = with_record(compaction_crc_, *change);
  }
  return false;
}

bool KeySpaceHash::step_search(std::size_t max_keys) {
  for (std::size_t i = 0; i < max_keys && search_->valid() && !key_exists_; ++i, search_->next()) {
    key_exists_ = search_->history().state(revision_).has_value();
  }
  if (key_exists_ || !search_->valid()) search_.reset();
  return false;
}

Result<bool> KeySpaceHash::is_kept(const Change& change) const {
  if (change.id.tombstone) return false;
  TRY_ASSIGN(const KeyValue kv, decode_key_value(change.kv));
  const auto state = view_->index().find(kv.key, key_exists_ ? revision_ : lower_);
  return state && state->modified == change.id.revision;
}

HashKv KeySpaceHash::result() const {
  const std::uint32_t of_compaction = key_exists_ ? crc_ : compaction_crc_;
  const bool is_key_space = kind_ == Kind::kKeySpace;
  return {.hash = is_key_space ? crc_ : of_compaction,
          .other_hash = is_key_space ? of_compaction : crc_,
          .revision = revision_,
          .compact_revision = lower_,
          .current_revision = view_->revision()};
}

BucketsHash::BucketsHash(bolt::ReadTx db) : db_(std::move(db)), buckets_(db_.root().cursor()) { buckets_.first(); }

Result<bool> BucketsHash::step(std::size_t max_records) {
  for (std::size_t i = 0; i < max_records; ++i) {
    if (!records_) {
      if (!buckets_.valid()) {
        TRY(buckets_.status());
        return true;
      }
      TRY(enter_bucket());
    } else if (records_->valid()) {
      feed(records_->key(), records_->is_bucket() ? std::string_view() : records_->value());
      records_->next();
    } else {
      TRY(records_->status());
      records_.reset();
      buckets_.next();
    }
  }
  return false;
}

Status BucketsHash::enter_bucket() {
  TRY_ASSIGN(const auto bucket, db_.bucket(buckets_.key()));
  if (!bucket) return fail(Errc::kCorrupt, "a value among the buckets of the db");
  crc_ = base::crc32c(crc_, buckets_.key());
  in_meta_ = buckets_.key() == bolt::schema::kMeta;
  records_.emplace(bucket->cursor());
  records_->first();
  return {};
}

void BucketsHash::feed(std::string_view key, std::string_view value) {
  if (in_meta_ && std::ranges::find(kIgnoredInMeta, key) != kIgnoredInMeta.end()) return;
  crc_ = base::crc32c(base::crc32c(crc_, key), value);
}

}  // namespace etcd::mvcc
