#include <gtest/gtest.h>

#include "sim/world.h"

namespace etcd::sim {
namespace {

// A few seeds of the scene: nothing is violated, and it was played to its end at least once in them.
void play(Scene scene) {
  std::uint64_t played = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Report report = World(draw_scene(seed, scene), 100).run();
    EXPECT_FALSE(report.violation) << "seed " << seed << ": " << *report.violation << "\n" << report.trace;
    played += report.scenes_played;
  }
  EXPECT_GT(played, 0U);
}

TEST(Scenes, EntriesOfOlderTermsAreNotCommittedByCounting) { play(Scene::kFigureEight); }
TEST(Scenes, ASnapshotIsInstalledDuringADefragmentation) { play(Scene::kSnapshotDuringDefragmentation); }
TEST(Scenes, ASnapshotIsInstalledDuringACompaction) { play(Scene::kSnapshotDuringCompaction); }
TEST(Scenes, ALearnerBeginsWithASnapshot) { play(Scene::kSnapshotToLearner); }
TEST(Scenes, TwoSnapshotsComeInQuickSuccession) { play(Scene::kTwoSnapshots); }
TEST(Scenes, TheSenderOfASnapshotDiesHalfWay) { play(Scene::kSenderDies); }
TEST(Scenes, ASnapshotComesLate) { play(Scene::kLateSnapshot); }
TEST(Scenes, AllOthersAreLostAndTheOneThatIsLeftGrowsAgain) { play(Scene::kAloneByForce); }
TEST(Scenes, AllLosePowerAtAnyStepOfAnInstallation) { play(Scene::kPowerLossDuringInstallation); }

}  // namespace
}  // namespace etcd::sim
