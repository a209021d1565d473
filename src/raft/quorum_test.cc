#include "raft/quorum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/rng.h"
#include "raft/testing/script.h"

namespace etcd::raft {
namespace {

using testing::run_script;
using testing::ScriptCommand;
using Ids = std::vector<MemberId>;
using Acks = std::map<MemberId, std::uint64_t>;

std::uint64_t reached(const Ids& incoming, const Ids& outgoing, const Acks& acks) {
  return joint_reached(incoming, outgoing, [&](MemberId id) { return acks.contains(id) ? acks.at(id) : 0; });
}

// By the book: the highest acknowledged number that more than half have reached.
std::uint64_t naive_reached(const Ids& voters, const Acks& acks) {
  if (voters.empty()) return std::numeric_limits<std::uint64_t>::max();
  std::uint64_t best = 0;
  for (auto [id, candidate] : acks) {
    auto there = std::ranges::count_if(voters, [&](MemberId voter) { return acks.contains(voter) && acks.at(voter) >= candidate; });
    if (static_cast<std::size_t>(there) * 2 > voters.size()) best = std::max(best, candidate);
  }
  return best;
}

// By the book: try every way the missing voters could vote.
VoteResult naive_vote(const Ids& voters, const Votes& votes) {
  bool can_win = false;
  bool can_lose = false;
  Ids missing;
  std::ranges::copy_if(voters, std::back_inserter(missing), [&](MemberId id) { return !votes.contains(id); });
  for (std::uint32_t way = 0; way < (1u << missing.size()); ++way) {
    std::size_t granted = static_cast<std::size_t>(std::popcount(way));
    for (MemberId id : voters) granted += votes.contains(id) && votes.at(id);
    (voters.empty() || granted * 2 > voters.size() ? can_win : can_lose) = true;
  }
  if (can_win && can_lose) return VoteResult::kPending;
  return can_win ? VoteResult::kWon : VoteResult::kLost;
}

Ids random_voters(base::Rng& rng) {
  std::set<MemberId> ids;
  for (std::uint64_t n = rng.below(12); n > 0; --n) ids.insert(MemberId(1 + rng.below(15)));
  return {ids.begin(), ids.end()};
}

TEST(Quorum, MajoritiesEqualTheNaiveCount) {
  base::Rng rng(1);
  for (int round = 0; round < 20'000; ++round) {
    Ids incoming = random_voters(rng);
    Ids outgoing = random_voters(rng);
    Acks acks;
    for (std::uint64_t id = 1; id <= 15; ++id) {
      if (!rng.one_in(4)) acks[MemberId(id)] = rng.below(20);
    }
    std::uint64_t expected = std::min(naive_reached(incoming, acks), naive_reached(outgoing, acks));
    ASSERT_EQ(reached(incoming, outgoing, acks), expected);
    ASSERT_EQ(reached(outgoing, incoming, acks), expected);
  }
}

TEST(Quorum, VotesEqualTheNaiveCount) {
  base::Rng rng(2);
  for (int round = 0; round < 5'000; ++round) {
    Ids voters = random_voters(rng);
    Votes votes;
    for (std::uint64_t id = 1; id <= 15; ++id) {
      if (!rng.one_in(3)) votes[MemberId(id)] = rng.one_in(2);
    }
    ASSERT_EQ(majority_vote(voters, votes), naive_vote(voters, votes));
    ASSERT_EQ(joint_vote(voters, {}, votes), naive_vote(voters, votes));
    ASSERT_EQ(joint_vote(voters, voters, votes), naive_vote(voters, votes));
  }
}

TEST(Quorum, AJointElectionNeedsBothHalves) {
  Ids old_voters = {MemberId(1), MemberId(2), MemberId(3)};
  Ids new_voters = {MemberId(3), MemberId(4), MemberId(5)};
  Votes votes = {{MemberId(1), true}, {MemberId(2), true}};
  EXPECT_EQ(joint_vote(new_voters, old_voters, votes), VoteResult::kPending);
  votes[MemberId(4)] = votes[MemberId(5)] = false;
  EXPECT_EQ(joint_vote(new_voters, old_voters, votes), VoteResult::kLost);
  votes[MemberId(4)] = votes[MemberId(3)] = true;
  EXPECT_EQ(joint_vote(new_voters, old_voters, votes), VoteResult::kWon);
}

// The rest runs etcd's scripts: "committed cfg=(1,2) cfgj=(3) idx=(5,_,7)" and "vote cfg=(1,2) votes=(y,_)".
Ids ids_of(const ScriptCommand& command, const char* key) {
  std::set<MemberId> ids;
  for (const std::string& value : command.values(key)) {
    if (value != "zero") ids.insert(MemberId(std::stoull(value)));
  }
  return {ids.begin(), ids.end()};
}

// The values stand for the voters of both halves as written, each once.
std::map<MemberId, std::string> values_by_voter(const ScriptCommand& command, const char* key) {
  std::map<MemberId, std::string> by_voter;
  std::set<MemberId> seen;
  std::vector<std::string> values = command.values(key);
  std::size_t next = 0;
  for (const char* half : {"cfg", "cfgj"}) {
    for (const std::string& voter : command.values(half)) {
      if (voter == "zero" || !seen.insert(MemberId(std::stoull(voter))).second) continue;
      if (values.at(next) != "_") by_voter[MemberId(std::stoull(voter))] = values[next];
      ++next;
    }
  }
  return by_voter;
}

// A bar for each voter, as long as the number of voters behind it.
std::string bars(const Ids& voters, const Acks& acks) {
  if (voters.empty()) return "<empty majority quorum>";
  auto ack = [&](MemberId id) { return acks.contains(id) ? acks.at(id) : 0; };
  std::string text(voters.size(), ' ');
  text += "    idx\n";
  for (MemberId id : voters) {
    auto behind = static_cast<std::size_t>(std::ranges::count_if(voters, [&](MemberId other) { return ack(other) < ack(id); }));
    text += acks.contains(id) ? std::string(behind, 'x') + ">" + std::string(voters.size() - behind, ' ') : "?" + std::string(voters.size(), ' ');
    char line[64];
    std::snprintf(line, sizeof line, " %5llu    (id=%llx)\n", static_cast<unsigned long long>(ack(id)), static_cast<unsigned long long>(id.value));
    text += line;
  }
  return text;
}

std::string run_committed(const ScriptCommand& command) {
  Ids incoming = ids_of(command, "cfg");
  Ids outgoing = ids_of(command, "cfgj");
  std::set<MemberId> all(incoming.begin(), incoming.end());
  all.insert(outgoing.begin(), outgoing.end());
  Acks acks;
  for (const auto& [id, value] : values_by_voter(command, "idx")) acks[id] = std::stoull(value);
  std::uint64_t index = reached(incoming, outgoing, acks);
  std::string result = index == std::numeric_limits<std::uint64_t>::max() ? "∞" : std::to_string(index);
  return bars(Ids(all.begin(), all.end()), acks) + result + "\n";
}

std::string run_vote(const ScriptCommand& command) {
  Votes votes;
  for (const auto& [id, value] : values_by_voter(command, "votes")) votes[id] = value == "y";
  switch (joint_vote(ids_of(command, "cfg"), ids_of(command, "cfgj"), votes)) {
    case VoteResult::kPending: return "VotePending";
    case VoteResult::kLost: return "VoteLost";
    case VoteResult::kWon: return "VoteWon";
  }
  return "";
}

TEST(Quorum, AgreesWithGoScripts) {
  std::vector<std::string> scripts = testing::scripts_in(testing::go_raft_module() + "/quorum/testdata");
  if (scripts.empty()) GTEST_SKIP() << testing::kNoGoModule;
  for (const std::string& script : scripts) {
    std::string difference =
        run_script(script, {[](const ScriptCommand& command) { return command.name == "vote" ? run_vote(command) : run_committed(command); }});
    if (!difference.empty()) ADD_FAILURE() << difference;
  }
}

}  // namespace
}  // namespace etcd::raft
