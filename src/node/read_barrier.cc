#include "node/read_barrier.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/plant.h"

namespace etcd::node {

namespace {

constexpr std::int64_t kAskAgainNs = 500'000'000;

base::SharedBytes context_of(std::uint64_t question) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(question >> shift));
  return base::SharedBytes(std::move(bytes));
}

}  // namespace

std::optional<base::SharedBytes> ReadBarrier::next_question(std::int64_t now_ns) {
  const bool overdue = under_way_ && now_ns - sent_ns_ >= kAskAgainNs;
  if (under_way_ ? !overdue : asking_.empty()) return std::nullopt;
  counts_.repeated += overdue ? 1 : 0;
  std::move(asking_.begin(), asking_.end(), std::back_inserter(in_flight_));
  asking_.clear();
  under_way_ = !in_flight_.empty();
  if (!under_way_) return std::nullopt;
  sent_ns_ = now_ns;
  return context_of(overdue && PLANTED(asks_again_with_the_same_context) ? question_ : ++question_);
}

void ReadBarrier::answered(const base::SharedBytes& context, LogIndex index) {
  if (!under_way_ || context != context_of(question_)) {
    ++counts_.late;
    return;
  }
  under_way_ = false;
  confirmed_.push_back({index, std::exchange(in_flight_, {})});
  applied(PLANTED(reads_ahead_of_apply) ? index : applied_);
}

void ReadBarrier::dropped(const base::SharedBytes& context) {
  if (under_way_ && context == context_of(question_)) take_back();
}

void ReadBarrier::leader_changed() {
  if (under_way_) take_back();
}

void ReadBarrier::take_back() {
  under_way_ = false;
  ++counts_.failed;
  std::move(asking_.begin(), asking_.end(), std::back_inserter(in_flight_));
  asking_ = std::exchange(in_flight_, {});
}

void ReadBarrier::applied(LogIndex index) {
  applied_ = index;
  while (!confirmed_.empty() && confirmed_.front().index <= applied_) {
    std::vector<Reader> readers = std::move(confirmed_.front().readers);
    confirmed_.pop_front();
    for (Reader& reader : readers) reader.done({});
  }
}

void ReadBarrier::expire(std::int64_t now_ns) {
  expire_readers(asking_, now_ns);
  expire_readers(in_flight_, now_ns);
  if (under_way_ && in_flight_.empty()) {
    under_way_ = false;
    ++counts_.timed_out;
  }
  for (Confirmed& confirmed : confirmed_) expire_readers(confirmed.readers, now_ns);
}

void ReadBarrier::fail_all(const Error& error) {
  under_way_ = false;
  fail_readers(asking_, error);
  fail_readers(in_flight_, error);
  for (Confirmed& confirmed : std::exchange(confirmed_, {})) fail_readers(confirmed.readers, error);
}

std::int64_t ReadBarrier::wake_at_ns() const {
  std::int64_t at = under_way_ ? sent_ns_ + kAskAgainNs : std::numeric_limits<std::int64_t>::max();
  for (const auto* readers : {&asking_, &in_flight_}) {
    for (const Reader& reader : *readers) at = std::min(at, reader.deadline_ns);
  }
  for (const Confirmed& confirmed : confirmed_) {
    for (const Reader& reader : confirmed.readers) at = std::min(at, reader.deadline_ns);
  }
  return at;
}

void ReadBarrier::fail_readers(std::vector<Reader>& readers, const Error& error) {
  for (Reader& reader : std::exchange(readers, {})) reader.done(fail(error));
}

void ReadBarrier::expire_readers(std::vector<Reader>& readers, std::int64_t now_ns) {
  auto live = std::stable_partition(readers.begin(), readers.end(), [&](const Reader& r) { return r.deadline_ns > now_ns; });
  std::vector<Reader> late(std::make_move_iterator(live), std::make_move_iterator(readers.end()));
  readers.erase(live, readers.end());
  fail_readers(late, Error{Errc::kTimeout});
}

}  // namespace etcd::node
