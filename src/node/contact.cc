#include "node/contact.h"

#include <algorithm>

namespace etcd::node {

std::size_t Contact::others(const cluster::View& view) const {
  const auto answers = [&](const cluster::Member& member) { return member.id != self_ && active_since_ns_(member.id) != 0; };
  return static_cast<std::size_t>(std::ranges::count_if(view.members, answers));
}

bool Contact::with(MemberId member, std::int64_t since_ns) const {
  const std::int64_t active_ns = active_since_ns_(member);
  return active_ns != 0 && active_ns < since_ns;
}

bool Contact::with_quorum(const cluster::View& view, std::int64_t since_ns) const {
  const auto connected = [&](const cluster::Member& member) { return member.id == self_ || with(member.id, since_ns); };
  return static_cast<std::size_t>(std::ranges::count_if(view.members, connected)) > view.members.size() / 2;
}

}  // namespace etcd::node
