#include "api/leader_leases.h"

#include <algorithm>
#include <utility>

#include "api/lease_messages.h"

namespace etcd::api {

namespace {

constexpr std::int64_t kAgainNs = 50'000'000;

}  // namespace

LeaderLeases::LeaderLeases(std::unique_ptr<node::LeaseQuestions> here, node::Node& node, const Options& options, rpc::Loop& loop)
    : here_(std::move(here)), node_(node), options_(options), loop_(loop), again_timer_([this] {
        for (const SharedQuestion& question : std::exchange(again_, {})) ask_here(question);
      }) {}

void LeaderLeases::renew(LeaseId id, base::UniqueFunction<void(Result<std::int64_t>)> done) {
  ask_here(std::make_shared<Question>(Question{id, loop_.now_ns() + options_.request_timeout_ns, Renewal{std::move(done)}}));
}

void LeaderLeases::describe(LeaseId id, Keys keys, base::UniqueFunction<void(Result<node::LeaseDescription>)> done) {
  ask_here(std::make_shared<Question>(Question{id, loop_.now_ns() + options_.request_timeout_ns, Description{std::move(done), keys}}));
}

void LeaderLeases::ask_here(const SharedQuestion& question) {
  if (const auto* description = std::get_if<Description>(&question->what)) {
    here_->describe(question->id, description->keys, [this, question](Result<node::LeaseDescription> answer) {
      on_own_answer<Description>(question, std::move(answer));
    });
  } else {
    here_->renew(question->id, [this, question](Result<std::int64_t> answer) { on_own_answer<Renewal>(question, std::move(answer)); });
  }
}

template <typename Kind, typename Answer>
void LeaderLeases::on_own_answer(const SharedQuestion& question, Result<Answer> answer) {
  const bool other_leads = !answer && answer.error().code == Errc::kNotPrimaryLessor;
  if (other_leads && options_.peers.ask) return ask_leader(question);
  std::get<Kind>(question->what).done(std::move(answer));
}

void LeaderLeases::ask_leader(const SharedQuestion& question) {
  waiting_.push_back(question);
  send_waiting();
}

void LeaderLeases::send_waiting() {
  while (in_flight_ < kInFlight && !waiting_.empty()) {
    const SharedQuestion question = std::move(waiting_.front());
    waiting_.pop_front();
    const auto view = node_.cluster();
    const node::NodeStatus status = node_.status();
    const cluster::Member* const leader = view->find(status.leader);
    const bool other_leads = leader != nullptr && leader->id != status.member_id;
    other_leads && loop_.now_ns() < question->deadline_ns ? send(question, *leader) : ask_again_later(question);
  }
}

void LeaderLeases::send(const SharedQuestion& question, const cluster::Member& leader) {
  ++in_flight_;
  const auto* const description = std::get_if<Description>(&question->what);
  options_.peers.ask({.urls = leader.peer_urls,
                      .target = description != nullptr ? kLeaseInternalPath : kLeasesPath,
                      .fields = {{"Content-Type", "application/protobuf"}},
                      .body = description != nullptr ? encode_lease_internal({question->id, description->keys == Keys::kInclude})
                                                     : encode_lease_keep_alive_request(question->id),
                      .limit_ns = question->deadline_ns - loop_.now_ns()},
                     [this, question](Result<PeerAnswer> answer) {
                       loop_.post([this, question, answer = std::move(answer)] {
                         --in_flight_;
                         on_leaders_answer(question, answer);
                         send_waiting();
                       });
                     });
}

void LeaderLeases::on_leaders_answer(const SharedQuestion& question, const Result<PeerAnswer>& answer) {
  if (answer && answer->status == 404) return fail_question(*question, Errc::kLeaseNotFound);
  if (answer && answer->status == 200) return finish(*question, answer->body);
  ask_again_later(question);
}

void LeaderLeases::ask_again_later(const SharedQuestion& question) {
  if (loop_.now_ns() >= question->deadline_ns) return fail_question(*question, Errc::kTimeout);
  again_.push_back(question);
  if (!again_timer_.started()) loop_.timers().start(again_timer_, loop_.now_ns() + kAgainNs);
}

void LeaderLeases::fail_question(Question& question, Errc code) {
  std::visit([code](auto& what) { what.done(fail(code)); }, question.what);
}

// An answer that can't be read, or is about another lease, says nothing.
void LeaderLeases::finish(Question& question, std::string_view response) {
  if (auto* renewal = std::get_if<Renewal>(&question.what)) {
    const auto renewed = decode_lease_keep_alive_response(response);
    if (!renewed || renewed->id != question.id) return renewal->done(fail(Errc::kUnknownOutcome));
    return renewal->done(renewed->ttl_s);
  }
  auto& done = std::get<Description>(question.what).done;
  auto described = decode_lease_internal_response(response);
  if (!described || described->id != question.id) return done(fail(Errc::kUnknownOutcome));
  done(std::move(described->lease));
}

}  // namespace etcd::api
