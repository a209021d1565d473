#include "raft/read_index.h"

#include <algorithm>

#include "raft/quorum.h"

namespace etcd::raft {

void ReadQueue::acknowledge(MemberId from, std::uint64_t position) {
  if (position > asked()) return;  // not one of ours
  std::uint64_t& known = acknowledged_[from];
  known = std::max(known, position);
}

std::vector<ReadQueue::Confirmed> ReadQueue::take_confirmed(const ConfState& conf) {
  std::uint64_t reached = joint_reached(conf.voters, conf.voters_outgoing, [&](MemberId id) {
    auto known = acknowledged_.find(id);
    return known == acknowledged_.end() ? 0 : known->second;
  });
  std::vector<Confirmed> done;
  for (reached = std::min(reached, asked()); confirmed_ < reached; ++confirmed_) {
    done.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return done;
}

std::vector<ReadRequest> ReadQueue::take_all() {
  std::vector<ReadRequest> rest;
  for (Confirmed& read : waiting_) rest.push_back(std::move(read.request));
  confirmed_ += waiting_.size();
  waiting_.clear();
  return rest;
}

base::SharedBytes ReadQueue::context() const {
  if (waiting_.empty()) return {};
  std::string bytes(8, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(asked() >> (8 * i));
  return base::SharedBytes(std::move(bytes));
}

std::optional<std::uint64_t> ReadQueue::position(const base::SharedBytes& context) {
  if (context.size() != 8) return std::nullopt;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(context.view()[i])} << (8 * i);
  return value;
}

}  // namespace etcd::raft
