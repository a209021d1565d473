#include "api/range_stream.h"

#include <gtest/gtest.h>

#include "api/testing/api_rig.h"
#include "proto/kv_service.pb.h"

namespace etcd::api {
namespace {

using testing::ApiRig;
namespace pb = etcdserverpb;

pb::RangeRequest all_keys() {
  pb::RangeRequest request;
  request.set_key(std::string(1, '\0'));
  request.set_range_end(std::string(1, '\0'));
  return request;
}

void fill(ApiRig& rig, int keys, std::size_t value_bytes = 1) {
  for (int i = 0; i < keys; ++i) rig.node.store.put("k" + std::to_string(1000 + i), std::string(value_bytes, 'v'));
}

std::vector<pb::RangeResponse> chunks_of(ApiRig& rig, std::int32_t stream) {
  std::vector<pb::RangeResponse> chunks;
  for (const std::string& message : rig.answer_of(stream).messages()) {
    pb::RangeStreamResponse response;
    EXPECT_TRUE(response.ParseFromString(message));
    chunks.push_back(response.range_response());
  }
  return chunks;
}

int keys_in(const std::vector<pb::RangeResponse>& chunks) {
  int keys = 0;
  for (const pb::RangeResponse& chunk : chunks) keys += chunk.kvs_size();
  return keys;
}

TEST(RangeStream, SendsGrowingChunksAndTheHeaderWithTheLast) {
  ApiRig rig;
  fill(rig, 45);
  const std::int32_t stream = rig.begin("KV/RangeStream", all_keys().SerializeAsString());
  ASSERT_EQ(rig.outcome_of(stream).code, "0");
  const auto chunks = chunks_of(rig, stream);
  ASSERT_EQ(chunks.size(), 3u);
  EXPECT_EQ(chunks[0].kvs_size(), 10);
  EXPECT_EQ(chunks[1].kvs_size(), 20);
  EXPECT_EQ(chunks[2].kvs_size(), 15);
  EXPECT_EQ(chunks[1].kvs(0).key(), "k1010");
  EXPECT_FALSE(chunks[0].has_header());
  EXPECT_EQ(chunks[0].count(), 0);
  EXPECT_EQ(chunks[2].header().revision(), 46);
  EXPECT_EQ(chunks[2].header().member_id(), 0xa1u);
  EXPECT_EQ(chunks[2].count(), 45);
  EXPECT_FALSE(chunks[2].more());
}

TEST(RangeStream, ALimitCutsAndTheCountIsStillOfAll) {
  ApiRig rig;
  fill(rig, 45);
  pb::RangeRequest request = all_keys();
  request.set_limit(12);
  const std::int32_t stream = rig.begin("KV/RangeStream", request.SerializeAsString());
  const auto chunks = chunks_of(rig, stream);
  ASSERT_EQ(chunks.size(), 2u);
  EXPECT_EQ(keys_in(chunks), 12);
  EXPECT_TRUE(chunks[1].more());
  EXPECT_EQ(chunks[1].count(), 45);
}

TEST(RangeStream, AnEmptyRangeIsOneMessage) {
  ApiRig rig;
  const std::int32_t stream = rig.begin("KV/RangeStream", all_keys().SerializeAsString());
  const auto chunks = chunks_of(rig, stream);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].count(), 0);
  EXPECT_EQ(chunks[0].header().revision(), 1);
}

TEST(RangeStream, ACountIsOneMessage) {
  ApiRig rig;
  fill(rig, 45);
  pb::RangeRequest request = all_keys();
  request.set_count_only(true);
  const std::int32_t stream = rig.begin("KV/RangeStream", request.SerializeAsString());
  const auto chunks = chunks_of(rig, stream);
  ASSERT_EQ(chunks.size(), 1u);
  EXPECT_EQ(chunks[0].count(), 45);
  EXPECT_EQ(chunks[0].kvs_size(), 0);
}

TEST(RangeStream, ASlowClientStopsItAndWritesMeanwhileDoNotShow) {
  ApiRig rig;
  fill(rig, 60, 200'000);
  const std::int32_t stream = rig.client().call("/etcdserverpb.KV/RangeStream", all_keys().SerializeAsString());
  rig.settle();
  rig.node.store.put("k1030", "changed");
  rig.settle();
  ASSERT_EQ(rig.outcome_of(stream).code, "0");
  const auto chunks = chunks_of(rig, stream);
  EXPECT_EQ(keys_in(chunks), 60);
  EXPECT_EQ(chunks.back().count(), 60);
  EXPECT_EQ(chunks.back().header().revision(), 61);
}

TEST(RangeStream, WaitsForTheBarrier) {
  ApiRig rig;
  rig.node.linearizable = false;
  const std::int32_t stream = rig.begin("KV/RangeStream", all_keys().SerializeAsString());
  ASSERT_EQ(rig.node.barriers.size(), 1u);
  rig.node.barriers.front()(fail(Errc::kTimeout));
  rig.settle();
  EXPECT_EQ(rig.outcome_of(stream).code, "14");
  EXPECT_EQ(rig.outcome_of(stream).message, "etcdserver: request timed out");
}

TEST(RangeStream, SortsAndRevisionFiltersAreNotImplemented) {
  ApiRig rig;
  pb::RangeRequest sorted = all_keys();
  sorted.set_sort_order(pb::RangeRequest::DESCEND);
  auto outcome = rig.call("KV/RangeStream", sorted);
  EXPECT_EQ(outcome.code, "12");
  EXPECT_EQ(outcome.message, "RangeStream does not support custom sort orders");
  pb::RangeRequest filtered = all_keys();
  filtered.set_min_mod_revision(3);
  outcome = rig.call("KV/RangeStream", filtered);
  EXPECT_EQ(outcome.code, "12");
  EXPECT_EQ(outcome.message, "RangeStream does not support revision filters");
}

TEST(RangeStream, ChunksAimAtTheRequestLimit) {
  EXPECT_EQ(next_chunk_limit(10, 49, 100), 20);
  EXPECT_EQ(next_chunk_limit(10, 50, 100), 10);
  EXPECT_EQ(next_chunk_limit(10, 200, 100), 10);
  EXPECT_EQ(next_chunk_limit(10, 201, 100), 5);
  EXPECT_EQ(next_chunk_limit(1, 201, 100), 1);
}

}  // namespace
}  // namespace etcd::api
