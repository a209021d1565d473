#include "api/http_encoding.h"

#include <gtest/gtest.h>

namespace etcd::api {
namespace {

bool prefers(std::string_view accepted) {
  rpc::HttpRequest request;
  request.headers.add("accept-encoding", accepted);
  return prefers_gzip(request);
}

TEST(HttpEncoding, GzipIsForThoseWhoAskForIt) {
  EXPECT_FALSE(prefers_gzip({}));
  EXPECT_TRUE(prefers("gzip"));
  EXPECT_TRUE(prefers("deflate, gzip, br, zstd"));
  EXPECT_TRUE(prefers("gzip;q=0.5"));
  EXPECT_TRUE(prefers("identity;q=0.5, gzip;q=0.8"));
  EXPECT_TRUE(prefers("zstd;q=1.0, gzip; q=0.9, identity;q=0"));
}

TEST(HttpEncoding, WhoLikesBothAlikeGetsPlainBytes) {
  EXPECT_FALSE(prefers("gzip, identity"));
  EXPECT_FALSE(prefers("*"));
  EXPECT_FALSE(prefers("gzip;q=0"));
  EXPECT_FALSE(prefers("gzip;q=0.5, identity;q=0.5"));
  EXPECT_FALSE(prefers("deflate"));
  EXPECT_FALSE(prefers("gzip;q=x"));
}

}  // namespace
}  // namespace etcd::api
