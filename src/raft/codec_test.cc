#include "raft/codec.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "base/rng.h"

namespace etcd::raft {
namespace {

using base::Rng;
using base::SharedBytes;

template <typename Message>
std::string hex_of(const Message& message) {
  std::string bytes;
  encode(message, bytes);
  return base::to_hex(bytes);
}

SharedBytes shared(std::string_view hex) { return SharedBytes(base::from_hex(hex).value()); }

ConfState conf_state() {
  return {.voters = {MemberId(1), MemberId(300)}, .learners = {MemberId(7)}, .voters_outgoing = {}, .learners_next = {}};
}

Entry entry(std::uint64_t term, std::uint64_t index, EntryType type, std::string_view data) {
  return {Term(term), LogIndex(index), type, SharedBytes::copy_of(data)};
}

// The hex below was printed by go.etcd.io/raft/v3 v3.7.0 for messages built as etcd 3.7.3 builds them.
constexpr std::string_view kEntryNormal = "100218ac0222077061796c6f6164";
constexpr std::string_view kEntryEmpty = "10021805";
constexpr std::string_view kEntryConfChange = "08011001180122020102";
constexpr std::string_view kHardState = "080310cdd2918bd2b881cf8e011800";
constexpr std::string_view kConfState = "080108ac0210072800";
constexpr std::string_view kConfStateJoint = "08011802180320032801";
constexpr std::string_view kSnapshot = "0a027b7d120f0a09080108ac021007280010641804";
constexpr std::string_view kConfChangeBootstrap = "1000180922087b226964223a397d";
constexpr std::string_view kConfChangeRemove = "084d10011809";

TEST(Codec, WritesTheBytesThatGoWrites) {
  EXPECT_EQ(hex_of(entry(2, 300, EntryType::kNormal, "payload")), kEntryNormal);
  EXPECT_EQ(hex_of(entry(2, 5, EntryType::kNormal, "")), kEntryEmpty);
  EXPECT_EQ(hex_of(HardState{Term(3), MemberId(0x8e9e05c52164694d), LogIndex(0)}), kHardState);
  EXPECT_EQ(hex_of(conf_state()), kConfState);
  const ConfState joint{.voters = {MemberId(1)},
                        .learners = {},
                        .voters_outgoing = {MemberId(2), MemberId(3)},
                        .learners_next = {MemberId(3)},
                        .auto_leave = true};
  EXPECT_EQ(hex_of(joint), kConfStateJoint);
  EXPECT_EQ(hex_of(Snapshot{SharedBytes::copy_of("{}"), {conf_state(), LogIndex(100), Term(4)}}), kSnapshot);
  const ConfChange bootstrap{0, ConfChangeType::kAddNode, MemberId(9), SharedBytes::copy_of("{\"id\":9}")};
  EXPECT_EQ(hex_of(bootstrap), kConfChangeBootstrap);
  EXPECT_EQ(hex_of(ConfChange{77, ConfChangeType::kRemoveNode, MemberId(9), {}}), kConfChangeRemove);
}

TEST(Codec, WritesAConfigurationChangeEntryWithItsType) {
  EXPECT_EQ(hex_of(entry(1, 1, EntryType::kConfChange, "\x01\x02")), kEntryConfChange);
}

TEST(Codec, ReadsWhatGoWrites) {
  EXPECT_EQ(decode_entry(shared(kEntryNormal)), entry(2, 300, EntryType::kNormal, "payload"));
  EXPECT_EQ(decode_entry(shared(kEntryEmpty)), entry(2, 5, EntryType::kNormal, ""));
  EXPECT_EQ(decode_hard_state(*base::from_hex(kHardState)), (HardState{Term(3), MemberId(0x8e9e05c52164694d), LogIndex(0)}));
  EXPECT_EQ(decode_conf_state(*base::from_hex(kConfState)), conf_state());
  EXPECT_EQ(decode_snapshot(shared(kSnapshot)),
            (Snapshot{SharedBytes::copy_of("{}"), {conf_state(), LogIndex(100), Term(4)}}));
  EXPECT_EQ(decode_conf_change(shared(kConfChangeRemove)),
            (ConfChange{77, ConfChangeType::kRemoveNode, MemberId(9), {}}));
}

// etcd 3.6 writes every scalar, zeros too, and empty data as a field of length 0.
TEST(Codec, ReadsTheOlderFormWithEveryFieldPresent) {
  EXPECT_EQ(decode_entry(shared("0800100218052200")), entry(2, 5, EntryType::kNormal, ""));
  EXPECT_EQ(decode_conf_change(shared("08001000180022" "00")), ConfChange{});
}

TEST(Codec, ReadsPackedAndUnsortedMemberLists) {
  EXPECT_EQ(decode_conf_state(*base::from_hex("0a03ac0201" "1007")), conf_state());
  EXPECT_EQ(decode_conf_state(*base::from_hex("08ac02" "0801" "08ac02" "1007")), conf_state());
}

TEST(Codec, UnknownFieldsAreSkipped) {
  EXPECT_EQ(decode_entry(shared("7a0161" "1002" "1805")), entry(2, 5, EntryType::kNormal, ""));
  EXPECT_EQ(decode_entry(shared("1202aabb" "1002" "1805")), entry(2, 5, EntryType::kNormal, ""));
}

TEST(Codec, MalformedBytesAreRefused) {
  EXPECT_EQ(decode_entry(shared("10")).error().code, Errc::kInvalid);
  EXPECT_EQ(decode_entry(shared("0803")).error().code, Errc::kInvalid);
  EXPECT_EQ(decode_entry(shared("22ffffffff0f")).error().code, Errc::kInvalid);
  EXPECT_EQ(decode_hard_state(*base::from_hex("0880")).error().code, Errc::kInvalid);
  EXPECT_EQ(decode_conf_state(*base::from_hex("0a0180")).error().code, Errc::kInvalid);
  EXPECT_EQ(decode_snapshot(shared("12020a05")).error().code, Errc::kInvalid);
  EXPECT_EQ(decode_conf_change(shared("1004")).error().code, Errc::kInvalid);
}

TEST(Codec, DecodedDataSharesTheInput) {
  const SharedBytes bytes = shared(kEntryNormal);
  const auto decoded = decode_entry(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_GE(decoded->data.data(), bytes.data());
  EXPECT_LT(decoded->data.data(), bytes.data() + bytes.size());
}

TEST(Codec, AnyEntrySurvivesARoundTripInItsAnnouncedSize) {
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    const Entry original = entry(rng.next() >> rng.below(64), rng.next() >> rng.below(64),
                                 static_cast<EntryType>(rng.below(3)), std::string(rng.below(300), 'd'));
    std::string bytes;
    encode(original, bytes);
    EXPECT_EQ(bytes.size(), encoded_size(original));
    EXPECT_EQ(decode_entry(SharedBytes(bytes)), original);
  }
}

}  // namespace
}  // namespace etcd::raft
