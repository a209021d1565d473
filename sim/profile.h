// Profile: what a seed draws for its world - size, timings, load, and how often what goes wrong.
#pragma once

#include <cstdint>
#include <string>

namespace etcd::sim {

// What a world plays instead of trouble at random; scenes.cc and figure_eight.cc say what each is.
enum class Scene : std::uint8_t {
  kNone,
  kFigureEight,
  kSnapshotDuringDefragmentation,
  kSnapshotDuringCompaction,
  kSnapshotToLearner,
  kTwoSnapshots,
  kSenderDies,
  kLateSnapshot,
  kPowerLossDuringInstallation,
  kAloneByForce,
};
inline constexpr int kScenes = 10;

struct Profile {
  std::uint64_t seed = 0;
  Scene scene = Scene::kNone;

  // The cluster.
  int members = 3;  // at the start
  std::int64_t heartbeat_ns = 0;
  bool pre_vote = true;
  std::uint64_t snapshot_count = 0;
  std::uint64_t catchup_entries = 0;
  std::uint64_t forget_interval = 0;
  std::int64_t flush_interval_ns = 0;
  std::uint64_t segment_bytes = 0;
  std::uint64_t max_message_bytes = 0;  // entries in one message

  // The work.
  int clients = 0;
  int keys = 0;
  int lease_holders = 0;
  bool lease_checkpoints = false;
  int watchers = 0;
  bool users = false;  // with permissions, and an administrator who changes them
  std::uint64_t reads = 0;  // of a hundred requests
  std::int64_t think_ns = 0;  // mean pause of a client between two requests
  std::int64_t duration_ns = 0;
  std::uint64_t value_bytes = 0;  // most values are short, some up to this

  // How long things take.
  std::int64_t sync_ns = 0;      // a step of the disk stage
  std::int64_t latency_ns = 0;   // of a link
  std::int64_t jitter_ns = 0;    // on top, at most
  std::uint64_t clock_drift_ppm = 0;

  // The network, all the time: one message in so many; 0: none.
  std::uint64_t lose_one_in = 0;
  std::uint64_t repeat_one_in = 0;
  bool reorders = false;
  bool encodes_messages = false;  // they travel as bytes

  // What goes wrong now and then. Mean time between two troubles, and the weight of each kind among them.
  std::int64_t trouble_every_ns = 0;
  std::int64_t trouble_lasts_ns = 0;  // at most, as a rule
  bool hunts_leaders = false;         // trouble comes to who leads
  std::uint64_t kill = 0;
  std::uint64_t power_loss = 0;
  std::uint64_t power_loss_in_write = 0;
  std::uint64_t cluster_power_loss = 0;
  std::uint64_t pause = 0;
  std::uint64_t slow_disk = 0;
  std::uint64_t failing_disk = 0;
  std::uint64_t failing_sync = 0;
  std::uint64_t partition = 0;
  std::uint64_t one_way_cut = 0;
  std::uint64_t isolate = 0;
  std::uint64_t clock_jump = 0;
  std::uint64_t lost_disk = 0;
  std::uint64_t bit_flip = 0;  // at rest, in the log

  // What an operator does. Mean time between two acts.
  std::int64_t act_every_ns = 0;
  std::uint64_t move_leader = 0;
  std::uint64_t defragment = 0;
  std::uint64_t compact = 0;
  std::uint64_t change_members = 0;

  std::uint64_t total_trouble() const {
    return kill + power_loss + power_loss_in_write + cluster_power_loss + pause + slow_disk + failing_disk + failing_sync + partition + one_way_cut +
           isolate + clock_jump + lost_disk + bit_flip;
  }
  std::uint64_t total_acts() const { return move_leader + defragment + compact + change_members; }
};

// The same seed, the same profile, on every machine.
Profile draw_profile(std::uint64_t seed);
// The same world, but it plays the scene.
Profile draw_scene(std::uint64_t seed, Scene scene);
// One line, for the head of a report.
std::string describe(const Profile& profile);

}  // namespace etcd::sim
