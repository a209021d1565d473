#include "sim/member.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/plant.h"
#include "cluster/bootstrap.h"
#include "sim/network.h"
#include "wal/record.h"

namespace etcd::sim {

namespace {

constexpr const char* kToken = "simulated";

// Thrown where the process would have ended.
struct ProcessEnded {};

MemberId id_of(const Origin& origin) {
  if (origin.join) return origin.join->local_id;
  const auto bootstrap = cluster::bootstrap(origin.initial_cluster, kToken, origin.name);
  return bootstrap ? bootstrap->local_id : MemberId(0);
}

std::int64_t drift_of(const Profile& profile, base::Rng& rng) {
  const std::int64_t most = static_cast<std::int64_t>(profile.clock_drift_ppm);
  return static_cast<std::int64_t>(rng.below(2 * profile.clock_drift_ppm + 1)) - most;
}

// A byte of the head of one of the log's frames, which begin one behind the other.
std::size_t place_in_a_head(const std::string& bytes, std::size_t used, base::Rng& rng) {
  constexpr std::size_t kHeadBytes = 8;
  std::vector<std::size_t> heads = {0};
  for (;;) {
    const wal::FrameSize frame = wal::FrameSize::decode(std::string_view(bytes).substr(heads.back(), kHeadBytes));
    if (frame.record == 0 || frame.total() + kHeadBytes > used - heads.back()) break;
    heads.push_back(heads.back() + frame.total());
  }
  return heads[rng.below(heads.size())] + rng.below(kHeadBytes);
}

}  // namespace

class Member::LastWords : public base::LogSink {
 public:
  void write(std::string_view line) override { last_ = line; }
  const std::string& last() const { return last_; }

