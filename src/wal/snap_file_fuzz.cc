// Any bytes as a .snap file, and as the snapshot inside one whose checksum holds.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/testing/crash_fs.h"
#include "base/wire.h"
#include "wal/snap_file.h"

namespace {

using namespace etcd;

void read_and_write_back(const std::string& bytes) {
  base::CrashFs disk;
  CHECK((*disk.open("/a.snap", base::OpenMode::kCreate))->pwrite(0, bytes));
  const auto snapshot = wal::read_snap_file(disk, "/a.snap");
  if (!snapshot || snapshot->empty()) return;
  CHECK(disk.make_directory("/snap"));
  CHECK(wal::write_snap_file(disk, "/snap", *snapshot));
  const auto names = wal::list_snap_files(disk, "/snap");
  const auto again = wal::read_snap_file(disk, "/snap/" + names->front());
  CHECK(again && *again == *snapshot);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string input(reinterpret_cast<const char*>(data), size);
  read_and_write_back(input);
  std::string wrapped;
  base::WireWriter writer(wrapped);
  writer.varint(1, base::crc32c(0, input));
  writer.bytes(2, input);
  read_and_write_back(wrapped);
  return 0;
}
