#include "raft/testing/hostile.h"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.h"

namespace etcd::raft {
namespace {

TEST(Hostile, NoMessageAndNoOrderOfEventsBreaksAnInvariant) {
  base::Rng rng(7);
  for (int round = 0; round < 1'000; ++round) {
    std::string bytes(rng.below(1'000), '\0');
    for (char& c : bytes) c = static_cast<char>(rng.next());
    testing::run_hostile(bytes);
  }
}

}  // namespace
}  // namespace etcd::raft
