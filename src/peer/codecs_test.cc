// The streams' codecs: bytes as Go's members write them, cut anywhere, and bytes that no member writes.
#include <gtest/gtest.h>

#include <string>

#include "peer/append_stream.h"
#include "peer/message_stream.h"
#include "peer/snapshot_body.h"
#include "raft/message_codec.h"

namespace etcd::peer {
namespace {

using base::Rope;
using base::SharedBytes;

const MemberId kFrom(0xa), kTo(0xb);

raft::Message append(std::uint64_t term, std::uint64_t prev_term, std::uint64_t prev, std::vector<std::string> payloads, std::uint64_t commit) {
  std::vector<raft::Entry> entries;
  for (std::string& payload : payloads) {
    entries.push_back({Term(term), LogIndex(prev + entries.size() + 1), raft::EntryType::kNormal, SharedBytes(std::move(payload))});
  }
  return {kFrom, kTo, Term(term), raft::AppendRequest{LogIndex(prev), Term(prev_term), LogIndex(commit), raft::Entries(std::move(entries))}};
}

std::string text(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out.push_back(static_cast<char>(byte));
  return out;
}

std::string number(std::uint64_t value) {
  Rope out;
  append_number(value, out);
  return out.flatten();
}

// All of `bytes`, in pieces of `piece` bytes.
template <typename Decoder>
Result<std::vector<raft::Message>> decode_all(Decoder decoder, const std::string& bytes, std::size_t piece) {
  std::vector<raft::Message> out;
  for (std::size_t at = 0; at < bytes.size(); at += piece) TRY(decoder.decode(SharedBytes(bytes.substr(at, piece)), out));
  return out;
}

template <typename Decoder>
Errc error_of(Decoder decoder, const std::string& bytes) {
  const auto decoded = decode_all(std::move(decoder), bytes, bytes.size());
  return decoded ? Errc::kUnknownOutcome : decoded.error().code;
}

TEST(AppendStream, ARequestThatContinuesTheOneBeforeIsSentAsItsEntriesAlone) {
  AppendEncoder encoder;
  Rope out;
  encoder.encode(append(5, 4, 10, {"a"}, 9), out);
  const std::size_t first = out.size();
  encoder.encode(append(5, 5, 11, {"bc"}, 11), out);
  const std::string bytes = out.flatten();
  EXPECT_EQ(bytes[0], 2);
  // Entry{Term: 5, Index: 12, Data: "bc"} as Go's raftpb marshals it.
  const std::string entry = text({0x10, 5, 0x18, 12, 0x22, 2, 'b', 'c'});
  EXPECT_EQ(bytes.substr(first), text({1}) + number(1) + number(entry.size()) + entry + number(11));
}

TEST(AppendStream, WhatWasEncodedComesBackHoweverItIsCut) {
  const std::vector<raft::Message> sent = {append(5, 4, 10, {"a", std::string(5000, 'x')}, 9), append(5, 5, 12, {}, 12),
                                           append(5, 5, 12, {"b", "", std::string(2000, 'y')}, 12), append(6, 5, 15, {"c"}, 13),
                                           append(6, 6, 3, {"d"}, 13)};
  AppendEncoder encoder;
  Rope out;
  for (const raft::Message& message : sent) {
    encoder.encode(message, out);
    AppendEncoder::encode_link_heartbeat(out);
  }
  const std::string bytes = out.flatten();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, bytes.size()}) {
    const auto got = decode_all(AppendDecoder(kFrom, kTo), bytes, piece);
    ASSERT_TRUE(got) << describe(got.error());
    EXPECT_EQ(*got, sent) << piece;
  }
}

