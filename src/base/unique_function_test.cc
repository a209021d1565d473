#include "base/unique_function.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

namespace etcd::base {
namespace {

TEST(UniqueFunction, AnEmptyOneIsFalse) {
  UniqueFunction<void()> none;
  EXPECT_FALSE(none);
  EXPECT_FALSE(UniqueFunction<void()>(nullptr));
}

TEST(UniqueFunction, ACallableThatOnlyMovesIsCalledAfterAMove) {
  auto text = std::make_unique<std::string>("held");
  UniqueFunction<std::size_t(std::string)> first = [text = std::move(text)](std::string more) { return text->size() + more.size(); };
  UniqueFunction<std::size_t(std::string)> second = std::move(first);
  EXPECT_FALSE(first);
  EXPECT_EQ(second("abc"), 7u);
}

TEST(UniqueFunction, ALargeCallableLivesOnTheHeapAndIsFreed) {
  auto alive = std::make_shared<int>(1);
  {
    std::array<char, 200> large{};
    large[199] = 9;
    UniqueFunction<int()> function = [alive, large] { return large[199]; };
    UniqueFunction<int()> moved;
    moved = std::move(function);
    EXPECT_EQ(moved(), 9);
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(UniqueFunction, AssigningReplacesAndDestroysTheOldCallable) {
  auto alive = std::make_shared<int>(1);
  UniqueFunction<void()> function = [alive] {};
  function = nullptr;
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace etcd::base
