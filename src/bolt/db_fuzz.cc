// Opens, walks, checks, copies and changes a db file of any bytes: either the input itself, or a valid file with the
// damage that the input describes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/testing/crash_fs.h"
#include "bolt/testing/damage.h"
#include "bolt/testing/exercise.h"

namespace {

using etcd::bolt::load;

constexpr std::size_t kEditBytes = 4;

// Each edit is {offset u16, in units that reach the whole file, kind u8, value u8}.
std::string damaged_file(std::string_view edits) {
  static const std::string valid = etcd::bolt::valid_file();
  std::string file = valid;
  for (; edits.size() >= kEditBytes; edits.remove_prefix(kEditBytes)) {
    const std::size_t offset = load<std::uint16_t>(edits.data()) * std::size_t{2} % (file.size() - 8);
    const auto kind = static_cast<std::uint8_t>(edits[2]);
    const auto value = static_cast<std::uint8_t>(edits[3]);
    switch (kind % 4) {
      case 0:
        file[offset] = static_cast<char>(value);
        break;
      case 1:
        file[offset + 1] = static_cast<char>(value);
        break;
      case 2:
        etcd::bolt::store(&file[offset / 8 * 8], std::uint64_t{value});
        break;
      case 3:
        etcd::bolt::store(&file[offset], ~std::uint32_t{0} - value);
        break;
    }
  }
  etcd::bolt::renew_checksums(file);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 64 * 1024) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string file = data[0] % 4 == 0 ? std::string(input) : damaged_file(input);
  etcd::base::CrashFs disk;
  CHECK(disk.open("/db", etcd::base::OpenMode::kCreate).value()->pwrite(0, file));
  etcd::bolt::exercise(disk, "/db");
  return 0;
}
