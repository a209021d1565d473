#include "rpc/message_reader.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "base/rng.h"
#include "rpc/gzip.h"

namespace etcd::rpc {
namespace {

constexpr std::size_t kMax = 1000;

std::string framed(std::string_view message, char flag = 0) {
  const auto prefix = message_prefix(message.size());
  std::string out(prefix.data(), prefix.size());
  out[0] = flag;
  return out.append(message);
}

std::string gzipped(std::string_view plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

MessageReader reader_of(Encoding encoding = Encoding::kIdentity, std::size_t max = kMax) {
  MessageReader reader;
  reader.reset(max, encoding);
  return reader;
}

TEST(MessageReader, MessagesComeOutWholeHoweverTheyWereCut) {
  base::Rng rng(3);
  std::vector<std::string> sent;
  std::string wire;
  for (int i = 0; i < 50; ++i) {
    sent.emplace_back(rng.next() % (kMax + 1), static_cast<char>('a' + i % 26));
    wire += framed(sent.back());
  }
  for (const std::size_t most : {1, 2, 5, 7, 64, 5000}) {
    MessageReader reader = reader_of();
    std::vector<std::string> got;
    for (std::string_view rest = wire; !rest.empty();) {
      std::string_view chunk = rest.substr(0, 1 + rng.next() % most);
      rest.remove_prefix(chunk.size());
      do {
        if (auto message = reader.take(chunk)) got.emplace_back(message->view());
      } while (!chunk.empty());
    }
    EXPECT_EQ(got, sent) << most;
    EXPECT_TRUE(reader.is_empty());
  }
}

TEST(MessageReader, ALongMessageGrowsWithItsBytes) {
  MessageReader reader = reader_of(Encoding::kIdentity, 3'000'000);
  std::string message(2'500'000, 'x');
  for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<char>(i * 7);
  const std::string wire = framed(message);
  std::optional<base::SharedBytes> got;
  for (std::size_t at = 0; at < wire.size(); at += 16'384) {
    std::string_view chunk = std::string_view(wire).substr(at, 16'384);
    EXPECT_FALSE(got.has_value());
    got = reader.take(chunk);
  }
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->view(), message);
}

TEST(MessageReader, AnEmptyMessageIsAMessage) {
  MessageReader reader = reader_of();
  const std::string wire = framed("");
  std::string_view input = wire;
  const auto message = reader.take(input);
  ASSERT_TRUE(message.has_value());
  EXPECT_TRUE(message->empty());
}

TEST(MessageReader, AMessageOverTheLimitIsRefusedByItsPrefix) {
  MessageReader reader = reader_of();
  const std::string wire("\0\x80\0\0\0", 5);
  std::string_view input = wire;
  EXPECT_FALSE(reader.take(input).has_value());
  EXPECT_EQ(reader.error(),
            (GrpcStatus{GrpcCode::kResourceExhausted, "grpc: received message larger than max (2147483648 vs. 1000)"}));
}

TEST(MessageReader, TheFlagMustMatchTheEncoding) {
  MessageReader plain = reader_of();
  std::string wire = framed("abc", 1);
  std::string_view input = wire;
  EXPECT_FALSE(plain.take(input).has_value());
  EXPECT_EQ(plain.error(),
            (GrpcStatus{GrpcCode::kInternal, "grpc: compressed flag set with identity or empty encoding"}));

  MessageReader gzip = reader_of(Encoding::kGzip);
  wire = framed("abc", 7);
  input = wire;
  EXPECT_FALSE(gzip.take(input).has_value());
  EXPECT_EQ(gzip.error(), (GrpcStatus{GrpcCode::kInternal, "grpc: received unexpected payload format 7"}));
}

TEST(MessageReader, GzipIsInflatedAndPlainMessagesMayComeBetween) {
  MessageReader reader = reader_of(Encoding::kGzip);
  const std::string wire = framed(gzipped(std::string(900, 'z')), 1) + framed("plain");
  std::string_view input = wire;
  EXPECT_EQ(reader.take(input)->view(), std::string(900, 'z'));
  EXPECT_EQ(reader.take(input)->view(), "plain");
}

TEST(MessageReader, AZipBombStopsAtTheLimit) {
  MessageReader reader = reader_of(Encoding::kGzip, 100'000);
  const std::string wire = framed(gzipped(std::string(20'000'000, '\0')), 1);
  std::string_view input = wire;
  EXPECT_FALSE(reader.take(input).has_value());
  EXPECT_EQ(reader.error(), (GrpcStatus{GrpcCode::kResourceExhausted,
                                        "grpc: received message after decompression larger than max 100000"}));
}

TEST(MessageReader, DamagedGzipIsAnErrorOfTheCall) {
  for (const std::string& bytes : {std::string("not gzip"), gzipped("abcabc").substr(0, 15), std::string()}) {
    MessageReader reader = reader_of(Encoding::kGzip);
    const std::string wire = framed(bytes, 1);
    std::string_view input = wire;
    EXPECT_FALSE(reader.take(input).has_value());
    ASSERT_TRUE(reader.error().has_value());
    EXPECT_EQ(reader.error()->code, GrpcCode::kInternal);
  }
}

TEST(Gzip, MembersOneAfterTheOtherAreOne) {
  EXPECT_EQ(*gunzip(gzipped("ab") + gzipped("cd"), 100), "abcd");
  EXPECT_EQ(gunzip(gzipped("abcdef"), 3)->size(), 4U);
}

}  // namespace
}  // namespace etcd::rpc
