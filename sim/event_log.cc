#include "sim/event_log.h"

#include <algorithm>

#include "base/check.h"
#include "base/wire.h"
#include "mvcc/changes.h"
#include "mvcc/key_value.h"
#include "sim/requests.h"

namespace etcd::sim {

namespace {

std::string text_of(const KeyEvent& event) {
  return (event.is_delete ? "deletion of " : "put of ") + event.key + " at " + std::to_string(event.revision);
}

KeyEvent decode_event(std::string_view bytes) {
  constexpr std::uint32_t kType = 1, kKv = 2;
  KeyEvent event;
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == kType) event.is_delete = field->varint == 1;
    if (field->number == kKv) event.kv = field->bytes;
  }
  const auto kv = mvcc::decode_key_value(event.kv);
  CHECK(kv, describe(kv.error()));
  event.revision = kv->mod_revision.value;
  event.key = kv->key;
  if (event.is_delete) event.kv.clear();
  return event;
}

}  // namespace

std::vector<KeyEvent> decode_events(std::string_view bytes) {
  std::vector<KeyEvent> events;
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) events.push_back(decode_event(field->bytes));
  return events;
}

EventLog::Fault EventLog::see(const mvcc::ReadView& view) {
  if (view.revision().value <= newest_) return std::nullopt;
  std::int64_t from = newest_ + 1;
  if (from < view.complete_from().value) {
    gaps_.push_back({from, view.complete_from().value - 1});
    from = view.complete_from().value;
  }
  auto cursor = mvcc::changes(view, Revision(from), view.revision());
  while (const auto change = cursor.next()) {
    const auto kv = mvcc::decode_key_value(change->kv);
    if (!kv) return "can't decode a change: " + describe(kv.error());
    const std::int64_t revision = change->id.revision.main.value;
    const bool is_delete = change->id.tombstone;
    events_[revision].push_back({revision, is_delete, std::string(kv->key), is_delete ? std::string() : std::string(change->kv)});
  }
  newest_ = view.revision().value;
  if (!cursor.status()) return "can't read its changes: " + describe(cursor.status().error());
  return std::nullopt;
}

bool EventLog::is_unknown(std::int64_t revision) const {
  return std::ranges::any_of(gaps_, [&](const Gap& gap) { return gap.from <= revision && revision <= gap.to; });
}

EventLog::Fault EventLog::compare(const mvcc::KeyRange& range, std::int64_t from, std::int64_t to, const std::vector<KeyEvent>& told) const {
  auto next = told.begin();
  const auto skip_unknown = [&] {
    while (next != told.end() && is_unknown(next->revision)) ++next;
  };
  for (auto at = events_.lower_bound(from); at != events_.end() && at->first <= to; ++at) {
    for (const KeyEvent& event : at->second) {
      if (!range.contains(event.key)) continue;
      skip_unknown();
      if (next == told.end()) return "misses the " + text_of(event);
      if (*next != event) return "is told of the " + text_of(*next) + " in the place of the " + text_of(event);
      ++next;
    }
  }
  skip_unknown();
  if (next != told.end()) return "is told of the " + text_of(*next) + ", which it knew, or which did not happen";
  return std::nullopt;
}

EventLog::Fault EventLog::check(const History& history) const {
  for (const Operation& operation : history.operations()) {
    const RegisterOperation& op = operation.on_key;
    if (op.returned == RegisterOperation::kNever || !operation.changed || is_unknown(operation.revision)) continue;
    const std::string key = key_name(operation.key);
    const bool is_delete = op.kind == RegisterOperation::Kind::kRemove;
    const auto matches = [&](const KeyEvent& event) {
      if (event.key != key || event.is_delete != is_delete) return false;
      const auto kv = mvcc::decode_key_value(event.kv);
      return is_delete || (kv && value_number(kv->value) == op.value);
    };
    const auto found = events_.find(operation.revision);
    if (found != events_.end() && std::ranges::any_of(found->second, matches)) continue;
    return "an acknowledged " + std::string(is_delete ? "deletion" : "put") + " of " + key + " at revision " + std::to_string(operation.revision) +
           " is not among what was published";
  }
  return std::nullopt;
}

}  // namespace etcd::sim
