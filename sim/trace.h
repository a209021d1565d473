// Trace: what happened in the world, event by event; and a hash over all of it, by which two runs are compared.
//
// Owner: the World. An event is a few numbers, put into words only when somebody wants to read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace etcd::sim {

class Trace {
 public:
  // Keeps the last `kept` events for text(); all of them count for hash().
  explicit Trace(std::size_t kept) : kept_(kept) {}

  // `what` lives for ever: a literal. `member` counts from 1; 0: nobody's.
  void add(std::int64_t time_ns, int member, const char* what, std::uint64_t a = 0, std::uint64_t b = 0);

  std::uint64_t hash() const { return hash_; }
  std::uint64_t count() const { return count_; }
  // The kept events, a line each: "  12.345678 m2 crashed 17 0".
  std::string text() const;

 private:
  struct Event {
    std::int64_t time_ns;
    int member;
    const char* what;
    std::uint64_t a;
    std::uint64_t b;
  };

  void mix(std::uint64_t value);

  std::size_t kept_;
  std::deque<Event> events_;
  std::uint64_t hash_ = 0xcbf29ce484222325u;
  std::uint64_t count_ = 0;
};

}  // namespace etcd::sim
