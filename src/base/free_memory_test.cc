#include "base/free_memory.h"

#include <gtest/gtest.h>

namespace etcd::base {
namespace {

TEST(FreeMemory, AStringIsEmptyAfterwardsAndHasNoMemory) {
  std::string text(100'000, 'x');
  free_memory(text);
  EXPECT_TRUE(text.empty());
  EXPECT_EQ(text.capacity(), std::string().capacity());
}

}  // namespace
}  // namespace etcd::base
