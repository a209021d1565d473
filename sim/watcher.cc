#include "sim/watcher.h"

#include <algorithm>
#include <utility>

#include "sim/requests.h"

namespace etcd::sim {

Watcher::Watcher(Surroundings& around, std::vector<std::unique_ptr<Member>>& members, const EventLog& log, std::uint64_t seed)
    : around_(around),
      members_(members),
      log_(log),
      rng_(seed),
      read_every_ns_(static_cast<std::int64_t>(rng_.below(rng_.one_in(3) ? 3 * kSecond : 50 * kMillisecond)) + kMillisecond),
      room_(rng_.one_in(3) ? 1 + rng_.below(4) : 1000) {
  for (std::uint64_t i = 1 + rng_.below(3); i > 0; --i) waiting_.push_back(draw_watch());
}

// One key, all that clients use, all that is under leases, or everything.
Watcher::Watch Watcher::draw_watch() {
  switch (rng_.below(4)) {
    case 0: return {key_name(static_cast<int>(rng_.below(static_cast<std::uint64_t>(around_.profile.keys)))), ""};
    case 1: return {"key-", "key."};
    case 2: return {"lease-", "lease."};
    default: return {std::string(1, '\0'), std::string(1, '\0')};
  }
}

void Watcher::read_later() {
  const std::int64_t every_ns = settling_ ? 20 * kMillisecond : read_every_ns_;
  const auto pause = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(2 * every_ns)));
  around_.scheduler.after(pause, [this] {
    read();
    read_later();
  });
}

void Watcher::read() {
  if (member_ != nullptr && !settling_ && rng_.one_in(60)) hang_up();
  if (member_ == nullptr) connect();
  if (member_ == nullptr) return;
  look_at(arrived_.size());
  is_full_ = false;
  Member& member = *member_;
  member.run([this](node::LocalNode&) {
    stream_->sink_is_ready();
    for (const watch::WatchId id : over_) stream_->cancel(id);
    begin_waiting();
    if (!settling_ && rng_.one_in(30) && !watches_.empty()) {
      const auto gone = watches_.begin();
      over_.insert(gone->first);
      stream_->cancel(gone->first);
      watches_.erase(gone);
      begin(draw_watch());
    }
    if (settling_ || rng_.one_in(5)) stream_->ask_progress();
    if (rng_.one_in(5)) stream_->tick();
  });
}

void Watcher::connect() {
  std::vector<Member*> up;
  for (const auto& member : members_) {
    if (member->is_up()) up.push_back(member.get());
  }
  if (up.empty()) return;
  member_ = up[rng_.below(up.size())];
  around_.trace.add(around_.scheduler.now_ns(), member_->number(), "is watched");
  member_->run([this](node::LocalNode&) {
    watch::Sink& sink = *this;
    stream_ = std::make_unique<watch::Stream>(member_->loop().hub(), sink);
    begin_waiting();
  });
}

void Watcher::begin_waiting() {
  for (Watch& watch : std::exchange(waiting_, {})) begin(std::move(watch));
}

// A watch that has not begun yet does so at what is newest there, in the past or in the future; else where it knows that it has everything below.
void Watcher::begin(Watch watch) {
  const std::int64_t start = watch.next != 0 ? watch.next : draw_start();
  const auto started = stream_->watch(
      watch::kAutoWatchId, {.key = watch.key, .range_end = watch.range_end, .start = Revision(start), .progress_notify = rng_.one_in(2)});
  if (!started) return violate(watch, "can't begin: " + describe(started.error()));
  watch.next = start != 0 ? start : started->revision.value + 1;
  if (!watches_.emplace(started->id, std::move(watch)).second) violate(watches_.at(started->id), "got an id that is in use");
}

// 0: from what is newest on.
std::int64_t Watcher::draw_start() {
  if (settling_ || rng_.one_in(2)) return 0;
  const auto distance = static_cast<std::int64_t>(rng_.below(60));
  return rng_.one_in(3) ? log_.newest() + 1 + distance / 10 : std::max<std::int64_t>(1, log_.newest() - distance);
}

// What was on its way may arrive or not.
void Watcher::hang_up() {
  look_at(rng_.below(arrived_.size() + 1));
  arrived_.clear();
  is_full_ = false;
  for (auto& [id, watch] : watches_) waiting_.push_back(std::move(watch));
  watches_.clear();
  over_.clear();
  stream_.reset();
  member_ = nullptr;
}

