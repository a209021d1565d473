// A small seeded generator (splitmix64). Randomness is an input: whoever needs it is handed one of these.
#pragma once

#include <cstdint>

namespace etcd::base {

class Rng {
 public:
  explicit Rng(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  // Uniform enough for our needs; bound > 0.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  // True once in `n` on average; n > 0.
  bool one_in(std::uint64_t n) { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

}  // namespace etcd::base
