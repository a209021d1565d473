#include "cluster/v2_store.h"

#include <map>
#include <vector>

#include "cluster/json.h"

namespace etcd::cluster {

namespace {

constexpr std::size_t kHistoryCapacity = 1000;

struct Event {
  std::string_view action;
  std::string path;
  std::string value;
};

// A folder or a file of the store. Paths are a few fixed parts deep.
struct Entry {
  std::uint64_t created = 0;
  bool is_file = false;
  std::string value;
  std::map<std::string, Entry> children;
};

// The store as etcd fills it: each write is one event, and gives the folders that it has to make its own index.
class Store {
 public:
  Store() {
    root_.children["0"];
    root_.children["1"];
  }

  void write(std::string_view action, const std::vector<std::string>& path, std::string value) {
    const std::uint64_t index = events_.size() + 1;
    std::string full_path;
    Entry* entry = &root_;
    for (const std::string& part : path) {
      full_path += '/' + part;
      const auto [child, made] = entry->children.try_emplace(part);
      entry = &child->second;
      if (made) entry->created = index;
    }
    entry->is_file = true;
    entry->value = value;
    events_.push_back({action, std::move(full_path), std::move(value)});
  }

  std::string json() const;

 private:
  static void append_entry(std::string& out, const std::string& path, const Entry& entry);
  void append_history(std::string& out) const;
  void append_statistics(std::string& out) const;

  Entry root_;
  std::vector<Event> events_;
};

void Store::append_entry(std::string& out, const std::string& path, const Entry& entry) {
  JsonObject object(out);
  object.text("Path", path);
  object.number("CreatedIndex", entry.created);
  object.number("ModifiedIndex", entry.created);
  object.text("ExpireTime", "0001-01-01T00:00:00Z");
  object.text("Value", entry.value);
  object.key("Children");
  if (entry.is_file) {
    out += "null";
  } else {
    JsonObject children(out);
    for (const auto& [name, child] : entry.children) {
      children.key(name);
      append_entry(out, (path == "/" ? path : path + "/") + name, child);
    }
    children.end();
  }
  object.end();
}

void append_event(std::string& out, const Event& event, std::uint64_t index) {
  JsonObject object(out);
  object.text("action", event.action);
  object.key("node");
  JsonObject node(out);
  node.text("key", event.path);
  node.text("value", event.value);
  node.number("modifiedIndex", index);
  node.number("createdIndex", index);
  node.end();
  object.end();
}

// The ring of the last 1000 events: `Events` is the whole ring, with null where it is not filled yet.
void Store::append_history(std::string& out) const {
  const std::size_t count = events_.size();
  const std::size_t kept = std::min(count, kHistoryCapacity);
  JsonObject history(out);
  history.key("Queue");
  JsonObject queue(out);
  queue.key("Events");
  out += '[';
  for (std::size_t place = 0; place < kHistoryCapacity; ++place) {
    if (place != 0) out += ',';
    std::size_t event = place;  // the newest event that fell on this place
    while (event + kHistoryCapacity < count) event += kHistoryCapacity;
    if (event < count) {
      append_event(out, events_[event], event + 1);
    } else {
      out += "null";
    }
  }
  out += ']';
  queue.number("Size", kept);
  queue.number("Front", count > kHistoryCapacity ? count % kHistoryCapacity : 0);
  queue.number("Back", count % kHistoryCapacity);
  queue.number("Capacity", kHistoryCapacity);
  queue.end();
  history.number("StartIndex", count == 0 ? 0 : count - kept + 1);
  history.number("LastIndex", count);
  history.end();
}

void Store::append_statistics(std::string& out) const {
  std::uint64_t creates = 0;
  for (const Event& event : events_) creates += event.action == "create" ? 1 : 0;
  JsonObject object(out);
  const auto zeros = [&](std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) object.number(name, 0);
  };
  object.number("getsSuccess", 0);
  object.number("getsFail", 1);  // etcd first makes sure that the store has no members
  object.number("setsSuccess", events_.size() - creates);
  zeros({"setsFail", "deleteSuccess", "deleteFail", "updateSuccess", "updateFail"});
  object.number("createSuccess", creates);
  zeros({"createFail", "compareAndSwapSuccess", "compareAndSwapFail", "compareAndDeleteSuccess", "compareAndDeleteFail",
         "expireCount", "watchers"});
  object.end();
}

std::string Store::json() const {
  std::string out;
  JsonObject object(out);
  object.key("Root");
  append_entry(out, "/", root_);
  object.key("WatcherHub");
  JsonObject hub(out);
  hub.key("EventHistory");
  append_history(out);
  hub.end();
  object.number("CurrentIndex", events_.size());
  object.key("Stats");
  append_statistics(out);
  object.number("CurrentVersion", 2);
  object.end();
  return out;
}

}  // namespace

std::string v2_store_json(const View& view) {
  Store store;
  for (const Member& member : view.members) {
    const std::string id = to_hex(member.id);
    store.write("create", {"0", "members", id, "raftAttributes"}, raft_attributes_json(member));
    if (!member.client_urls.empty()) store.write("set", {"0", "members", id, "attributes"}, attributes_json(member));
  }
  for (const MemberId id : view.removed) store.write("create", {"0", "removed_members", to_hex(id)}, {});
  if (!view.cluster_version.empty()) store.write("set", {"0", "version"}, view.cluster_version);
  return store.json();
}

}  // namespace etcd::cluster
