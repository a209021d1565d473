#include "api/corruption_checks.h"

#include <algorithm>
#include <utility>

#include "api/errors.h"
#include "apply/request.h"

namespace etcd::api {

namespace {

// The others' answers, as they come in on one loop.
struct Answers {
  std::vector<MemberHash> hashes;
  std::size_t missing = 0;
  base::UniqueFunction<void(std::vector<MemberHash>)> done;

  void add_one() {
    if (--missing == 0) done(std::move(hashes));
  }
};

}  // namespace

CorruptionChecks::CorruptionChecks(Context& context)
    : context_(context), loop_(context.lanes.first().loop()), periodic_timer_([this] { compare_all(); }), compaction_timer_([this] { compare_compactions(); }) {
  if (context_.options.corrupt_check_ns > 0) {
    context_.logger.info("enabled corruption checking", {{"local-member-id", cluster::to_hex(context_.node.status().member_id)}});
    wait_periodic();
  }
  if (context_.options.compact_hash_check_ns > 0) wait_compaction();
}

bool CorruptionChecks::leads() const {
  const node::NodeStatus status = context_.node.status();
  return status.leader == status.member_id;
}

void CorruptionChecks::wait_periodic() { loop_.timers().start(periodic_timer_, loop_.now_ns() + context_.options.corrupt_check_ns); }

void CorruptionChecks::compare_all() {
  if (!leads()) return wait_periodic();
  hash_here([this](Result<Hash> before) {
    if (!before) {
      context_.logger.warn("failed to check hash KV", {{"error", text_of(before.error())}});
      return wait_periodic();
    }
    const Revision revision = before->hash_revision;
    ask_others(revision, [this, before = *before](std::vector<MemberHash> others) {
      compare_now(std::make_shared<Periodic>(Periodic{before, std::move(others)}));
    });
  });
}

// A follower may be ahead of what this member had applied, but not of what it has once it has asked its quorum.
void CorruptionChecks::compare_now(std::shared_ptr<Periodic> check) {
  context_.node.read_barrier(0, [this, &loop = loop_, check = std::move(check)](Status barrier) {
    loop.post([this, check, barrier = std::move(barrier)] {
      if (!barrier) {
        context_.logger.warn("failed to check hash KV", {{"error", text_of(barrier.error())}});
        return wait_periodic();
      }
      hash_here([this, check](Result<Hash> after) {
        if (after) {
          const auto corrupt = find_corrupt(context_.node.status().member_id, check->before, *after, check->others, context_.logger);
          if (corrupt) raise_alarm(*corrupt);
        }
        wait_periodic();
      });
    });
  });
}

void CorruptionChecks::end_compaction_check(std::size_t checked) {
  context_.logger.info("finished compaction hash check", {{"number-of-hashes-checked", checked}});
  wait_compaction();
}

void CorruptionChecks::wait_compaction() {
  loop_.timers().start(compaction_timer_, loop_.now_ns() + context_.options.compact_hash_check_ns);
}

// From the newest on: the first that all members have settles it.
void CorruptionChecks::compare_compactions() {
  if (!leads()) return wait_compaction();
  context_.logger.info("starting compact hash check", {{"local-member-id", cluster::to_hex(context_.node.status().member_id)}});
  context_.node.compaction_hashes([this, &loop = loop_](std::vector<Hash> hashes) {
    loop.post([this, hashes = std::move(hashes)]() mutable {
      std::erase_if(hashes, [this](const Hash& hash) { return hash.hash_revision <= checked_; });
      std::ranges::sort(hashes, std::greater(), &Hash::hash_revision);
      compare_next_compaction(std::make_shared<std::vector<Hash>>(std::move(hashes)), 0);
    });
  });
}

void CorruptionChecks::compare_next_compaction(std::shared_ptr<std::vector<Hash>> unchecked, std::size_t place) {
  if (place == unchecked->size()) return end_compaction_check(place);
  const Hash own = (*unchecked)[place];
  ask_others(own.hash_revision, [this, own, unchecked = std::move(unchecked), place](const std::vector<MemberHash>& others) {
    using Kind = CompactionVerdict::Kind;
    if (others.empty()) return compare_next_compaction(unchecked, place + 1);
    const CompactionVerdict verdict = compare_compaction(context_.node.status().member_id, own, others, context_.logger);
    for (const MemberId corrupt : verdict.corrupt) raise_alarm(corrupt);
    if (verdict.kind == Kind::kUnsettled) return compare_next_compaction(unchecked, place + 1);
    if (verdict.kind == Kind::kEqual) checked_ = std::max(checked_, own.hash_revision);
    end_compaction_check(place + 1);
  });
}

void CorruptionChecks::hash_here(base::UniqueFunction<void(Result<Hash>)> done) {
  context_.node.hash_kv(Revision(0), [&loop = loop_, done = std::move(done)](Result<Hash> hash) mutable {
    loop.post([done = std::move(done), hash = std::move(hash)]() mutable { done(std::move(hash)); });
  });
}

void CorruptionChecks::ask_others(Revision revision, base::UniqueFunction<void(std::vector<MemberHash>)> done) {
  const auto view = context_.node.cluster();
  const node::NodeStatus status = context_.node.status();
  const auto answers = std::make_shared<Answers>();
  answers->done = std::move(done);
  for (const cluster::Member& member : view->members) {
    if (member.id != status.member_id) answers->hashes.push_back({member.id, member.peer_urls, fail(Errc::kTimeout)});
  }
  if (answers->hashes.empty() || !context_.options.peers.ask) return answers->done(std::move(answers->hashes));
  answers->missing = answers->hashes.size();
  for (std::size_t i = 0; i < answers->missing; ++i) {
    context_.options.peers.ask({.urls = answers->hashes[i].urls,
                                .method = "GET",
                                .target = kHashKvPath,
                                .fields = hash_kv_fields(status.cluster_id),
                                .body = hash_kv_request(revision),
                                .limit_ns = context_.options.request_timeout_ns},
                               [this, &loop = loop_, answers, i, revision](Result<PeerAnswer> answer) {
                                 loop.post([this, answers, i, revision, answer = std::move(answer)] {
                                   MemberHash& hash = answers->hashes[i];
                                   hash.answer = answer ? read_hash_kv_answer(answer->status, answer->body) : fail(answer.error());
                                   if (!hash.answer) {
                                     context_.logger.warn("failed hash kv request", {{"requested-revision", revision},
                                                                                     {"remote-peer-id", cluster::to_hex(hash.id)},
                                                                                     {"error", text_of(hash.answer.error())}});
                                   }
                                   answers->add_one();
                                 });
                               });
  }
}

void CorruptionChecks::raise_alarm(MemberId corrupt) {
  const apply::AlarmRequest alarm{apply::AlarmAction::kActivate, corrupt, cluster::AlarmType::kCorrupt};
  context_.lanes.here().propose({.kind = node::RequestKind::kAlarm, .request = base::SharedBytes(apply::encode_alarm(alarm)), .done = {}});
}

}  // namespace etcd::api
