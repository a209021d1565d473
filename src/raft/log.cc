#include "raft/log.h"

#include <algorithm>

#include "base/check.h"

namespace etcd::raft {

namespace {

constexpr std::size_t kBlockEntries = 256;
constexpr std::size_t kBlockBytes = 1024 * 1024;
constexpr std::uint64_t kFraming = 24;  // weight() of an empty entry

LogIndex advanced(LogIndex index, std::uint64_t by) { return LogIndex(index.value + by); }

}  // namespace

Log::Log(EntryId base) : compacted_(base.index), last_(base.index), handed_(base.index), durable_(base.index) {
  terms_.push_back({base.index, base.term});
}

std::optional<Term> Log::term(LogIndex index) const {
  if (index < compacted_ || index > last_) return std::nullopt;
  auto run = terms_.end() - 1;
  if (index < run->first) {
    run = std::upper_bound(terms_.begin(), terms_.end(), index, [](LogIndex i, const TermRun& r) { return i < r.first; }) - 1;
  }
  return run->term;
}

bool Log::has(EntryId id) const {
  std::optional<Term> ours = term(id.index);
  return ours && *ours == id.term;
}

bool Log::is_up_to_date(EntryId theirs) const {
  EntryId ours = last_id();
  return theirs.term > ours.term || (theirs.term == ours.term && theirs.index >= ours.index);
}

EntryId Log::guess_match(LogIndex index, Term term) const {
  if (index > last_ || index < compacted_) return {Term(0), index};
  for (auto run = terms_.rbegin(); run != terms_.rend(); ++run) {
    if (run->first > index) continue;
    if (run->term <= term) return {run->term, index};
    if (run->first == LogIndex(0)) return {Term(0), LogIndex(0)};
    index = run->first.prev();
  }
  return {Term(0), index};
}

bool Log::has_conf_change(LogIndex after, LogIndex upto) const {
  auto next = std::upper_bound(conf_changes_.begin(), conf_changes_.end(), after);
  return next != conf_changes_.end() && *next <= upto;
}

Log::Block& Log::open_block(std::size_t weight) {
  if (!blocks_.empty()) {
    Block& tail = blocks_.back();
    const Block::Storage& storage = *tail.storage;
    bool whole = storage.entries.size() == tail.count;
    if (whole && tail.count < kBlockEntries && storage.weight_upto.back() + weight <= kBlockBytes) return tail;
  }
  auto storage = std::make_shared<Block::Storage>();
  storage->entries.reserve(kBlockEntries);
  storage->weight_upto.reserve(kBlockEntries);
  return blocks_.emplace_back(Block{std::move(storage), last_.next(), 0});
}

void Log::append(Entry entry) {
  CHECK(entry.index == last_.next(), entry.index, last_);
  CHECK(entry.term >= terms_.back().term, entry.term, terms_.back().term);
  Block& block = open_block(weight(entry));
  Block::Storage& storage = *block.storage;
  if (entry.term != terms_.back().term) terms_.push_back({entry.index, entry.term});
  if (entry.type != EntryType::kNormal) conf_changes_.push_back(entry.index);
  storage.weight_upto.push_back((storage.entries.empty() ? 0 : storage.weight_upto.back()) + weight(entry));
  storage.entries.push_back(std::move(entry));
  ++block.count;
  last_ = last_.next();
}

void Log::truncate(LogIndex index) {
  CHECK(index >= compacted_ && index <= last_, index, compacted_, last_);
  last_ = index;
  handed_ = std::min(handed_, index);
  durable_ = std::min(durable_, index);
  while (!blocks_.empty() && blocks_.back().first > index) blocks_.pop_back();
  if (!blocks_.empty()) blocks_.back().count = std::min<std::size_t>(blocks_.back().count, index.value - blocks_.back().first.value + 1);
  while (terms_.size() > 1 && terms_.back().first > index) terms_.pop_back();
  while (!conf_changes_.empty() && conf_changes_.back() > index) conf_changes_.pop_back();
}

void Log::compact(LogIndex index) {
  CHECK(index >= compacted_ && index <= last_, index, compacted_, last_);
  compacted_ = index;
  while (!blocks_.empty() && blocks_.front().last() <= index) blocks_.pop_front();
  auto run = terms_.begin();
  while (run + 1 != terms_.end() && (run + 1)->first <= index) ++run;
  run->first = index;
  terms_.erase(terms_.begin(), run);
  while (!conf_changes_.empty() && conf_changes_.front() <= index) conf_changes_.pop_front();
}

void Log::reset(EntryId base) {
  blocks_.clear();
  conf_changes_.clear();
  terms_.assign(1, {base.index, base.term});
  compacted_ = last_ = handed_ = base.index;
  durable_ = std::min(durable_, base.index.prev());
}

std::size_t Log::block_of(LogIndex index) const {
  if (blocks_.back().first <= index) return blocks_.size() - 1;
  auto after = std::upper_bound(blocks_.begin(), blocks_.end(), index, [](LogIndex i, const Block& b) { return i < b.first; });
  return static_cast<std::size_t>(after - blocks_.begin()) - 1;
}

Entries Log::range(LogIndex first, LogIndex last) const {
  Entries found;
  if (first > last) return found;
  CHECK(first > compacted_ && last <= last_, first, last, compacted_, last_);
  for (std::size_t i = block_of(first); first <= last; ++i) {
    const Block& block = blocks_[i];
    std::size_t skip = first.value - block.first.value;
    std::size_t count = std::min<std::uint64_t>(block.count - skip, last.value - first.value + 1);
    found.add({block.storage, block.storage->entries.data() + skip, count});
    first = advanced(first, count);
  }
  return found;
}

LogIndex Log::fit(LogIndex first, LogIndex last, std::uint64_t limit) const {
  if (first > last) return first.prev();
  CHECK(first > compacted_ && last <= last_, first, last, compacted_, last_);
  std::size_t i = block_of(first);
  std::size_t skip = first.value - blocks_[i].first.value;
  for (; i < blocks_.size(); ++i, skip = 0) {
    const Block& block = blocks_[i];
    const std::vector<std::uint64_t>& upto = block.storage->weight_upto;
    std::uint64_t before = skip == 0 ? 0 : upto[skip - 1];
    auto begin = upto.begin() + static_cast<std::ptrdiff_t>(skip);
    auto end = upto.begin() + static_cast<std::ptrdiff_t>(block.count);
    auto beyond = std::upper_bound(begin, end, limit, [&](std::uint64_t max, std::uint64_t sum) { return sum - before > max; });
    if (beyond != end || block.last() >= last) {
      return std::min(last, advanced(block.first.prev(), static_cast<std::uint64_t>(beyond - upto.begin())));
    }
    limit -= upto[block.count - 1] - before;
  }
  return last;
}

std::uint64_t Log::weight_of(LogIndex after, LogIndex upto) const {
  after = std::max(after, compacted_);
  upto = std::min(upto, last_);
  std::uint64_t sum = 0;
  while (after < upto) {
    const Block& block = blocks_[block_of(after.next())];
    const std::vector<std::uint64_t>& weights = block.storage->weight_upto;
    LogIndex end = std::min(upto, block.last());
    std::size_t skip = after.next().value - block.first.value;
    sum += weights[end.value - block.first.value] - (skip == 0 ? 0 : weights[skip - 1]);
    after = end;
  }
  return sum;
}

std::uint64_t Log::payload_of(LogIndex after, LogIndex upto) const {
  after = std::max(after, compacted_);
  upto = std::min(upto, last_);
  if (after >= upto) return 0;
  return weight_of(after, upto) - (upto.value - after.value) * kFraming;
}

Entries Log::hand_over() {
  Entries fresh = range(handed_.next(), last_);
  handed_ = last_;
  return fresh;
}

void Log::persisted(LogIndex index) {
  CHECK(index <= handed_, index, handed_);
  durable_ = std::max(durable_, index);
}

}  // namespace etcd::raft
