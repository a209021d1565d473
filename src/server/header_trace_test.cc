#include "server/header_trace.h"

#include <gtest/gtest.h>

namespace etcd::server {
namespace {

TEST(HeaderTrace, IsAskedForBySettingTwoAmongGosSettings) {
  EXPECT_TRUE(traces_header_fields({"A=b", "GODEBUG=http2debug=2"}));
  EXPECT_TRUE(traces_header_fields({"GODEBUG=gctrace=1,http2debug=2,x=y"}));
  EXPECT_TRUE(traces_header_fields({"GODEBUG=http2debug=1,http2debug=2"}));
}

TEST(HeaderTrace, IsOffOtherwise) {
  EXPECT_FALSE(traces_header_fields({}));
  EXPECT_FALSE(traces_header_fields({"GODEBUG=", "http2debug=2", "GODEBUG_X=http2debug=2"}));
  EXPECT_FALSE(traces_header_fields({"GODEBUG=http2debug=1"}));
  EXPECT_FALSE(traces_header_fields({"GODEBUG=http2debug=2,http2debug=0,"}));
  EXPECT_FALSE(traces_header_fields({"GODEBUG=xhttp2debug=2,http2debug=22"}));
}

TEST(HeaderTrace, ALineIsGos) {
  EXPECT_EQ(header_trace_line(":authority", "localhost:2379"), "http2: decoded hpack field header field \":authority\" = \"localhost:2379\"\n");
  EXPECT_EQ(header_trace_line("x", "a\"\n\x01"), "http2: decoded hpack field header field \"x\" = \"a\\\"\\n\\x01\"\n");
}

TEST(HeaderTrace, TokensAreNotShown) {
  EXPECT_EQ(header_trace_line("token", "abc.1").find("abc"), std::string::npos);
  EXPECT_EQ(header_trace_line("authorization", "abc.1").find("abc"), std::string::npos);
}

}  // namespace
}  // namespace etcd::server
