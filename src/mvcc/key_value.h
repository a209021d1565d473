// KeyValue: one version of a key, and its encoding.
//
// The encoding is protobuf's mvccpb.KeyValue {key 1, create_revision 2, mod_revision 3, version 4, value 5, lease 6}:
// fields ascending, zero values left out, byte for byte as etcd writes it, since HashKV is taken over these bytes. The
// same bytes go from the tail to the db, into range responses and into events; nobody encodes them twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace etcd::mvcc {

// Looks at somebody else's bytes. A tombstone has only the key.
struct KeyValue {
  std::string_view key = {};
  Revision create_revision = {};
  Revision mod_revision = {};
  std::int64_t version = 0;  // 1 for the put that created the key, one more with each that follows
  std::string_view value = {};
  LeaseId lease = {};

  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};

std::size_t encoded_size(const KeyValue& kv);
// Appends exactly encoded_size(kv) bytes.
void append_encoded(std::string& out, const KeyValue& kv);
// Writes exactly encoded_size(kv) bytes at `out`, which must not overlap the views in `kv`; returns the end.
char* encode_to(char* out, const KeyValue& kv);
inline std::string encode(const KeyValue& kv) {
  std::string bytes;
  append_encoded(bytes, kv);
  return bytes;
}

// The views lie in `bytes`. Empty bytes are an empty KeyValue: `etcdutl snapshot restore --bump-revision` leaves such a
// record. Unknown fields are skipped and the last of a repeated field counts, as in protobuf. Errors: kCorrupt.
Result<KeyValue> decode_key_value(std::string_view bytes);

}  // namespace etcd::mvcc
