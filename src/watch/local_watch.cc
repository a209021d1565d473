#include "watch/local_watch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/wire.h"

namespace etcd::watch {

namespace {

// What Slice encoded.
LocalEvent decode_event(std::string_view bytes) {
  LocalEvent event;
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1) event.is_delete = field->varint == 1;
    if (field->number != 2) continue;
    const auto kv = mvcc::decode_key_value(field->bytes);
    CHECK(kv, describe(kv.error()));
    event.kv = *kv;
  }
  return event;
}

}  // namespace

LocalWatch::LocalWatch(Hub& hub, Callback callback) : hub_(hub), callback_(std::move(callback)), stream_(hub, *this) {}

LocalWatch::~LocalWatch() {
  if (is_to_be_called_) std::ranges::replace(hub_.to_call_, this, nullptr);
  if (gone_ != nullptr) *gone_ = true;
}

bool LocalWatch::on_events(const Delivery& delivery) {
  gathered_.append(delivery.events.bytes());
  call_later();
  return true;
}

bool LocalWatch::on_compacted(WatchId, Revision compact_revision) {
  compacted_ = compact_revision;
  call_later();
  return true;
}

void LocalWatch::call_later() {
  if (!std::exchange(is_to_be_called_, true)) hub_.to_call_.push_back(this);
}

void LocalWatch::call() {
  is_to_be_called_ = false;
  const std::string bytes = std::exchange(gathered_, {});
  LocalUpdate update{.events = {}, .compacted = compacted_};
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) update.events.push_back(decode_event(field->bytes));
  bool gone = false;
  gone_ = &gone;
  Callback callback = std::move(callback_);
  callback(update);
  if (gone) return;
  callback_ = std::move(callback);
  gone_ = nullptr;
}

}  // namespace etcd::watch