TEST(AppendStream, BytesThatNoMemberSendsEndIt) {
  const AppendDecoder decoder(kFrom, kTo);
  EXPECT_EQ(error_of(decoder, text({3})), Errc::kInvalid);
  EXPECT_EQ(error_of(decoder, text({1}) + number(0) + number(0)), Errc::kInvalid) << "continues nothing";
  EXPECT_EQ(error_of(decoder, text({2}) + number(~0ull)), Errc::kInvalid);
  EXPECT_EQ(error_of(decoder, text({2}) + number(3) + "abc"), Errc::kInvalid);
  Rope other;
  encode_framed({kFrom, kTo, Term(5), raft::TimeoutNow{}}, other);
  EXPECT_EQ(error_of(decoder, text({2}) + other.flatten()), Errc::kInvalid);

  AppendEncoder encoder;
  Rope begun;
  encoder.encode(append(5, 4, 10, {"a"}, 9), begun);
  const std::string before = begun.flatten();
  EXPECT_EQ(error_of(decoder, before + text({1}) + number(1ull << 40)), Errc::kInvalid) << "absurd count";
  const std::string gap = text({0x08, 0, 0x10, 5, 0x18, 13});
  EXPECT_EQ(error_of(decoder, before + text({1}) + number(1) + number(gap.size()) + gap), Errc::kInvalid);
}

TEST(MessageStream, AMessageIsItsLengthAndItsEncoding) {
  Rope out;
  encode_link_heartbeat(out);
  EXPECT_EQ(out.flatten(), number(2) + text({8, 8}));
  const raft::Message message{kFrom, kTo, Term(3), raft::Heartbeat{LogIndex(7), SharedBytes(std::string("ctx"))}};
  Rope framed;
  encode_framed(message, framed);
  Rope plain;
  raft::encode(message, plain);
  EXPECT_EQ(framed.flatten(), number(plain.size()) + plain.flatten());
}

TEST(MessageStream, WhatWasEncodedComesBackWithoutLinkHeartbeats) {
  const std::vector<raft::Message> sent = {{kFrom, kTo, Term(3), raft::Heartbeat{LogIndex(7), {}}},
                                           {kFrom, kTo, Term(3), raft::AppendAccepted{LogIndex(9)}},
                                           append(5, 4, 10, {std::string(3000, 'x')}, 9)};
  Rope out;
  for (const raft::Message& message : sent) {
    encode_link_heartbeat(out);
    encode_framed(message, out);
  }
  // The link heartbeat of a 3.6 member, which writes zeros too, and a kind of message that never travels.
  out.append(number(8) + text({8, 8, 0x10, 0, 0x18, 0, 0x20, 0}) + number(2) + text({8, 11}));
  const std::string bytes = out.flatten();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, bytes.size()}) {
    const auto got = decode_all(MessageDecoder(), bytes, piece);
    ASSERT_TRUE(got) << describe(got.error());
    EXPECT_EQ(*got, sent) << piece;
  }
}

TEST(MessageStream, AnAbsurdLengthOrAMalformedMessageEndsIt) {
  EXPECT_EQ(error_of(MessageDecoder(), number(kMaxMessageBytes + 1)), Errc::kInvalid);
  EXPECT_EQ(error_of(MessageDecoder(), number(3) + "\xff\xff\xff"), Errc::kInvalid);
}

TEST(SnapshotBody, TheMessageComesFirstAndTheDbFollowsHoweverItIsCut) {
  raft::Snapshot snapshot{SharedBytes(std::string("{}")), {raft::ConfState{{kFrom, kTo}, {}, {}, {}, false}, LogIndex(20), Term(3)}};
  const raft::Message message{kFrom, kTo, Term(3), raft::InstallSnapshot{snapshot}};
  Rope out;
  encode_framed(message, out);
  const std::string db(10'000, 'd');
  const std::string bytes = out.flatten() + db;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{999}, bytes.size()}) {
    SnapshotBodyDecoder decoder;
    std::string got;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_TRUE(decoder.decode(SharedBytes(bytes.substr(at, piece))));
      got += decoder.take_db().view();
    }
    ASSERT_TRUE(decoder.message());
    EXPECT_EQ(*decoder.message(), message);
    EXPECT_EQ(got, db);
  }
}

TEST(SnapshotBody, AnotherMessageOrAnAbsurdLengthIsRefused) {
  SnapshotBodyDecoder absurd;
  EXPECT_FALSE(absurd.decode(SharedBytes(number(kMaxSnapshotMessageBytes + 1))));
  Rope other;
  encode_framed({kFrom, kTo, Term(5), raft::TimeoutNow{}}, other);
  SnapshotBodyDecoder wrong;
  EXPECT_FALSE(wrong.decode(SharedBytes(other.flatten())));
}

}  // namespace
}  // namespace etcd::peer
