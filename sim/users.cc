#include "sim/users.h"

#include <algorithm>
#include <utility>

#include "auth/base64.h"
#include "auth/request.h"
#include "auth/view.h"
#include "base/wire.h"

namespace etcd::sim {

namespace {

using node::RequestKind;

constexpr std::int64_t kLimitNs = 3 * kSecond;  // for an answer
constexpr std::size_t kMostAccounts = 12;
constexpr int kStepsOfAnAccount = 3;

std::string text(std::uint32_t field, std::string_view bytes) {
  std::string out;
  base::WireWriter(out).bytes(field, bytes);
  return out;
}

std::string user_of(int number) { return "u" + std::to_string(number); }
std::string role_of(int number) { return "r" + std::to_string(number); }
// Everything that begins with "user-<number>-": '.' comes behind '-'.
std::string first_key_of(int number) { return "user-" + std::to_string(number) + "-"; }
std::string end_of_keys_of(int number) { return "user-" + std::to_string(number) + "."; }

std::string add_user_request(const std::string& name) {
  return auth::encode(auth::UserAddRequest{name, "", auth::UserOptions(), auth::base64_encode("hash of " + name)});
}

std::string grant_request(int number, auth::PermissionType type) {
  const auth::Permission permission{type, first_key_of(number), end_of_keys_of(number)};
  return text(1, role_of(number)) + text(2, auth::encode(permission));
}

}  // namespace

auth::Identity root_at(node::LocalNode& node) {
  const auto view = node.auth_view();
  return view->enabled() ? auth::Identity{"root", view->revision()} : auth::Identity();
}

void Users::start() {
  act_later();
  visit_later();
}

// `done` runs once; without an answer in time the outcome is unknown.
void Users::propose(Member& member, RequestKind kind, std::string request, auth::Identity who, Answer done) {
  const auto once = std::make_shared<Answer>(std::move(done));
  const auto answer = [once](const Status& outcome) {
    if (*once) std::exchange(*once, nullptr)(outcome);
  };
  around_.scheduler.after(kLimitNs + kSecond, [answer] { answer(fail(Errc::kUnknownOutcome)); });
  const std::int64_t deadline = member.monotonic_ns() + kLimitNs;
  member.run([&](node::LocalNode& node) {
    auto proposer = node.make_proposer();
    proposer->propose({.kind = kind,
                       .request = base::SharedBytes(std::move(request)),
                       .deadline_ns = deadline,
                       .done = [answer](const Result<base::Rope>& response) { answer(response ? Status() : Status(fail(response.error()))); },
                       .who = std::move(who)});
    proposer->submit();
  });
}

// The administrator.

void Users::act_later() {
  if (stopped_) return;
  around_.scheduler.after(20 * kMillisecond + static_cast<std::int64_t>(rng_.below(kSecond)), [this] {
    if (!stopped_ && !is_busy_) act();
    act_later();
  });
}

void Users::act() {
  if (!set_up()) return;
  make_change(next_change());
}

// The first steps can be repeated: whether one had been made already does not matter. True once all are made.
bool Users::set_up() {
  if (set_up_steps_ == 0) make_change({.kind = RequestKind::kAuthUserAdd, .request = add_user_request("root")});
  if (set_up_steps_ == 1) make_change({.kind = RequestKind::kAuthUserGrantRole, .request = text(1, "root") + text(2, "root")});
  return set_up_steps_ > 1;
}

Users::Change Users::next_change() {
  const std::uint64_t choice = rng_.below(20);
  if (enabled_ != Enabled::kYes && (choice < 10 || enabled_ == Enabled::kUnknown)) {
    return {.kind = RequestKind::kAuthEnable, .request = {}, .enabled = Enabled::kYes};
  }
  if (enabled_ == Enabled::kYes && choice == 0) return {.kind = RequestKind::kAuthDisable, .request = {}, .enabled = Enabled::kNo};
  const auto is_open = [](const auto& account) { return !account->is_left_alone; };
  const auto open = std::ranges::count_if(accounts_, is_open);
  if (accounts_.size() < kMostAccounts && (open == 0 || choice < 4)) {
    accounts_.push_back(std::make_unique<Account>());
    accounts_.back()->number = static_cast<int>(accounts_.size());
    return next_change_of(*accounts_.back());
  }
  if (open == 0) return {.kind = RequestKind::kAuthUserChangePassword, .request = auth::encode(auth::UserChangePasswordRequest{"root", "", auth::base64_encode("new")})};
  for (;;) {
    Account& account = *accounts_[rng_.below(accounts_.size())];
    if (!account.is_left_alone) return next_change_of(account);
  }
}

Users::Change Users::next_change_of(Account& account) {
  const std::string user = user_of(account.number), role = role_of(account.number);
  if (account.steps == 0) return {.kind = RequestKind::kAuthUserAdd, .request = add_user_request(user), .account = &account};
  if (account.steps == 1) return {.kind = RequestKind::kAuthRoleAdd, .request = text(1, role), .account = &account};
  if (account.steps == 2) return {.kind = RequestKind::kAuthUserGrantRole, .request = text(1, user) + text(2, role), .account = &account};
  if (rng_.one_in(10)) {
    return {.kind = RequestKind::kAuthUserChangePassword,
            .request = auth::encode(auth::UserChangePasswordRequest{user, "", auth::base64_encode("hash " + std::to_string(changes_))}),
            .account = &account,
            .right = account.right};
  }
  if (rng_.one_in(12)) return {.kind = RequestKind::kAuthUserDelete, .request = text(1, user), .account = &account};
  if (account.right == Right::kWrite) {
    const std::string keys = text(2, first_key_of(account.number)) + text(3, end_of_keys_of(account.number));
    return {.kind = RequestKind::kAuthRoleRevokePermission, .request = text(1, role) + keys, .account = &account};
  }
  const auto type = rng_.one_in(2) ? auth::PermissionType::kWrite : auth::PermissionType::kReadWrite;
  return {.kind = RequestKind::kAuthRoleGrantPermission, .request = grant_request(account.number, type), .account = &account, .right = Right::kWrite};
}

// Until there is an answer, nothing is known of what it changes.
void Users::make_change(Change change) {
  Member* member = any_up(members_, rng_);
  if (member == nullptr) return;
  is_busy_ = true;
  auth::Identity root;
  member->run([&](node::LocalNode& node) { root = root_at(node); });
  Change asked = std::move(change);
  if (asked.enabled != Enabled::kUnknown) ++auth_turn_;
  if (asked.account != nullptr) ++asked.account->turn;
  std::string request = asked.request;
  const RequestKind kind = asked.kind;
  propose(*member, kind, std::move(request), std::move(root), [this, asked = std::move(asked)](const Status& outcome) { answered(asked, outcome); });
}

void Users::answered(const Change& change, const Status& outcome) {
  is_busy_ = false;
  const bool unknown = !outcome && may_have_happened(outcome.error());
  changes_ += outcome ? 1 : 0;
  if (change.enabled != Enabled::kUnknown) {
    ++auth_turn_;
    if (outcome) enabled_ = change.enabled;
    if (unknown) enabled_ = Enabled::kUnknown;
    may_be_disabled_any_time_ = may_be_disabled_any_time_ || (unknown && change.enabled == Enabled::kNo);
    return;
  }
  if (change.account == nullptr) {
    const bool was_there = !outcome && outcome.error().code == Errc::kUserAlreadyExist;
    set_up_steps_ += outcome || was_there ? 1 : 0;
    return;
  }
  Account& account = *change.account;
  ++account.turn;
  account.is_left_alone = unknown || (outcome && change.kind == RequestKind::kAuthUserDelete);
  if (unknown && change.right != account.right) account.right = Right::kUnknown;
  if (!outcome) return;
  account.right = change.right;
  account.steps = std::min(account.steps + 1, kStepsOfAnAccount);
}

// The users.

void Users::visit_later() {
  if (stopped_) return;
  around_.scheduler.after(10 * kMillisecond + static_cast<std::int64_t>(rng_.below(300 * kMillisecond)), [this] {
    if (!stopped_) visit();
    visit_later();
  });
}

void Users::visit() {
  Member* member = any_up(members_, rng_);
  if (member == nullptr || accounts_.empty()) return;
  Account& account = *accounts_[rng_.below(accounts_.size())];
  auth::Identity who{user_of(account.number), 0};
  member->run([&](node::LocalNode& node) { who.revision = node.auth_view()->revision(); });
  const bool is_old = who.revision > 1 && rng_.one_in(4);
  if (is_old) --who.revision;
  const Visit visit{&account, account.right, is_old, account.turn, auth_turn_};
  const std::string put = text(1, first_key_of(account.number) + std::to_string(rng_.below(3))) + text(2, "theirs");
  propose(*member, RequestKind::kPut, put, std::move(who), [this, visit, member](const Status& outcome) { visited(visit, *member, outcome); });
}

// What was known when it asked is still so: nothing had been asked for that was not answered, and nothing has been since.
void Users::visited(const Visit& visit, Member& member, const Status& outcome) {
  if (!outcome && may_have_happened(outcome.error())) return;
  ++(outcome ? executed_ : refused_);
  const bool is_settled = enabled_ == Enabled::kYes && !may_be_disabled_any_time_ && visit.auth_turn == auth_turn_ && visit.turn == visit.account->turn &&
                          visit.auth_turn % 2 == 0 && visit.turn % 2 == 0;
  if (!is_settled) return;
  const std::string name = user_of(visit.account->number);
  if (outcome && visit.is_old) return around_.violation(member, "has executed a request of " + name + " of before the last change of users");
  if (outcome && visit.right == Right::kNone) return around_.violation(member, "has executed a request of " + name + ", who may not make it");
  const bool is_denied = !outcome && outcome.error().code == Errc::kPermissionDenied;
  if (is_denied && visit.right == Right::kWrite) around_.violation(member, "has refused a request of " + name + ", who may make it");
}

}  // namespace etcd::sim
