#include "sim/client.h"

#include <algorithm>
#include <utility>

#include "mvcc/key_value.h"
#include "mvcc/range.h"
#include "sim/users.h"

namespace etcd::sim {

namespace {

// The request has certainly not entered the log, or has been refused where it was applied. Everything else leaves that open.
bool was_refused(const Error& error) {
  switch (error.code) {
    case Errc::kNoLeader:
    case Errc::kNotLeader:
    case Errc::kTooManyRequests:
    case Errc::kUserEmpty:
    case Errc::kAuthOldRevision:
    case Errc::kPermissionDenied:
    case Errc::kRequestTooLarge: return true;
    default: return false;
  }
}

}  // namespace

Client::Client(Service& service, int number, std::uint64_t seed) : service_(service), number_(number), rng_(seed) {}

void Client::start() { ask_later(); }

void Client::go_on() {
  stopped_ = false;
  ask_later();
}

void Client::ask_later() {
  if (stopped_) return;
  const auto pause = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(2 * service_.around.profile.think_ns)));
  service_.around.scheduler.after(pause, [this] {
    if (!stopped_ && is_idle()) ask();
  });
}

Member* Client::pick_member() {
  if (member_ != nullptr && member_->is_up() && !rng_.one_in(10)) return member_;
  std::vector<Member*> up;
  for (const auto& member : service_.members) {
    if (member->is_up()) up.push_back(member.get());
  }
  member_ = up.empty() ? nullptr : up[rng_.below(up.size())];
  return member_;
}

void Client::ask() {
  Member* member = pick_member();
  if (member == nullptr) return ask_later();
  const int key = static_cast<int>(rng_.below(static_cast<std::uint64_t>(service_.around.profile.keys)));
  const std::uint64_t choice = rng_.below(100);
  if (choice < 5) return look_back(*member, key);
  if (rng_.below(100) < service_.around.profile.reads) return get(*member, key);
  if (choice < 65) return write(*member, Kind::kWrite, key);
  write(*member, choice < 80 ? Kind::kRemove : Kind::kSwap, key);
}

std::int64_t Client::patience_ns() { return 500 * kMillisecond + static_cast<std::int64_t>(rng_.below(5 * kSecond)); }

Client::CallRef Client::begin(Member& member, Kind kind, int key) {
  Operation operation;
  operation.key = key;
  operation.client = number_;
  operation.on_key.kind = kind;
  auto call = std::make_shared<Call>();
  call->number = service_.history.begin(std::move(operation));
  call->member = &member;
  call->life = member.life();
  call->kind = kind;
  call->key = key;
  call_ = call;
  // Its own patience ends a little after the deadline that it gave the member, which may be dead or asleep.
  service_.around.scheduler.after(8 * kSecond, [this, call] { failed(call, Error{Errc::kDeadlineExceeded}); });
  return call;
}

void Client::write(Member& member, Kind kind, int key, base::UniqueFunction<void(bool)> done) {
  const CallRef call = begin(member, kind, key);
  call->done = std::move(done);
  RegisterOperation& on_key = service_.history.operation(call->number).on_key;
  const std::size_t size = rng_.one_in(10) ? rng_.below(service_.around.profile.value_bytes) : rng_.below(40);
  std::string request;
  node::RequestKind request_kind = node::RequestKind::kPut;
  if (kind != Kind::kRemove) on_key.value = ++service_.values;
  const std::string value = value_text(on_key.value, size);
  if (kind == Kind::kWrite) request = put_request(key, value);
  if (kind == Kind::kRemove) {
    request = delete_request(key);
    request_kind = node::RequestKind::kDeleteRange;
  } else if (kind == Kind::kSwap) {
    const std::optional<std::string>& expected = found_[key];
    on_key.expected = expected ? value_number(*expected) : 0;
    request = swap_request(key, expected, value);
    request_kind = node::RequestKind::kTxn;
  }
  const std::int64_t deadline = member.monotonic_ns() + patience_ns();
  member.run([&](node::LocalNode& node) {
    auto proposer = node.make_proposer();
    proposer->propose({.kind = request_kind,
                       .request = base::SharedBytes(std::move(request)),
                       .deadline_ns = deadline,
                       .done = [this, call](Result<base::Rope> response) { answered(call, std::move(response)); },
                       .who = root_at(node)});
    proposer->submit();
  });
}

