// Turn: waits until every key under a prefix that was created up to some revision is gone: then it is the turn of the contender who came next.
//
// Keys that old can only go, never come, so that what the newest view says is final once it says that there is none. One at a time is watched, the
// youngest: a thousand who wait wake one when the first leaves.
// Owner: the call that waits, on its loop. Destroying it ends the wait.
#pragma once

#include <memory>
#include <string>

#include "api/context.h"
#include "base/unique_function.h"
#include "watch/local_watch.h"

namespace etcd::api {

class Turn {
 public:
  // `done` runs once, from wait() or later on the loop; it may destroy this. An error is the db's.
  Turn(Context& context, std::string prefix, Revision up_to, base::UniqueFunction<void(Status)> done)
      : context_(context), prefix_(std::move(prefix)), up_to_(up_to), done_(std::move(done)) {}

  void wait();

 private:
  void end(Status status);

  Context& context_;
  const std::string prefix_;
  const Revision up_to_;
  base::UniqueFunction<void(Status)> done_;
  std::unique_ptr<watch::LocalWatch> watch_;
};

}  // namespace etcd::api
