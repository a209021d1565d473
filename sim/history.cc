#include "sim/history.h"

#include <algorithm>
#include <utility>

namespace etcd::sim {

namespace {

constexpr std::uint64_t kMaxSearch = 3'000'000;

bool is_known(const Operation& operation) { return operation.on_key.returned != RegisterOperation::kNever; }

std::string name_of(const Operation& operation) {
  constexpr const char* kKinds[] = {"put", "delete", "swap", "get"};
  const RegisterOperation& op = operation.on_key;
  return std::string(kKinds[static_cast<int>(op.kind)]) + " of key " + std::to_string(operation.key) + " by client " +
         std::to_string(operation.client) + " (value " + std::to_string(op.value) + ", expected " + std::to_string(op.expected) + ", seen " +
         std::to_string(op.seen) + ", did " + (op.did ? "yes" : "no") + ", revision " + std::to_string(operation.revision) + ", moments " +
         std::to_string(op.called) + ".." + (is_known(operation) ? std::to_string(op.returned) : "?") + ")";
}

}  // namespace

std::size_t History::begin(Operation operation) {
  operation.on_key.called = ++moment_;
  operations_.push_back(std::move(operation));
  dropped_.push_back(false);
  return operations_.size() - 1;
}

std::size_t History::acknowledged() const { return static_cast<std::size_t>(std::ranges::count_if(operations_, is_known)); }

std::optional<std::string> History::violation() const {
  if (auto found = check_revisions()) return found;
  if (auto found = check_values()) return found;
  return check_keys();
}

std::optional<std::string> History::check_keys() const {
  std::map<int, std::vector<RegisterOperation>> by_key;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    if (!dropped_[i]) by_key[operations_[i].key].push_back(operations_[i].on_key);
  }
  undecided_ = 0;
  for (const auto& [key, operations] : by_key) {
    const Verdict verdict = check_register(operations, kMaxSearch);
    if (verdict == Verdict::kUndecided) ++undecided_;
    if (verdict == Verdict::kViolated) return "the history of key " + std::to_string(key) + " is not linearizable";
  }
  return std::nullopt;
}

// Revisions are the one order that all clients see: what was called after something had returned is not before it, and no two changes are one.
std::optional<std::string> History::check_revisions() const {
  struct End {
    std::uint64_t moment;
    std::size_t operation;
    bool is_call;
  };
  std::vector<End> ends;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    if (!is_known(operations_[i]) || operations_[i].revision == 0) continue;
    ends.push_back({operations_[i].on_key.called, i, true});
    ends.push_back({operations_[i].on_key.returned, i, false});
  }
  std::ranges::sort(ends, {}, &End::moment);
  std::vector<std::int64_t> newest_at_call(operations_.size());
  std::map<std::int64_t, std::size_t> changes;
  std::size_t newest = operations_.size();
  for (const End& end : ends) {
    const Operation& operation = operations_[end.operation];
    const std::int64_t known = newest == operations_.size() ? 0 : operations_[newest].revision;
    if (end.is_call) {
      newest_at_call[end.operation] = known;
      continue;
    }
    const std::int64_t before = newest_at_call[end.operation];
    if (operation.revision < before || (operation.changed && operation.revision == before)) {
      return name_of(operation) + " has a revision of the past: " + std::to_string(before) + " was known when it was called";
    }
    if (operation.changed && !changes.emplace(operation.revision, end.operation).second) {
      return name_of(operation) + " has the revision of " + name_of(operations_[changes[operation.revision]]);
    }
    if (operation.revision > known) newest = end.operation;
  }
  return std::nullopt;
}

// A value is where its write said it would be, in the present and in the past.
std::optional<std::string> History::check_values() const {
  std::map<std::uint64_t, std::int64_t> written_at;  // by value
  std::map<std::pair<int, std::int64_t>, std::uint64_t> changes;  // what a key is from a revision on, as far as it is known
  for (const Operation& operation : operations_) {
    if (!is_known(operation) || !operation.changed) continue;
    const std::uint64_t value = operation.on_key.kind == RegisterOperation::Kind::kRemove ? 0 : operation.on_key.value;
    if (value != 0) written_at[value] = operation.revision;
    changes[{operation.key, operation.revision}] = value;
  }
  for (const Operation& operation : operations_) {
    if (!is_known(operation) || operation.mod_revision == 0) continue;
    const auto written = written_at.find(operation.on_key.seen);
    if (written != written_at.end() && written->second != operation.mod_revision) {
      return name_of(operation) + " found mod_revision " + std::to_string(operation.mod_revision) + ", but its put was told " +
             std::to_string(written->second);
    }
  }
  for (const PastRead& read : past_) {
    const auto next = changes.upper_bound({read.key, read.revision});
    if (next == changes.begin() || std::prev(next)->first.first != read.key) continue;
    const auto& [place, value] = *std::prev(next);
    const auto written = written_at.find(read.seen);
    // What is seen may be newer than the newest change that is known, if its own write was never answered; else it must be that.
    const bool is_unknown_write = read.seen != 0 && written == written_at.end();
    if (read.seen == value || is_unknown_write) continue;
    if (read.seen == 0) continue;  // a removal that was never answered may have come between
    return "key " + std::to_string(read.key) + " at revision " + std::to_string(read.revision) + " reads as value " + std::to_string(read.seen) +
           ", but since revision " + std::to_string(place.second) + " it is " + std::to_string(value);
  }
  return std::nullopt;
}

}  // namespace etcd::sim
