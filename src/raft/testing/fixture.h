// Shorthands for tests of the core.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "raft/raft.h"

namespace etcd::raft::testing {

inline base::SharedBytes bytes(std::string_view text) { return base::SharedBytes::copy_of(text); }

inline Entry entry(std::uint64_t term, std::uint64_t index, std::string_view data = {}) {
  return {Term(term), LogIndex(index), EntryType::kNormal, bytes(data)};
}

inline ConfState voters(std::vector<std::uint64_t> ids, std::vector<std::uint64_t> learners = {}) {
  ConfState conf;
  for (std::uint64_t id : ids) conf.voters.emplace_back(id);
  for (std::uint64_t id : learners) conf.learners.emplace_back(id);
  return conf;
}

// A member that has just been bootstrapped into `conf` by a snapshot at index 1, term 1.
inline Recovered fresh(const ConfState& conf) {
  Recovered recovered;
  recovered.hard_state = {Term(1), MemberId(0), LogIndex(1)};
  recovered.snapshot.metadata = {conf, LogIndex(1), Term(1)};
  recovered.applied = LogIndex(1);
  recovered.conf_state = conf;
  return recovered;
}

inline Config config(std::uint64_t id) {
  Config config;
  config.id = MemberId(id);
  config.pre_vote = false;
  config.check_quorum = false;
  return config;
}

inline Raft make(const Config& config, Recovered recovered, std::uint64_t seed = 1) {
  Result<Raft> raft = Raft::create(config, std::move(recovered), base::Rng(seed));
  EXPECT_TRUE(raft.has_value()) << (raft ? "" : raft.error().detail);
  return std::move(*raft);
}

inline Propose propose(std::string_view data) { return Propose{{bytes(data)}}; }

// The only voter, leading, its first entry applied.
inline Raft sole_leader(const Config& settings) {
  Raft raft = make(settings, fresh(voters({settings.id.value})));
  Output campaign = raft.step(Campaign{});
  while (campaign.persist) campaign = raft.step(Persisted{campaign.persist->number});
  raft.step(Applied{raft.committed()});
  EXPECT_EQ(raft.role(), Role::kLeader);
  return raft;
}

inline std::vector<std::string> texts(const Entries& entries) {
  std::vector<std::string> all;
  for (const Entry& e : entries) all.emplace_back(e.data.view());
  return all;
}

}  // namespace etcd::raft::testing
