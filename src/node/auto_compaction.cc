#include "node/auto_compaction.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/go_text.h"

namespace etcd::node {

namespace {

constexpr std::int64_t kMinuteNs = 60'000'000'000;
constexpr std::int64_t kHourNs = 60 * kMinuteNs;
constexpr std::int64_t kRevisionIntervalNs = 5 * kMinuteNs;
constexpr std::int64_t kNotesInPeriod = 10;
constexpr std::int64_t kShortestIntervalNs = 1'000'000;
constexpr std::int64_t kSettleNs = 20'000'000;  // between two looks for an outcome

std::string text(std::int64_t ns) { return base::format_duration(base::Duration(ns)); }

}  // namespace

AutoCompaction::AutoCompaction(const AutoCompactionMode& mode, Compact compact, base::Logger& logger)
    : mode_(mode), compact_(std::move(compact)), logger_(logger) {
  if (const auto* periodic = std::get_if<PeriodicCompaction>(&mode_)) {
    interval_ns_ = std::max(std::min(periodic->period_ns, kHourNs) / kNotesInPeriod, kShortestIntervalNs);
    max_notes_ = static_cast<std::size_t>(periodic->period_ns / interval_ns_ + 1);
    pause_ns_ = periodic->period_ns;
  } else {
    interval_ns_ = kRevisionIntervalNs;
  }
}

std::int64_t AutoCompaction::step(const Now& now) {
  if (std::holds_alternative<std::monostate>(mode_)) return std::numeric_limits<std::int64_t>::max();
  if (next_ns_ == 0) {
    last_success_ns_ = now.ns;
    wait(now);
  }
  // The time until the next look begins when a compaction has ended.
  if (asked_) {
    if (!asked_->outcome->is_known.load(std::memory_order_acquire)) return now.ns + kSettleNs;
    settle(now.ns);
    wait(now);
  }
  if (now.ns < next_ns_) return next_ns_;
  if (now.leads) compact_if_due(now);
  if (asked_) return now.ns + kSettleNs;
  wait(now);
  return next_ns_;
}

void AutoCompaction::wait(const Now& now) {
  next_ns_ = now.ns + interval_ns_;
  if (!is_periodic()) return;
  notes_.push_back(now.revision);
  if (notes_.size() > max_notes_) notes_.pop_front();
}

void AutoCompaction::compact_if_due(const Now& now) {
  if (const auto* by_revision = std::get_if<RevisionCompaction>(&mode_)) {
    const Revision revision(now.revision.value - by_revision->keep);
    if (revision.value > 0 && revision != last_) ask(revision, now.ns);
    return;
  }
  if (now.ns - last_success_ns_ < pause_ns_ || notes_.front() == last_) return;
  pause_ns_ = std::min(pause_ns_, kHourNs);
  ask(notes_.front(), now.ns);
}

void AutoCompaction::ask(Revision revision, std::int64_t now_ns) {
  logger_.info(is_periodic() ? "starting auto periodic compaction" : "starting auto revision compaction", fields(revision));
  asked_ = Asked{revision, now_ns, std::make_shared<Outcome>()};
  compact_(revision, [outcome = asked_->outcome](Status status) {
    outcome->status = std::move(status);
    outcome->is_known.store(true, std::memory_order_release);
  });
}

// Whoever compacted there first: it is done.
void AutoCompaction::settle(std::int64_t now_ns) {
  const Asked asked = *std::exchange(asked_, std::nullopt);
  const Status& status = asked.outcome->status;
  base::Logger::Fields line = fields(asked.revision);
  if (status || status.error().code == Errc::kCompacted) {
    last_ = asked.revision;
    last_success_ns_ = now_ns;
    line.emplace_back("took", text(now_ns - asked.begun_ns));
    logger_.info(is_periodic() ? "completed auto periodic compaction" : "completed auto revision compaction", line);
  } else {
    line.emplace_back("retry-interval", text(interval_ns_));
    line.emplace_back(status.error());
    logger_.warn(is_periodic() ? "failed auto periodic compaction" : "failed auto revision compaction", line);
  }
}

base::Logger::Fields AutoCompaction::fields(Revision revision) const {
  base::Logger::Fields fields = {{"revision", revision}};
  if (const auto* periodic = std::get_if<PeriodicCompaction>(&mode_)) fields.emplace_back("compact-period", text(periodic->period_ns));
  if (const auto* by_revision = std::get_if<RevisionCompaction>(&mode_)) {
    fields.emplace_back("revision-compaction-retention", by_revision->keep);
  }
  return fields;
}

}  // namespace etcd::node