 private:
  std::string last_;
};

Member::Member(Surroundings& around, Origin origin, std::uint64_t seed)
    : around_(around),
      origin_(std::move(origin)),
      id_(id_of(origin_)),
      rng_(seed),
      clock_(around.scheduler, drift_of(around.profile, rng_)),
      disk_(base::Rng(rng_.next())),
      last_words_(std::make_shared<LastWords>()),
      logger_(logger()) {}

Member::~Member() {
  if (is_up()) end(false);
}

base::Logger Member::logger() {
  base::Logger logger(last_words_, base::LogLevel::kFatal, base::LogFormat::kJson, clock_);
  logger.on_fatal([] { throw ProcessEnded(); });
  return logger;
}

void Member::note(const char* what, std::uint64_t a, std::uint64_t b) { around_.trace.add(around_.scheduler.now_ns(), number(), what, a, b); }

node::NodeOptions Member::options() {
  const Profile& profile = around_.profile;
  node::NodeOptions options;
  options.name = origin_.name;
  options.advertise_client_urls = {"http://" + origin_.name + ":2379"};
  options.start.data_folder = "/data";
  options.start.name = origin_.name;
  options.start.initial_cluster = origin_.initial_cluster;
  options.start.initial_cluster_token = kToken;
  options.start.join = origin_.join;
  options.start.wal.segment_bytes = profile.segment_bytes;
  options.start.wal.marker_key = 0x5eed + static_cast<std::uint64_t>(number());
  options.start.db.map_bytes = std::uint64_t{256} << 20;
  options.start.db.growth_bytes = 64 << 10;
  options.start.db.no_sync = PLANTED(db_commits_are_not_durable);
  options.start.machine.max_learners = 3;
  options.start.machine.lease.checkpoints = profile.lease_checkpoints;
  options.start.machine.lease.checkpoint_interval_s = 1;
  options.start.machine.persist_checkpoints = profile.lease_checkpoints;
  options.heartbeat_ns = profile.heartbeat_ns;
  options.election_ns = 10 * profile.heartbeat_ns;
  options.pre_vote = profile.pre_vote;
  options.max_message_bytes = profile.max_message_bytes;
  options.apply.flush_interval_ns = profile.flush_interval_ns;
  options.apply.snapshot_count = profile.snapshot_count;
  options.apply.catchup_entries = profile.catchup_entries;
  options.apply.forget_interval = profile.forget_interval;
  options.start.ask_members = around_.ask_members;
  options.start.force_new_cluster = is_forced_;
  options.transport = this;
  return options;
}

void Member::start() {
  if (is_up() || removed_ || broken_) return;
  ++life_;
  step_at_.fill(0);
  faulted_ = false;
  disk_.set_fault_rule([this](const base::FileOperation& operation) { return fault(operation); });
  note("starts", life_);
  Result<std::unique_ptr<node::LocalNode>> opened = fail(Errc::kIo);
  try {
    auto [replica, apply, disk, flush, worker] = std::tie(wakeups_[0], wakeups_[1], wakeups_[2], wakeups_[3], wakeups_[4]);
    opened = node::LocalNode::open(disk_, options(), {replica, apply, disk, flush, worker}, {}, [] {}, clock_, logger_);
  } catch (const ProcessEnded&) {
    opened = fail(Errc::kIo, last_words_->last());
  }
  if (opened) node_ = std::move(*opened);
  if (has_lost_power()) return end(true);
  if (!opened && !faulted_ && damaged_) return give_up();
  if (!opened && !faulted_) return around_.violation(*this, "can't start: " + describe(opened.error()));
  if (!opened) return restart_after(kSecond);
  check_promise();
  loop_ = std::make_unique<EventLoop>(*this, around_.scheduler, rng_.next());
  for (std::size_t stage = 0; stage < kStages; ++stage) schedule(stage, around_.scheduler.now_ns() + work_ns(stage));
}

void Member::start_alone() {
  is_forced_ = true;
  start();
  is_forced_ = false;
}

void Member::give_up() {
  note("finds its disk damaged", life_);
  broken_ = true;
  around_.damaged(*this);
}

void Member::remember_promise() {
  if (!node_) return;
  const raft::RaftStatus status = node_->raft_status();
  promise_ = {.last = status.durable, .term = {}, .vote = status.vote};
  if (status.unpersisted_batches == 0) promise_->term = status.term;
}

// Damage or not: a member that starts has all that it was known to have.
void Member::check_promise() {
  if (!promise_) return;
  const raft::RaftStatus status = node_->raft_status();
  if (status.last < promise_->last) {
    return around_.violation(*this, "has forgotten entries that were durable: its log ends at " + std::to_string(status.last.value) + ", it was durable up to " +
                                        std::to_string(promise_->last.value));
  }
  if (!promise_->term || status.term > *promise_->term) return;
  const bool has_forgotten_vote = promise_->vote != MemberId(0) && status.vote != promise_->vote;
  if (status.term < *promise_->term || has_forgotten_vote) around_.violation(*this, "has forgotten its vote");
}

// The newest segment holds what matters most, and the head of a frame says how to read what follows.
void Member::damage_log() {
  const std::string path = log_file_to_damage();
  const std::string bytes = path.empty() ? std::string() : disk_.contents(path);
  const std::size_t used = bytes.find_last_not_of('\0') + 1;
  if (used == 0) return;
  const std::size_t place = path.ends_with(".wal") && rng_.one_in(3) ? place_in_a_head(bytes, used, rng_) : rng_.below(used);
  const char flipped = static_cast<char>(bytes[place] ^ (1 << rng_.below(8)));
  // That is as a write leaves it that failed one byte early: nobody can tell.
  if (place + 1 == used && flipped == '\0') return;
  disk_.corrupt(path, place, {&flipped, 1});
  damaged_ = true;
  note("has a bit flipped at", place, used);
}

std::string Member::log_file_to_damage() {
  std::vector<std::string> segments, others;
  for (const std::string folder : {"/data/member/wal", "/data/member/snap"}) {
    const auto names = disk_.list(folder);
    if (!names) return {};
    for (const std::string& name : *names) {
      if (name.ends_with(".wal")) segments.push_back(base::join_path(folder, name));
      if (name.ends_with(".snap")) others.push_back(base::join_path(folder, name));
    }
  }
  if (segments.empty()) return {};
  if (rng_.one_in(2)) return *std::ranges::max_element(segments);
  others.insert(others.end(), segments.begin(), segments.end());
  return others[rng_.below(others.size())];
}

Status Member::try_empty_disk() {
  base::CrashFs empty;
  auto [replica, apply, disk, flush, worker] = std::tie(wakeups_[0], wakeups_[1], wakeups_[2], wakeups_[3], wakeups_[4]);
  const auto opened = node::LocalNode::open(empty, options(), {replica, apply, disk, flush, worker}, {}, [] {}, clock_, logger_);
  if (!opened) return fail(opened.error());
  (*opened)->stop_waiting();
  return {};
}

void Member::end(bool power_lost) {
  note(power_lost ? "loses power" : "is killed", life_);
  ending_ = true;
  disk_.lose_power_at(UINT64_MAX);
  around_.network.member_ended(*this);
  around_.ending(*this);
  loop_.reset();
  remember_promise();
  if (node_) node_->stop_waiting();
  node_.reset();
  ending_ = false;
  ++life_;
  power_loss_at_ = UINT64_MAX;
  if (power_lost) {
    const std::uint64_t way = rng_.below(4);
    disk_.crash(way == 0 ? base::lose_all() : way == 1 ? base::keep_all() : base::survive_at_random(rng_));
  }
  around_.ended(*this);
}

void Member::restart_after(std::int64_t delay_ns) {
  around_.scheduler.after(delay_ns, [this, life = life_] {
    if (life == life_) start();
  });
}

void Member::run(const std::function<void(node::LocalNode&)>& work) {
  if (!is_up()) return;
  faulted_ = false;
  bool ended = false;
  try {
    work(*node_);
  } catch (const ProcessEnded&) {
    ended = true;
  }
  after_work(ended);
}

void Member::after_work(bool ended) {
  const bool power_lost = has_lost_power();
  if (!ended && !power_lost) return wake_stages();
  if (ended && !power_lost && !faulted_ && damaged_) {
    end(false);
    return give_up();
  }
  if (ended && !power_lost && !faulted_) around_.violation(*this, "has ended itself: " + last_words_->last());
  end(power_lost);
  restart_after(static_cast<std::int64_t>(rng_.below(3 * kSecond)) + 10 * kMillisecond);
}

void Member::deliver(raft::Message message) {
  run([&](node::LocalNode& node) { node.receive(std::move(message)); });
}

void Member::wake_stages() {
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    if (wakeups_[stage].consume()) schedule(stage, around_.scheduler.now_ns() + work_ns(stage));
  }
}

