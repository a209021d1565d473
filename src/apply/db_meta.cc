#include "apply/db_meta.h"

#include <vector>

#include "bolt/schema.h"

namespace etcd::apply {

namespace {

namespace schema = bolt::schema;

constexpr cluster::Version kOldestStorage{.major = 3, .minor = 5, .patch = 0};
constexpr cluster::Version kFirstStoredVersion{.major = 3, .minor = 6, .patch = 0};

// A value of a bucket that may be missing.
Result<std::optional<std::string_view>> get(const bolt::ReadTx& db, std::string_view bucket, std::string_view key) {
  TRY_ASSIGN(const auto found, db.bucket(bucket));
  if (!found) return std::nullopt;
  return found->get(key);
}

Result<std::uint64_t> get_number(const bolt::ReadTx& db, std::string_view key) {
  TRY_ASSIGN(const auto value, get(db, schema::kMeta, key));
  if (!value) return 0;
  return parse_big_endian(*value);
}

void append_ids(std::string& out, std::string_view key, const std::vector<MemberId>& ids) {
  if (ids.empty()) return;
  out += '"';
  out += key;
  out += "\":[";
  for (const MemberId id : ids) out += std::to_string(id.value) + ',';
  out.back() = ']';
  out += ',';
}

}  // namespace

Result<DbMeta> read_db_meta(const bolt::ReadTx& db) {
  DbMeta meta;
  TRY_ASSIGN(meta.index.value, get_number(db, schema::kConsistentIndex));
  TRY_ASSIGN(meta.term.value, get_number(db, schema::kTerm));
  TRY_ASSIGN(const auto storage, get(db, schema::kMeta, schema::kStorageVersion));
  if (storage && !storage->empty()) {
    meta.storage_version = cluster::parse_version(*storage);
    if (!meta.storage_version) return fail(Errc::kCorrupt, "meta bucket: the storage version can't be read");
  }
  return meta;
}

Status check_supported(const DbMeta& meta) {
  const cluster::Version newest = cluster::minor_of(cluster::kServerVersion);
  const cluster::Version stored = cluster::minor_of(meta.storage_version.value_or(kOldestStorage));
  if (stored < kOldestStorage || stored > newest) {
    return fail(Errc::kUnsupported, "version \"" + cluster::to_string(stored) + "\" is not supported");
  }
  return {};
}

Status write_storage_version(bolt::Bucket& meta, const std::optional<cluster::Version>& version) {
  if (!version || *version < kFirstStoredVersion) {
    TRY(meta.erase(schema::kStorageVersion));
    return {};
  }
  return meta.put(schema::kStorageVersion, cluster::to_string(*version));
}

std::string conf_state_json(const raft::ConfState& state) {
  std::string out = "{";
  append_ids(out, "voters", state.voters);
  append_ids(out, "learners", state.learners);
  append_ids(out, "voters_outgoing", state.voters_outgoing);
  append_ids(out, "learners_next", state.learners_next);
  return out + "\"auto_leave\":" + (state.auto_leave ? "true}" : "false}");
}

std::string big_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

Result<std::uint64_t> parse_big_endian(std::string_view bytes) {
  if (bytes.size() != 8) return fail(Errc::kCorrupt, "meta bucket: a number is not 8 bytes long");
  std::uint64_t number = 0;
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

}  // namespace etcd::apply
