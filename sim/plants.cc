#include "sim/plants.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <sys/wait.h>
#include <unistd.h>

#include "base/plant.h"

namespace etcd::sim {

namespace {

// What a child says: "seed <number>\n" before each, and at last what is wrong.
std::string output_of(const std::function<void(int)>& child) {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  std::fflush(nullptr);
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ends[0]);
    ::dup2(ends[1], STDERR_FILENO);  // a broken invariant speaks there
    child(ends[1]);
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t got = ::read(ends[0], buffer, sizeof buffer); got > 0; got = ::read(ends[0], buffer, sizeof buffer)) {
    output.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  ::waitpid(process, nullptr, 0);
  return output;
}

void say(int out, const std::string& text) { (void)!::write(out, text.data(), text.size()); }

}  // namespace

std::vector<std::string_view> planted_bugs() {
  return {"acknowledges_before_fsync",
          "acknowledges_entries_before_they_are_durable",
          "asks_again_with_the_same_context",
          "calls_the_unknown_refused",
          "commits_older_terms_by_counting",
          "compaction_drops_its_tombstone",
          "damage_looks_torn",
          "db_commits_are_not_durable",
          "every_leader_reads_alone",
          "heartbeats_commit_what_may_differ",
          "ignores_failed_writes",
          "index_committed_before_its_effects",
          "leaders_snapshot_is_not_recorded",
          "lessor_recovered_after_the_key_store",
          "members_compact_differently",
          "new_leaders_trust_old_clocks",
          "nobody_is_judged",
          "old_permissions_count",
          "progress_ahead_of_events",
          "raft_does_not_hear_of_learners",
          "reads_ahead_of_apply",
          "reads_without_a_quorum",
          "received_db_is_not_synced",
          "renewals_are_forgotten",
          "renews_what_has_expired",
          "revokes_without_its_term",
          "users_outlive_a_snapshot",
          "votes_without_fsync",
          "wal_segment_has_no_durable_name",
          "watchers_miss_what_is_compacted"};
}

bool plant(std::string_view name) {
#ifdef ETCD_PLANTS
  const std::vector<std::string_view> known = planted_bugs();
  const auto found = std::ranges::find(known, name);
  if (found == known.end()) return false;
  base::planted_bug() = *found;
  return true;
#else
  (void)name;
  return false;
#endif
}

int find_planted_bugs(std::uint64_t first, std::uint64_t last, const std::function<std::string(std::uint64_t seed)>& try_seed) {
  int missed = 0;
  for (const std::string_view name : planted_bugs()) {
    const std::string output = output_of([&](int out) {
      if (!plant(name)) return;
      for (std::uint64_t seed = first; seed <= last; ++seed) {
        say(out, "seed " + std::to_string(seed) + "\n");
        const std::string wrong = try_seed(seed);
        if (!wrong.empty()) return say(out, wrong);
      }
    });
    const std::size_t at = output.rfind("seed ");
    const std::size_t end = output.find('\n', at);
    const std::string seen = end == std::string::npos ? "" : output.substr(end + 1, output.find('\n', end + 1) - end - 1);
    const std::string seed = at == std::string::npos ? "?" : output.substr(at + 5, end - at - 5);
    std::printf("| %.*s | %s | %s |\n", static_cast<int>(name.size()), name.data(), seen.empty() ? "not found" : seed.c_str(), seen.c_str());
    std::fflush(stdout);
    missed += seen.empty() ? 1 : 0;
  }
  return missed;
}

}  // namespace etcd::sim
