#include "gateway/websocket_frames.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gateway/testing/websocket_client.h"

namespace etcd::gateway {
namespace {

using testing::client_frame;

struct Read {
  std::vector<std::string> events;  // "1:text"
  std::optional<CloseCode> error;
};

Read read(std::string_view bytes, std::size_t step, std::size_t most = 1000) {
  WebSocketReader reader(most);
  Read all;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    std::string_view piece = bytes.substr(0, step);
    while (auto event = reader.take(piece))
      all.events.push_back(std::to_string(static_cast<int>(event->opcode)) + ":" + event->payload);
    if (reader.error()) break;
    EXPECT_TRUE(piece.empty());
  }
  all.error = reader.error();
  return all;
}

void expect(std::string_view bytes, const std::vector<std::string>& events) {
  for (const std::size_t step : {1U, 2U, 5U, 10'000U}) {
    EXPECT_EQ(read(bytes, step, 100'000).events, events) << step;
    EXPECT_FALSE(read(bytes, step, 100'000).error);
  }
}

TEST(WebSocketReader, MessagesOfAllLengthsAreUnmasked) {
  for (const std::size_t length : {0U, 1U, 125U, 126U, 65'535U, 65'536U}) {
    const std::string text(length, 'x');
    expect(client_frame(Opcode::kText, text) + client_frame(Opcode::kBinary, "y"), {"1:" + text, "2:y"});
  }
}

TEST(WebSocketReader, AMessageInPiecesIsPutTogetherAroundControlFrames) {
  expect(client_frame(Opcode::kText, "ab", false) + client_frame(Opcode::kPing, "!") +
             client_frame(Opcode::kContinuation, "", false) + client_frame(Opcode::kContinuation, "cd") +
             client_frame(Opcode::kClose, "\x03\xe8"),
         {"9:!", "1:abcd", "8:\x03\xe8"});
}

TEST(WebSocketReader, WhatTheProtocolForbidsIsAnError) {
  const std::string bad[] = {
      websocket_frame(Opcode::kText, "not masked"),
      client_frame(Opcode::kContinuation, "of nothing"),
      client_frame(Opcode::kText, "a", false) + client_frame(Opcode::kText, "b"),
      client_frame(Opcode::kPing, std::string(126, 'x')),
      client_frame(Opcode::kPing, "x", false),
      client_frame(static_cast<Opcode>(3), "x"),
      client_frame(static_cast<Opcode>(11), "x"),
      std::string("\xc1\x80\0\0\0\0", 6),  // a reserved bit
  };
  for (const std::string& bytes : bad) EXPECT_EQ(read(bytes, 1).error, CloseCode::kProtocolError);
}

TEST(WebSocketReader, AMessageThatIsTooBigIsRefusedByItsLengthAlone) {
  EXPECT_FALSE(read(client_frame(Opcode::kText, std::string(10, 'x')), 1, 10).error);
  EXPECT_EQ(read(client_frame(Opcode::kText, std::string(11, 'x')).substr(0, 6), 6, 10).error, CloseCode::kTooBig);
  EXPECT_EQ(
      read(client_frame(Opcode::kText, "123456", false) + client_frame(Opcode::kContinuation, "12345"), 99, 10).error,
      CloseCode::kTooBig);
  EXPECT_EQ(read(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14), 14).error, CloseCode::kTooBig);
}

TEST(WebSocketFrame, LengthsTakeAsFewBytesAsTheyNeed) {
  EXPECT_EQ(websocket_frame(Opcode::kText, "hi"), "\x81\x02hi");
  EXPECT_EQ(websocket_frame(Opcode::kPong, ""), std::string("\x8a\0", 2));
  EXPECT_EQ(websocket_frame(Opcode::kText, std::string(126, 'x')).substr(0, 4), std::string("\x81\x7e\0\x7e", 4));
  EXPECT_EQ(websocket_frame(Opcode::kText, std::string(65'536, 'x')).substr(0, 10),
            std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
  EXPECT_EQ(close_frame(CloseCode::kNormal), "\x88\x02\x03\xe8");
}

}  // namespace
}  // namespace etcd::gateway
