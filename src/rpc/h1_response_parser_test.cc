#include "rpc/h1_response_parser.h"

#include <gtest/gtest.h>

#include <optional>

namespace etcd::rpc {
namespace {

constexpr std::size_t kMaxHeadBytes = 1000;
using State = H1ResponseParser::State;

struct Read {
  State state = State::kHead;
  int status = 0;
  std::string body = {};
  std::string rest = {};
};

// The answer in pieces of `step` bytes; what the parser leaves is offered again with the next piece behind it.
Read read_in_steps(std::string_view answer, std::size_t step) {
  H1ResponseParser parser(kMaxHeadBytes);
  Read read;
  for (std::size_t at = 0; at < answer.size() && read.state != State::kFailed && read.state != State::kComplete; at += step) {
    read.rest += answer.substr(at, step);
    std::string_view input = read.rest;
    read.state = parser.feed(input);
    read.rest = std::string(input);
    if (read.state != State::kFailed) read.body += parser.take_body();
  }
  if (read.state != State::kHead && read.state != State::kFailed) read.status = parser.status();
  return read;
}

TEST(H1ResponseParser, ABodyOfKnownLengthComesHoweverItIsCut) {
  const std::string answer = "HTTP/1.1 412 Precondition Failed\r\nContent-Length: 5\r\nX-Etcd-Cluster-Id: 1f\r\n\r\nhello";
  for (std::size_t step = 1; step <= answer.size(); ++step) {
    const Read read = read_in_steps(answer, step);
    EXPECT_EQ(read.state, State::kComplete) << step;
    EXPECT_EQ(read.status, 412) << step;
    EXPECT_EQ(read.body, "hello") << step;
  }
}

TEST(H1ResponseParser, ChunksAreOneBody) {
  const std::string answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
  for (std::size_t step = 1; step <= answer.size(); ++step) {
    const Read read = read_in_steps(answer, step);
    EXPECT_EQ(read.state, State::kComplete) << step;
    EXPECT_EQ(read.body, "hello") << step;
  }
}

TEST(H1ResponseParser, FieldsAreFoundInLowerCase) {
  H1ResponseParser parser(kMaxHeadBytes);
  std::string_view input = "HTTP/1.1 200 OK\r\nX-Server-Version: 3.7.0\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(parser.feed(input), State::kComplete);
  EXPECT_EQ(parser.fields().find("x-server-version"), std::optional<std::string_view>("3.7.0"));
}

TEST(H1ResponseParser, ABodyWithoutLengthEndsWithTheConnectionAndOneWithALengthMustNot) {
  H1ResponseParser open_ended(kMaxHeadBytes);
  std::string_view input = "HTTP/1.1 200 OK\r\n\r\nall of it";
  EXPECT_EQ(open_ended.feed(input), State::kBody);
  EXPECT_EQ(open_ended.take_body(), "all of it");
  EXPECT_EQ(open_ended.input_ended(), State::kComplete);

  H1ResponseParser cut_short(kMaxHeadBytes);
  input = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart";
  EXPECT_EQ(cut_short.feed(input), State::kBody);
  EXPECT_EQ(cut_short.input_ended(), State::kFailed);
}

TEST(H1ResponseParser, WhatIsNoAnswerAndAHeadWithoutEndFail) {
  for (const std::string& answer : {std::string("SSH-2.0-OpenSSH\r\n\r\n"), std::string("HTTP/1.1 twohundred\r\n\r\n"),
                                    std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
                                    "HTTP/1.1 200 OK\r\nX: " + std::string(2 * kMaxHeadBytes, 'x') + "\r\n\r\n"}) {
    EXPECT_EQ(read_in_steps(answer, answer.size()).state, State::kFailed) << answer.substr(0, 40);
    EXPECT_EQ(read_in_steps(answer, 1).state, State::kFailed) << answer.substr(0, 40);
  }
}

}  // namespace
}  // namespace etcd::rpc
