#include "server/startup_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace etcd::server {
namespace {

std::size_t resident_file_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoul(line.substr(8));
  }
  return 0;
}

int variable = 41;

TEST(StartupPages, AreGivenBackAndComeBackWhenTheyAreNeeded) {
  variable = 42;
  const std::size_t before = resident_file_kib();
  const std::size_t looked_at = release_startup_pages();
  const std::size_t after = resident_file_kib();
  EXPECT_GT(looked_at, 1U << 20U);
  EXPECT_LT(after + 500, before);
  EXPECT_EQ(variable, 42) << "what was written stays";
  EXPECT_EQ(std::to_string(variable), "42") << "code runs on";
}

}  // namespace
}  // namespace etcd::server
