// AutoCompaction: --auto-compaction-mode and -retention. Lets history go by itself: what is older than a period, or all but a number of revisions.
//
// Pure: time and state are given, compactions are asked for through an outlet. Owner: the apply thread. As in etcd
// - periodic: the revision is noted every tenth of the period (of an hour at most), and once in a period (an hour at most) the history before what was
//   the revision a period ago goes. Nothing is compacted in the first period.
// - by revision: every five minutes all but the newest revisions go.
// Every member keeps the notes; only the leader asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <variant>

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "base/unique_function.h"

namespace etcd::node {

struct PeriodicCompaction {
  std::int64_t period_ns = 0;
};
struct RevisionCompaction {
  std::int64_t keep = 0;  // revisions
};
using AutoCompactionMode = std::variant<std::monostate, PeriodicCompaction, RevisionCompaction>;  // monostate: off

class AutoCompaction {
 public:
  // Compacts at `revision`; `done` may be called on any thread.
  using Compact = std::function<void(Revision revision, base::UniqueFunction<void(Status)> done)>;

  AutoCompaction(const AutoCompactionMode& mode, Compact compact, base::Logger& logger);

  struct Now {
    Revision revision;  // of the store
    bool leads = false;
    std::int64_t ns = 0;
  };
  // Does what is due; returns when it wants to be called again.
  std::int64_t step(const Now& now);

 private:
  // The outcome of one that was asked for, from whatever thread.
  struct Outcome {
    Status status;
    std::atomic<bool> is_known{false};
  };
  struct Asked {
    Revision revision;
    std::int64_t begun_ns = 0;
    std::shared_ptr<Outcome> outcome;
  };

  void wait(const Now& now);
  void compact_if_due(const Now& now);
  void ask(Revision revision, std::int64_t now_ns);
  void settle(std::int64_t now_ns);
  bool is_periodic() const { return std::holds_alternative<PeriodicCompaction>(mode_); }
  base::Logger::Fields fields(Revision revision) const;

  const AutoCompactionMode mode_;
  Compact compact_;
  base::Logger& logger_;
  std::int64_t interval_ns_ = 0;  // between two looks
  std::int64_t next_ns_ = 0;      // 0: not begun
  std::optional<Asked> asked_;    // under way
  Revision last_;                 // compacted at
  // Periodic.
  std::deque<Revision> notes_;         // oldest first, one an interval; the first is of a period ago once there are enough
  std::size_t max_notes_ = 0;
  std::int64_t pause_ns_ = 0;          // between two compactions
  std::int64_t last_success_ns_ = 0;
};

}  // namespace etcd::node
