#include "bench/load/watch_connection.h"


#include <charconv>
#include <cstdio>
#include <utility>

#include "base/wire.h"

namespace etcd::bench {

namespace {

constexpr std::size_t kStampDigits = 16;
constexpr std::size_t kPrefix = 5;

std::string create_request(std::string_view key, std::int64_t start_revision) {
  std::string create;
  base::WireWriter writer(create);
  writer.bytes(1, key);
  writer.int64_if(3, start_revision);
  std::string request;
  base::WireWriter(request).bytes(1, create);
  return request;
}

// The value of the KeyValue in an Event.
std::string_view value_in(std::string_view event) {
  base::WireReader fields(event);
  while (const auto field = fields.next()) {
    if (field->number != 2) continue;
    base::WireReader kv(field->bytes);
    while (const auto part = kv.next()) {
      if (part->number == 5) return part->bytes;
    }
  }
  return {};
}

}  // namespace

std::string stamped_value(std::int64_t now_ns, std::size_t size) {
  char text[kStampDigits + 1];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(now_ns));
  std::string value(text, kStampDigits);
  value.resize(size, 'v');
  return value;
}

Result<WatchConnection> WatchConnection::open(const std::string& host, int port, WatchCounts& counts) {
  TRY_ASSIGN(FrameSocket socket, FrameSocket::connect(host, port));
  return WatchConnection(std::move(socket), counts);
}

WatchConnection::WatchConnection(FrameSocket socket, WatchCounts& counts)
    : socket_(std::move(socket)), counts_(counts), header_block_(call_headers("/etcdserverpb.Watch/Watch", socket_.authority())) {}

void WatchConnection::watch(const std::vector<std::string>& keys, std::int64_t start_revision) {
  const auto stream = static_cast<std::uint32_t>(2 * held_.size() + 1);
  std::string& out = socket_.out();
  held_.emplace_back();
  unacknowledged_.push_back(0);
  put_frame_header(out, header_block_.size(), kHeaders, kEndHeaders, stream);
  out.append(header_block_);
  for (const std::string& key : keys) {
    const std::string request = create_request(key, start_revision);
    put_frame_header(out, kPrefix + request.size(), kData, 0, stream);
    out.push_back('\0');
    put32(out, static_cast<std::uint32_t>(request.size()));
    out.append(request);
  }
}

Status WatchConnection::receive(std::int64_t now_ns) {
  return socket_.receive([&](const Frame& frame) { return on_frame(frame, now_ns); });
}

Status WatchConnection::on_frame(const Frame& frame, std::int64_t now_ns) {
  if (frame.type == kReset || frame.ends_stream()) return fail(Errc::kIo, "the server ended a stream");
  const std::size_t stream = frame.stream / 2;
  if (frame.type != kData || stream >= held_.size()) return {};
  on_data(held_[stream], frame.payload, now_ns);
  unacknowledged_[stream] += frame.payload.size();
  if (unacknowledged_[stream] >= kWindowRefresh) socket_.open_window(frame.stream, std::exchange(unacknowledged_[stream], 0));
  return {};
}

void WatchConnection::on_data(std::string& held, std::string_view payload, std::int64_t now_ns) {
  counts_.bytes += static_cast<std::int64_t>(payload.size());
  std::string_view rest = payload;
  if (!held.empty()) rest = held.append(payload);
  while (rest.size() >= kPrefix) {
    const std::size_t length = get32(rest.substr(1));
    if (rest.size() < kPrefix + length) break;
    on_message(rest.substr(kPrefix, length), now_ns);
    rest.remove_prefix(kPrefix + length);
  }
  held = std::string(rest);
}

void WatchConnection::on_message(std::string_view message, std::int64_t now_ns) {
  base::WireReader fields(message);
  while (const auto field = fields.next()) {
    if (field->number == 3) ++counts_.created;
    if (field->number == 4) ++counts_.canceled;
    if (field->number != 11) continue;
    ++counts_.events;
    const std::string_view value = value_in(field->bytes);
    std::uint64_t written_ns = 0;
    if (value.size() < kStampDigits) continue;
    std::from_chars(value.data(), value.data() + kStampDigits, written_ns, 16);
    counts_.latencies.add(now_ns - static_cast<std::int64_t>(written_ns));
  }
}

}  // namespace etcd::bench
