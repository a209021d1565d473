// Is the history of one key linearizable? Could its operations have taken place one after the other, each at some moment between its call and its
// return, with the answers that they got (Wing and Gong's search, with Lowe's memory of what was tried)?
//
// A key holds a number, 0 while it does not exist; every written number is unique. An operation of unknown outcome may have taken place at any moment
// after its call, or never.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

namespace etcd::sim {

struct RegisterOperation {
  enum class Kind : std::uint8_t { kWrite, kRemove, kSwap, kRead };
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  Kind kind = Kind::kRead;
  std::uint64_t value = 0;     // kWrite, kSwap: what to write
  std::uint64_t expected = 0;  // kSwap: writes only if this is there
  std::uint64_t called = 0;    // moments are unique numbers
  std::uint64_t returned = kNever;  // kNever: outcome unknown, and what follows has no meaning

  bool did = false;        // kRemove: it was there. kSwap: it was written
  std::uint64_t seen = 0;  // kRead; kSwap that did not write
};

enum class Verdict : std::uint8_t { kLinearizable, kViolated, kUndecided };

// kUndecided after `max_steps` of search: too many operations at one time.
Verdict check_register(const std::vector<RegisterOperation>& operations, std::uint64_t max_steps);

}  // namespace etcd::sim
