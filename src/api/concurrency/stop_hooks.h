// StopHooks: what is to be done on the loops when the server stops, for calls that wait for something that may never come.
//
// Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "base/unique_function.h"
#include "rpc/loop.h"

namespace etcd::api {

class StopHooks {
 public:
  // `hook` runs once on `loop`, when stop() is called or at once if it was; unless remove() comes first, on that loop.
  std::uint64_t add(rpc::Loop& loop, base::UniqueFunction<void()> hook);
  void remove(std::uint64_t number);
  void stop();

 private:
  struct Hook {
    rpc::Loop* loop;
    base::UniqueFunction<void()> run;
  };
  // On the hook's loop.
  void run(std::uint64_t number);

  std::mutex mutex_;  // guards what follows
  bool stopped_ = false;
  std::uint64_t made_ = 0;
  std::map<std::uint64_t, Hook> hooks_;
};

}  // namespace etcd::api
