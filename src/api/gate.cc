#include "api/gate.h"

#include <utility>

#include "api/errors.h"
#include "base/wire.h"

namespace etcd::api {

namespace {

constexpr std::string_view kClientVersionField = "client-api-version";
constexpr std::string_view kRequireLeaderField = "hasleader";

bool insists_on_leader(const rpc::CallInfo& info) { return info.metadata.find(kRequireLeaderField) == "true"; }

}  // namespace

LeaderWatch::LeaderWatch(LeaderWatch&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)), number_(other.number_) {}

LeaderWatch& LeaderWatch::operator=(LeaderWatch&& other) noexcept {
  if (this != &other) {
    if (gate_ != nullptr) gate_->forget(number_);
    gate_ = std::exchange(other.gate_, nullptr);
    number_ = other.number_;
  }
  return *this;
}

LeaderWatch::~LeaderWatch() {
  if (gate_ != nullptr) gate_->forget(number_);
}

Gate::Gate(Context& context, Callers& callers) : context_(context), callers_(callers), timer_([this] { poll(); }) { start_timer(); }

Gate::~Gate() { timer_.cancel(); }

void Gate::start_timer() {
  rpc::Loop& loop = context_.lanes.first().loop();
  loop.timers().start(timer_, loop.now_ns() + context_.options.election_timeout_ns);
}

Status Gate::admit_unary(const rpc::CallInfo& info, ForLearner for_learner) {
  Lane& lane = context_.lanes.here();
  return admit(info, lane, lane.unary_counts, "unary", for_learner);
}

Result<LeaderWatch> Gate::admit_stream(const rpc::StreamCall& call, ForLearner for_learner) {
  Lane& lane = context_.lanes.here();
  TRY(admit(call.info(), lane, lane.stream_counts, "stream", for_learner));
  if (!insists_on_leader(call.info())) return LeaderWatch();
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = ++watches_made_;
  watched_.emplace(number, call);
  return LeaderWatch(this, number);
}

Status Gate::admit(const rpc::CallInfo& info, Lane& lane, Lane::RequestCounts& counts, const char* kind, ForLearner for_learner) {
  if (for_learner == ForLearner::kRefused && lane.status().is_learner) return fail(Errc::kNotSupportedForLearner);
  TRY(count(info, counts, kind));
  if (insists_on_leader(info) && lane.status().leader == MemberId()) return fail(Errc::kNoLeader);
  return check_rule(info);
}

Status Gate::check_rule(const rpc::CallInfo& info) {
  switch (rules_.at(info.method->index)) {
    case Rule::kKnown: return callers_.check_known(info);
    case Rule::kAdmin: return callers_.check_admin(info);
    case Rule::kAnybody:
    case Rule::kByKeys:
    case Rule::kByLog: break;
  }
  return {};
}

// Nearly all requests come from clients of one version.
Status Gate::count(const rpc::CallInfo& info, Lane::RequestCounts& counts, const char* kind) {
  const std::string_view version = info.metadata.find(kClientVersionField).value_or("unknown");
  if (version != counts.last_version || counts.by_version.empty()) {
    if (!base::is_utf8(version)) return fail(Errc::kInvalidClientApiVersion);
    const std::string label = counts.by_version.size() < kMaxVersions ? std::string(version) : "other";
    auto found = counts.by_version.find(std::string(version));
    if (found == counts.by_version.end()) {
      found = counts.by_version.emplace(label, context_.metrics.client_requests(kind, label)).first;
    }
    counts.last_version = found->first;
    counts.last = found->second;
  }
  counts.last.add();
  return {};
}

void Gate::poll() {
  const bool has_leader = context_.node.status().leader != MemberId();
  polls_without_leader_ = has_leader ? 0 : polls_without_leader_ + 1;
  if (polls_without_leader_ >= kPollsWithoutLeader) {
    std::map<std::uint64_t, rpc::StreamCall> ended;
    {
      const std::lock_guard lock(mutex_);
      ended.swap(watched_);
    }
    for (auto& [number, call] : ended) call.finish(to_status(Error{Errc::kNoLeader}));
  }
  start_timer();
}

void Gate::forget(std::uint64_t number) {
  rpc::StreamCall last;  // let go of outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = watched_.find(number);
  if (found == watched_.end()) return;
  last = std::move(found->second);
  watched_.erase(found);
}

}  // namespace etcd::api
