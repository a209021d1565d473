#include "rpc/message_batch.h"

#include <gtest/gtest.h>

#include "rpc/testing/h2_client.h"

namespace etcd::rpc {
namespace {

TEST(MessageBatch, FramesAsItIsFilledAndGivesBackWhatWasPutIn) {
  const std::string large(100'000, 'x');
  const auto filled = [&] {
    MessageBatch batch;
    batch.begin(5);
    batch.append("he");
    batch.append("llo");
    batch.begin(0);
    batch.begin(large.size() + 1);
    batch.append("-");
    batch.append(base::SharedBytes::copy_of(large));
    return batch;
  };
  MessageBatch batch = filled();
  EXPECT_EQ(batch.count(), 3U);
  EXPECT_EQ(batch.payload_size(), 5 + large.size() + 1);
  EXPECT_EQ(batch.size(), batch.payload_size() + 15);
  EXPECT_EQ(batch.take_framed().flatten(), testing::framed("hello") + testing::framed("") + testing::framed("-" + large));
  EXPECT_TRUE(batch.empty());

  batch = filled();
  const auto messages = batch.take_messages();
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0].flatten(), "hello");
  EXPECT_EQ(messages[1].flatten(), "");
  EXPECT_EQ(messages[2].flatten(), "-" + large);
  EXPECT_TRUE(batch.empty());
}

}  // namespace
}  // namespace etcd::rpc
