// etcd_sim: runs worlds by their seeds. See README.md.
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include <unistd.h>

#include "sim/plants.h"
#include "sim/world.h"

namespace etcd::sim {
namespace {

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  std::optional<double> minutes;
  bool trace = false;
  bool quiet = false;
  bool plants = false;  // look for all planted bugs
  std::string plant;    // this one is there
  Scene scene = Scene::kNone;  // every world plays it
};

constexpr const char* kUsage = "usage: etcd_sim [--seed N | --seeds A..B | --minutes M [--from N]] [--scene 1..9] [--trace] [--quiet]\n"
                               "       with planted bugs (ETCD_PLANTS): [--plant NAME] | --plants [--seeds A..B]\n";
constexpr std::size_t kKeptOnViolation = 200;
constexpr std::size_t kKeptWhenTraced = 100'000'000;

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Arguments> parse(int count, char** words) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string_view value = i + 1 < count ? words[i + 1] : "";
    if (word == "--trace") {
      arguments.trace = true;
      continue;
    }
    if (word == "--quiet") {
      arguments.quiet = true;
      continue;
    }
    if (word == "--plants") {
      arguments.plants = true;
      continue;
    }
    ++i;
    if (word == "--seed" || word == "--from") {
      const auto seed = number(value);
      if (!seed) return std::nullopt;
      arguments.first = arguments.last = *seed;
    } else if (word == "--seeds") {
      const std::size_t dots = value.find("..");
      const auto first = number(value.substr(0, dots));
      const auto last = dots == std::string_view::npos ? first : number(value.substr(dots + 2));
      if (!first || !last) return std::nullopt;
      arguments.first = *first;
      arguments.last = *last;
    } else if (word == "--scene") {
      const auto scene = number(value);
      if (!scene || *scene == 0 || *scene >= kScenes) return std::nullopt;
      arguments.scene = static_cast<Scene>(*scene);
    } else if (word == "--plant") {
      arguments.plant = value;
    } else if (word == "--minutes") {
      arguments.minutes = std::atof(std::string(value).c_str());
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

// For the one who reads what a broken invariant left on the terminal.
char g_seed_line[64];  // NOLINT: a signal handler has no other way to it

void on_abort(int) {
  (void)!::write(STDERR_FILENO, g_seed_line, std::strlen(g_seed_line));
  std::signal(SIGABRT, SIG_DFL);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

struct Totals {
  std::uint64_t seeds = 0;
  double simulated_s = 0;
  std::uint64_t operations = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t ends = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t leaders = 0;
  std::uint64_t member_changes = 0;
  std::uint64_t leases_ended = 0;
  std::uint64_t renewals = 0;
  std::uint64_t user_changes = 0;
  std::uint64_t user_requests = 0;
  std::uint64_t events_told = 0;
  std::uint64_t progress_told = 0;
  std::uint64_t watches_compacted = 0;
  std::uint64_t damaged = 0;
  std::uint64_t scenes_played = 0;
  std::uint64_t undecided = 0;
};

// False if the world was violated.
bool run_seed(std::uint64_t seed, const Arguments& arguments, Totals& totals) {
  std::snprintf(g_seed_line, sizeof g_seed_line, "to repeat: ./dev sim --seed %llu\n", static_cast<unsigned long long>(seed));
  const Profile profile = arguments.scene == Scene::kNone ? draw_profile(seed) : draw_scene(seed, arguments.scene);
  World world(profile, arguments.trace ? kKeptWhenTraced : kKeptOnViolation);
  const Report report = world.run();
  ++totals.seeds;
  totals.simulated_s += static_cast<double>(report.simulated_ns) / 1e9;
  totals.operations += report.operations;
  totals.acknowledged += report.acknowledged;
  totals.ends += report.ends;
  totals.snapshots += report.snapshots;
  totals.leaders += report.leaders;
  totals.member_changes += report.member_changes;
  totals.leases_ended += report.leases_ended;
  totals.renewals += report.renewals;
  totals.user_changes += report.user_changes;
  totals.user_requests += report.user_requests;
  totals.events_told += report.events_told;
  totals.progress_told += report.progress_told;
  totals.watches_compacted += report.watches_compacted;
  totals.damaged += report.damaged;
  totals.scenes_played += report.scenes_played;
  totals.undecided += static_cast<std::uint64_t>(report.undecided);
  if (arguments.trace || report.violation) std::fputs(report.trace.c_str(), stdout);
  if (!arguments.quiet || report.violation) {
    std::printf("%s: %llu events, %zu requests, %zu answered, %llu ends, %llu snapshots, %llu terms, trace %016llx\n", describe(profile).c_str(),
                static_cast<unsigned long long>(report.events), report.operations, report.acknowledged, static_cast<unsigned long long>(report.ends),
                static_cast<unsigned long long>(report.snapshots), static_cast<unsigned long long>(report.leaders),
                static_cast<unsigned long long>(report.trace_hash));
  }
  if (report.violation) std::printf("VIOLATION in seed %llu: %s\n%s", static_cast<unsigned long long>(seed), report.violation->c_str(), g_seed_line);
  return !report.violation;
}

int find_plants(const Arguments& arguments) {
  return find_planted_bugs(arguments.first, arguments.last, [](std::uint64_t seed) {
    return World(draw_profile(seed), 0).run().violation.value_or(std::string());
  });
}

int run(const Arguments& arguments) {
  const auto start = std::chrono::steady_clock::now();
  Totals totals;
  bool is_well = true;
  for (std::uint64_t seed = arguments.first; is_well; ++seed) {
    const bool over = arguments.minutes ? seconds_since(start) > *arguments.minutes * 60 : seed > arguments.last;
    if (over) break;
    is_well = run_seed(seed, arguments, totals);
  }
  const double took_s = seconds_since(start);
  std::printf("%llu seeds, %.1f simulated hours in %.1f s (%.0f times real time): %llu requests, %llu answered, %llu ends of processes, "
              "%llu snapshots, %llu terms, %llu member changes, %llu leases ended and %llu renewals, %llu changes of users and %llu requests by them, watchers told of %llu events, %llu times of "
              "progress and %llu times of compaction, %llu damaged members noticed, %llu scenes played, %llu keys undecided\n",
              static_cast<unsigned long long>(totals.seeds), totals.simulated_s / 3600, took_s, totals.simulated_s / took_s,
              static_cast<unsigned long long>(totals.operations), static_cast<unsigned long long>(totals.acknowledged),
              static_cast<unsigned long long>(totals.ends), static_cast<unsigned long long>(totals.snapshots),
              static_cast<unsigned long long>(totals.leaders), static_cast<unsigned long long>(totals.member_changes),
              static_cast<unsigned long long>(totals.leases_ended), static_cast<unsigned long long>(totals.renewals),
              static_cast<unsigned long long>(totals.user_changes), static_cast<unsigned long long>(totals.user_requests),
              static_cast<unsigned long long>(totals.events_told), static_cast<unsigned long long>(totals.progress_told),
              static_cast<unsigned long long>(totals.watches_compacted), static_cast<unsigned long long>(totals.damaged),
              static_cast<unsigned long long>(totals.scenes_played), static_cast<unsigned long long>(totals.undecided));
  return is_well ? 0 : 1;
}

}  // namespace
}  // namespace etcd::sim

int main(int count, char** words) {
  const auto arguments = etcd::sim::parse(count, words);
  if (!arguments) {
    std::fputs(etcd::sim::kUsage, stderr);
    return 2;
  }
  if (!arguments->plant.empty() && !etcd::sim::plant(arguments->plant)) {
    std::fputs("there is no such planted bug in this build\n", stderr);
    return 2;
  }
  if (arguments->plants) return etcd::sim::find_plants(*arguments);
  std::signal(SIGABRT, etcd::sim::on_abort);
  return etcd::sim::run(*arguments);
}
