#include "api/watch_messages.h"

#include <gtest/gtest.h>

#include "base/wire.h"
#include "proto/watch.pb.h"

namespace etcd::api {
namespace {

namespace pb = etcdserverpb;

std::string in_field(std::uint32_t number, std::string_view bytes) {
  std::string out;
  base::WireWriter(out).bytes(number, bytes);
  return out;
}

TEST(WatchMessages, ReadsEveryFieldOfACreateRequest) {
  pb::WatchRequest message;
  pb::WatchCreateRequest& create = *message.mutable_create_request();
  create.set_key("k");
  create.set_range_end("z");
  create.set_start_revision(-7);
  create.set_progress_notify(true);
  create.add_filters(pb::WatchCreateRequest::NODELETE);
  create.set_prev_kv(true);
  create.set_watch_id(-3);
  create.set_fragment(true);
  const std::string bytes = message.SerializeAsString();
  const auto call = decode_watch_request(bytes);
  ASSERT_TRUE(call);
  const auto& read = std::get<WatchCreate>(*call);
  EXPECT_EQ(read.id, watch::WatchId(-3));
  EXPECT_EQ(read.request.key, "k");
  EXPECT_EQ(read.request.range_end, "z");
  EXPECT_EQ(read.request.start, Revision(-7));
  EXPECT_TRUE(read.request.progress_notify && read.request.prev_kv && read.request.fragment && read.request.no_delete);
  EXPECT_FALSE(read.request.no_put);
}

TEST(WatchMessages, FiltersComePackedOrOneByOne) {
  for (const std::string& filters : {std::string("\x28\x00\x28\x01", 4), std::string("\x2a\x02\x00\x01", 4)}) {
    const std::string bytes = in_field(1, filters);
    const auto call = decode_watch_request(bytes);
    ASSERT_TRUE(call);
    const auto& read = std::get<WatchCreate>(*call);
    EXPECT_TRUE(read.request.no_put && read.request.no_delete);
  }
}

TEST(WatchMessages, TheSameAlternativeAgainAddsAndAnotherReplaces) {
  const std::string twice = in_field(1, "\x0a\x01k") + in_field(1, "\x18\x05");
  const auto merged = decode_watch_request(twice);
  ASSERT_TRUE(merged);
  EXPECT_EQ(std::get<WatchCreate>(*merged).request.key, "k");
  EXPECT_EQ(std::get<WatchCreate>(*merged).request.start, Revision(5));
  const std::string replaced = in_field(1, "\x0a\x01k") + in_field(2, "\x08\x09");
  const auto cancel = decode_watch_request(replaced);
  ASSERT_TRUE(cancel);
  EXPECT_EQ(std::get<WatchCancel>(*cancel).id, watch::WatchId(9));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(*decode_watch_request("")));
  EXPECT_TRUE(std::holds_alternative<WatchProgress>(*decode_watch_request(in_field(3, ""))));
}

TEST(WatchMessages, RefusesWhatIsNotProtobuf) {
  for (const std::string& bytes : {std::string("\x0a\x05k"), in_field(1, "\x0a\x05k"), in_field(1, "\x2a\x01\x80"), in_field(2, "\x08")}) {
    EXPECT_FALSE(decode_watch_request(bytes));
  }
}

}  // namespace
}  // namespace etcd::api
