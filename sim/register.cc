#include "sim/register.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>

namespace etcd::sim {

namespace {

using Kind = RegisterOperation::Kind;

// The state after the operation; nothing if it could not have got its answer in `state`.
std::optional<std::uint64_t> apply(const RegisterOperation& op, std::uint64_t state) {
  const bool known = op.returned != RegisterOperation::kNever;
  switch (op.kind) {
    case Kind::kWrite: return op.value;
    case Kind::kRemove:
      if (known && op.did != (state != 0)) return std::nullopt;
      return 0;
    case Kind::kSwap:
      if (known && op.did != (state == op.expected)) return std::nullopt;
      if (known && !op.did && op.seen != state) return std::nullopt;
      return state == op.expected ? op.value : state;
    case Kind::kRead:
      if (known && op.seen != state) return std::nullopt;
      return state;
  }
  return std::nullopt;
}

// Calls and returns in order of time, as a list from which an operation is taken out with both its ends.
class Events {
 public:
  explicit Events(const std::vector<RegisterOperation>& operations) {
    struct End {
      std::uint64_t moment;
      std::size_t operation;
      bool is_call;
    };
    std::vector<End> ends;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      ends.push_back({operations[i].called, i, true});
      if (operations[i].returned != RegisterOperation::kNever) ends.push_back({operations[i].returned, i, false});
    }
    std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) { return a.moment < b.moment; });
    nodes_.resize(ends.size() + 2);
    call_.resize(operations.size());
    return_.resize(operations.size(), 0);
    for (std::size_t i = 0; i < ends.size(); ++i) {
      nodes_[i + 1] = {i, i + 2, ends[i].operation, ends[i].is_call};
      (ends[i].is_call ? call_ : return_)[ends[i].operation] = i + 1;
    }
    nodes_[0].next = 1;
  }

  struct Node {
    std::size_t previous = 0;
    std::size_t next = 0;
    std::size_t operation = 0;
    bool is_call = false;
  };

  std::size_t first() const { return nodes_[0].next; }
  bool at_end(std::size_t at) const { return at + 1 == nodes_.size(); }
  const Node& operator[](std::size_t at) const { return nodes_[at]; }
  std::size_t call_of(std::size_t operation) const { return call_[operation]; }

  void take_out(std::size_t operation) {
    unlink(call_[operation]);
    if (return_[operation] != 0) unlink(return_[operation]);
  }
  void put_back(std::size_t operation) {
    if (return_[operation] != 0) link(return_[operation]);
    link(call_[operation]);
  }

 private:
  void unlink(std::size_t at) {
    nodes_[nodes_[at].previous].next = nodes_[at].next;
    nodes_[nodes_[at].next].previous = nodes_[at].previous;
  }
  void link(std::size_t at) {
    nodes_[nodes_[at].previous].next = at;
    nodes_[nodes_[at].next].previous = at;
  }

  std::vector<Node> nodes_;  // the first and the last are no events
  std::vector<std::size_t> call_;
  std::vector<std::size_t> return_;  // 0: none
};

// What was tried already: which operations have taken place, and the state then.
class Tried {
 public:
  explicit Tried(std::size_t operations) : done_((operations + 7) / 8 + sizeof(std::uint64_t), '\0') {}

  // False if it was tried before.
  bool add(std::size_t operation, std::uint64_t state) {
    flip(operation);
    for (std::size_t i = 0; i < sizeof state; ++i) done_[i] = static_cast<char>(state >> (8 * i));
    if (seen_.insert(done_).second) return true;
    flip(operation);
    return false;
  }
  void take_back(std::size_t operation) { flip(operation); }

 private:
  void flip(std::size_t operation) { done_[sizeof(std::uint64_t) + operation / 8] ^= static_cast<char>(1 << (operation % 8)); }

  std::string done_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

Verdict check_register(const std::vector<RegisterOperation>& operations, std::uint64_t max_steps) {
  Events events(operations);
  Tried tried(operations.size());
  std::size_t open = static_cast<std::size_t>(
      std::ranges::count_if(operations, [](const RegisterOperation& op) { return op.returned != RegisterOperation::kNever; }));
  struct Taken {
    std::size_t operation;
    std::uint64_t state_before;
  };
  std::vector<Taken> taken;
  std::uint64_t state = 0;
  std::size_t at = events.first();
  for (std::uint64_t steps = 0; open > 0; ++steps) {
    if (steps >= max_steps) return Verdict::kUndecided;
    if (!events.at_end(at) && events[at].is_call) {
      const std::size_t number = events[at].operation;
      const RegisterOperation& op = operations[number];
      const bool known = op.returned != RegisterOperation::kNever;
      const std::optional<std::uint64_t> after = apply(op, state);
      // One of unknown outcome that would change nothing need not have taken place.
      if (after && (known || *after != state) && tried.add(number, *after)) {
        taken.push_back({number, state});
        state = *after;
        events.take_out(number);
        open -= known ? 1 : 0;
        at = events.first();
      } else {
        at = events[at].next;
      }
      continue;
    }
    // Something has returned, or everything is over, that can't have taken place in this order: the last choice was wrong.
    if (taken.empty()) return Verdict::kViolated;
    const Taken last = taken.back();
    taken.pop_back();
    state = last.state_before;
    tried.take_back(last.operation);
    events.put_back(last.operation);
    open += operations[last.operation].returned != RegisterOperation::kNever ? 1 : 0;
    at = events[events.call_of(last.operation)].next;
  }
  return Verdict::kLinearizable;
}

}  // namespace etcd::sim
