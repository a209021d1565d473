#include "api/http_path.h"

#include <gtest/gtest.h>

namespace etcd::api {
namespace {

std::optional<rpc::HttpResponse> redirect(const std::string& method, const std::string& path, const std::string& query = "") {
  rpc::HttpRequest request;
  request.method = method;
  request.target = query.empty() ? path : path + "?" + query;
  request.query = query;
  return redirect_to_clean_path(request);
}

std::string location_of(const std::string& path, const std::string& query = "") {
  const auto response = redirect("POST", path, query);
  return response ? response->headers.at(0).second : "none";
}

TEST(HttpPath, CleaningLeavesOutEmptyAndDotElements) {
  EXPECT_EQ(clean_path("/version"), "/version");
  EXPECT_EQ(clean_path("//version"), "/version");
  EXPECT_EQ(clean_path("/a/../version"), "/version");
  EXPECT_EQ(clean_path("/../../a/./b/.."), "/a");
  EXPECT_EQ(clean_path("/.."), "/");
  EXPECT_EQ(clean_path(""), "/");
}

TEST(HttpPath, ASlashAtTheEndStays) {
  EXPECT_EQ(clean_path("/health//"), "/health/");
  EXPECT_EQ(clean_path("//"), "/");
  EXPECT_EQ(clean_path("/version/."), "/version");
}

// The places are what etcd 3.7.3 answered.
TEST(HttpPath, RedirectsGoWhereGoSendsThem) {
  EXPECT_EQ(location_of("/version/../health", "serializable=true&a=b"), "/health?serializable=true&a=b");
  EXPECT_EQ(location_of("//nope"), "/nope");
  EXPECT_EQ(location_of("/a/../b%20c"), "/b%2520c");
  EXPECT_EQ(location_of("/version"), "none");
  EXPECT_EQ(location_of("/version", "a=//b"), "none");
  EXPECT_EQ(location_of("/%2e%2e/version"), "none");
  EXPECT_EQ(location_of("*"), "none");
}

TEST(HttpPath, OnlyReadersGetAPageWithTheRedirect) {
  const auto get = redirect("GET", "//health", "a=1&b=2");
  ASSERT_TRUE(get);
  EXPECT_EQ(get->status, 307);
  EXPECT_EQ(get->headers.at(0).second, "text/html; charset=utf-8");
  EXPECT_EQ(get->body.flatten(), "<a href=\"/health?a=1&amp;b=2\">Temporary Redirect</a>.\n\n");
  const auto post = redirect("POST", "//health");
  ASSERT_TRUE(post);
  EXPECT_EQ(post->headers.size(), 1u);
  EXPECT_TRUE(post->body.empty());
}

}  // namespace
}  // namespace etcd::api
