// Reclaimer: where objects go that the newest state no longer has, but readers of an older version may still look at.
//
// Each published state has a version number. An object made while version b was being built and dropped while version d
// + 1 was being built can be seen by readers of the versions b..d and by nobody else. Dropped objects hang on the
// newest version that sees them; when its readers are gone they move on to the next older version that has readers and
// sees them, or are freed. So a reader who stays for long keeps what he sees, and not what was made and dropped
// meanwhile.
//
// Owner: the apply stage (through ViewPublisher). No locks, no atomics: readers never come here.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace etcd::mvcc {

// An object nobody will change again, how to free it, and the first version that could see it.
struct Retired {
  void* object;
  void (*free)(void* object);
  std::uint64_t born;
};

class Reclaimer {
 public:
  Reclaimer() = default;
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;
  ~Reclaimer() { free_all(dropped_); }

  // The version that is being built, from 1. Objects made now are born in it and may be changed in place until it is
  // published.
  std::uint64_t building() const { return building_; }

  // `object` is no part of the state any more. Freed at once if it was never published.
  void retire(const Retired& retired) {
    if (retired.born == building_) return retired.free(retired.object);
    dropped_.push_back(retired);
  }

  // The version being built is published: hands over what was dropped while it was built, all of which the version
  // before it can see.
  std::vector<Retired> publish() {
    ++building_;
    return std::exchange(dropped_, {});
  }

  static void free_all(std::vector<Retired>& garbage) {
    for (const Retired& retired : garbage) retired.free(retired.object);
    garbage.clear();
  }

 private:
  std::uint64_t building_ = 1;
  std::vector<Retired> dropped_;
};

}  // namespace etcd::mvcc
