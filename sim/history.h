// History: what clients asked and what they were told, for the checks at the end; see checks in history.cc.
//
// Owner: the World. Moments are counted, so that no two are equal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/register.h"

namespace etcd::sim {

struct Operation {
  RegisterOperation on_key;
  int key = 0;
  int client = 0;
  // Of the answer's header: for a write its own, for a read that of the state it was made from. 0: unknown.
  std::int64_t revision = 0;
  // Of the key-value that a read returned; 0: none.
  std::int64_t mod_revision = 0;
  bool changed = false;  // the answer says that the key space was changed
};

// A read of the past: `seen` is what was at `revision`.
struct PastRead {
  int key = 0;
  std::int64_t revision = 0;
  std::uint64_t seen = 0;
};

class History {
 public:
  // The number of the operation, for ended().
  std::size_t begin(Operation operation);
  // With what is known of the answer filled in.
  Operation& operation(std::size_t number) { return operations_[number]; }
  // It has certainly not taken place, and never will.
  void never_was(std::size_t number) { dropped_[number] = true; }
  void returned(std::size_t number) { operations_[number].on_key.returned = ++moment_; }
  void add(const PastRead& read) { past_.push_back(read); }

  const std::vector<Operation>& operations() const { return operations_; }
  std::size_t size() const { return operations_.size(); }
  std::size_t acknowledged() const;
  // The highest revision that a client was told.
  std::int64_t newest_revision() const { return newest_; }
  void told(std::int64_t revision) { newest_ = std::max(newest_, revision); }

  // The first thing that is wrong with it; nothing if all is well.
  std::optional<std::string> violation() const;
  // Keys whose check was given up.
  int undecided() const { return undecided_; }

 private:
  std::optional<std::string> check_keys() const;
  std::optional<std::string> check_revisions() const;
  std::optional<std::string> check_values() const;

  std::vector<Operation> operations_;
  std::vector<bool> dropped_;
  std::vector<PastRead> past_;
  std::uint64_t moment_ = 0;
  std::int64_t newest_ = 0;
  mutable int undecided_ = 0;
};

}  // namespace etcd::sim
