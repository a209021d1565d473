#include "api/watch_messages.h"

#include "base/wire.h"

namespace etcd::api {

namespace {

using base::WireField;
using base::WireReader;
using base::WireType;

// WatchRequest's alternatives.
constexpr std::uint32_t kCreate = 1;
constexpr std::uint32_t kCancel = 2;
constexpr std::uint32_t kProgress = 3;

// WatchCreateRequest.filters.
constexpr std::int32_t kNoPut = 0;
constexpr std::int32_t kNoDelete = 1;

tl::unexpected<Error> malformed() { return fail(Errc::kInvalid, "proto: cannot parse invalid wire-format data"); }

void add_filter(WatchCreate& create, std::uint64_t number) {
  const auto filter = static_cast<std::int32_t>(number);
  if (filter == kNoPut) create.request.no_put = true;
  if (filter == kNoDelete) create.request.no_delete = true;
}

// Repeated enums come packed or one by one.
Status add_filters(WatchCreate& create, const WireField& field) {
  if (field.type == WireType::kVarint) return add_filter(create, field.varint), Status();
  if (field.type != WireType::kBytes) return {};
  for (std::string_view rest = field.bytes; !rest.empty();) {
    const auto number = base::take_varint(rest);
    if (!number) return malformed();
    add_filter(create, *number);
  }
  return {};
}

Status merge_field(WatchCreate& create, const WireField& field) {
  watch::WatchRequest& request = create.request;
  if (field.number == 5) return add_filters(create, field);
  if (field.type == WireType::kBytes) {
    if (field.number == 1) request.key = field.bytes;
    if (field.number == 2) request.range_end = field.bytes;
  }
  if (field.type != WireType::kVarint) return {};
  if (field.number == 3) request.start = Revision(field.as_int64());
  if (field.number == 4) request.progress_notify = field.as_bool();
  if (field.number == 6) request.prev_kv = field.as_bool();
  if (field.number == 7) create.id = watch::WatchId(field.as_int64());
  if (field.number == 8) request.fragment = field.as_bool();
  return {};
}

Status merge_field(WatchCancel& cancel, const WireField& field) {
  if (field.number == 1 && field.type == WireType::kVarint) cancel.id = watch::WatchId(field.as_int64());
  return {};
}

Status merge_field(WatchProgress&, const WireField&) { return {}; }

// Protobuf's rule for messages in a oneof: the same one again adds to it, another one takes its place.
template <typename Message>
Status merge(WatchCall& call, std::string_view bytes) {
  if (!std::holds_alternative<Message>(call)) call = Message();
  WireReader reader(bytes);
  while (const auto field = reader.next()) TRY(merge_field(std::get<Message>(call), *field));
  return reader.failed() ? Status(malformed()) : Status();
}

}  // namespace

Result<WatchCall> decode_watch_request(std::string_view bytes) {
  WatchCall call;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->type != WireType::kBytes) continue;
    if (field->number == kCreate) TRY(merge<WatchCreate>(call, field->bytes));
    if (field->number == kCancel) TRY(merge<WatchCancel>(call, field->bytes));
    if (field->number == kProgress) TRY(merge<WatchProgress>(call, field->bytes));
  }
  if (reader.failed()) return malformed();
  return call;
}

void append_watch_answer(std::string& out, std::string_view header, const WatchAnswer& answer) {
  base::WireWriter writer(out);
  writer.bytes(1, header);
  writer.int64_if(2, answer.id.value);
  writer.bool_if(3, answer.created);
  writer.bool_if(4, answer.canceled);
  writer.int64_if(5, answer.compact_revision.value);
  writer.bytes_if(6, answer.cancel_reason);
  writer.bool_if(7, answer.fragment);
}

}  // namespace etcd::api
