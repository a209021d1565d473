#include "sim/profile.h"

#include <algorithm>
#include <cstdio>

#include "base/rng.h"
#include "sim/scheduler.h"

namespace etcd::sim {

namespace {

class Draw {
 public:
  // The generator counts on from its seed, so that neighbours would draw nearly the same numbers, one place on: the seed is stirred first.
  explicit Draw(std::uint64_t seed) : rng_(base::Rng(seed).next()) {}

  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + rng_.below(high - low + 1); }
  std::int64_t ns(std::int64_t low, std::int64_t high) {
    return static_cast<std::int64_t>(between(static_cast<std::uint64_t>(low), static_cast<std::uint64_t>(high)));
  }
  bool one_in(std::uint64_t n) { return rng_.one_in(n); }
  // Every kind of trouble is absent from half of the worlds, so that each is also met without the others.
  std::uint64_t weight(std::uint64_t most) { return rng_.one_in(2) ? 0 : between(1, most); }

 private:
  base::Rng rng_;
};

void draw_cluster(Draw& draw, Profile& profile) {
  constexpr int kSizes[] = {3, 3, 3, 3, 5, 5, 1, 2, 4, 7};
  profile.members = kSizes[draw.between(0, 9)];
  profile.heartbeat_ns = draw.ns(50 * kMillisecond, 100 * kMillisecond);
  profile.pre_vote = !draw.one_in(5);
  profile.snapshot_count = draw.one_in(3) ? draw.between(5, 50) : draw.between(50, 1000);
  profile.forget_interval = draw.between(1, 100);
  profile.catchup_entries = draw.one_in(3) ? draw.between(0, 20) : draw.between(20, 500);
  profile.flush_interval_ns = draw.one_in(4) ? draw.ns(500 * kMillisecond, 3 * kSecond) : draw.ns(50 * kMillisecond, 200 * kMillisecond);
  profile.segment_bytes = draw.between(4, 256) * 1024;
  profile.max_message_bytes = draw.one_in(3) ? draw.between(1, 500) : 1 << 20;
}

void draw_work(Draw& draw, Profile& profile) {
  profile.clients = static_cast<int>(draw.between(2, 6));
  profile.keys = static_cast<int>(draw.between(1, 8));
  profile.lease_holders = static_cast<int>(draw.between(0, 3));
  profile.lease_checkpoints = draw.one_in(3);
  profile.watchers = static_cast<int>(draw.between(0, 4));
  profile.reads = draw.between(10, 70);
  profile.think_ns = draw.one_in(4) ? draw.ns(kMillisecond, 20 * kMillisecond) : draw.ns(20 * kMillisecond, 400 * kMillisecond);
  profile.duration_ns = draw.ns(20 * kSecond, 60 * kSecond);
  profile.value_bytes = draw.one_in(4) ? draw.between(1000, 20'000) : draw.between(10, 400);
}

void draw_machine(Draw& draw, Profile& profile) {
  profile.sync_ns = draw.one_in(4) ? draw.ns(2 * kMillisecond, 20 * kMillisecond) : draw.ns(100 * kMicrosecond, 2 * kMillisecond);
  profile.latency_ns = draw.one_in(4) ? draw.ns(2 * kMillisecond, 20 * kMillisecond) : draw.ns(100 * kMicrosecond, kMillisecond);
  profile.jitter_ns = draw.one_in(3) ? profile.latency_ns * 5 : profile.latency_ns / 2;
  profile.clock_drift_ppm = draw.one_in(3) ? draw.between(1000, 200'000) : draw.between(0, 100);
  profile.lose_one_in = draw.one_in(3) ? draw.between(5, 200) : 0;
  profile.repeat_one_in = draw.one_in(3) ? draw.between(5, 200) : 0;
  profile.reorders = draw.one_in(3);
  profile.encodes_messages = draw.one_in(4);
}

void draw_trouble(Draw& draw, Profile& profile) {
  profile.trouble_every_ns = draw.ns(300 * kMillisecond, 8 * kSecond);
  profile.trouble_lasts_ns = 2 * kSecond;
  profile.kill = draw.weight(10);
  profile.power_loss = draw.weight(10);
  profile.power_loss_in_write = draw.weight(10);
  profile.cluster_power_loss = draw.weight(4);
  profile.pause = draw.weight(8);
  profile.slow_disk = draw.weight(6);
  profile.failing_disk = draw.weight(6);
  profile.failing_sync = draw.weight(6);
  profile.partition = draw.weight(10);
  profile.one_way_cut = draw.weight(8);
  profile.isolate = draw.weight(10);
  profile.clock_jump = draw.weight(4);
  profile.lost_disk = draw.weight(4);
  profile.bit_flip = draw.weight(4);
  profile.act_every_ns = draw.ns(500 * kMillisecond, 8 * kSecond);
  profile.move_leader = draw.weight(6);
  profile.defragment = draw.weight(6);
  profile.compact = draw.weight(10);
  profile.change_members = draw.weight(6);
}

// Leaders come and go faster than they can replicate: what one leaves behind on a few members meets what the next does there.
void draw_storm(Draw& draw, Profile& profile) {
  profile.members = draw.one_in(2) ? 5 : 3;
  profile.heartbeat_ns = 50 * kMillisecond;
  profile.pre_vote = false;
  profile.max_message_bytes = 1;
  profile.think_ns = draw.ns(2 * kMillisecond, 30 * kMillisecond);
  profile.lose_one_in = draw.between(2, 4);
  profile.hunts_leaders = true;
  profile.trouble_every_ns = draw.ns(100 * kMillisecond, 800 * kMillisecond);
  profile.trouble_lasts_ns = 500 * kMillisecond;
  profile.cluster_power_loss = profile.pause = profile.slow_disk = profile.failing_disk = profile.failing_sync = 0;
  profile.isolate = 10;
  profile.change_members = 0;
}

// Nothing goes wrong but what the scene does.
void draw_stage(Draw& draw, Profile& profile, Scene scene) {
  profile.scene = scene;
  profile.members = scene == Scene::kFigureEight ? 5 : 3;
  profile.think_ns = draw.ns(2 * kMillisecond, 20 * kMillisecond);
  profile.lose_one_in = profile.repeat_one_in = 0;
  profile.clock_drift_ppm = std::min<std::uint64_t>(profile.clock_drift_ppm, 1000);
  profile.trouble_every_ns = profile.act_every_ns = 1000 * kSecond;
  profile.duration_ns = 10 * kSecond;
  if (scene == Scene::kFigureEight) {
    profile.max_message_bytes = 1;
    profile.snapshot_count = 1000;
    profile.catchup_entries = 500;
    return;
  }
  profile.snapshot_count = draw.between(2, 20);
  profile.catchup_entries = draw.between(0, 5);
  profile.forget_interval = 1;
  // Who goes on alone keeps what it knows to be committed: so all is at rest before, and nobody has leases that end meanwhile.
  if (scene == Scene::kAloneByForce) profile.lease_holders = 0;
}

}  // namespace

Profile draw_scene(std::uint64_t seed, Scene scene) {
  Draw draw(seed);
  Profile profile;
  profile.seed = seed;
  draw_cluster(draw, profile);
  draw_work(draw, profile);
  draw_machine(draw, profile);
  draw_stage(draw, profile, scene);
  return profile;
}

Profile draw_profile(std::uint64_t seed) {
  Draw draw(seed);
  Profile profile;
  profile.seed = seed;
  draw_cluster(draw, profile);
  draw_work(draw, profile);
  draw_machine(draw, profile);
  draw_trouble(draw, profile);
  if (draw.one_in(8)) draw_storm(draw, profile);
  if (draw.one_in(10)) return draw_scene(seed, static_cast<Scene>(draw.between(1, kScenes - 1)));
  profile.users = draw.one_in(3);
  return profile;
}

std::string describe(const Profile& profile) {
  static constexpr const char* kSceneNames[kScenes] = {
      "", ", figure eight", ", a snapshot during a defragmentation", ", a snapshot during a compaction", ", a snapshot to a learner",
      ", two snapshots", ", the sender of a snapshot dies", ", a late snapshot", ", power losses during an installation",
      ", all others are lost"};
  char text[400];
  std::snprintf(text, sizeof text, "seed %llu%s: %d members, %d clients on %d keys for %.0f s, snapshots every %llu entries, trouble every %.1f s",
                static_cast<unsigned long long>(profile.seed), kSceneNames[static_cast<std::size_t>(profile.scene)], profile.members, profile.clients, profile.keys,
                static_cast<double>(profile.duration_ns) / 1e9, static_cast<unsigned long long>(profile.snapshot_count),
                static_cast<double>(profile.trouble_every_ns) / 1e9);
  return text;
}

}  // namespace etcd::sim
