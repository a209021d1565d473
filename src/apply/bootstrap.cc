#include "apply/bootstrap.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "raft/codec.h"

namespace etcd::apply {

std::vector<raft::Entry> bootstrap_entries(const std::vector<cluster::Member>& members) {
  const auto by_id = [](const cluster::Member& a, const cluster::Member& b) { return a.id < b.id; };
  CHECK(std::is_sorted(members.begin(), members.end(), by_id));
  std::vector<raft::Entry> entries;
  for (const cluster::Member& member : members) {
    raft::ConfChange change;
    change.type = raft::ConfChangeType::kAddNode;
    change.node_id = member.id;
    change.context = base::SharedBytes(cluster::member_json(member));
    std::string data;
    raft::encode(change, data);
    raft::Entry& entry = entries.emplace_back();
    entry.term = Term(1);
    entry.index = LogIndex(entries.size());
    entry.type = raft::EntryType::kConfChange;
    entry.data = base::SharedBytes(std::move(data));
  }
  return entries;
}

}  // namespace etcd::apply
