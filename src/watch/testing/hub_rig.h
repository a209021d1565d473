// HubRig: a hub over a real store, and sinks that keep what they are given and can be made to refuse.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/wire.h"
#include "mvcc/testing/store_rig.h"
#include "watch/hub.h"
#include "watch/stream.h"

namespace etcd::watch::testing {

struct SeenEvent {
  std::int64_t revision = 0;
  bool is_delete = false;
  std::string key;
  std::string value;
  std::string kv;                      // encoded
  std::optional<std::string> prev_kv;  // encoded
};

inline SeenEvent decode_event(std::string_view bytes) {
  SeenEvent event;
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) event.is_delete = field->varint == 1;
    if (field->number == 2) event.kv = field->bytes;
    if (field->number == 3) event.prev_kv = std::string(field->bytes);
  }
  EXPECT_FALSE(reader.failed());
  const auto kv = mvcc::decode_key_value(event.kv);
  EXPECT_TRUE(kv);
  event.revision = kv->mod_revision.value;
  event.key = kv->key;
  event.value = kv->value;
  return event;
}

// One call of a sink.
struct Seen {
  enum class What { kEvents, kCompacted, kProgress };
  What what;
  std::int64_t id;
  std::int64_t revision;
  std::vector<SeenEvent> events;
  bool fragment = false;

  // "0@5: +a=1 -b"; "0 compacted 4"; "-1 progress 7".
  std::string text() const {
    std::string out = std::to_string(id);
    if (what == What::kCompacted) return out + " compacted " + std::to_string(revision);
    if (what == What::kProgress) return out + " progress " + std::to_string(revision);
    out += "@" + std::to_string(revision) + ":";
    for (const SeenEvent& event : events) out += event.is_delete ? " -" + event.key : " +" + event.key + "=" + event.value;
    return out;
  }
};

class KeepingSink : public Sink {
 public:
  bool on_events(const Delivery& delivery) override {
    Seen one{Seen::What::kEvents, delivery.id.value, delivery.revision.value, {}, delivery.fragment};
    std::string joined;
    for (std::size_t i = 0; i < delivery.events.count(); ++i) {
      joined += delivery.events.event(i);
      base::WireReader reader(delivery.events.event(i));
      const auto field = reader.next();
      EXPECT_TRUE(field && field->number == 11 && !reader.next() && !reader.failed());
      one.events.push_back(decode_event(field->bytes));
    }
    EXPECT_EQ(joined, delivery.events.bytes());
    EXPECT_EQ(joined, delivery.events.shared().view());
    EXPECT_FALSE(one.events.empty());
    return keep(std::move(one));
  }
  bool on_compacted(WatchId id, Revision compact_revision) override {
    return keep({Seen::What::kCompacted, id.value, compact_revision.value, {}});
  }
  bool on_progress(WatchId id, Revision revision) override {
    return keep({Seen::What::kProgress, id.value, revision.value, {}});
  }

  // What came since the last call.
  std::vector<std::string> take() {
    std::vector<std::string> texts;
    for (const Seen& call : seen) texts.push_back(call.text());
    seen.clear();
    return texts;
  }

  std::vector<Seen> seen;

  // Before Stream::sink_is_ready().
  void make_room(std::size_t how_much) {
    room_ = how_much;
    takes_ = true;
  }

 private:
  bool keep(Seen one) {
    EXPECT_TRUE(takes_ || one.what == Seen::What::kCompacted) << "given more than it said it takes: " << one.text();
    seen.push_back(std::move(one));
    takes_ = seen.size() < room_;
    return takes_;
  }

  std::size_t room_ = SIZE_MAX;  // says that it takes no more once it holds so many
  bool takes_ = true;
};

class HubRig : private Host {
 public:
  explicit HubRig(const HubLimits& limits = {}) : hub(*this, {}, limits) {}

  mvcc::testing::StoreRig store;
  Hub hub;
  int wakes = 0;

  // Steps until there is nothing more to do; fails if that takes for ever.
  void settle() {
    for (int i = 0; hub.step(); ++i) {
      if (i > 100'000) return ADD_FAILURE() << "the hub never comes to rest", void();
    }
  }
  std::int64_t put(std::string_view key, std::string_view value) { return store.put(key, value).value; }
  std::int64_t erase(std::string_view key, std::string_view range_end = {}) { return store.erase(key, range_end).value; }

 private:
  mvcc::ReadViewRef view() override { return store.view(); }
  void wake() override { ++wakes; }
};

}  // namespace etcd::watch::testing
