#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace etcd::base {
namespace {

// RFC 3720, appendix B.4, and the check value of the algorithm.
TEST(Crc32c, HasThePublishedValues) {
  EXPECT_EQ(crc32c(0, ""), 0u);
  EXPECT_EQ(crc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
  std::string ascending;
  for (int i = 0; i < 32; ++i) ascending.push_back(static_cast<char>(i));
  EXPECT_EQ(crc32c(0, ascending), 0x46dd794eu);
}

TEST(Crc32c, TheInstructionAgreesWithTheTableAtEveryLength) {
  Rng rng(1);
  std::string bytes;
  for (int i = 0; i < 10'000; ++i) bytes.push_back(static_cast<char>(rng.next()));
  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 20) {
    const std::string_view part = std::string_view(bytes).substr(rng.below(bytes.size() - size), size);
    const auto seed = static_cast<std::uint32_t>(rng.next());
    EXPECT_EQ(crc32c(seed, part), crc32c_by_table(seed, part)) << size;
  }
}

TEST(Crc32c, ASumMayBeTakenPieceByPiece) {
  const std::string bytes(9000, 'k');
  for (const std::size_t cut : {0u, 1u, 7u, 3072u, 4096u, 8999u}) {
    EXPECT_EQ(crc32c(crc32c(0, bytes.substr(0, cut)), bytes.substr(cut)), crc32c(0, bytes));
  }
}

}  // namespace
}  // namespace etcd::base
