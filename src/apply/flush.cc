#include "apply/flush.h"

#include "apply/db_meta.h"
#include "base/check.h"
#include "base/failpoint.h"
#include "bolt/schema.h"

namespace etcd::apply {

namespace {

namespace schema = bolt::schema;

// The first flush of a new db makes all of them, as etcd does at start.
Status make_buckets(bolt::WriteTx& tx) {
  for (const std::string_view name : schema::kAll) {
    TRY_ASSIGN(const bolt::Bucket* bucket, tx.create_bucket_if_missing(name));
    (void)bucket;
  }
  return {};
}

Status write_others(bolt::WriteTx& tx, const bolt::WriteBatch& batch) {
  for (const bolt::Write& write : batch.writes()) {
    TRY_ASSIGN(bolt::Bucket * bucket, tx.bucket(write.bucket));
    if (write.value) {
      TRY(bucket->put(write.key, write.value->view()));
    } else {
      TRY(bucket->erase(write.key));
    }
  }
  return {};
}

Status write_meta(bolt::Bucket& meta, const Flush& flush) {
  TRY_ASSIGN(const auto before, meta.get(schema::kConsistentIndex));
  if (before) {
    TRY_ASSIGN(const std::uint64_t index_before, parse_big_endian(*before));
    CHECK(index_before <= flush.index.value, index_before, flush.index);
  }
  // As in etcd, an index of 0 is no index.
  if (flush.index != LogIndex(0)) {
    TRY(meta.put(schema::kConsistentIndex, big_endian(flush.index.value)));
    TRY(meta.put(schema::kTerm, big_endian(flush.term.value)));
  }
  if (!flush.conf_state.voters.empty()) TRY(meta.put(schema::kConfState, conf_state_json(flush.conf_state)));
  return write_storage_version(meta, flush.storage_version);
}

}  // namespace

Status Flush::write_to(bolt::WriteTx& tx) const {
  TRY(make_buckets(tx));
  if (revisions) TRY(revisions->write_to(tx));
  TRY(write_others(tx, others));
  TRY_ASSIGN(bolt::Bucket * meta, tx.bucket(schema::kMeta));
  FAILPOINT(commitBeforePreCommitHook);
  TRY(write_meta(*meta, *this));
  FAILPOINT(commitAfterPreCommitHook);
  return {};
}

}  // namespace etcd::apply
