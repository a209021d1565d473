#include "rpc/output.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "base/rng.h"

namespace etcd::rpc {
namespace {

// What writev would send, written in steps of at most `step` bytes.
std::string written(OutputBatch& batch, std::size_t step) {
  std::string all;
  while (!batch.empty()) {
    std::array<iovec, 3> pieces;
    const std::size_t count = batch.describe(pieces);
    std::string some;
    for (std::size_t i = 0; i < count; ++i)
      some.append(static_cast<const char*>(pieces[i].iov_base), pieces[i].iov_len);
    some.resize(std::min(some.size(), step));
    batch.drop(some.size());
    all += some;
  }
  return all;
}

TEST(OutputBatch, PartialWritesLoseNothing) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{700}, std::size_t{1'000'000}}) {
    OutputBatch batch;
    std::string expected;
    for (int i = 0; i < 20; ++i) {
      const std::string small(static_cast<std::size_t>(i), 's');
      const std::string large(1000 + static_cast<std::size_t>(i) * 100, 'L');
      batch.copy(small);
      batch.share(base::SharedBytes::copy_of(large));
      expected += small + large;
    }
    EXPECT_EQ(batch.size(), expected.size());
    EXPECT_EQ(written(batch, step), expected) << step;
  }
}

TEST(OutputBatch, LargePiecesAreSharedAndSmallOnesCopied) {
  OutputBatch batch;
  const auto large = base::SharedBytes::copy_of(std::string(5000, 'x'));
  batch.copy("head");
  batch.share(base::SharedBytes::copy_of("small"));
  batch.share(large);
  std::array<iovec, 8> pieces;
  ASSERT_EQ(batch.describe(pieces), 2U);
  EXPECT_EQ(pieces[0].iov_len, 9U);
  EXPECT_EQ(pieces[1].iov_base, large.data());
}

class Digits final : public base::RopeSource {
 public:
  explicit Digits(std::size_t size) : left_(size) {}
  std::size_t size() const override { return left_; }
  void append_next(std::size_t count, std::string& out) override {
    for (; count > 0; --count) out += static_cast<char>('0' + left_-- % 10);
  }

 private:
  std::size_t left_;
};

TEST(OutputQueue, BytesOfASourceAreMadeAsTheyAreTaken) {
  OutputQueue queue;
  OutputBatch batch;
  queue.push("head", base::Rope(std::make_unique<Digits>(25)));
  queue.push("", base::Rope(std::string("next")));
  EXPECT_EQ(queue.size(), 33U);
  for (const std::size_t count : {6U, 20U, 7U}) queue.take(count, batch);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(written(batch, 9), "head5432109876543210987654321next");
}

// As of a watch whose client is always a little behind.
TEST(OutputQueue, AQueueThatIsNeverEmptyKeepsNothingOfWhatHasLeft) {
  OutputQueue queue;
  OutputBatch batch;
  queue.push("head", base::Rope(std::string("body")));
  for (int i = 0; i < 10'000; ++i) {
    queue.push("head", base::Rope(std::string("body")));
    queue.take(8, batch);
    ASSERT_EQ(written(batch, 100), "headbody");
  }
  EXPECT_LE(queue.capacity(), 8U);
}

TEST(OutputQueue, WhatIsTakenIsWhatWasPushedHoweverItIsCut) {
  base::Rng rng(5);
  OutputQueue queue;
  OutputBatch batch;
  std::string expected;
  std::string got;
  for (int round = 0; round < 200; ++round) {
    base::Rope body;
    std::string flat(rng.next() % 3 == 0 ? "" : "head");
    const std::string head = flat;
    for (std::uint64_t i = rng.next() % 4; i > 0; --i) {
      const std::string piece(rng.next() % 4000, static_cast<char>('a' + round % 26));
      rng.next() % 2 == 0 ? body.append(std::string_view(piece)) : body.append(base::SharedBytes::copy_of(piece));
      flat += piece;
    }
    queue.push(head, std::move(body));
    expected += flat;
    queue.take(rng.next() % (queue.size() + 1), batch);
    got += written(batch, 1'000'000);
  }
  queue.take(queue.size(), batch);
  got += written(batch, 1'000'000);
  EXPECT_EQ(got, expected);
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace etcd::rpc
