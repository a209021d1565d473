// A folder with one segment of any bytes. It opens or is refused; what opens, opens again with the same contents and can be written to.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/testing/crash_fs.h"
#include "wal/wal.h"

namespace {

using namespace etcd;
using namespace etcd::wal;

const std::string kFolder = "/wal";
constexpr Options kOptions{.segment_bytes = 4096, .marker_key = 1};

// Records of any type and data with lengths, checksums and head as they should be, then the rest of the input as it is.
std::string framed(std::string_view input) {
  FrameWriter frames(0);
  std::string metadata;
  encode(Metadata{MemberId(1), ClusterId(2)}, metadata);
  std::string snapshot;
  encode(Snapshot{}, snapshot);
  frames.append_crc();
  frames.append(RecordType::kMetadata, metadata);
  frames.append(RecordType::kSnapshot, snapshot);
  while (input.size() > 2 && input[0] != 0) {
    const auto type = static_cast<RecordType>(input[0] & 7);
    const std::string_view data = input.substr(2, static_cast<std::uint8_t>(input[1]));
    input.remove_prefix(2 + data.size());
    if (type == RecordType::kCrc) {
      frames.append_crc(data);
    } else {
      frames.append(type, data);
    }
  }
  return frames.bytes() + std::string(input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  base::CrashFs disk;
  CHECK(disk.make_directory(kFolder));
  CHECK((*disk.open(kFolder + "/" + SegmentName{}.text(), base::OpenMode::kCreate))->pwrite(0, data[0] % 2 == 0 ? std::string(input) : framed(input)));

  (void)valid_snapshots(disk, kFolder);
  auto opened = Wal::open(disk, kFolder, {}, kOptions);
  if (!opened) return 0;
  const auto entries = opened->entries;
  opened->wal.reset();
  disk.crash(base::lose_all());
  auto again = Wal::open(disk, kFolder, {}, kOptions);
  CHECK(again && again->entries == entries && again->hard_state == opened->hard_state && !again->repair);
  CHECK(again->wal->save(raft::HardState{Term(1), MemberId(1), LogIndex(1)}, {}));
  CHECK(again->wal->sync());
  return 0;
}
