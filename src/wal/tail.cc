#include "wal/tail.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/crc32c.h"
#include "base/plant.h"

namespace etcd::wal {

namespace {

constexpr std::uint64_t kSectorBytes = 512;  // the least that a disk writes or loses
constexpr std::size_t kChunkBytes = 256 * 1024;
constexpr std::size_t kBlockBytes = 4096;  // most of what is looked at are zeros: whole blocks of them are passed over at once
// A marker's record: type, crc of 1 to 5 bytes, 16 bytes of data.
constexpr std::uint64_t kMarkerRecordMin = 22;
constexpr std::uint64_t kMarkerRecordMax = 26;
constexpr std::size_t kMarkerFrameMax = 40;

bool is_zero(std::string_view bytes) {
  return bytes.empty() || (bytes[0] == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

// The marker whose frame begins here, if one does.
std::optional<Marker> marker_at(std::string_view bytes) {
  if (bytes.size() < kFrameHeadBytes) return std::nullopt;
  const FrameSize frame = FrameSize::decode(bytes);
  if (frame.record < kMarkerRecordMin || frame.record > kMarkerRecordMax || frame.total() > bytes.size()) return std::nullopt;
  const auto record = decode_record(bytes.substr(kFrameHeadBytes, frame.record));
  return record ? Marker::decode(*record) : std::nullopt;
}

struct Behind {
  std::uint64_t used;                          // behind the last byte that is not zero
  std::optional<std::uint64_t> marker_offset;  // of the first marker
};

// Notes what `bytes`, which begin at offset `at`, say about the first kFrameAlignment of them.
void look_at(std::string_view bytes, std::uint64_t at, const std::optional<Marker>& own, Behind& behind) {
  const std::string_view word = bytes.substr(0, kFrameAlignment);
  if (is_zero(word)) return;
  behind.used = at + word.find_last_not_of('\0') + 1;
  if (behind.marker_offset) return;
  const auto marker = marker_at(bytes);
  const bool ours = marker && (!own || marker->key == own->key);
  if (ours && marker->offset == at) behind.marker_offset = at;
}

// Looks at each place from `begin` to the end of the file where a frame may begin. `own`: a marker of this log; without one any that names its
// own place counts, since the one at the segment's head may be what is damaged.
Result<Behind> look_behind(base::File& file, std::uint64_t begin, const std::optional<Marker>& own) {
  Behind behind{begin, std::nullopt};
  ReadWindow window(file);
  for (std::uint64_t at = begin;; at += kBlockBytes) {
    TRY_ASSIGN(const std::string_view bytes, window.read(at, kBlockBytes + kMarkerFrameMax));
    const std::size_t block = std::min(bytes.size(), kBlockBytes);
    if (!is_zero(bytes.substr(0, block))) {
      for (std::size_t i = 0; i < block; i += kFrameAlignment) look_at(bytes.substr(i), at + i, own, behind);
    }
    if (bytes.size() <= kBlockBytes) return behind;
  }
}

// A lost sector reads as zeros: true if one of the sectors that the frame's record touches does.
Result<bool> has_lost_sector(base::File& file, std::uint64_t begin, std::uint64_t end) {
  ReadWindow window(file);
  while (begin < end) {
    const std::uint64_t next = std::min(end, (begin / kSectorBytes + 1) * kSectorBytes);
    TRY_ASSIGN(const std::string_view part, window.read(begin, next - begin));
    if (is_zero(part)) return true;
    begin = next;
  }
  return false;
}

// No chance: its checksum is over its data, or it is a marker, which has none, but names its place.
bool proves_itself(const Record& record, const SegmentReader& reader) {
  if (!record.is(RecordType::kCrc)) return record.crc == base::crc32c(reader.crc(), record.data);
  const auto marker = Marker::decode(record);
  return marker && record.crc == reader.crc() && marker->offset == reader.offset();
}

// True if the frame's head with one bit flipped back is that of the record that comes next: then the length is what is wrong, and nothing is torn.
Result<bool> has_flipped_length(base::File& file, const SegmentReader& reader) {
  if (PLANTED(damage_looks_torn)) return false;
  ReadWindow window(file);
  TRY_ASSIGN(const std::string_view found, window.read(reader.offset(), kFrameHeadBytes));
  const std::string head(found);
  if (head.size() < kFrameHeadBytes) return false;
  for (std::size_t bit = 0; bit < 8 * kFrameHeadBytes; ++bit) {
    std::string other = head;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    const FrameSize frame = FrameSize::decode(other);
    if (frame.record == 0 || frame.total() % kFrameAlignment != 0 || frame.total() > reader.size() - reader.offset()) continue;
    TRY_ASSIGN(const std::string_view bytes, window.read(reader.offset() + kFrameHeadBytes, frame.record));
    const auto record = decode_record(bytes);
    if (record && proves_itself(*record, reader)) return true;
  }
  return false;
}

// True if losing unsynced writes can have left what the reader stopped at.
Result<bool> can_be_torn(base::File& file, const SegmentReader& reader, std::uint64_t used) {
  const std::uint64_t offset = reader.offset();
  const FrameSize frame = reader.stopped_at();
  switch (reader.stop_reason()) {
    case StopReason::kTooLong: {
      TRY_ASSIGN(const bool flipped, has_flipped_length(file, reader));
      return !flipped;
    }
    case StopReason::kEnd: {
      // The sector with the frame's head is as it was before the write: nothing behind the last good record.
      TRY_ASSIGN(const bool clean, has_lost_sector(file, offset, (offset / kSectorBytes + 1) * kSectorBytes));
      return clean;
    }
    case StopReason::kMalformed:
    case StopReason::kChecksum: {
      TRY_ASSIGN(const bool flipped, has_flipped_length(file, reader));
      if (flipped) return false;
      const bool cut_short = used < offset + kFrameHeadBytes + frame.record;  // a write that failed half way
      if (cut_short) return true;
      return has_lost_sector(file, offset + kFrameHeadBytes, offset + frame.total());
    }
    case StopReason::kChain:
    case StopReason::kUnknownType:
    case StopReason::kNoHead: return false;
  }
  return false;
}

const char* text_of(StopReason reason) {
  switch (reason) {
    case StopReason::kEnd: return "zeros where records were";
    case StopReason::kTooLong: return "max entry size limit exceeded";
    case StopReason::kMalformed: return "malformed record";
    case StopReason::kChecksum:
    case StopReason::kChain: return "walpb: crc mismatch";
    case StopReason::kUnknownType: return "unexpected block type";
    case StopReason::kNoHead: return "no metadata at the head of the segment";
  }
  return "";
}

Status copy_file(base::FileSystem& files, base::File& from, std::uint64_t size, const std::string& path) {
  TRY_ASSIGN(const auto copy, files.open(path, base::OpenMode::kCreateTruncate));
  ReadWindow window(from);
  for (std::uint64_t at = 0; at < size; at += kChunkBytes) {
    TRY_ASSIGN(const std::string_view chunk, window.read(at, std::min<std::uint64_t>(kChunkBytes, size - at)));
    TRY(copy->pwrite(at, chunk));
  }
  TRY(copy->sync());
  return files.sync_directory(base::parent_path(path));
}

}  // namespace

Error damage(const base::File& file, const SegmentReader& reader, const std::string& proof) {
  std::string text = "wal: damaged: ";
  text.append(text_of(reader.stop_reason())).append(" in file '").append(file.path()).append("' at position ");
  text.append(std::to_string(reader.offset()));
  if (!proof.empty()) text.append("; ").append(proof);
  return {Errc::kCorrupt, std::move(text)};
}

Result<Tail> judge_tail(base::File& file, const SegmentReader& reader) {
  // A segment gets its name only once its head is durable.
  if (!reader.has_head()) return fail(damage(file, reader));
  TRY_ASSIGN(const Behind behind, look_behind(file, reader.offset(), reader.marker()));
  if (behind.marker_offset && !PLANTED(damage_looks_torn)) {
    return fail(damage(file, reader, "what was there had been synced before position " + std::to_string(*behind.marker_offset) + " was written"));
  }
  const Tail tail{reader.offset(), behind.used};
  if (!tail.is_torn() && reader.stop_reason() == StopReason::kEnd) return tail;
  TRY_ASSIGN(const bool torn, can_be_torn(file, reader, behind.used));
  if (!torn) return fail(damage(file, reader));
  return tail;
}

Status remove_torn_tail(base::FileSystem& files, base::File& file, const Tail& tail) {
  TRY(copy_file(files, file, tail.used, file.path() + ".broken"));
  TRY(file.truncate(tail.end));
  return file.sync();
}

}  // namespace etcd::wal