void Watcher::member_ends(const Member& member) {
  if (member_ == &member) hang_up();
}

void Watcher::settle() {
  settling_ = true;
  room_ = 1000;
  if (member_ != nullptr) hang_up();
  for (Watch& watch : waiting_) {
    if (watch.next > log_.newest() + 1) watch.next = 0;
  }
}

bool Watcher::has_been_told(std::int64_t revision) const {
  return waiting_.empty() && std::ranges::all_of(watches_, [&](const auto& each) { return each.second.next > revision; });
}

bool Watcher::on_events(const watch::Delivery& delivery) {
  return take({Arrival::Kind::kEvents, delivery.id, delivery.revision.value, decode_events(delivery.events.bytes())});
}

bool Watcher::on_compacted(watch::WatchId id, Revision compact_revision) {
  return take({Arrival::Kind::kCompacted, id, compact_revision.value});
}

bool Watcher::on_progress(watch::WatchId id, Revision revision) { return take({Arrival::Kind::kProgress, id, revision.value}); }

bool Watcher::take(Arrival arrival) {
  if (is_full_ && arrival.kind != Arrival::Kind::kCompacted) around_.violation(*member_, "gives a stream more after it has said that it is full");
  arrived_.push_back(std::move(arrival));
  is_full_ = arrived_.size() >= room_;
  return !is_full_;
}

void Watcher::look_at(std::size_t arrivals) {
  for (std::size_t i = 0; i < arrivals; ++i) look_at(arrived_[i]);
  arrived_.erase(arrived_.begin(), arrived_.begin() + static_cast<std::ptrdiff_t>(arrivals));
}

void Watcher::look_at(const Arrival& arrival) {
  around_.trace.add(around_.scheduler.now_ns(), member_->number(), "tells a watcher", static_cast<std::uint64_t>(arrival.kind),
                    static_cast<std::uint64_t>(arrival.revision));
  if (arrival.id == watch::kNoWatchId) {
    for (auto& [id, watch] : watches_) see_progress(watch, arrival);
    return;
  }
  if (over_.contains(arrival.id)) return;
  const auto found = watches_.find(arrival.id);
  if (found == watches_.end()) return around_.violation(*member_, "tells a stream of a watch that it does not have");
  switch (arrival.kind) {
    case Arrival::Kind::kEvents: return see_events(found->second, arrival);
    case Arrival::Kind::kProgress: return see_progress(found->second, arrival);
    case Arrival::Kind::kCompacted:
      see_compaction(found->second, arrival);
      over_.insert(arrival.id);
      waiting_.push_back(std::move(found->second));
      watches_.erase(found);
  }
}

void Watcher::see_events(Watch& watch, const Arrival& arrival) {
  const std::int64_t last = arrival.events.back().revision;
  if (last > arrival.revision) return violate(watch, "has an event behind its header's revision");
  if (last > log_.newest()) return violate(watch, "has an event of a revision that nobody has published");
  events_ += arrival.events.size();
  if (const auto fault = log_.compare(mvcc::KeyRange::of(watch.key, watch.range_end), watch.next, last, arrival.events)) {
    return violate(watch, *fault);
  }
  watch.next = last + 1;
}

void Watcher::see_progress(Watch& watch, const Arrival& arrival) {
  ++progress_;
  if (arrival.revision + 1 < watch.next) return violate(watch, "has a progress notice of " + std::to_string(arrival.revision) + ", below its start");
  const auto fault = log_.compare(mvcc::KeyRange::of(watch.key, watch.range_end), watch.next, arrival.revision, {});
  if (fault) return violate(watch, *fault + ", behind which it has a progress notice");
  watch.next = arrival.revision + 1;
}

// It goes on with what is left.
void Watcher::see_compaction(Watch& watch, const Arrival& arrival) {
  ++compacted_;
  if (arrival.revision <= watch.next) return violate(watch, "ends as compacted at " + std::to_string(arrival.revision) + ", though nothing that it needs is");
  watch.next = arrival.revision;
}

void Watcher::violate(const Watch& watch, const std::string& what) {
  around_.violation(*member_, "has a watch of '" + (watch.key[0] == '\0' ? "all keys" : watch.key) + "' that knows everything below " +
                                  std::to_string(watch.next) + " and " + what);
}

}  // namespace etcd::sim
