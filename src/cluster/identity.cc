#include "cluster/identity.h"

#define OPENSSL_SUPPRESS_DEPRECATED  // see short_sha1()
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace etcd::cluster {

namespace {

void append_big_endian(std::string& out, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(number >> shift);
}

// The first eight bytes of the SHA-1, read big endian. Not by way of EVP, which would load its providers: 2 MB, for one digest at the start.
std::uint64_t short_sha1(std::string_view bytes) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA_CTX context;
  const bool done = SHA1_Init(&context) == 1 && SHA1_Update(&context, bytes.data(), bytes.size()) == 1 &&
                    SHA1_Final(digest.data(), &context) == 1;
  CHECK(done);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | digest[i];
  return number;
}

}  // namespace

MemberId member_id(std::vector<std::string> peer_urls, std::string_view token,
                   std::optional<std::int64_t> added_at_unix_s) {
  std::sort(peer_urls.begin(), peer_urls.end());
  std::string bytes;
  for (const std::string& url : peer_urls) bytes += url;
  bytes += token;
  if (added_at_unix_s) bytes += std::to_string(*added_at_unix_s);
  return MemberId(short_sha1(bytes));
}

ClusterId cluster_id(std::vector<MemberId> members) {
  std::sort(members.begin(), members.end());
  std::string bytes;
  for (const MemberId member : members) append_big_endian(bytes, member.value);
  return ClusterId(short_sha1(bytes));
}

}  // namespace etcd::cluster