void Client::answered(const CallRef& call, Result<base::Rope> response) {
  if (call->over) return;
  if (!response) return failed(call, response.error());
  const std::string bytes = response->flatten();
  Operation& operation = service_.history.operation(call->number);
  RegisterOperation& on_key = operation.on_key;
  Answer answer;
  switch (call->kind) {
    case Kind::kWrite: answer = read_put_answer(bytes); break;
    case Kind::kRemove: answer = read_delete_answer(bytes); break;
    default: answer = read_swap_answer(bytes); break;
  }
  operation.revision = answer.revision;
  operation.changed = call->kind == Kind::kWrite || answer.did;
  operation.mod_revision = answer.mod_revision;
  on_key.did = answer.did;
  on_key.seen = answer.seen;
  service_.history.returned(call->number);
  service_.history.told(answer.revision);
  end(call, true);
}

void Client::get(Member& member, int key, base::UniqueFunction<void(bool)> done) {
  const CallRef call = begin(member, Kind::kRead, key);
  call->done = std::move(done);
  const std::int64_t deadline = member.monotonic_ns() + patience_ns();
  bool at_once = false;
  member.run([&](node::LocalNode& node) {
    at_once = node.view_is_linearizable();
    if (at_once) return;
    node.read_barrier(deadline, [this, call](Status passed) {
      if (!passed) return failed(call, passed.error());
      // The answer takes its way to the thread that the client's connection is on.
      service_.around.scheduler.after(static_cast<std::int64_t>(rng_.below(200 * kMicrosecond)), [this, call] { read(call); });
    });
  });
  if (at_once) read(call);
}

void Client::read(const CallRef& call) {
  if (call->over || call->life != call->member->life()) return;
  call->member->run([&](node::LocalNode& node) {
    const mvcc::ReadViewRef view = node.view();
    const auto found = view->find(key_name(call->key));
    if (!found) return service_.around.violation(*call->member, "can't read a key: " + describe(found.error()));
    Operation& operation = service_.history.operation(call->number);
    std::optional<std::string>& text = found_[call->key];
    text.reset();
    operation.revision = view->revision().value;
    if (*found) {
      const auto kv = mvcc::decode_key_value(**found);
      if (!kv) return service_.around.violation(*call->member, "can't decode a key: " + describe(kv.error()));
      text = std::string(kv->value);
      operation.on_key.seen = value_number(kv->value);
      operation.mod_revision = kv->mod_revision.value;
    }
    service_.history.returned(call->number);
    service_.history.told(operation.revision);
    end(call, true);
  });
}

// What a member has of the past is the same everywhere, and needs no barrier.
void Client::look_back(Member& member, int key) {
  member.run([&](node::LocalNode& node) {
    const mvcc::ReadViewRef view = node.view();
    const std::int64_t low = std::max<std::int64_t>(1, view->compact_revision().value);
    const std::int64_t revision = low + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(view->revision().value - low + 1)));
    const std::string name = key_name(key);
    const auto result = mvcc::range(*view, {.key = name, .revision = Revision(revision)});
    if (!result) return service_.around.violation(member, "can't read the past: " + describe(result.error()));
    PastRead read{key, revision, 0};
    if (!result->kvs.empty()) {
      const auto kv = mvcc::decode_key_value(result->kvs.front());
      if (kv) read.seen = value_number(kv->value);
    }
    service_.history.add(read);
  });
  ask_later();
}

void Client::failed(const CallRef& call, const Error& error) {
  if (call->over) return;
  if (call->kind == Kind::kRead || was_refused(error)) service_.history.never_was(call->number);
  end(call, false);
}

void Client::end(const CallRef& call, bool is_answered) {
  call->over = true;
  service_.around.trace.add(service_.around.scheduler.now_ns(), call->member->number(), is_answered ? "answers" : "fails", call->number,
                            static_cast<std::uint64_t>(service_.history.operation(call->number).revision));
  if (call_ == call) call_ = nullptr;
  if (call->done) call->done(is_answered);
  ask_later();
}

void Client::member_ended(const Member& member) {
  if (call_ != nullptr && call_->member == &member) failed(CallRef(call_), Error{Errc::kUnknownOutcome});
}

void Client::get_now(int key, Member& member, base::UniqueFunction<void(bool)> done) { get(member, key, std::move(done)); }
void Client::put_now(int key, Member& member, base::UniqueFunction<void(bool)> done) { write(member, Kind::kWrite, key, std::move(done)); }

}  // namespace etcd::sim
