#include "server/worker_threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <barrier>
#include <future>

namespace etcd::server {
namespace {

TEST(WorkerThreads, AreOneForEachCoreUpToALimit) {
  EXPECT_EQ(WorkerThreads("w", 0, base::system_clock()).size(), 1U) << "not known";
  EXPECT_EQ(WorkerThreads("w", 2, base::system_clock()).size(), 2U);
  EXPECT_EQ(WorkerThreads("w", 64, base::system_clock()).size(), WorkerThreads::kMost);
}

TEST(WorkerThreads, DoTwoJobsAtATimeAndGiveWayToOthers) {
  WorkerThreads threads("w", 2, base::system_clock());
  std::barrier meeting(2);
  std::promise<int> niceness[2];
  for (auto& told : niceness) {
    threads.push([&] {
      meeting.arrive_and_wait();  // of one thread alone, the first would wait for ever
      told.set_value(::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid())));
    });
  }
  threads.start();
  const int own = ::getpriority(PRIO_PROCESS, 0);
  for (auto& told : niceness) EXPECT_GT(told.get_future().get(), std::min(own, 18));
  threads.stop();
}

}  // namespace
}  // namespace etcd::server
