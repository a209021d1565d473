#include "rpc/h1_parser.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace etcd::rpc {
namespace {

constexpr std::size_t kMaxBody = 10;
const H1Parser::StreamsBody kStreamsSnapshots = [](std::string_view, std::string_view target) { return target == "/raft/snapshot"; };

struct Fed {
  explicit Fed(std::string_view input) : parser(1000, kMaxBody, kStreamsSnapshots), state(parser.feed(input)) {}

  H1Parser parser;
  H1Parser::State state;
};

TEST(H1Parser, ABodyThatIsTakenAsItComesMayHaveAnyLengthHoweverItIsSaid) {
  Fed told("POST /raft/snapshot HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n0123456789abcdef");
  EXPECT_EQ(told.state, H1Parser::State::kComplete) << told.parser.failure();
  EXPECT_EQ(told.parser.take_body_part(), "0123456789abcdef");

  Fed chunked("POST /raft/snapshot HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.state, H1Parser::State::kComplete) << chunked.parser.failure();
  EXPECT_EQ(chunked.parser.take_body_part(), "0123456789abcdef");
}

TEST(H1Parser, AnotherBodyMayNotBeLongerThanTheLimitHoweverItIsSaid) {
  EXPECT_EQ(Fed("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789").state, H1Parser::State::kComplete);

  const Fed told("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n");
  EXPECT_EQ(told.state, H1Parser::State::kFailed);
  EXPECT_EQ(told.parser.failure(), 413);

  const Fed chunked("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.state, H1Parser::State::kFailed);
  EXPECT_EQ(chunked.parser.failure(), 413);
}

}  // namespace
}  // namespace etcd::rpc
