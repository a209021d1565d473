#include "base/bytes.h"

#include <gtest/gtest.h>

#include <memory>

namespace etcd::base {
namespace {

TEST(SharedBytes, ASliceKeepsTheBlockAlive) {
  SharedBytes slice;
  {
    const SharedBytes whole(std::string("the quick brown fox jumps over the lazy dog"));
    slice = whole.slice(4, 5);
  }
  EXPECT_EQ(slice.view(), "quick");
}

TEST(SharedBytes, ACopySharesTheBytes) {
  const SharedBytes first = SharedBytes::copy_of("some bytes that are longer than a small string");
  const SharedBytes second = first;  // NOLINT: the copy is what is tested
  EXPECT_EQ(first.data(), second.data());
  EXPECT_EQ(first, second);
}

TEST(SharedBytes, AViewInsideBecomesASlice) {
  const SharedBytes whole = SharedBytes::copy_of("abcdef");
  EXPECT_EQ(whole.slice(whole.view().substr(2, 2)).view(), "cd");
  EXPECT_TRUE(whole.slice(std::string_view()).empty());
}

TEST(SharedBytes, ASliceOutsideEndsTheProcess) {
  const SharedBytes whole = SharedBytes::copy_of("abc");
  EXPECT_DEATH((void)whole.slice(2, 2), "CHECK failed");
  EXPECT_DEATH((void)whole.slice(4, 0), "CHECK failed");
  EXPECT_DEATH((void)whole.slice(1, SIZE_MAX), "CHECK failed");
  const std::string elsewhere = "abc";
  EXPECT_DEATH((void)whole.slice(std::string_view(elsewhere)), "CHECK failed");
}

TEST(Rope, SmallAppendsGatherAndLargeOnesAreShared) {
  const SharedBytes large(std::string(5000, 'x'));
  Rope rope;
  rope.append("head");
  rope.append(SharedBytes::copy_of("er"));
  rope.append(large);
  rope.append("tail");
  ASSERT_EQ(rope.pieces().size(), 3u);
  EXPECT_EQ(rope.pieces()[0].view(), "header");
  EXPECT_EQ(rope.pieces()[1].data(), large.data());
  EXPECT_EQ(rope.size(), 6u + 5000 + 4);
  EXPECT_EQ(rope.flatten(), "header" + std::string(5000, 'x') + "tail");
}

TEST(Rope, AppendingARopeEmptiesIt) {
  Rope first(std::string("one"));
  Rope second(std::string("two"));
  first.append(std::move(second));
  EXPECT_EQ(first.flatten(), "onetwo");
  EXPECT_TRUE(second.empty());  // NOLINT: moved-from state is promised
}

// Makes "abc...", a letter a byte.
class Alphabet final : public RopeSource {
 public:
  explicit Alphabet(std::size_t size) : left_(size) {}
  std::size_t size() const override { return left_; }
  void append_next(std::size_t count, std::string& out) override {
    left_ -= count;
    for (; count > 0; --count) out += next_++;
  }

 private:
  std::size_t left_;
  char next_ = 'a';
};

TEST(Rope, WhatASourceMakesIsMadeWhenItIsAskedFor) {
  Rope rope(std::make_unique<Alphabet>(4));
  EXPECT_EQ(rope.size(), 4U);
  ASSERT_NE(rope.source(), nullptr);
  rope.append("!");
  EXPECT_EQ(rope.source(), nullptr);
  EXPECT_EQ(rope.flatten(), "abcd!");

  Rope all;
  all.append("<");
  all.append(Rope(std::make_unique<Alphabet>(2)));
  EXPECT_EQ(all.size(), 3U);
  EXPECT_EQ(all.flatten(), "<ab");
}

TEST(Rope, AnEmptyPieceIsNeverListed) {
  Rope rope;
  rope.append(std::string_view());
  rope.append(SharedBytes());
  EXPECT_TRUE(rope.pieces().empty());
  EXPECT_TRUE(rope.empty());
}

}  // namespace
}  // namespace etcd::base