// The work of a step is done at its end.
void Member::schedule(std::size_t stage, std::int64_t at_ns) {
  if (step_at_[stage] != 0 && step_at_[stage] <= at_ns) return;
  step_at_[stage] = at_ns;
  around_.scheduler.at(at_ns, [this, stage, at_ns, life = life_] {
    if (life != life_ || step_at_[stage] != at_ns) return;
    step_at_[stage] = 0;
    step(stage);
  });
}

void Member::step(std::size_t stage) {
  if (paused_until_ns_ > around_.scheduler.now_ns()) return schedule(stage, paused_until_ns_ + static_cast<std::int64_t>(rng_.below(kMillisecond)));
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  std::int64_t again_ns = kNever;
  const std::uint64_t life = life_;
  run([&](node::LocalNode& node) {
    const std::int64_t now_ns = clock_.monotonic_ns();
    switch (stage) {
      case kReplica: again_ns = node.step_replica(now_ns); break;
      case kApply: again_ns = node.step_apply(now_ns); break;
      case kDisk: again_ns = node.step_disk(); break;
      case kFlush: again_ns = node.step_flush(); break;
      default: again_ns = node.step_worker(); break;
    }
  });
  if (life != life_) return;
  if (stage == kApply) around_.applied(*this);
  if (again_ns != kNever) schedule(stage, std::max(clock_.world_ns(again_ns), around_.scheduler.now_ns() + work_ns(stage)));
}

