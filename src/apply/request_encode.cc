// The bytes of entries, and of the requests that the node makes itself.
#include "apply/request.h"
#include "base/wire.h"

namespace etcd::apply {

using base::WireWriter;

std::string encode_internal(std::uint64_t id, const auth::Who& who, RequestKind kind, std::string_view request) {
  std::string header;
  WireWriter header_writer(header);
  header_writer.varint_if(1, id);
  header_writer.bytes_if(2, who.name);
  header_writer.varint_if(3, who.revision);
  const auto number = static_cast<std::uint32_t>(kind);
  std::string out;
  out.reserve(request.size() + header.size() + 16);
  WireWriter writer(out);
  if (number > kRequestHeaderField) writer.bytes(kRequestHeaderField, header);
  writer.bytes(number, request);
  if (number < kRequestHeaderField) writer.bytes(kRequestHeaderField, header);
  return out;
}

std::string encode_alarm(const AlarmRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.int64_if(1, static_cast<std::int64_t>(request.action));
  writer.varint_if(2, request.member.value);
  writer.int64_if(3, static_cast<std::int64_t>(request.alarm));
  return out;
}

std::string encode_compaction(const CompactionRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.int64_if(1, request.revision);
  writer.bool_if(2, request.physical);
  return out;
}

std::string encode_lease_grant(const LeaseGrantRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.int64_if(1, request.ttl_s);
  writer.int64_if(2, request.id.value);
  return out;
}

std::string encode_lease_revoke(LeaseId id) {
  std::string out;
  WireWriter(out).int64_if(1, id.value);
  return out;
}

std::string encode_lease_checkpoint(const LeaseCheckpointRequest& request) {
  std::string out;
  for (const LeaseCheckpointRequest::Item& checkpoint : request.checkpoints) {
    std::string item;
    WireWriter writer(item);
    writer.int64_if(1, checkpoint.id.value);
    writer.int64_if(2, checkpoint.remaining_ttl_s);
    WireWriter(out).bytes(1, item);
  }
  return out;
}

std::string encode_cluster_version_set(std::string_view version) {
  std::string out;
  WireWriter(out).bytes_if(1, version);
  return out;
}

std::string encode_cluster_member_attr_set(MemberId member, std::string_view name,
                                           const std::vector<std::string>& client_urls) {
  std::string attributes;
  WireWriter inner(attributes);
  inner.bytes_if(1, name);
  for (const std::string& url : client_urls) inner.bytes(2, url);
  std::string out;
  WireWriter writer(out);
  writer.varint_if(1, member.value);
  writer.bytes(2, attributes);
  return out;
}

std::string encode_downgrade_info_set(bool enabled, std::string_view version) {
  std::string out;
  WireWriter writer(out);
  writer.bool_if(1, enabled);
  writer.bytes_if(2, version);
  return out;
}

}  // namespace etcd::apply
