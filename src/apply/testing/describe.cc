#include "apply/testing/describe.h"

#include <map>

#include "base/wire.h"
#include "mvcc/key_value.h"

namespace etcd::apply::testing {

namespace {

using base::WireReader;

std::string indented(const std::string& text) {
  std::string out;
  bool line_start = true;
  for (const char c : text) {
    if (line_start) out += "  ";
    out += c;
    line_start = c == '\n';
  }
  return out;
}

std::string describe_header(std::string_view header) {
  WireReader reader(header);
  std::string out;
  while (const auto field = reader.next()) {
    if (field->number == 3) out = "revision " + std::to_string(field->varint) + "\n";
  }
  return out;
}

std::string describe_alarm(std::string_view alarm) {
  std::map<std::uint32_t, std::uint64_t> fields;
  WireReader reader(alarm);
  while (const auto field = reader.next()) fields[field->number] = field->varint;
  return "alarm " + std::to_string(fields[2]) + " of member " + std::to_string(fields[1]) + "\n";
}

std::string describe_op(std::string_view op);

// One field of a response beside its header.
std::string describe_field(RequestKind kind, const base::WireField& field) {
  const std::string number = std::to_string(field.as_int64());
  switch (kind) {
    case RequestKind::kRange:
      if (field.number == 2) return describe_key_value(field.bytes) + "\n";
      return (field.number == 3 ? "more" : "count " + number) + "\n";
    case RequestKind::kPut:
      return "previous " + describe_key_value(field.bytes) + "\n";
    case RequestKind::kDeleteRange:
      return field.number == 2 ? "deleted " + number + "\n" : "previous " + describe_key_value(field.bytes) + "\n";
    case RequestKind::kTxn:
      return field.number == 2 ? "succeeded\n" : describe_op(field.bytes);
    case RequestKind::kLeaseGrant:
      return (field.number == 2 ? "lease " : "ttl ") + number + "\n";
    case RequestKind::kAlarm:
      return describe_alarm(field.bytes);
    default:
      return "field " + std::to_string(field.number) + "\n";
  }
}

std::string describe_op(std::string_view op) {
  constexpr RequestKind kKinds[] = {RequestKind::kRange, RequestKind::kPut, RequestKind::kDeleteRange,
                                    RequestKind::kTxn};
  constexpr const char* kNames[] = {"range", "put", "delete", "txn"};
  WireReader reader(op);
  const auto field = reader.next();
  if (!field || field->number < 1 || field->number > 4) return "empty\n";
  return std::string(kNames[field->number - 1]) + "\n" +
         indented(describe_response(kKinds[field->number - 1], field->bytes));
}

}  // namespace

std::string describe_key_value(std::string_view encoded) {
  const auto kv = mvcc::decode_key_value(encoded);
  if (!kv) return "damaged";
  std::string out(kv->key);
  out += "=" + std::string(kv->value) + " create " + std::to_string(kv->create_revision.value) + " mod " +
         std::to_string(kv->mod_revision.value) + " version " + std::to_string(kv->version);
  if (kv->lease != LeaseId(0)) out += " lease " + std::to_string(kv->lease.value);
  return out;
}

std::string describe_response(RequestKind kind, std::string_view response) {
  std::string out;
  WireReader reader(response);
  while (const auto field = reader.next())
    out += field->number == 1 ? describe_header(field->bytes) : describe_field(kind, *field);
  return reader.failed() ? out + "malformed\n" : out;
}

std::string describe_error(const Error& error) {
  const std::map<Errc, std::string> names = {
      {Errc::kKeyNotFound, "key not found"},
      {Errc::kLeaseNotFound, "lease not found"},
      {Errc::kLeaseExists, "lease exists"},
      {Errc::kLeaseTtlTooLarge, "lease ttl too large"},
      {Errc::kCompacted, "compacted"},
      {Errc::kFutureRevision, "future revision"},
      {Errc::kNoSpaceQuota, "no space"},
      {Errc::kCorruptCluster, "corrupt cluster"},
      {Errc::kMemberExists, "member exists"},
      {Errc::kMemberNotFound, "member not found"},
      {Errc::kPeerUrlExists, "peer url exists"},
      {Errc::kTooManyLearners, "too many learners"},
      {Errc::kMemberNotLearner, "not a learner"},
      {Errc::kMemberNotEnoughStarted, "not enough members"},
      {Errc::kUnsupported, "unsupported"},
      {Errc::kCorrupt, "corrupt"},
  };
  const auto name = names.find(error.code);
  return "error: " + (name == names.end() ? describe(error) : name->second) + "\n";
}

}  // namespace etcd::apply::testing
