#include "raft/message_codec.h"

#include <gtest/gtest.h>

#include "base/hex.h"
#include "raft/testing/describe.h"
#include "raft/testing/fixture.h"

namespace etcd::raft {
namespace {

using testing::bytes;
using testing::entry;
using testing::voters;

base::SharedBytes shared(std::string_view hex) { return base::SharedBytes(base::from_hex(hex).value()); }

std::string encoded(const Message& message) {
  base::Rope rope;
  encode(message, rope);
  return rope.flatten();
}

Message message(MessageBody body, std::uint64_t term = 7) { return {MemberId(1), MemberId(2), Term(term), std::move(body)}; }

struct Golden {
  const char* name;
  Message message;
  std::string go;  // what go.etcd.io/raft/v3 3.7.0 marshals
};

std::vector<Golden> goldens() {
  std::vector<Entry> entries = {entry(7, 301, "abc"), entry(7, 302, "x")};
  entries[1].type = EntryType::kConfChange;
  AppendRequest append{LogIndex(300), Term(6), LogIndex(299), Entries(entries)};
  Snapshot snapshot{bytes("d"), {voters({1, 2}, {3}), LogIndex(9), Term(6)}};
  Proposal proposal{{{EntryType::kNormal, bytes("put")}, {EntryType::kConfChangeV2, {}}}};
  return {
      {"MsgApp", message(append), "0803100218012007280630ac023a0a100718ad0222036162633a0a0801100718ae0222017840ab02"},
      {"MsgAppResp reject", message(AppendRejected{LogIndex(300), LogIndex(200), Term(5)}), "0804100218012007280530ac02500158c801"},
      {"MsgVote", message(VoteRequest{VoteKind::kVote, LogIndex(9), Term(6), true}),
       "080510021801200728063009621043616d706169676e5472616e73666572"},
      {"MsgHeartbeat", message(Heartbeat{LogIndex(4), bytes("12345678")}), "0808100218012007400462083132333435363738"},
      {"MsgSnap", message(InstallSnapshot{snapshot}), "08071002180120074a130a0164120e0a08080108021003280010091806"},
      {"MsgReadIndex", message(ReadIndexRequest{bytes("ctx")}, 0), "080f100218013a052203637478"},
      {"MsgReadIndexResp", message(ReadIndexResponse{LogIndex(11), bytes("ctx")}), "0810100218012007300b3a052203637478"},
      {"MsgProp", message(proposal, 0), "0802100218013a0522037075743a020802"},
      {"MsgTimeoutNow", message(TimeoutNow{}), "080e100218012007"},
      {"MsgTransferLeader", message(TransferRequest{}), "080d100218012007"},
      {"MsgPreVoteResp reject", message(VoteResponse{VoteKind::kPreVote, false}), "08121002180120075001"},
  };
}

TEST(MessageCodec, WritesWhatGoWrites) {
  for (const Golden& golden : goldens()) EXPECT_EQ(base::to_hex(encoded(golden.message)), golden.go) << golden.name;
}

TEST(MessageCodec, ReadsWhatGoWrites) {
  for (const Golden& golden : goldens()) {
    Result<Message> decoded = decode_message(shared(golden.go));
    ASSERT_TRUE(decoded) << golden.name << ": " << decoded.error().detail;
    EXPECT_EQ(*decoded, golden.message) << golden.name << ": " << testing::describe_message(*decoded);
  }
}

// 3.6 and older write every number, zero or not, and an empty snapshot.
TEST(MessageCodec, ReadsMessagesWithEveryFieldPresent) {
  Result<Message> decoded = decode_message(shared("0804100218012007280030054000" "4a0612040a002800" "50005800" "6800"));
  ASSERT_TRUE(decoded) << decoded.error().detail;
  EXPECT_EQ(*decoded, message(AppendAccepted{LogIndex(5)}));
}

TEST(MessageCodec, RestoresTheKindsThatGoldensLeaveOut) {
  for (const MessageBody& body : std::vector<MessageBody>{AppendAccepted{LogIndex(3)}, VoteRequest{VoteKind::kPreVote, LogIndex(4), Term(2), false},
                                                          VoteResponse{VoteKind::kVote, true}, VoteResponse{VoteKind::kPreVote, true},
                                                          HeartbeatResponse{bytes("c")}, Heartbeat{}, AppendRequest{}}) {
    Result<Message> decoded = decode_message(base::SharedBytes(encoded(message(body))));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, message(body)) << testing::describe_message(*decoded);
  }
}

TEST(MessageCodec, SharesLargePayloads) {
  std::string large(100'000, 'x');
  base::SharedBytes data(large);
  Entries entries(std::vector{Entry{Term(1), LogIndex(1), EntryType::kNormal, data}});
  base::Rope rope;
  encode(message(AppendRequest{LogIndex(0), Term(0), LogIndex(0), entries}), rope);
  bool shared = false;
  for (const base::SharedBytes& piece : rope.pieces()) shared = shared || piece.data() == data.data();
  EXPECT_TRUE(shared);
}

TEST(MessageCodec, RefusesWhatNeverTravels) {
  for (const char* kind : {"00", "01", "0a", "0b", "0c", "13", "16", "17", "63"}) {
    Result<Message> decoded = decode_message(shared(std::string("08") + kind + "100218012007"));
    ASSERT_FALSE(decoded) << kind;
    EXPECT_EQ(decoded.error().code, Errc::kUnsupported) << kind;
  }
}

TEST(MessageCodec, RefusesMalformedMessages) {
  for (const char* bad : {"08", "0803100218013a05", "0802100218012007", "080f10021801", "080f100218013a003a00",
                          "08031002180120073005" "3a0410071807", "0807100218014a02ffff"}) {
    Result<Message> decoded = decode_message(shared(bad));
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().code, Errc::kInvalid) << bad;
  }
}

TEST(ConfChangeCodec, AgreesWithGo) {
  ConfChangeV2 change{.transition = ConfChangeTransition::kJointExplicit,
                      .changes = {{ConfChangeType::kAddNode, MemberId(5)}, {ConfChangeType::kRemoveNode, MemberId(300)}},
                      .context = bytes("c")};
  std::string text;
  encode(change, text);
  EXPECT_EQ(base::to_hex(text), "08021204080010051205080110ac021a0163");
  EXPECT_EQ(*decode_conf_change_v2(base::SharedBytes(text)), change);
  EXPECT_EQ(*decode_conf_change_v2({}), ConfChangeV2{}) << "leaving a joint configuration is empty";
}

TEST(ConfChangeCodec, RefusesUnknownKinds) {
  for (const char* bad : {"0803", "1202" "0804", "12", "1203" "080010"}) EXPECT_FALSE(decode_conf_change_v2(shared(bad))) << bad;
}

}  // namespace
}  // namespace etcd::raft