std::int64_t Member::work_ns(std::size_t stage) {
  const auto between = [&](std::int64_t low, std::int64_t high) { return low + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(high - low))); };
  const std::int64_t slow = around_.scheduler.now_ns() < slow_until_ns_ ? slow_factor_ : 1;
  const std::int64_t sync_ns = around_.profile.sync_ns;
  switch (stage) {
    case kDisk: return slow * between(sync_ns / 2, sync_ns * 3 / 2);
    case kFlush: return slow * between(sync_ns, sync_ns * 4);
    case kWorker: return between(100 * kMicrosecond, 5 * kMillisecond);
    default: return between(5 * kMicrosecond, 60 * kMicrosecond);
  }
}

void Member::slow_disk(std::int64_t until_ns, std::int64_t factor) {
  slow_until_ns_ = until_ns;
  slow_factor_ = factor;
}

void Member::trouble_disk(DiskTrouble trouble, std::int64_t until_ns) {
  trouble_ = trouble;
  trouble_until_ns_ = until_ns;
}

void Member::lose_power_in(std::uint64_t operations) {
  power_loss_at_ = disk_.operations() + operations;
  disk_.lose_power_at(power_loss_at_);
}

void Member::heal() {
  paused_until_ns_ = slow_until_ns_ = trouble_until_ns_ = 0;
  trouble_ = DiskTrouble::kNone;
}

std::optional<base::Fault> Member::fault(const base::FileOperation& operation) {
  using base::FileCall;
  if (ending_) return base::Fault{};
  if (trouble_ == DiskTrouble::kNone || around_.scheduler.now_ns() >= trouble_until_ns_) return std::nullopt;
  const bool is_sync = operation.call == FileCall::kSync || operation.call == FileCall::kSyncData || operation.call == FileCall::kSyncDirectory;
  const bool takes_space = operation.call == FileCall::kWrite || operation.call == FileCall::kAllocate || operation.call == FileCall::kCreate;
  std::optional<base::Fault> fault;
  const std::size_t part = operation.size == 0 ? 0 : static_cast<std::size_t>(rng_.below(operation.size));
  if (trouble_ == DiskTrouble::kErrors && operation.number != 0 && rng_.one_in(20)) fault = base::Fault{Errc::kIo, part};
  if (trouble_ == DiskTrouble::kFull && takes_space && rng_.one_in(2)) fault = base::Fault{Errc::kNoSpace, part};
  if (trouble_ == DiskTrouble::kFailingSync && is_sync && rng_.one_in(4)) fault = base::Fault{Errc::kIo};
  if (fault) faulted_ = true;
  return fault;
}

void Member::send(std::vector<raft::Message> messages) {
  for (raft::Message& message : messages) around_.network.send(*this, std::move(message));
}

void Member::send_snapshot(node::OutgoingSnapshot snapshot) { around_.network.send_snapshot(*this, std::move(snapshot)); }

// The server stops a while after it has learnt that it is no member any more.
void Member::members_changed(std::shared_ptr<const cluster::View> members) {
  if (std::ranges::count(members->removed, id_) == 0) return;
  around_.scheduler.after(kSecond, [this] {
    removed_ = true;
    if (is_up()) end(false);
  });
}

Member* any_up(const std::vector<std::unique_ptr<Member>>& members, base::Rng& rng) {
  std::vector<Member*> up;
  for (const auto& member : members) {
    if (member->is_up()) up.push_back(member.get());
  }
  return up.empty() ? nullptr : up[rng.below(up.size())];
}

bool may_have_happened(const Error& error) {
  switch (error.code) {
    case Errc::kTimeout:
    case Errc::kTimeoutDueToLeaderFail:
    case Errc::kTimeoutDueToConnectionLost:
    case Errc::kStopped:
    case Errc::kUnknownOutcome: return true;
    default: return false;
  }
}

}  // namespace etcd::sim
