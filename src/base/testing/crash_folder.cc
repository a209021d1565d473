#include "base/testing/crash_folder.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/file.h"

namespace etcd::base {

std::optional<CrashNode> CrashFolder::find(const std::string& name) const {
  const auto it = now_.find(name);
  if (it == now_.end()) return std::nullopt;
  return it->second;
}

void CrashFolder::link(const std::string& name, CrashNode node) { note({name, std::move(node), {}}); }

void CrashFolder::unlink(const std::string& name) { note({name, std::nullopt, {}}); }

void CrashFolder::rename(const std::string& from, const std::string& to) {
  if (from != to) note({to, now_.at(from), from});
}

void CrashFolder::apply(const Change& change, Entries& entries) {
  if (!change.removed.empty()) entries.erase(change.removed);
  if (change.node) {
    entries.insert_or_assign(change.name, *change.node);
  } else {
    entries.erase(change.name);
  }
}

void CrashFolder::note(Change change) {
  apply(change, now_);
  changes_.push_back(std::move(change));
}

void CrashFolder::sync() {
  durable_ = now_;
  changes_.clear();
}

void CrashFolder::fail_sync(Rng& rng) {
  durable_ = survivors({}, survive_at_random(rng));
  changes_.clear();
}

void CrashFolder::sync_all() {
  sync();
  for (const auto& [name, node] : now_) {
    if (const auto* file = std::get_if<std::shared_ptr<CrashContents>>(&node)) {
      (*file)->sync();
    } else {
      std::get<std::shared_ptr<CrashFolder>>(node)->sync_all();
    }
  }
}

std::vector<std::vector<const CrashFolder::Change*>> CrashFolder::groups() const {
  struct Group {
    std::set<std::string> names;
    std::vector<const Change*> changes;
  };
  std::vector<Group> groups;
  for (const Change& change : changes_) {
    Group joined{{change.name}, {}};
    if (!change.removed.empty()) joined.names.insert(change.removed);
    for (Group& group : groups) {
      if (std::none_of(joined.names.begin(), joined.names.end(), [&](auto& name) { return group.names.count(name) > 0; })) continue;
      joined.names.merge(group.names);
      joined.changes.insert(joined.changes.end(), group.changes.begin(), group.changes.end());
      group.changes.clear();
      group.names.clear();
    }
    joined.changes.push_back(&change);
    std::sort(joined.changes.begin(), joined.changes.end());  // one array: the order of addresses is the order of time
    groups.push_back(std::move(joined));
  }
  std::vector<std::vector<const Change*>> found;
  for (Group& group : groups) {
    if (!group.changes.empty()) found.push_back(std::move(group.changes));
  }
  return found;
}

CrashFolder::Entries CrashFolder::survivors(const std::string& path, const CrashPolicy& policy) const {
  Entries left = durable_;
  for (const auto& group : groups()) {
    const std::size_t kept = policy({Unsynced::What::kName, join_path(path, group.front()->name), 0, group.size()});
    for (std::size_t i = 0; i < kept; ++i) apply(*group[i], left);
  }
  return left;
}

std::shared_ptr<CrashFolder> CrashFolder::after_crash(const std::string& path, const CrashPolicy& policy) const {
  auto left = std::make_shared<CrashFolder>();
  for (const auto& [name, node] : survivors(path, policy)) {
    const std::string below = join_path(path, name);
    const CrashNode survivor = std::visit([&](const auto& inner) -> CrashNode { return inner->after_crash(below, policy); }, node);
    left->durable_.emplace(name, survivor);
  }
  left->now_ = left->durable_;
  return left;
}

}  // namespace etcd::base
